/*! Takes permits, then receives messages; starts one task for each message. */

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error_class::ErrorClass;
use crate::pipeline::context::PipelineContext;
use crate::pipeline::delivery::health_check;
use crate::pipeline::message;
use crate::pipeline::message::MessagePermits;
use crate::retry::full_jitter;
use crate::source::{Message, QueueError};

/// The most messages that one receive call may return.
const BATCH: usize = 10;
/// How long a receive call that is under way at the stop may take, so that its messages can be released.
const LATE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct ReceiveConfig {
    /// Objects that are read at the same time.
    pub objects_in_flight: usize,
    /// Messages that are held at the same time; most of them only wait for verdicts.
    pub messages_in_flight: usize,
    /// End when the queue has looked empty for this long.
    pub until_empty: Option<Duration>,
}

/// The permits for all messages.
struct PermitPool {
    read: Arc<Semaphore>,
    hold: Arc<Semaphore>,
}

impl PermitPool {
    fn new(config: &ReceiveConfig) -> Self {
        Self {
            read: Arc::new(Semaphore::new(config.objects_in_flight)),
            hold: Arc::new(Semaphore::new(config.messages_in_flight)),
        }
    }

    /// Waits for one permit and takes as many as are free, at most a batch.
    async fn acquire(&self) -> Vec<MessagePermits> {
        let mut permits = vec![MessagePermits {
            hold: acquire(&self.hold).await,
            read: acquire(&self.read).await,
        }];
        while permits.len() < BATCH {
            let hold = self.hold.clone().try_acquire_owned();
            let read = self.read.clone().try_acquire_owned();
            match (read, hold) {
                (Ok(read), Ok(hold)) => permits.push(MessagePermits { read, hold }),
                _ => break,
            }
        }
        permits
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let permit = semaphore.clone().acquire_owned().await;
    permit.expect("the semaphores are never closed")
}

/// Receives until `stop`, a fatal error or the end of the queue.
pub(crate) async fn receive(
    context: &Arc<PipelineContext>,
    config: &ReceiveConfig,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    abandon: &CancellationToken,
) {
    let pool = PermitPool::new(config);
    let mut failures = 0;
    let mut empty_since: Option<Instant> = None;
    loop {
        let permits = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            permits = permits_while_healthy(context, &pool) => permits,
        };
        let Some(received) = receive_batch(context, permits.len(), stop).await else {
            return;
        };
        let messages = match received {
            Ok(messages) => messages,
            Err(error) if error.class == ErrorClass::Fatal => {
                context.fatal_error.set(error.to_string());
                return;
            }
            Err(error) => {
                failures += 1;
                let delay = full_jitter(failures);
                let (status, code) = (error.status, &error.code);
                tracing::warn!(%error, status, code, ?delay, "cannot receive");
                context.metrics.receive_failures.inc();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(delay) => continue,
                }
            }
        };
        failures = 0;
        match config.until_empty {
            Some(long_enough) if messages.is_empty() && is_empty(context, tasks).await => {
                // SQS counts approximately: the queue must look empty for a while.
                let since = *empty_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= long_enough {
                    return;
                }
            }
            _ => empty_since = None,
        }
        let received = messages.len() as u64;
        context.metrics.messages_received.inc_by(received);
        for (message, permits) in messages.into_iter().zip(permits) {
            let work = message::process(context.clone(), message, permits, abandon.clone());
            tasks.spawn(work);
        }
    }
}

/// Waits until the index is healthy and a message may be received.
async fn permits_while_healthy(
    context: &PipelineContext,
    pool: &PermitPool,
) -> Vec<MessagePermits> {
    loop {
        health_check::wait_until_healthy(
            &*context.ends.index,
            &context.concurrency,
            &context.index_health,
        )
        .await;
        let permits = pool.acquire().await;
        // The index may have failed while all permits were taken.
        if !context.concurrency.is_down() && context.index_health.hold().is_none() {
            return permits;
        }
    }
}

/// One receive call. None: `stop` was cancelled meanwhile; messages that still arrive are released at once.
async fn receive_batch(
    context: &PipelineContext,
    at_most: usize,
    stop: &CancellationToken,
) -> Option<Result<Vec<Message>, QueueError>> {
    let mut receiving = std::pin::pin!(context.ends.queue.receive(at_most));
    tokio::select! {
        biased;
        received = &mut receiving => return Some(received),
        () = stop.cancelled() => {}
    }
    if let Ok(Ok(late)) = tokio::time::timeout(LATE, receiving).await {
        let leases = late
            .iter()
            .filter_map(|message| context.leases.hold(message));
        join_all(leases.map(|lease| context.acks.release(lease, Duration::ZERO))).await;
    }
    None
}

async fn is_empty(context: &PipelineContext, tasks: &TaskTracker) -> bool {
    match context.ends.queue.depth().await {
        Ok(depth) => depth.is_zero() && tasks.is_empty(),
        Err(error) if error.class == ErrorClass::Fatal => {
            context.fatal_error.set(error.to_string());
            false
        }
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether the queue is empty");
            false
        }
    }
}
