/*! The slot for the first fatal error, which stops the pipeline. */

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

pub(crate) struct FatalErrorSlot {
    first: OnceLock<String>,
    stop: CancellationToken,
}

impl FatalErrorSlot {
    /// An empty slot. The first error cancels `stop`.
    pub(crate) fn new(stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            first: OnceLock::new(),
            stop,
        })
    }

    /// Stores the reason and stops the pipeline. Later errors are dropped.
    pub(crate) fn set(&self, reason: String) {
        if self.first.set(reason).is_ok() {
            self.stop.cancel();
        }
    }

    /// Cancelled when the pipeline is to stop, by a fatal error or by its caller.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    pub(crate) fn get(&self) -> Option<&str> {
        self.first.get().map(String::as_str)
    }
}
