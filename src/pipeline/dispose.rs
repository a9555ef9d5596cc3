/*!
The end of a message's stay, in batches of up to ten: deleted or released. What is deleted must hand over its settled objects:
deleting early does not compile.
*/

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::object::Settled;
use crate::observe::Metrics;
use crate::source::{Handle, Outcome, Queue};

/// The most that SQS takes in one call.
const BATCH: usize = 10;
/// How long the first of a batch waits for others.
const LINGER: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Delete,
    Release(Duration),
}

struct Request {
    handle: Handle,
    verb: Verb,
    done: oneshot::Sender<Outcome>,
}

pub(super) struct Disposer {
    requests: mpsc::Sender<Request>,
    metrics: Arc<Metrics>,
}

impl Disposer {
    pub(super) fn start(
        queue: Arc<dyn Queue>,
        metrics: Arc<Metrics>,
        background: CancellationToken,
    ) -> Self {
        let (requests, incoming) = mpsc::channel(BATCH * 8);
        let work = batch(incoming, queue);
        tokio::spawn(async move { background.run_until_cancelled(work).await });
        Self { requests, metrics }
    }

    /// Deletes a message all of whose objects are settled.
    pub(super) async fn delete(&self, handle: Handle, _receipts: Vec<Settled>) -> Outcome {
        let outcome = self.ask(handle, Verb::Delete).await;
        match &outcome {
            Outcome::Done => self.metrics.messages_deleted.inc(),
            Outcome::Lost | Outcome::Failed(_) => self.metrics.delete_failures.inc(),
        };
        outcome
    }

    /// Gives a message back. A failure only means that it comes back later, when its visibility timeout ends.
    pub(super) async fn release(&self, handle: Handle, delay: Duration) {
        let mut outcome = self.ask(handle.clone(), Verb::Release(delay)).await;
        if matches!(outcome, Outcome::Failed(_)) && !delay.is_zero() {
            // Past its twelve hours a message can be shown at once and no later.
            outcome = self.ask(handle, Verb::Release(Duration::ZERO)).await;
        }
        match outcome {
            Outcome::Done => self.metrics.messages_released.inc(),
            Outcome::Lost => self.metrics.leases_lost.inc(),
            Outcome::Failed(reason) => {
                tracing::warn!(reason, "cannot release a message");
                0
            }
        };
    }

    async fn ask(&self, handle: Handle, verb: Verb) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let ended = || Outcome::Failed("the worker is ending".to_owned());
        let request = Request { handle, verb, done };
        if self.requests.send(request).await.is_err() {
            return ended();
        }
        outcome.await.unwrap_or_else(|_| ended())
    }
}

async fn batch(mut incoming: mpsc::Receiver<Request>, queue: Arc<dyn Queue>) {
    // Those that wait, by what is to be done with them: one call does one thing.
    let mut waiting: BTreeMap<Verb, Vec<Request>> = BTreeMap::new();
    loop {
        let next = match waiting.is_empty() {
            true => incoming.recv().await,
            // What has not come by then goes in another call.
            false => match tokio::time::timeout(LINGER, incoming.recv()).await {
                Ok(next) => next,
                Err(_) => {
                    for (verb, batch) in std::mem::take(&mut waiting) {
                        tokio::spawn(send(verb, batch, queue.clone()));
                    }
                    continue;
                }
            },
        };
        let Some(request) = next else {
            return;
        };
        let verb = request.verb;
        let batch = waiting.entry(verb).or_default();
        batch.push(request);
        if batch.len() == BATCH {
            let full = std::mem::take(batch);
            waiting.remove(&verb);
            tokio::spawn(send(verb, full, queue.clone()));
        }
    }
}

async fn send(verb: Verb, batch: Vec<Request>, queue: Arc<dyn Queue>) {
    let handles: Vec<Handle> = batch.iter().map(|r| r.handle.clone()).collect();
    let answer = match verb {
        Verb::Delete => queue.delete(&handles).await,
        Verb::Release(delay) => queue.release(&handles, delay).await,
    };
    let outcomes = match answer {
        Ok(outcomes) => outcomes,
        // What is not deleted comes back and meets 409s; what is not released comes back later.
        Err(error) => vec![Outcome::Failed(error.to_string()); handles.len()],
    };
    for (request, outcome) in batch.into_iter().zip(outcomes) {
        // The task that asked may have been abandoned.
        let _ = request.done.send(outcome);
    }
}
