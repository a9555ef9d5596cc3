/*!
The pipeline: permit → receive → lease → object → parcels → verdicts → settle → delete; and the drain.

`run` takes permits, then messages; each message has one task (`message`) that reads its objects (`object`), awaits their
verdicts and is the only one to delete it (`dispose`). `lease` keeps what is held invisible. `batcher` groups parcels of all
objects into bulks, `load` sends a bulk until each of its documents has a verdict. `memory` bounds the bytes of all of it.
*/

use crate::pipeline::ack;
use crate::pipeline::batcher;
use crate::pipeline::breaker;
use crate::pipeline::concurrency;
use crate::pipeline::deliver;
use crate::pipeline::hold;
use crate::pipeline::lease;
use crate::pipeline::memory;
use crate::pipeline::message;
use crate::pipeline::refusals;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::retry::{Delays, full_jitter};
use crate::sink::Index;
use crate::sink::dead_letters::DeadLetters;
use crate::source::{Attributes, Queue, Store};
use logferry_core::allow_list::BucketAllowList;
use logferry_core::decode::DecodeOptions;
use logferry_core::document::DocumentOptions;
use logferry_core::invocation::Prices;

/// How long queue and index may take to come up before the worker gives up.
pub const START_TIMEOUT: Duration = Duration::from_secs(60);

/// What the pipeline runs between.
#[derive(Clone)]
pub struct Ends {
    pub queue: Arc<dyn Queue>,
    pub store: Arc<dyn Store>,
    pub index: Arc<dyn Index>,
    /// What is given up. Without it the queue's redrive policy has it.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
}

#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// Objects that are read at the same time.
    pub objects_in_flight: usize,
    /// Messages that are held at the same time; most of them only wait for verdicts.
    pub messages_in_flight: usize,
    /// Bytes that everything in flight shares.
    pub memory: usize,
    pub bulk: BulkConfig,
    /// Decompressed; an object that is longer is broken.
    pub max_object_bytes: u64,
    /// Decompressed bytes for each stored one; an object above it is broken.
    pub max_ratio: u64,
    pub allowed_buckets: BucketAllowList,
    /// For one bulk request.
    pub bulk_timeout: Duration,
    pub drain_timeout: Duration,
    /// End when the queue has looked empty for this long.
    pub until_empty: Option<Duration>,
    pub decode: DecodeOptions,
    /// For the estimated cost of invocations.
    pub prices: Prices,
    pub document: DocumentOptions,
}

#[derive(Debug, Clone)]
pub struct BulkConfig {
    /// A bulk is sent when it has this many bytes …
    pub bytes: usize,
    /// … or when its first parcel has waited this long.
    pub linger: Duration,
    pub in_flight: usize,
    /// Attempts for one bulk, the first included.
    pub attempts: usize,
    /// First and longest delay between attempts.
    pub first_delay: Duration,
    pub longest_delay: Duration,
}

impl BulkConfig {
    pub(crate) fn delays(&self) -> Delays {
        Delays::new(self.first_delay, self.longest_delay, self.attempts)
    }
}

/// Why the pipeline ended before it was told to.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// What the stations share.
pub(crate) struct Pipeline {
    pub(crate) ends: Ends,
    pub(crate) config: PipelineConfig,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) memory: memory::MemoryLimiter,
    pub(crate) concurrency: Arc<concurrency::ConcurrencyLimiter>,
    pub(crate) refusals: Arc<refusals::Refusals>,
    pub(crate) breakers: breaker::CircuitBreakers,
    pub(crate) batcher: batcher::Batcher,
    pub(crate) acks: ack::Acks,
    pub(crate) leases: Arc<lease::Leases>,
    pub(crate) fatal_error: Arc<FatalErrorSlot>,
    pub(crate) redrive: bool,
}

/// The first fatal error stops the pipeline.
pub(crate) struct FatalErrorSlot {
    pub(crate) first: OnceLock<String>,
    pub(crate) stop: CancellationToken,
}

impl FatalErrorSlot {
    pub(crate) fn new(stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            first: OnceLock::new(),
            stop,
        })
    }

    pub(crate) fn fatal(&self, reason: String) {
        if self.first.set(reason).is_ok() {
            self.stop.cancel();
        }
    }
}

