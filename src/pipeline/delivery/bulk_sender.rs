//! What every bulk of a worker is sent with.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::observe::Metrics;
use crate::pipeline::delivery::concurrency::ConcurrencyLimiter;
use crate::pipeline::delivery::index_health::IndexHealth;
use crate::pipeline::fatal_error::FatalErrorSlot;
use crate::retry::Delays;
use crate::sink::dead_letters::DeadLetters;
use crate::sink::{BulkCompression, Index};
use logferry_core::bulk::Bulk;
use logferry_core::invocation::Prices;

#[derive(Debug, Clone)]
pub struct BulkConfig {
    /// A bulk is sent when it has this many bytes …
    pub bytes: usize,
    /// … or when its first parcel has waited this long.
    pub linger: Duration,
    pub in_flight: usize,
    /// As it was asked for; the index decides and compresses.
    pub compression: BulkCompression,
    /// Attempts for one bulk, the first included.
    pub attempts: usize,
    /// The first and the longest delay between attempts.
    pub first_delay: Duration,
    pub longest_delay: Duration,
}

impl BulkConfig {
    pub(crate) fn delays(&self) -> Delays {
        Delays::new(self.first_delay, self.longest_delay, self.attempts)
    }
}

/// Sends bulks.
pub(crate) struct BulkSender {
    pub(crate) config: BulkConfig,
    /// A bulk between two attempts gives up its permit, so that a sick index does not stop the others.
    pub(crate) concurrency: Arc<ConcurrencyLimiter>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) background: CancellationToken,
    pub(crate) index: Arc<dyn Index>,
    /// Without it, a rejected document leaves its message to the queue's redrive policy.
    pub(crate) dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(crate) prices: Prices,
    pub(crate) index_health: Arc<IndexHealth>,
    /// Bytes of bulks between two attempts.
    pub(crate) waiting_bytes: AtomicUsize,
    pub(crate) most_waiting_bytes: usize,
    /// The turn to make dead letters.
    pub(crate) dead_letter_turn: Semaphore,
    pub(crate) fatal_error: Arc<FatalErrorSlot>,
}

impl BulkSender {
    pub(super) fn has_room_to_wait(&self, bulk: &Bulk) -> bool {
        self.waiting_bytes.load(Ordering::Relaxed) + bulk.body().len() <= self.most_waiting_bytes
    }
}

/// Counts bytes that wait for another attempt.
pub(super) struct WaitingBytes<'a>(&'a AtomicUsize, usize);

impl<'a> WaitingBytes<'a> {
    pub(super) fn count(waiting: &'a AtomicUsize, bytes: usize) -> Self {
        waiting.fetch_add(bytes, Ordering::Relaxed);
        Self(waiting, bytes)
    }
}

impl Drop for WaitingBytes<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}
