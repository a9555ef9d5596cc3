/*! Deleting messages in batches of up to ten. What is deleted must hand over its settled objects: deleting early does not compile. */

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

struct Request {
    handle: Handle,
    done: oneshot::Sender<Outcome>,
}

pub(super) struct Deleter {
    requests: mpsc::Sender<Request>,
}

impl Deleter {
    pub(super) fn start(
        queue: Arc<dyn Queue>,
        metrics: Arc<Metrics>,
        background: CancellationToken,
    ) -> Self {
        let (requests, incoming) = mpsc::channel(BATCH * 4);
        let work = batch(incoming, queue, metrics);
        tokio::spawn(async move { background.run_until_cancelled(work).await });
        Self { requests }
    }

    /// Deletes a message all of whose objects are settled.
    pub(super) async fn delete(&self, handle: Handle, _receipts: Vec<Settled>) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let ended = || Outcome::Failed("the worker is ending".to_owned());
        if self.requests.send(Request { handle, done }).await.is_err() {
            return ended();
        }
        outcome.await.unwrap_or_else(|_| ended())
    }
}

async fn batch(
    mut incoming: mpsc::Receiver<Request>,
    queue: Arc<dyn Queue>,
    metrics: Arc<Metrics>,
) {
    while let Some(first) = incoming.recv().await {
        let mut batch = vec![first];
        let full = async {
            while batch.len() < BATCH {
                match incoming.recv().await {
                    Some(request) => batch.push(request),
                    None => break,
                }
            }
        };
        // A batch that is not full when the time is over goes as it is.
        let _ = tokio::time::timeout(LINGER, full).await;
        tokio::spawn(send(batch, queue.clone(), metrics.clone()));
    }
}

async fn send(batch: Vec<Request>, queue: Arc<dyn Queue>, metrics: Arc<Metrics>) {
    let handles: Vec<Handle> = batch.iter().map(|r| r.handle.clone()).collect();
    let outcomes = match queue.delete(&handles).await {
        Ok(outcomes) => outcomes,
        // The messages come back and meet 409s.
        Err(error) => vec![Outcome::Failed(error.to_string()); handles.len()],
    };
    for (request, outcome) in batch.into_iter().zip(outcomes) {
        match &outcome {
            Outcome::Done => metrics.messages_deleted.inc(),
            Outcome::Lost | Outcome::Failed(_) => metrics.delete_failures.inc(),
        };
        // The task that asked may have been abandoned.
        let _ = request.done.send(outcome);
    }
}
