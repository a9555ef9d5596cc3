/*!
Leases go in, with the receipts of all objects for a delete (ack) or a delay for a release (nack); calls to the queue,
for up to ten messages each, go out. Deleting early does not compile: `delete` takes the receipts by value. A lease is
extended until the call that ends it is made.
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
use crate::pipeline::fatal_error::FatalErrorSlot;
use crate::pipeline::lease::{Lease, Leases};
use crate::pipeline::settle::Settled;
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
    action: AckAction,
    reply: AckReply,
}

/// Gets the outcome. None: the lease was lost before the call.
type AckReply = oneshot::Sender<Option<Outcome>>;

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
        let caller = AckCaller {
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

    async fn ask(&self, lease: Lease, action: AckAction) -> Option<Outcome> {
        let (reply, outcome) = oneshot::channel();
        let ended = || Some(Outcome::Failed("the worker is ending".to_owned()));
        let request = AckRequest {
            lease,
            action,
            reply,
        };
        if self.requests.send(request).await.is_err() {
            return ended();
        }
        let outcome = outcome.await.unwrap_or_else(|_| ended());
        if let Some(Outcome::Fatal(reason)) = &outcome {
            self.fatal_error.set(reason.clone());
        }
        outcome
    }
}

/// Requests for one action that wait for others.
struct OpenBatch {
    /// When the call is made although the batch is not full, counted from the first request.
    due: Instant,
    requests: Vec<AckRequest>,
}

async fn batch(mut incoming: mpsc::Receiver<AckRequest>, caller: Arc<AckCaller>, linger: Duration) {
    // By action: one call does one thing.
    let mut waiting: BTreeMap<AckAction, OpenBatch> = BTreeMap::new();
    loop {
        // Checked before each request, so that due batches go however fast requests come.
        let now = Instant::now();
        for (action, batch) in waiting.extract_if(.., |_, batch| batch.due <= now) {
            caller.clone().spawn(action, batch.requests);
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
        let action = request.action;
        let batch = waiting.entry(action).or_insert_with(|| OpenBatch {
            due: Instant::now() + linger,
            requests: Vec::with_capacity(BATCH),
        });
        batch.requests.push(request);
        if batch.requests.len() == BATCH
            && let Some(full) = waiting.remove(&action)
        {
            caller.clone().spawn(action, full.requests);
        }
    }
}

/// Makes the calls.
struct AckCaller {
    queue: Arc<dyn Queue>,
    leases: Arc<Leases>,
    background: CancellationToken,
}

impl AckCaller {
    fn spawn(self: Arc<Self>, action: AckAction, batch: Vec<AckRequest>) {
        let background = self.background.clone();
        let call = async move { self.end(action, batch).await };
        tokio::spawn(async move { background.run_until_cancelled(call).await });
    }

    /// Ends the leases, then makes one call for those that were not lost.
    async fn end(&self, action: AckAction, batch: Vec<AckRequest>) {
        let (leases, replies): (Vec<Lease>, Vec<AckReply>) =
            batch.into_iter().map(|r| (r.lease, r.reply)).unzip();
        let handles = self.leases.end(&leases).await;
        let held: Vec<Handle> = handles.iter().flatten().cloned().collect();
        let mut outcomes = self.call(action, &held).await.into_iter();
        for (reply, handle) in replies.into_iter().zip(handles) {
            // The task that asked may have been abandoned.
            let _ = reply.send(handle.and_then(|_| outcomes.next()));
        }
    }

    /// One outcome per handle, in order.
    async fn call(&self, action: AckAction, handles: &[Handle]) -> Vec<Outcome> {
        if handles.is_empty() {
            return Vec::new();
        }
        let response = match action {
            AckAction::Delete => self.queue.delete(handles).await,
            AckAction::Release(delay) => self.queue.release(handles, delay).await,
        };
        let mut outcomes = response.unwrap_or_else(|error| {
            let outcome = match error.class {
                ErrorClass::Fatal => Outcome::Fatal(error.to_string()),
                // A message that is not deleted comes back, and its documents answer 409; one that is not released
                // comes back later.
                _ => Outcome::Failed(error.to_string()),
            };
            vec![outcome; handles.len()]
        });
        let missing = || Outcome::Failed("missing in the response".to_owned());
        outcomes.resize_with(handles.len(), missing);
        match action {
            AckAction::Release(delay) if !delay.is_zero() => {
                self.release_at_once(handles, outcomes).await
            }
            _ => outcomes,
        }
    }

    /// Retries failed releases without a delay: past its twelve hours a message can be released at once only.
    async fn release_at_once(
        &self,
        handles: &[Handle],
        mut outcomes: Vec<Outcome>,
    ) -> Vec<Outcome> {
        let has_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        let failed: Vec<usize> = (0..handles.len())
            .filter(|i| has_failed(&outcomes[*i]))
            .collect();
        if failed.is_empty() {
            return outcomes;
        }
        let again: Vec<Handle> = failed.iter().map(|i| handles[*i].clone()).collect();
        if let Ok(retried) = self.queue.release(&again, Duration::ZERO).await {
            for (i, outcome) in failed.into_iter().zip(retried) {
                outcomes[i] = outcome;
            }
        }
        outcomes
    }
}
