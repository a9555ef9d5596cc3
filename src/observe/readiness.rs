/*! What `/readyz` answers. */

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether the worker takes messages: it receives, and its index answers and takes documents.
#[derive(Debug, Default)]
pub struct Readiness {
    receiving: AtomicBool,
    index_down: AtomicBool,
    /// Why nothing is received although the index answers.
    held: Mutex<Option<String>>,
}

impl Readiness {
    pub fn receiving(&self, yes: bool) {
        self.receiving.store(yes, Ordering::Relaxed);
    }

    pub fn index_down(&self, yes: bool) {
        self.index_down.store(yes, Ordering::Relaxed);
    }

    /// Why the worker takes no messages now; none if it does.
    pub fn why_not(&self) -> Option<String> {
        if !self.receiving.load(Ordering::Relaxed) {
            Some("it does not receive".to_owned())
        } else if self.index_down.load(Ordering::Relaxed) {
            Some("the index does not answer".to_owned())
        } else {
            self.held().clone()
        }
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Option<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
