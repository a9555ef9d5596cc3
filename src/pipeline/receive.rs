/*! Takes permits, then receives messages; starts one task for each message. */

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
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
/// The most receive calls under way at once.
const CALLS: usize = 16;
/// How long receive calls that are under way at the stop may take, so that their messages can be released.
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

/// A receive call that has ended.
struct Received {
    permits: Vec<MessagePermits>,
    /// None: told to stop meanwhile; messages that still arrived were released.
    messages: Option<Result<Vec<Message>, QueueError>>,
}

/**
How many receive calls may be under way at once. One asks a queue that has little; each full batch adds one, so that a
queue far away does not leave the readers idle, and an empty one takes all back.
*/
struct Pace {
    calls: usize,
    /// Failed calls in a row.
    failures: u32,
    /// No call starts before.
    pause: Instant,
}

impl Pace {
    fn new() -> Self {
        Self {
            calls: 1,
            failures: 0,
            pause: Instant::now(),
        }
    }

    fn received(&mut self, asked: usize, messages: usize) {
        self.failures = 0;
        self.calls = match messages {
            0 => 1,
            _ if messages == BATCH => (self.calls + 1).min(CALLS),
            // Few permits were free.
            _ if messages == asked => self.calls,
            _ => (self.calls - 1).max(1),
        };
    }

    /// Returns for how long no call starts.
    fn failed(&mut self) -> Duration {
        self.calls = 1;
        self.failures += 1;
        let delay = full_jitter(self.failures);
        self.pause = self.pause.max(Instant::now() + delay);
        delay
    }
}

/// Receives until `stop`, a fatal error or the end of the queue.
pub(crate) async fn receive(
    context: &Arc<PipelineContext>,
    config: &ReceiveConfig,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    abandon: &CancellationToken,
) {
    let hold = Arc::new(Semaphore::new(config.messages_in_flight));
    let start = |Received { permits, messages }: Received| {
        let Some(Ok(messages)) = messages else { return };
        context
            .metrics
            .messages_received
            .inc_by(messages.len() as u64);
        for (message, permits) in messages.into_iter().zip(permits) {
            let work = message::process(context.clone(), message, permits, abandon.clone());
            tasks.spawn(work);
        }
    };
    let mut calls = FuturesUnordered::new();
    let mut pace = Pace::new();
    let mut empty_since: Option<Instant> = None;
    loop {
        let under_way = calls.len();
        let received = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(received) = calls.next() => received,
            permits = permits_while_healthy(context, &hold, under_way, pace.pause),
                if under_way < pace.calls =>
            {
                calls.push(receive_batch(context, permits, stop));
                continue;
            }
        };
        let asked = received.permits.len();
        let messages = match &received.messages {
            None => break,
            Some(Ok(messages)) => messages.len(),
            Some(Err(error)) if error.class == ErrorClass::Fatal => {
                context.fatal_error.set(error.to_string());
                break;
            }
            Some(Err(error)) => {
                let delay = pace.failed();
                let (status, code) = (error.status, &error.code);
                tracing::warn!(%error, status, code, ?delay, "cannot receive");
                context.metrics.receive_failures.inc();
                continue;
            }
        };
        pace.received(asked, messages);
        start(received);
        match config.until_empty {
            Some(long_enough)
                if messages == 0 && calls.is_empty() && is_empty(context, tasks).await =>
            {
                // SQS counts approximately: the queue must look empty for a while.
                let since = *empty_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= long_enough {
                    return;
                }
            }
            _ => empty_since = None,
        }
    }
    // What these calls still receive is released, or worked on until the drain ends.
    while let Some(late) = calls.next().await {
        start(late);
    }
}

/// Waits until the index is healthy and a message may be received; with other `calls` under way, until a whole batch
/// may.
async fn permits_while_healthy(
    context: &PipelineContext,
    hold: &Arc<Semaphore>,
    calls: usize,
    pause: Instant,
) -> Vec<MessagePermits> {
    let at_once = if calls == 0 { 1 } else { BATCH };
    tokio::time::sleep_until(pause).await;
    loop {
        health_check::wait_until_healthy(
            &*context.ends.index,
            &context.concurrency,
            &context.index_health,
        )
        .await;
        let permits = acquire(context, hold, at_once).await;
        // The index may have failed while all permits were taken.
        if !context.concurrency.is_down() && context.index_health.hold().is_none() {
            return permits;
        }
    }
}

/// Waits for permits for `at_once` messages, or as many as there can be at all, and takes as many as are free, at most
/// a batch.
async fn acquire(
    context: &PipelineContext,
    hold: &Arc<Semaphore>,
    at_once: usize,
) -> Vec<MessagePermits> {
    let first = hold.clone().acquire_owned().await;
    let first = first.expect("the semaphore is never closed");
    let more = std::iter::from_fn(|| hold.clone().try_acquire_owned().ok());
    let holds: Vec<_> = std::iter::once(first).chain(more.take(BATCH - 1)).collect();
    let reads = context
        .places
        .reserve(at_once.min(holds.len()), holds.len());
    let permits = reads.await.into_iter().zip(holds);
    permits
        .map(|(read, hold)| MessagePermits { read, hold })
        .collect()
}

/// One receive call. At the stop it has a little time; messages that still arrive are released at once.
async fn receive_batch(
    context: &PipelineContext,
    permits: Vec<MessagePermits>,
    stop: &CancellationToken,
) -> Received {
    let mut receiving = std::pin::pin!(context.ends.queue.receive(permits.len()));
    let messages = tokio::select! {
        biased;
        received = &mut receiving => Some(received),
        () = stop.cancelled() => {
            if let Ok(Ok(late)) = tokio::time::timeout(LATE, receiving).await {
                let leases = late
                    .iter()
                    .filter_map(|message| context.leases.hold(message));
                join_all(leases.map(|lease| context.acks.release(lease, Duration::ZERO))).await;
            }
            None
        }
    };
    Received { permits, messages }
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
