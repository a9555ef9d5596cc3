//! `healthcheck` of the built binary, against the server that a worker has.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use logferry::observe::Metrics;
use tokio_util::sync::CancellationToken;

use crate::text;

async fn check(listen: SocketAddr, args: &'static [&'static str]) -> (Option<i32>, String, String) {
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_logferry"))
            .env_clear()
            .env("LOGFERRY_LISTEN", listen.to_string())
            .arg("healthcheck")
            .args(args)
            .output()
            .unwrap()
    };
    let out = tokio::task::spawn_blocking(run).await.unwrap();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_tells_alive_from_ready_and_from_gone() {
    let metrics = Arc::new(Metrics::new());
    let stop = CancellationToken::new();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = logferry::serve::serve(any, Arc::clone(&metrics), stop.clone());
    let address = server.await.unwrap();

    assert_eq!(check(address, &[]).await.0, Some(0));
    let (code, _, why) = check(address, &["--ready"]).await;
    assert_eq!(code, Some(1));
    assert!(why.contains("/readyz answered 503"), "{why}");
    metrics.readiness.receiving(true);
    assert_eq!(check(address, &["--ready"]).await.0, Some(0));

    // A port that nothing listens on
    let closed = std::net::TcpListener::bind(any)
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, _, why) = check(closed, &[]).await;
    assert_eq!(code, Some(1));
    assert!(why.contains("does not answer"), "{why}");

    // A server that accepts and says nothing
    let silent = std::net::TcpListener::bind(any).unwrap();
    let (code, _, why) = check(silent.local_addr().unwrap(), &["--timeout", "100ms"]).await;
    assert_eq!(code, Some(1));
    assert!(why.contains("does not answer"), "{why}");
    stop.cancel();
}
