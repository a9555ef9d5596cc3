/*! A pass goes in; it is repeated until a signal, while health and metrics are served. */

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::commands::shared::probes::serve_probes;
use crate::observe::Metrics;

/// Repeats a pass with this interval, from beginning to beginning. An error of a pass makes the process unready until
/// a later pass ends well.
pub(crate) async fn repeat<E: std::fmt::Display>(
    interval: Duration,
    listen: SocketAddr,
    metrics: Arc<Metrics>,
    stop: &CancellationToken,
    pass: impl AsyncFn() -> Result<(), E>,
) -> anyhow::Result<()> {
    metrics.readiness.receiving(true);
    metrics
        .readiness
        .hold(Some("the first pass has not begun yet".to_owned()));
    let _listening = serve_probes(listen, &metrics, "serving").await?;
    loop {
        let began = tokio::time::Instant::now();
        match pass().await {
            Ok(()) => metrics.readiness.hold(None),
            Err(_) if stop.is_cancelled() => {}
            Err(error) => {
                tracing::warn!(%error, "the pass failed; the next one tries again");
                metrics.readiness.hold(Some(error.to_string()));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep_until(began + interval) => {}
        }
    }
}
