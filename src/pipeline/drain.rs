/*! The drain (graceful shutdown): running message tasks go in; at the end each has deleted or released its message. */

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the tasks may take to release their messages after the drain timeout: one call each.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// Waits for the tasks. After `timeout` it cancels `abandon`, and each remaining task releases its message.
pub(crate) async fn drain(tasks: &TaskTracker, timeout: Duration, abandon: &CancellationToken) {
    tasks.close();
    if !tasks.is_empty() {
        tracing::info!(messages = tasks.len(), ?timeout, "draining");
    }
    if tokio::time::timeout(timeout, tasks.wait()).await.is_ok() {
        return;
    }
    let messages = tasks.len();
    tracing::warn!(messages, "drain timeout: releasing the unfinished messages");
    abandon.cancel();
    let released = tokio::time::timeout(RELEASE_TIMEOUT, tasks.wait()).await;
    if released.is_err() {
        let messages = tasks.len();
        tracing::warn!(
            messages,
            "messages were not released: they come back when their visibility timeout ends"
        );
    }
}
