/*!
The end of a message's stay, in batches of up to ten: deleted or released. What is deleted must hand over its settled objects:
deleting early does not compile. A lease goes on until the call that ends it is made.
*/

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::pipeline::FatalErrorSlot;
use crate::pipeline::lease::{Lease, Leases};
use crate::pipeline::object::Settled;
use crate::source::{Handle, Outcome, Queue};

/// The most that SQS takes in one call.
const BATCH: usize = 10;
/// How long the first of a batch waits for others.
pub(crate) const LINGER: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AckAction {
    Delete,
    Release(Duration),
}

struct AckRequest {
    lease: Lease,
    verb: AckAction,
    done: Done,
}

/// Where an outcome goes. None: the lease was lost before there was a call.
type Done = oneshot::Sender<Option<Outcome>>;

pub(crate) struct Acks {
    requests: mpsc::Sender<AckRequest>,
    metrics: Arc<Metrics>,
    fatal_error: Arc<FatalErrorSlot>,
}

impl Acks {
    pub(crate) fn start(
        queue: Arc<dyn Queue>,
        leases: Arc<Leases>,
        linger: Duration,
        metrics: Arc<Metrics>,
        fatal_error: Arc<FatalErrorSlot>,
        background: CancellationToken,
    ) -> Self {
        let (requests, incoming) = mpsc::channel(BATCH * 8);
        let caller = Caller {
            queue,
            leases,
            background: background.clone(),
        };
        let work = batch(incoming, Arc::new(caller), linger);
        tokio::spawn(async move { background.run_until_cancelled(work).await });
        Self {
            requests,
            metrics,
            fatal_error,
        }
    }

    /// Deletes a message all of whose objects are settled. None: its lease was lost before.
    pub(crate) async fn delete(&self, lease: Lease, _receipts: Vec<Settled>) -> Option<Outcome> {
        self.end(lease).await
    }

    async fn end(&self, lease: Lease) -> Option<Outcome> {
        let outcome = self.ask(lease, AckAction::Delete).await?;
        match &outcome {
            Outcome::Done => self.metrics.messages_deleted.inc(),
            Outcome::Lost | Outcome::Failed(_) | Outcome::Fatal(_) => {
                self.metrics.delete_failures.inc()
            }
        };
        Some(outcome)
    }

    /// Gives a message back. A failure only means that it comes back later, when its visibility timeout ends.
    pub(crate) async fn release(&self, lease: Lease, delay: Duration) {
        match self.ask(lease, AckAction::Release(delay)).await {
            Some(Outcome::Done) => self.metrics.messages_released.inc(),
            Some(Outcome::Lost) => self.metrics.leases_lost.inc(),
            Some(Outcome::Failed(reason) | Outcome::Fatal(reason)) => {
                tracing::warn!(reason, "cannot release a message");
                0
            }
            None => 0,
        };
    }

    async fn ask(&self, lease: Lease, verb: AckAction) -> Option<Outcome> {
        let (done, outcome) = oneshot::channel();
        let ended = || Some(Outcome::Failed("the worker is ending".to_owned()));
        let request = AckRequest { lease, verb, done };
        if self.requests.send(request).await.is_err() {
            return ended();
        }
        let outcome = outcome.await.unwrap_or_else(|_| ended());
        if let Some(Outcome::Fatal(reason)) = &outcome {
            self.fatal_error.fatal(reason.clone());
        }
        outcome
    }
}

/// Requests of one verb that wait for others.
struct ParcelInFlight {
    /// When they go, however many they are: counted from the first of them.
    due: Instant,
    requests: Vec<AckRequest>,
}

async fn batch(mut incoming: mpsc::Receiver<AckRequest>, caller: Arc<Caller>, linger: Duration) {
    // By what is to be done with them: one call does one thing.
    let mut waiting: BTreeMap<AckAction, ParcelInFlight> = BTreeMap::new();
    loop {
        // Looked at before each request: however fast they come, those that are due go.
        let now = Instant::now();
        for (verb, batch) in waiting.extract_if(.., |_, batch| batch.due <= now) {
            caller.clone().spawn(verb, batch.requests);
        }
        let next = match waiting.values().map(|batch| batch.due).min() {
            None => incoming.recv().await,
            Some(due) => match tokio::time::timeout_at(due, incoming.recv()).await {
                Ok(next) => next,
                Err(_) => continue,
            },
        };
        let Some(request) = next else {
            return;
        };
        let verb = request.verb;
        let batch = waiting.entry(verb).or_insert_with(|| ParcelInFlight {
            due: Instant::now() + linger,
            requests: Vec::with_capacity(BATCH),
        });
        batch.requests.push(request);
        if batch.requests.len() == BATCH
            && let Some(full) = waiting.remove(&verb)
        {
            caller.clone().spawn(verb, full.requests);
        }
    }
}

/// Makes the calls.
struct Caller {
    queue: Arc<dyn Queue>,
    leases: Arc<Leases>,
    background: CancellationToken,
}

impl Caller {
    fn spawn(self: Arc<Self>, verb: AckAction, batch: Vec<AckRequest>) {
        let background = self.background.clone();
        let call = async move { self.end(verb, batch).await };
        tokio::spawn(async move { background.run_until_cancelled(call).await });
    }

    /// Ends the leases, then makes one call for those that are still ours.
    async fn end(&self, verb: AckAction, batch: Vec<AckRequest>) {
        let (leases, waiting): (Vec<Lease>, Vec<Done>) =
            batch.into_iter().map(|r| (r.lease, r.done)).unzip();
        let handles = self.leases.end(&leases).await;
        let ours: Vec<Handle> = handles.iter().flatten().cloned().collect();
        let mut outcomes = self.call(verb, &ours).await.into_iter();
        for (done, handle) in waiting.into_iter().zip(handles) {
            // The task that asked may have been abandoned.
            let _ = done.send(handle.and_then(|_| outcomes.next()));
        }
    }

    /// One outcome per handle, in order.
    async fn call(&self, verb: AckAction, handles: &[Handle]) -> Vec<Outcome> {
        if handles.is_empty() {
            return Vec::new();
        }
        let answer = match verb {
            AckAction::Delete => self.queue.delete(handles).await,
            AckAction::Release(delay) => self.queue.release(handles, delay).await,
        };
        let mut outcomes = answer.unwrap_or_else(|error| {
            let outcome = match error.class {
                ErrorClass::Fatal => Outcome::Fatal(error.to_string()),
                // What is not deleted comes back and meets 409s; what is not released comes back later.
                _ => Outcome::Failed(error.to_string()),
            };
            vec![outcome; handles.len()]
        });
        let missing = || Outcome::Failed("not in the answer".to_owned());
        outcomes.resize_with(handles.len(), missing);
        match verb {
            AckAction::Release(delay) if !delay.is_zero() => self.show(handles, outcomes).await,
            _ => outcomes,
        }
    }

    /// Past its twelve hours a message can be shown at once and no later.
    async fn show(&self, handles: &[Handle], mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
        let has_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        let failed: Vec<usize> = (0..handles.len())
            .filter(|i| has_failed(&outcomes[*i]))
            .collect();
        if failed.is_empty() {
            return outcomes;
        }
        let again: Vec<Handle> = failed.iter().map(|i| handles[*i].clone()).collect();
        if let Ok(answered) = self.queue.release(&again, Duration::ZERO).await {
            for (i, outcome) in failed.into_iter().zip(answered) {
                outcomes[i] = outcome;
            }
        }
        outcomes
    }
}
