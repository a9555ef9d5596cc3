/*! One worker's client of the simulated queue: the network's delays, and what can go wrong with a call. */

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use logferry::error_class::ErrorClass;
use logferry::source::{Attributes, Depth, Handle, Message, Outcome, Queue, QueueError, sqs};

use crate::faults::Fault;
use crate::history::What;
use crate::queue::QueueServer;
use crate::sim::Wire;

const LONG_POLL: Duration = Duration::from_secs(20);
const LATENCY: Duration = Duration::from_millis(80);

/// One worker's client of the queue.
pub struct SimQueue {
    pub server: Arc<QueueServer>,
    pub wire: Wire,
}

impl SimQueue {
    fn fails(&self, fault: Fault, what: &str) -> Result<(), QueueError> {
        let sim = &self.wire.sim;
        match sim.strikes(fault) || sim.strikes(Fault::CredentialsExpired) {
            true => Err(QueueError::new(
                ErrorClass::Retryable,
                what,
                "simulated: throttled, or the credentials have expired",
            )),
            false => Ok(()),
        }
    }

    /// What the queue answers to a call that is not permitted.
    fn denied(&self, fault: Fault, call: &str) -> Option<QueueError> {
        let reason = "AccessDenied: simulated".to_owned();
        self.wire
            .sim
            .strikes(fault)
            .then(|| sqs::refusal(call, "the queue", "AccessDenied", "simulated", reason))
    }

    /// As a whole.
    async fn permitted(&self, fault: Fault, call: &'static str) -> Result<(), QueueError> {
        match self.denied(fault, call) {
            None => Ok(()),
            Some(error) => {
                self.wire.back(LATENCY).await;
                self.wire.note(What::QueueDenied { call });
                Err(error)
            }
        }
    }

    async fn there(&self) {
        let slow = self.wire.sim.strikes(Fault::QueueSlow);
        self.wire
            .there(if slow {
                Duration::from_secs(20)
            } else {
                LATENCY
            })
            .await;
    }

    /// A batch call: it is denied or fails, wholly or entry by entry, or only its answer is lost.
    async fn batch(
        &self,
        what: &'static str,
        [denied, whole, entry]: [Fault; 3],
        handles: &[Handle],
        call: impl Fn(&Handle) -> Outcome + Send,
    ) -> Result<Vec<Outcome>, QueueError> {
        assert!(
            (1..=10).contains(&handles.len()),
            "{what} of {} entries",
            handles.len()
        );
        self.there().await;
        self.fails(whole, what)?;
        if let Some(error) = self.denied(denied, what) {
            self.wire.back(LATENCY).await;
            self.wire.note(What::QueueDenied { call: what });
            return match self.wire.sim.chance(|rng| rng.bool()) {
                true => Err(error),
                false => Ok(vec![Outcome::Fatal(error.to_string()); handles.len()]),
            };
        }
        let outcomes: Vec<Outcome> = handles
            .iter()
            .map(|handle| match self.wire.sim.strikes(entry) {
                true => Outcome::Failed("simulated: InternalError".to_owned()),
                false => call(handle),
            })
            .collect();
        self.wire.back(LATENCY).await;
        for (handle, outcome) in handles.iter().zip(&outcomes) {
            if *outcome == Outcome::Lost {
                self.server.tell_lost(handle);
            }
        }
        Ok(outcomes)
    }
}

#[async_trait]
impl Queue for SimQueue {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        self.wire.there(LATENCY).await;
        self.fails(Fault::CredentialsExpired, "attributes")?;
        self.permitted(Fault::AttributesDenied, "GetQueueAttributes")
            .await?;
        Ok(Attributes {
            visibility: self.server.visibility,
            longest_visibility: Duration::from_secs(12 * 3600),
            max_receive_count: self.server.max_receive_count,
        })
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        assert!((1..=10).contains(&at_most), "receive of {at_most}");
        self.wire.note(What::Receiving);
        self.there().await;
        self.fails(Fault::ReceiveFails, "receive")?;
        self.permitted(Fault::ReceiveDenied, "ReceiveMessage")
            .await?;
        if self.wire.sim.strikes(Fault::ReceiveHangs) {
            tokio::time::sleep(Duration::from_secs(30)).await;
            self.fails(Fault::ReceiveHangs, "receive")?;
        }
        if self.wire.sim.strikes(Fault::ReceiveEmpty) {
            return Ok(Vec::new());
        }
        let polled = tokio::time::Instant::now();
        loop {
            if self.wire.dead.is_cancelled() {
                return std::future::pending().await;
            }
            let messages = self.server.receive(self.wire.worker, at_most);
            if !messages.is_empty() || polled.elapsed() >= LONG_POLL {
                self.wire.back(LATENCY).await;
                return Ok(messages);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    async fn extend(
        &self,
        handles: &[Handle],
        visibility: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        let call = |handle: &Handle| {
            self.server
                .change(self.wire.worker, handle, visibility, false)
        };
        self.batch(
            "ChangeMessageVisibilityBatch",
            [
                Fault::VisibilityDenied,
                Fault::ExtendFails,
                Fault::ExtendEntryFails,
            ],
            handles,
            call,
        )
        .await
    }

    async fn release(
        &self,
        handles: &[Handle],
        delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        let call = |handle: &Handle| self.server.change(self.wire.worker, handle, delay, true);
        self.batch(
            "ChangeMessageVisibilityBatch",
            [
                Fault::VisibilityDenied,
                Fault::ReleaseFails,
                Fault::ReleaseEntryFails,
            ],
            handles,
            call,
        )
        .await
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        for stale in handles.iter().filter(|h| self.server.was_told_lost(h)) {
            let why = format!("{} was lost, and deleted by all the same", stale.0);
            self.wire.note(What::Broken(why));
        }
        let call = |handle: &Handle| self.server.delete(self.wire.worker, handle);
        let outcomes = self
            .batch(
                "DeleteMessageBatch",
                [
                    Fault::DeleteDenied,
                    Fault::DeleteFails,
                    Fault::DeleteEntryFails,
                ],
                handles,
                call,
            )
            .await?;
        self.fails(Fault::DeleteUnanswered, "delete")?;
        Ok(outcomes)
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        self.there().await;
        self.permitted(Fault::AttributesDenied, "GetQueueAttributes")
            .await?;
        Ok(self.server.depth())
    }
}
