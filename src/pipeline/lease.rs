/*!
A received message goes in; its lease comes out, which keeps the message invisible to others (heartbeat): the visibility
timeout is extended at a third of its length, for at most twelve hours.

A lease lasts until the call that deletes or releases its message. When it is lost, the work on its message ends. A
message that is delivered again while it is worked on is not worked on twice: its lease takes the newer handle.
*/

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::pipeline::fatal_error::FatalErrorSlot;
use crate::source::{Attributes, Handle, Message, Outcome, Queue};

const BATCH: usize = 10;
/// Extend calls at the same time, so that a slow call does not cost other messages their leases.
const CALLS: usize = 16;

pub(crate) struct Leases {
    queue: Arc<dyn Queue>,
    visibility: Duration,
    /// How long after its first delivery a message can be kept invisible.
    longest: Duration,
    metrics: Arc<Metrics>,
    fatal_error: Arc<FatalErrorSlot>,
    held: Mutex<LeaseTable>,
    /// Notified when an extend call ends.
    extended: Notify,
}

#[derive(Default)]
struct LeaseTable {
    next: u64,
    by_id: BTreeMap<u64, HeldLease>,
    /// The latest lease of each message that has an id.
    by_message: HashMap<String, u64>,
}

impl LeaseTable {
    fn insert(&mut self, lease: HeldLease) -> u64 {
        self.next += 1;
        if !lease.message.is_empty() {
            self.by_message.insert(lease.message.clone(), self.next);
        }
        self.by_id.insert(self.next, lease);
        self.next
    }

    fn remove(&mut self, id: u64) -> Option<HeldLease> {
        let lease = self.by_id.remove(&id)?;
        if self.by_message.get(&lease.message) == Some(&id) {
            self.by_message.remove(&lease.message);
        }
        Some(lease)
    }

    /// The lease under which this message is worked on.
    fn of_message(&mut self, message: &str) -> Option<&mut HeldLease> {
        let lease = self.by_id.get_mut(self.by_message.get(message)?)?;
        (!lease.lost.is_cancelled()).then_some(lease)
    }
}

struct HeldLease {
    /// The message's id.
    message: String,
    /// The handle of its latest delivery.
    handle: Handle,
    /// When the message becomes visible unless the lease is extended.
    expires: Instant,
    /// When to extend it.
    due: Instant,
    /// The queue grants no extension past this.
    last: Instant,
    /// An extend call is under way.
    extending: bool,
    lost: CancellationToken,
}

/// A held message. Dropping it ends the extensions.
pub(crate) struct Lease {
    id: u64,
    leases: Arc<Leases>,
    lost: CancellationToken,
}

impl Lease {
    /// Completes when the lease is lost.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut held = self.leases.lock();
        held.remove(self.id);
        self.leases
            .metrics
            .messages_held
            .set(held.by_id.len() as i64);
    }
}

impl Leases {
    pub(crate) fn start(
        queue: Arc<dyn Queue>,
        attributes: &Attributes,
        metrics: Arc<Metrics>,
        fatal_error: Arc<FatalErrorSlot>,
        background: CancellationToken,
    ) -> Arc<Self> {
        let leases = Arc::new(Self {
            queue,
            visibility: attributes.visibility,
            longest: attributes.longest_visibility,
            metrics,
            fatal_error,
            held: Mutex::default(),
            extended: Notify::new(),
        });
        let keeper = leases.clone();
        tokio::spawn(async move { background.run_until_cancelled(keeper.keep()).await });
        leases
    }

    /// Starts the lease of a delivered message. None: the message is worked on already, and that lease takes the new
    /// handle.
    pub(crate) fn hold(self: &Arc<Self>, message: &Message) -> Option<Lease> {
        let now = Instant::now();
        let lost = CancellationToken::new();
        let left = self.longest.saturating_sub(message.held_before);
        let hold = HeldLease {
            message: message.id.clone(),
            handle: message.handle.clone(),
            expires: now + self.visibility,
            due: now + self.visibility / 3,
            last: now + left.max(self.visibility),
            extending: false,
            lost: lost.clone(),
        };
        let mut held = self.lock();
        if let Some(older) = held.of_message(&message.id) {
            // An extend call for the older delivery may be under way; a release still waits for it.
            let (extending, lost) = (older.extending, older.lost.clone());
            *older = HeldLease {
                extending,
                lost,
                ..hold
            };
            return None;
        }
        let id = held.insert(hold);
        self.metrics.messages_held.set(held.by_id.len() as i64);
        Some(Lease {
            id,
            leases: self.clone(),
            lost,
        })
    }

