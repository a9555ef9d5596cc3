/*! Readiness. In: what the pipeline reports; out: the reason why `/readyz` answers 503, if there is one. */

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The worker is ready if it receives messages, OpenSearch answers, and OpenSearch accepts documents.
#[derive(Debug, Default)]
pub struct Readiness {
    receiving: AtomicBool,
    index_down: AtomicBool,
    hold_reason: Mutex<Option<String>>,
}

impl Readiness {
    pub fn receiving(&self, yes: bool) {
        self.receiving.store(yes, Ordering::Relaxed);
    }

    pub fn index_down(&self, yes: bool) {
        self.index_down.store(yes, Ordering::Relaxed);
    }

    /// A hold stops receiving although OpenSearch answers. `None` ends the hold.
    pub fn hold(&self, reason: Option<String>) {
        *self.hold_reason() = reason;
    }

    /// The reason why the worker receives no messages now; `None` if it receives.
    pub fn why_not(&self) -> Option<String> {
        if !self.receiving.load(Ordering::Relaxed) {
            Some("the worker does not receive messages".to_owned())
        } else if self.index_down.load(Ordering::Relaxed) {
            Some("OpenSearch does not answer".to_owned())
        } else {
            self.hold_reason().clone()
        }
    }

    fn hold_reason(&self) -> MutexGuard<'_, Option<String>> {
        self.hold_reason
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