/// Works until `stop`, a fatal error or, if so configured, the end of the queue; then drains.
pub async fn run(
    ends: Ends,
    config: PipelineConfig,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    let Some(attributes) = attributes(&*ends.queue, &stop).await? else {
        return Ok(());
    };
    if attributes.visibility < Duration::from_secs(10) {
        tracing::warn!(visibility = ?attributes.visibility, "the queue's visibility timeout is short: a slow call can cost a lease; 30 s or more serve better");
    }
    if attributes.max_receive_count.is_none() {
        tracing::warn!(
            "the queue has no redrive policy: a message that cannot be settled will come back until it expires; give the queue a dead-letter queue"
        );
    }
    let stop = stop.child_token();
    let fatal_error = FatalErrorSlot::new(stop.clone());
    let concurrency = concurrency::ConcurrencyLimiter::new(config.bulk.in_flight, metrics.clone());
    let prefix = config.document.index_prefix.clone();
    let refusals = Arc::new(refusals::Refusals::new(prefix, metrics.clone()));
    // Ends everything that outlives the message tasks, however this function is left.
    let background = CancellationToken::new();
    let _end_background = background.clone().drop_guard();
    let memory = memory::MemoryLimiter::new(
        config.memory,
        config.objects_in_flight,
        config.decode.max_event_bytes,
        config.bulk.bytes,
        metrics.clone(),
    );
    let leases = lease::Leases::start(
        ends.queue.clone(),
        &attributes,
        metrics.clone(),
        fatal_error.clone(),
        background.clone(),
    );
    let pipeline = Arc::new(Pipeline {
        batcher: batcher::Batcher::start(deliver::BulkSender {
            index: ends.index.clone(),
            concurrency: concurrency.clone(),
            dead_letters: ends.dead_letters.clone(),
            config: config.bulk.clone(),
            prices: config.prices.clone(),
            metrics: metrics.clone(),
            fatal_error: fatal_error.clone(),
            background: background.clone(),
            refusals: refusals.clone(),
            waiting: AtomicUsize::new(0),
            most_waiting: memory.parcels() / 2,
            letters: Semaphore::new(1),
        }),
        memory,
        concurrency,
        refusals,
        breakers: breaker::CircuitBreakers::new(config.messages_in_flight / 2),
        acks: ack::Acks::start(
            ends.queue.clone(),
            leases.clone(),
            ack::LINGER,
            metrics.clone(),
            fatal_error.clone(),
            background.clone(),
        ),
        leases,
        redrive: attributes.max_receive_count.is_some(),
        fatal_error: fatal_error.clone(),
        ends,
        config,
        metrics,
    });
    let tasks = TaskTracker::new();
    let abandon = CancellationToken::new();
    pipeline.metrics.readiness.receiving(true);
    receive(&pipeline, &tasks, &stop, &abandon).await;
    pipeline.metrics.readiness.receiving(false);
    drain(&pipeline, &tasks, &abandon).await;
    match fatal_error.first.get() {
        Some(reason) => Err(Fatal(reason.clone())),
        None => Ok(()),
    }
}

/// The queue's attributes, as soon as it answers; none when told to stop before.
async fn attributes(
    queue: &dyn Queue,
    stop: &CancellationToken,
) -> Result<Option<Attributes>, Fatal> {
    let started = Instant::now();
    let mut failures = 0;
    loop {
        let answer = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            answer = queue.attributes() => answer,
        };
        let error = match answer {
            Ok(attributes) => return Ok(Some(attributes)),
            Err(error) => error,
        };
        if error.class == ErrorClass::Fatal || started.elapsed() > START_TIMEOUT {
            return Err(Fatal(error.to_string()));
        }
        failures += 1;
        tracing::warn!(%error, "waiting for the queue");
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(full_jitter(failures)) => {}
        }
    }
}

/// What a message needs before it is asked for: room to read its objects now, and a place among the held.
pub(crate) struct MessagePermits {
    pub(crate) read: OwnedSemaphorePermit,
    pub(crate) hold: OwnedSemaphorePermit,
}

