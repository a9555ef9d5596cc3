/*! The HTTP server. In: an address and the metrics; out: all routes, served until the token is cancelled. */

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::observe::Metrics;
use crate::serve::connections::{LIMITS, serve_connections};
use crate::serve::{health, metrics as scrapes};

/// Serves until `stop` is cancelled. `listen` may have port 0; the result is the bound address.
pub async fn serve(
    listen: SocketAddr,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let bound = listener.local_addr()?;
    let app = Router::new()
        .merge(health::routes())
        .merge(scrapes::routes())
        .with_state(metrics);
    tokio::spawn(async move { serve_connections(listener, app, LIMITS, &stop).await });
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn get(address: SocketAddr, path: &str) -> String {
        get_as(address, path, "").await
    }

    /// Sends `head` as further header lines.
    async fn get_as(address: SocketAddr, path: &str, head: &str) -> String {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{head}Connection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn probes_and_scrapes_are_answered() {
        let metrics = Arc::new(Metrics::new());
        let stop = CancellationToken::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = serve(any, metrics.clone(), stop.clone()).await.unwrap();
        assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));
        metrics.readiness.receiving(true);
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        metrics
            .readiness
            .hold(Some("the index i refuses every document".to_owned()));
        let held = get(address, "/readyz").await;
        assert!(held.starts_with("HTTP/1.1 503"), "{held}");
        assert!(held.ends_with("not ready: the index i refuses every document\n"));
        metrics.readiness.hold(None);
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        metrics.messages_received.inc_by(7);
        let scraped = get(address, "/metrics").await;
        assert!(
            scraped.contains("logferry_messages_received_total 7"),
            "{scraped}"
        );
        assert!(
            scraped.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"),
            "{scraped}"
        );
        assert!(!scraped.contains("# EOF"), "{scraped}");
        let accept = "Accept: application/openmetrics-text;version=1.0.0;q=0.5\r\nAccept: text/plain;q=0.2\r\n";
        let scraped = get_as(address, "/metrics", accept).await;
        assert!(
            scraped.contains(
                "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
            ),
            "{scraped}"
        );
        assert!(scraped.ends_with("# EOF\n"), "{scraped}");
        assert!(
            serve(address, metrics, stop).await.is_err(),
            "the port is taken"
        );
    }
}
