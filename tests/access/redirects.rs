/*! A proxy that redirects: the error names the target, and no request is sent there. */

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};

use crate::start::logferry;

/// Answers everything with this status and, if there is one, a location. Counts the requests.
async fn answering(status: u16, location: Option<String>) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let app = Router::new().fallback(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        headers.extend(location.iter().map(|to| (LOCATION, to.parse().unwrap())));
        async move { (status, headers) }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, requests)
}

const COMMANDS: [&[&str]; 5] = [
    &["setup"],
    &[
        "worker",
        "--queue-url",
        "http://127.0.0.1:9/1/q",
        "--listen",
        "127.0.0.1:0",
    ],
    &["ingest", "--to", "opensearch", "Cargo.toml"],
    &["search", "level:ERROR"],
    &["prune", "--retain-logs", "30d", "--yes"],
];

#[tokio::test]
async fn every_command_names_where_a_redirect_leads_and_does_not_follow_it() {
    let (login, followed) = answering(200, None).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{login}sign-in?state=secret");
        let (proxy, asked) = answering(status, Some(to)).await;
        for command in COMMANDS.iter().take(if status == 302 { 5 } else { 1 }) {
            let arguments = [*command, &["--opensearch-url", &proxy]].concat();
            let output = logferry(&arguments, &[]).await;
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{command:?}: {stderr}");
            let sentence = format!("{proxy} redirects to {login}sign-in (HTTP {status})");
            assert!(stderr.contains(&sentence), "{command:?}: {stderr}");
            assert!(!stderr.contains("secret"), "{command:?}: {stderr}");
        }
        assert!(asked.load(Ordering::SeqCst) > 0);
    }
    assert_eq!(
        followed.load(Ordering::SeqCst),
        0,
        "the redirect was followed"
    );
}

#[tokio::test]
async fn a_redirect_to_an_unknown_host_names_the_redirect() {
    let (proxy, _) = answering(302, Some("https://login.example/".to_owned())).await;
    let output = logferry(&["setup", "--opensearch-url", &proxy], &[]).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains(&format!("{proxy} redirects to https://login.example/")),
        "{stderr}"
    );
}

#[tokio::test]
async fn a_relative_redirect_is_named_in_full() {
    let (proxy, _) = answering(302, Some("/_dashboards/login?next=%2F".to_owned())).await;
    let output = logferry(&["setup", "--opensearch-url", &proxy], &[]).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    let sentence = format!("{proxy} redirects to {proxy}_dashboards/login (HTTP 302)");
    assert!(stderr.contains(&sentence), "{stderr}");
}