struct PermitPool {
    read: Arc<Semaphore>,
    hold: Arc<Semaphore>,
}

impl PermitPool {
    /// At least one, at most ten: what one receive call may bring.
    async fn take(&self) -> Vec<MessagePermits> {
        let closed = "the semaphores are never closed";
        let hold = self.hold.clone().acquire_owned().await.expect(closed);
        let read = self.read.clone().acquire_owned().await.expect(closed);
        let mut permits = vec![MessagePermits { read, hold }];
        while permits.len() < 10 {
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

/// Receives until `stop`, and starts a task for each message.
async fn receive(
    pipeline: &Arc<Pipeline>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    abandon: &CancellationToken,
) {
    let pool = PermitPool {
        read: Arc::new(Semaphore::new(pipeline.config.objects_in_flight)),
        hold: Arc::new(Semaphore::new(pipeline.config.messages_in_flight)),
    };
    let mut failures = 0;
    let mut empty_since: Option<Instant> = None;
    loop {
        let permits = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            permits = async {
                loop {
                    hold::index_up(pipeline).await;
                    let permits = pool.take().await;
                    // The index may have got into fatal_error while all permits were out.
                    if !pipeline.concurrency.is_down() && pipeline.refusals.held().is_none() {
                        return permits;
                    }
                }
            } => permits,
        };
        let mut receiving = std::pin::pin!(pipeline.ends.queue.receive(permits.len()));
        let received = tokio::select! {
            biased;
            received = &mut receiving => received,
            () = stop.cancelled() => {
                // Messages may be on their way: give them back at once rather than let them time out.
                if let Ok(Ok(late)) = tokio::time::timeout(Duration::from_secs(1), receiving).await {
                    let leases = late.iter().filter_map(|message| pipeline.leases.hold(message));
                    let released = leases.map(|lease| pipeline.acks.release(lease, Duration::ZERO));
                    futures_util::future::join_all(released).await;
                }
                return;
            }
        };
        let messages = match received {
            Ok(messages) => messages,
            Err(error) if error.class == ErrorClass::Fatal => {
                pipeline.fatal_error.fatal(error.to_string());
                return;
            }
            Err(error) => {
                failures += 1;
                let delay = full_jitter(failures);
                tracing::warn!(%error, ?delay, "cannot receive");
                pipeline.metrics.receive_failures.inc();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(delay) => continue,
                }
            }
        };
        failures = 0;
        match pipeline.config.until_empty {
            Some(long_enough) if messages.is_empty() && is_empty(pipeline, tasks).await => {
                // SQS counts approximately: it must say so again and again.
                let since = *empty_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= long_enough {
                    return;
                }
            }
            _ => empty_since = None,
        }
        pipeline
            .metrics
            .messages_received
            .inc_by(messages.len() as u64);
        for (message, permits) in messages.into_iter().zip(permits) {
            let work = message::process(pipeline.clone(), message, permits, abandon.clone());
            tasks.spawn(work);
        }
    }
}

async fn is_empty(pipeline: &Pipeline, tasks: &TaskTracker) -> bool {
    match pipeline.ends.queue.depth().await {
        Ok(depth) => depth.is_zero() && tasks.is_empty(),
        Err(error) if error.class == ErrorClass::Fatal => {
            pipeline.fatal_error.fatal(error.to_string());
            false
        }
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether the queue is empty");
            false
        }
    }
}

/// Lets the messages at work come to their end, then releases the rest.
async fn drain(pipeline: &Pipeline, tasks: &TaskTracker, abandon: &CancellationToken) {
    tasks.close();
    if !tasks.is_empty() {
        tracing::info!(messages = tasks.len(), timeout = ?pipeline.config.drain_timeout, "draining");
    }
    if tokio::time::timeout(pipeline.config.drain_timeout, tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            messages = tasks.len(),
            "drain timeout: releasing what is unfinished"
        );
        abandon.cancel();
        // Each task now makes one call to release its message.
        if tokio::time::timeout(Duration::from_secs(5), tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                messages = tasks.len(),
                "not released: they come back when their visibility timeout ends"
            );
        }
    }
}