    /// Ends these leases and returns their handles, once no extend call is under way that could hide a released message
    /// again. None: the lease was lost, and its handle must not be used.
    pub(crate) async fn end(&self, leases: &[Lease]) -> Vec<Option<Handle>> {
        loop {
            let extended = self.extended.notified();
            tokio::pin!(extended);
            extended.as_mut().enable();
            if let Some(handles) = self.try_end(leases) {
                return handles;
            }
            extended.await;
        }
    }

    fn try_end(&self, leases: &[Lease]) -> Option<Vec<Option<Handle>>> {
        let mut held = self.lock();
        let extending = |l: &Lease| held.by_id.get(&l.id).is_some_and(|h| h.extending);
        if leases.iter().any(extending) {
            return None;
        }
        let ended = leases.iter().map(|lease| {
            let hold = held.remove(lease.id)?;
            (!hold.lost.is_cancelled()).then_some(hold.handle)
        });
        Some(ended.collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LeaseTable> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(&self) {
        let tick = (self.visibility / 6).max(Duration::from_millis(200));
        loop {
            tokio::time::sleep(tick).await;
            let due = self.due(Instant::now());
            stream::iter(due)
                .for_each_concurrent(CALLS, |(visibility, batch)| self.extend(visibility, batch))
                .await;
        }
    }

    /// Returns batches of leases to extend now, with their new visibility. Leases past their end are lost.
    fn due(&self, now: Instant) -> Vec<(Duration, Vec<(u64, Handle)>)> {
        let mut whole = Vec::new();
        let mut due = Vec::new();
        for (id, hold) in &mut self.lock().by_id {
            if hold.lost.is_cancelled() {
                continue;
            }
            if now >= hold.expires {
                self.lose(
                    hold,
                    "its visibility timeout ended before it could be extended",
                );
            } else if now >= hold.due {
                let left = hold.last.saturating_duration_since(now);
                if left >= self.visibility {
                    hold.extending = true;
                    whole.push((*id, hold.handle.clone()));
                } else if left >= Duration::from_secs(1) && now + left > hold.expires {
                    // The last extension: a longer one would be refused.
                    hold.extending = true;
                    due.push((left, vec![(*id, hold.handle.clone())]));
                }
            }
        }
        due.extend(whole.chunks(BATCH).map(|b| (self.visibility, b.to_vec())));
        due
    }

    async fn extend(&self, visibility: Duration, batch: Vec<(u64, Handle)>) {
        let handles: Vec<Handle> = batch.iter().map(|(_, h)| h.clone()).collect();
        // Counted from before the call; the queue counts from its arrival, which is later.
        let now = Instant::now();
        let response = self.queue.extend(&handles, visibility).await;
        let mut held = self.lock();
        for (id, _) in &batch {
            if let Some(hold) = held.by_id.get_mut(id) {
                hold.extending = false;
            }
        }
        match response {
            Ok(outcomes) => {
                for ((id, handle), outcome) in batch.iter().zip(outcomes) {
                    // The outcome for an older delivery says nothing about the latest.
                    if let Some(hold) = held.by_id.get_mut(id).filter(|h| h.handle == *handle) {
                        self.extended_by(hold, now, visibility, outcome);
                    }
                }
            }
            Err(error) if error.class == ErrorClass::Fatal => {
                self.fatal_error.set(error.to_string())
            }
            // The leases stay due: the next tick tries again, until they end.
            Err(error) => {
                tracing::warn!(%error, messages = handles.len(), "cannot extend leases");
            }
        }
        drop(held);
        self.extended.notify_waiters();
    }

    fn extended_by(
        &self,
        hold: &mut HeldLease,
        from: Instant,
        visibility: Duration,
        outcome: Outcome,
    ) {
        match outcome {
            Outcome::Done => {
                hold.expires = from + visibility;
                hold.due = from + visibility / 3;
                self.metrics.leases_extended.inc();
            }
            Outcome::Lost => self.lose(hold, "its handle is no longer valid"),
            Outcome::Failed(reason) => tracing::warn!(reason, "cannot extend a lease"),
            Outcome::Fatal(reason) => self.fatal_error.set(reason),
        }
    }

    fn lose(&self, hold: &HeldLease, reason: &str) {
        hold.lost.cancel();
        self.metrics.leases_lost.inc();
        tracing::warn!(
            reason,
            "lost the lease of a message; the work on it ends, and it is not deleted"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Depth, QueueError};
    use async_trait::async_trait;

    /// A queue that grants every extension after a while and remembers them.
    #[derive(Default)]
    struct Granting {
        takes: Duration,
        granted: Mutex<Vec<Duration>>,
    }

    #[async_trait]
    impl Queue for Granting {
        async fn attributes(&self) -> Result<Attributes, QueueError> {
            unreachable!("not asked")
        }

        async fn receive(&self, _: usize) -> Result<Vec<Message>, QueueError> {
            unreachable!("not asked")
        }

        async fn extend(
            &self,
            handles: &[Handle],
            by: Duration,
        ) -> Result<Vec<Outcome>, QueueError> {
            tokio::time::sleep(self.takes).await;
            self.granted.lock().unwrap().push(by);
            Ok(vec![Outcome::Done; handles.len()])
        }

        async fn release(&self, _: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
            unreachable!("not asked")
        }

        async fn delete(&self, _: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
            unreachable!("not asked")
        }

        async fn depth(&self) -> Result<Depth, QueueError> {
            unreachable!("not asked")
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    async fn end(lease: Lease) -> Option<Handle> {
        let leases = lease.leases.clone();
        leases.end(&[lease]).await.remove(0)
    }

    fn stage(takes: Duration, visibility: Duration) -> (Arc<Granting>, Arc<Leases>) {
        let queue = Arc::new(Granting {
            takes,
            ..Granting::default()
        });
        let attributes = Attributes {
            visibility,
            longest_visibility: 12 * HOUR,
            max_receive_count: None,
        };
        let metrics = Arc::new(Metrics::new());
        let leases = Leases::start(
            queue.clone(),
            &attributes,
            metrics,
            FatalErrorSlot::new(CancellationToken::new()),
            CancellationToken::new(),
        );
        (queue, leases)
    }

    fn message(held_before: Duration) -> Message {
        Message {
            id: "m".into(),
            handle: Handle("h".into()),
            body: String::new(),
            receive_count: 1,
            sent: None,
            held_before,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_extended_to_twelve_hours_and_not_past_them() {
        let (queue, leases) = stage(Duration::ZERO, Duration::from_secs(30));
        let lease = leases.hold(&message(11 * HOUR)).unwrap();
        tokio::time::sleep(HOUR - Duration::from_secs(5)).await;
        assert!(!lease.lost.is_cancelled());
        let granted = queue.granted.lock().unwrap().clone();
        assert!(granted.len() > 100 && granted.iter().all(|by| *by <= Duration::from_secs(30)));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(end(lease).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_first_received_long_ago_is_ours_for_its_visibility() {
        for visibility in [Duration::from_secs(30), 12 * HOUR] {
            let (_, leases) = stage(Duration::ZERO, visibility);
            let lease = leases.hold(&message(13 * HOUR)).unwrap();
            tokio::time::sleep(visibility - Duration::from_secs(1)).await;
            assert!(end(lease).await.is_some(), "{visibility:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_ends_after_an_extension_that_is_under_way() {
        let (queue, leases) = stage(Duration::from_secs(3), Duration::from_secs(30));
        let lease = leases.hold(&message(Duration::ZERO)).unwrap();
        tokio::time::sleep(Duration::from_millis(10_500)).await;
        assert!(queue.granted.lock().unwrap().is_empty(), "under way");
        assert!(end(lease).await.is_some());
        assert_eq!(
            queue.granted.lock().unwrap().len(),
            1,
            "and done before the end"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_delivered_again_is_held_under_its_latest_handle() {
        let (_, leases) = stage(Duration::from_secs(3), Duration::from_secs(30));
        let lease = leases.hold(&message(Duration::ZERO)).unwrap();
        // An extension by the first handle is under way meanwhile.
        tokio::time::sleep(Duration::from_millis(10_500)).await;
        let mut again = message(Duration::from_secs(10));
        again.handle = Handle("h2".into());
        assert!(leases.hold(&again).is_none(), "it is worked on already");
        let mut other = message(Duration::ZERO);
        other.id = "n".into();
        let other = leases.hold(&other).unwrap();
        assert_eq!(end(lease).await, Some(again.handle.clone()));
        let lease = leases.hold(&again).expect("nobody holds it any more");
        assert_eq!(end(lease).await, Some(again.handle));
        assert_eq!(end(other).await, Some(Handle("h".into())));
    }
}
