/*! An address and metrics go in; probes and metrics are served until the guard that comes out is dropped. */

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::observe::Metrics;
use crate::serve::serve;

/// Serves probes and metrics until the guard is dropped.
pub(crate) async fn serve_probes(
    address: SocketAddr,
    metrics: &Arc<Metrics>,
    what_starts: &'static str,
) -> anyhow::Result<DropGuard> {
    let listening = CancellationToken::new();
    let end_listening = listening.clone().drop_guard();
    let bound = serve(address, metrics.clone(), listening).await;
    let bound = bound.with_context(|| format!("--listen: cannot listen on {address}"))?;
    tracing::info!(listen = %bound, version = env!("CARGO_PKG_VERSION"), "{what_starts}");
    Ok(end_listening)
}
