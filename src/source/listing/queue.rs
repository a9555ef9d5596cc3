/*! Listed objects go in; messages, each with the notification of one object, come out. A deleted message is settled in
the checkpoint before its deletion is confirmed. A released message is delivered again, a few times. */

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::error_class::ErrorClass;
use crate::source::listing::checkpoint::{Checkpoint, CheckpointStore};
use crate::source::listing::state::State;
use crate::source::listing::{ListError, Listed, Page};
use crate::source::{Attributes, Depth, Handle, Message, Outcome, Queue, QueueError};
use logferry_core::notification::ObjectRef;

/// Below this number of waiting objects the next page is listed.
const ROOM: usize = 500;

/// An in-memory queue of the objects of a listing.
pub struct ListingQueue {
    state: Mutex<State>,
    /// Notified when the state has changed.
    changed: Notify,
    deliveries: u32,
    /// The last state that the checkpoint holds, or why it could not be written. None: there is no checkpoint.
    saved: Option<watch::Sender<Result<u64, String>>>,
}

/// How far a queue has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListingProgress {
    /// Since the beginning of the checkpoint.
    pub settled: u64,
    pub settled_bytes: u64,
    pub given_up: usize,
    /// Listed and not settled.
    pub open: usize,
}

impl ListingQueue {
    /// A queue that delivers each message at most `deliveries` times.
    pub fn new(deliveries: u32) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            deliveries,
            saved: None,
        }
    }

    /// A queue that continues where a checkpoint ends, and keeps it in a store while the returned task runs.
    pub fn continuing(
        deliveries: u32,
        checkpoint: Checkpoint,
        mut store: Box<dyn CheckpointStore>,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send) {
        let (saved, _) = watch::channel(Ok(0));
        let queue = Self {
            saved: Some(saved),
            ..Self::new(deliveries)
        };
        {
            let mut state = queue.lock();
            state.checkpoint = checkpoint;
            for open in std::mem::take(&mut state.checkpoint.open) {
                state.push(open.into_object());
            }
        }
        let queue = Arc::new(queue);
        let keeper = queue.clone();
        let keep = async move {
            let mut pause = Duration::ZERO;
            loop {
                tokio::time::sleep(pause).await;
                let (version, checkpoint) = keeper.unsaved().await;
                let saved = store.save(&checkpoint).await;
                let failed = saved.is_err();
                keeper.set_saved(saved.map(|()| version));
                if failed {
                    return;
                }
                pause = store.pause();
            }
        };
        (queue, keep)
    }

    /// The cursor behind which the listing goes on.
    pub fn through(&self) -> Option<String> {
        self.lock().checkpoint.through.clone()
    }

    /// Whether the listing was read to its end.
    pub fn is_listed(&self) -> bool {
        self.lock().checkpoint.listed
    }

    /// Waits until few objects wait for their delivery.
    pub async fn wants_more(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().waiting.len() < ROOM {
                return;
            }
            changed.await;
        }
    }

    pub fn add(&self, page: Page) {
        let mut state = self.lock();
        for Listed { object, .. } in page.objects {
            state.push(object);
        }
        if page.through.is_some() {
            state.checkpoint.through = page.through;
        }
        state.checkpoint.listed = !page.more;
        state.version += 1;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Ends the queue with an error of the listing: the next receive call returns it.
    pub fn fail(&self, error: ListError) {
        self.lock().failure = Some(error);
        self.changed.notify_waiters();
    }

    /// Ends with the next change of the queue. It also sees the changes between this call and its first poll.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    pub fn progress(&self) -> ListingProgress {
        progress(&self.lock())
    }

    /// The progress, and how far the listing was read at the same moment; `None` if it was read to its end.
    pub fn position(&self) -> (ListingProgress, Option<Option<String>>) {
        let state = self.lock();
        let through = state.checkpoint.through.clone();
        (
            progress(&state),
            (!state.checkpoint.listed).then_some(through),
        )
    }

    /// The number of objects that were not settled in all their deliveries, and the keys of the first.
    pub fn given_up(&self) -> (usize, Vec<String>) {
        let state = self.lock();
        (state.given_up_count, state.given_up.clone())
    }

    /// The objects that are not settled, in the order of the listing.
    pub fn unsettled(&self) -> Vec<ObjectRef> {
        self.lock().unsettled().cloned().collect()
    }

    /// Waits until the checkpoint holds all that has happened.
    pub async fn saved(&self) -> Result<(), String> {
        let version = self.lock().version;
        self.saved_up_to(version).await
    }

    async fn saved_up_to(&self, version: u64) -> Result<(), String> {
        let Some(saved) = &self.saved else {
            return Ok(());
        };
        let mut saved = saved.subscribe();
        let is_there = |saved: &Result<u64, String>| saved.as_ref().map_or(true, |n| *n >= version);
        let outcome = saved.wait_for(is_there).await;
        outcome.map_or_else(|e| Err(e.to_string()), |saved| saved.clone().map(|_| ()))
    }

    /// Waits for a change that the checkpoint lacks.
    async fn unsaved(&self) -> (u64, Checkpoint) {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.lock();
                let saved = self.saved.as_ref().and_then(|s| s.borrow().clone().ok());
                if saved.is_some_and(|saved| state.version > saved) {
                    return (state.version, state.snapshot());
                }
            }
            changed.await;
        }
    }

    fn set_saved(&self, saved: Result<u64, String>) {
        if let Some(sender) = &self.saved {
            drop(sender.send_replace(saved));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn progress(state: &State) -> ListingProgress {
    ListingProgress {
        settled: state.checkpoint.settled,
        settled_bytes: state.checkpoint.settled_bytes,
        given_up: state.given_up_count,
        open: state.open(),
    }
}

fn ids(handles: &[Handle]) -> impl Iterator<Item = u64> {
    // An id of zero is never given out.
    handles.iter().map(|handle| handle.0.parse().unwrap_or(0))
}

fn outcome(done: bool) -> Outcome {
    match done {
        true => Outcome::Done,
        false => Outcome::Lost,
    }
}

#[async_trait]
impl Queue for ListingQueue {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        Ok(Attributes {
            visibility: Duration::from_secs(3600),
            longest_visibility: Duration::from_secs(u64::from(u32::MAX)),
            max_receive_count: Some(self.deliveries),
        })
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        loop {
            let changed = self.changed.notified();
            let due = {
                let mut state = self.lock();
                if let Some(error) = &state.failure {
                    // The feed has tried it often enough.
                    let reason = error.reason.clone();
                    return Err(QueueError::new(ErrorClass::Fatal, "the listing", reason));
                }
                state.take_due(Instant::now());
                let messages = state.deliver(at_most);
                if !messages.is_empty() || state.is_at_end() {
                    drop(state);
                    // The listing may go on.
                    self.changed.notify_waiters();
                    return Ok(messages);
                }
                state.delayed.first().map(|(due, _)| *due)
            };
            match due {
                // A change and the end of the delay are treated alike.
                Some(due) => drop(tokio::time::timeout_at(due, changed).await),
                None => changed.await,
            }
        }
    }

    async fn extend(&self, handles: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn release(
        &self,
        handles: &[Handle],
        delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        let mut state = self.lock();
        let released = ids(handles).map(|id| state.release(id, delay, self.deliveries));
        let outcomes = released.map(outcome).collect();
        drop(state);
        self.changed.notify_waiters();
        Ok(outcomes)
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        let (outcomes, version) = {
            let mut state = self.lock();
            let settled: Vec<bool> = ids(handles).map(|id| state.settle(id)).collect();
            (settled, state.version)
        };
        self.changed.notify_waiters();
        let saved = self.saved_up_to(version).await;
        {
            let mut state = self.lock();
            for (id, settled) in ids(handles).zip(&outcomes) {
                if *settled {
                    state.forget(id);
                }
            }
        }
        self.changed.notify_waiters();
        match saved {
            Ok(()) => Ok(outcomes.into_iter().map(outcome).collect()),
            Err(reason) => Err(QueueError::new(ErrorClass::Fatal, "the checkpoint", reason)),
        }
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let state = self.lock();
        let unlisted = u64::from(!state.checkpoint.listed);
        Ok(Depth {
            visible: state.waiting.len() as u64 + unlisted,
            in_flight: state.held as u64,
            delayed: state.delayed.len() as u64,
        })
    }
}
