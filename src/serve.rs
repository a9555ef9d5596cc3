/*! `/livez`, `/readyz` and `/metrics`. */

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::observe::{Exposition, Metrics};

/// Serves until `stop`. The address may have port 0; the one that is bound is returned.
pub async fn serve(
    listen: SocketAddr,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let bound = listener.local_addr()?;
    let readiness = metrics.clone();
    let ready = move || async move {
        match readiness.readiness.why_not() {
            None => (StatusCode::OK, "ready\n".to_owned()),
            Some(why) => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("not ready: {why}\n"),
            ),
        }
    };
    let scrape = move |head: HeaderMap| async move {
        let accept = head.get_all(header::ACCEPT).iter();
        let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
        let format = Exposition::accepted(&accept.join(","));
        let kind = format.content_type();
        let head = [(header::CONTENT_TYPE, kind), (header::VARY, "accept")];
        (head, metrics.show(format))
    };
    let app = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(scrape));
    tokio::spawn(async move {
        let served = axum::serve(listener, app)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::warn!(%error, "stopped serving metrics");
        }
    });
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn get(address: SocketAddr, path: &str) -> String {
        get_as(address, path, "").await
    }

    /// With further lines of the head.
    async fn get_as(address: SocketAddr, path: &str, head: &str) -> String {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{head}Connection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn alive_ready_and_counted() {
        let metrics = Arc::new(Metrics::new());
        let stop = CancellationToken::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = serve(any, metrics.clone(), stop.clone()).await.unwrap();
        assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));
        metrics.readiness.receiving(true);
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        metrics.holds(Some("the index i refuses every document".to_owned()));
        let held = get(address, "/readyz").await;
        assert!(held.starts_with("HTTP/1.1 503"), "{held}");
        assert!(held.ends_with("not ready: the index i refuses every document\n"));
        metrics.holds(None);
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
