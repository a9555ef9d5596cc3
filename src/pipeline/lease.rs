/*! Leases: what is held stays invisible until it is settled, extended at a third of the visibility timeout, not past twelve hours. */

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::observe::Metrics;
use crate::source::{Handle, Message, Outcome, Queue};

/// SQS hides a message for twelve hours after its first receive at the most.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
const BATCH: usize = 10;

pub(super) struct Leases {
    queue: Arc<dyn Queue>,
    visibility: Duration,
    metrics: Arc<Metrics>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    next: u64,
    by_id: HashMap<u64, Hold>,
}

struct Hold {
    handle: Handle,
    /// When the queue gives the message to another unless it is extended.
    expires: Instant,
    /// When to extend.
    due: Instant,
    /// Past this no extension is granted.
    last: Instant,
    lost: CancellationToken,
}

/// A held message. Dropping it ends the extensions.
pub(super) struct Lease {
    id: u64,
    leases: Arc<Leases>,
    lost: CancellationToken,
    pub(super) handle: Handle,
}

impl Lease {
    /// The message is or will be someone else's: its handle must not be used to delete.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.lock().by_id.remove(&self.id);
    }
}

impl Leases {
    pub(super) fn start(
        queue: Arc<dyn Queue>,
        visibility: Duration,
        metrics: Arc<Metrics>,
        background: CancellationToken,
    ) -> Arc<Self> {
        let leases = Arc::new(Self {
            queue,
            visibility,
            metrics,
            held: Mutex::default(),
        });
        let keeper = leases.clone();
        tokio::spawn(async move { background.run_until_cancelled(keeper.keep()).await });
        leases
    }

    pub(super) fn hold(self: &Arc<Self>, message: &Message) -> Lease {
        let now = Instant::now();
        let lost = CancellationToken::new();
        let hold = Hold {
            handle: message.handle.clone(),
            expires: now + self.visibility,
            due: now + self.visibility / 3,
            last: now + LONGEST.saturating_sub(message.held_before),
            lost: lost.clone(),
        };
        let mut held = self.lock();
        held.next += 1;
        let id = held.next;
        held.by_id.insert(id, hold);
        self.metrics.messages_held.set(held.by_id.len() as i64);
        Lease {
            id,
            leases: self.clone(),
            lost,
            handle: message.handle.clone(),
        }
    }

    /// Gives messages back. A failure only means that they come back later, when their visibility timeout ends.
    pub(super) async fn release(&self, handles: &[Handle], delay: Duration) {
        for batch in handles.chunks(BATCH) {
            match self.queue.release(batch, delay).await {
                Ok(outcomes) => {
                    for outcome in outcomes {
                        match outcome {
                            Outcome::Done => self.metrics.messages_released.inc(),
                            Outcome::Lost => self.metrics.leases_lost.inc(),
                            Outcome::Failed(reason) => {
                                tracing::warn!(reason, "cannot release a message");
                                0
                            }
                        };
                    }
                }
                Err(error) => tracing::warn!(%error, "cannot release messages"),
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(&self) {
        let tick = (self.visibility / 6).max(Duration::from_millis(200));
        loop {
            tokio::time::sleep(tick).await;
            let due = self.due(Instant::now());
            self.metrics
                .messages_held
                .set(self.lock().by_id.len() as i64);
            for batch in due.chunks(BATCH) {
                self.extend(batch).await;
            }
        }
    }

    /// Those to extend now; those past their end are lost.
    fn due(&self, now: Instant) -> Vec<(u64, Handle)> {
        let mut due = Vec::new();
        for (id, hold) in &self.lock().by_id {
            if hold.lost.is_cancelled() {
                continue;
            }
            if now >= hold.expires || now + self.visibility > hold.last {
                let reason = match now >= hold.expires {
                    true => "its visibility timeout ended before it could be extended",
                    false => "twelve hours are over",
                };
                self.lose(hold, reason);
            } else if now >= hold.due {
                due.push((*id, hold.handle.clone()));
            }
        }
        due
    }

    async fn extend(&self, batch: &[(u64, Handle)]) {
        let handles: Vec<Handle> = batch.iter().map(|(_, h)| h.clone()).collect();
        // Counted from before the call: the queue counts from when it gets it, which is later.
        let now = Instant::now();
        let outcomes = match self.queue.extend(&handles, self.visibility).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                // Still due: the next tick tries again, until the lease ends.
                tracing::warn!(%error, messages = handles.len(), "cannot extend leases");
                return;
            }
        };
        let mut held = self.lock();
        for ((id, _), outcome) in batch.iter().zip(outcomes) {
            let Some(hold) = held.by_id.get_mut(id) else {
                continue; // settled meanwhile
            };
            match outcome {
                Outcome::Done => {
                    hold.expires = now + self.visibility;
                    hold.due = now + self.visibility / 3;
                    self.metrics.leases_extended.inc();
                }
                Outcome::Lost => self.lose(hold, "its handle is no longer valid"),
                Outcome::Failed(reason) => tracing::warn!(reason, "cannot extend a lease"),
            }
        }
    }

    fn lose(&self, hold: &Hold, reason: &str) {
        hold.lost.cancel();
        self.metrics.leases_lost.inc();
        tracing::warn!(
            reason,
            "lost the lease of a message; its work goes on, it will not be deleted"
        );
    }
}
