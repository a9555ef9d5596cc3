/*! Starts the stations, receives until the pipeline is told to stop, then drains. */

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::pipeline::ack;
use crate::pipeline::ack::Acks;
use crate::pipeline::breaker::CircuitBreakers;
use crate::pipeline::context::{Ends, PipelineContext, ReadConfig};
use crate::pipeline::delivery::batcher::Batcher;
use crate::pipeline::delivery::bulk_sender::{BulkConfig, BulkSender};
use crate::pipeline::delivery::concurrency::ConcurrencyLimiter;
use crate::pipeline::delivery::index_health::IndexHealth;
use crate::pipeline::drain::drain;
use crate::pipeline::fatal_error::FatalErrorSlot;
use crate::pipeline::lease::Leases;
use crate::pipeline::limits::ReaderPlaces;
use crate::pipeline::memory::{MemoryConfig, MemoryLimiter};
use crate::pipeline::receive::{ReceiveConfig, receive};
use crate::retry::full_jitter;
use crate::source::{Attributes, Queue};

/// How long the queue and the index may take to answer at the start before the worker gives up.
pub const START_TIMEOUT: Duration = Duration::from_secs(60);
/// A visibility timeout below this is reported.
const SHORT_VISIBILITY: Duration = Duration::from_secs(10);

/// The sum of the stations' configurations.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    pub receive: ReceiveConfig,
    pub read: ReadConfig,
    pub bulk: BulkConfig,
    /// The limit in bytes for all buffers and all parcels in flight.
    pub memory: usize,
    /// For one bulk request.
    pub bulk_timeout: Duration,
    pub drain_timeout: Duration,
}

impl PipelineConfig {
    pub(crate) fn memory_config(&self) -> MemoryConfig {
        MemoryConfig {
            bytes: self.memory,
            objects_in_flight: self.receive.objects_in_flight,
            max_event_bytes: self.read.decode.max_event_bytes,
            bulk_bytes: self.bulk.bytes,
            compressed: !self.bulk.compression.is_none(),
        }
    }
}

/// Why the pipeline ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// Runs until `stop`, a fatal error or, if so configured, the end of the queue; then drains.
pub async fn run(
    ends: Ends,
    config: PipelineConfig,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    let Some(attributes) = queue_attributes(&*ends.queue, &stop).await? else {
        return Ok(());
    };
    warn_of_risks(&attributes);
    let stop = stop.child_token();
    let fatal_error = FatalErrorSlot::new(stop.clone());
    // Ends the tasks that outlive the message tasks, however this function is left.
    let background = CancellationToken::new();
    let _end_background = background.clone().drop_guard();
    let drain_timeout = config.drain_timeout;
    let receive_config = config.receive.clone();
    let context = start(ends, config, &attributes, metrics, &fatal_error, background);
    let tasks = TaskTracker::new();
    let abandon = CancellationToken::new();
    context.metrics.readiness.receiving(true);
    receive(&context, &receive_config, &tasks, &stop, &abandon).await;
    context.metrics.readiness.receiving(false);
    drain(&tasks, drain_timeout, &abandon).await;
    match fatal_error.get() {
        Some(reason) => Err(Fatal(reason.to_owned())),
        None => Ok(()),
    }
}

/// Starts the background tasks of all stations. They end when `background` is cancelled.
fn start(
    ends: Ends,
    config: PipelineConfig,
    attributes: &Attributes,
    metrics: Arc<Metrics>,
    fatal_error: &Arc<FatalErrorSlot>,
    background: CancellationToken,
) -> Arc<PipelineContext> {
    let memory = MemoryLimiter::new(&config.memory_config(), metrics.clone());
    let concurrency = ConcurrencyLimiter::new(config.bulk.in_flight, metrics.clone());
    let index_prefix = config.read.document.index_prefix.clone();
    let index_health = Arc::new(IndexHealth::new(index_prefix, metrics.clone()));
    let leases = Leases::start(
        ends.queue.clone(),
        attributes,
        metrics.clone(),
        fatal_error.clone(),
        background.clone(),
    );
    let batcher = Batcher::start(BulkSender {
        config: config.bulk.clone(),
        concurrency: concurrency.clone(),
        metrics: metrics.clone(),
        background: background.clone(),
        index: ends.index.clone(),
        dead_letters: ends.dead_letters.clone(),
        prices: config.read.prices.clone(),
        index_health: index_health.clone(),
        waiting_bytes: AtomicUsize::new(0),
        most_waiting_bytes: memory.parcels() / 2,
        dead_letter_turn: Semaphore::new(1),
        fatal_error: fatal_error.clone(),
    });
    let acks = Acks::start(
        ends.queue.clone(),
        leases.clone(),
        ack::LINGER,
        metrics.clone(),
        fatal_error.clone(),
        background,
    );
    Arc::new(PipelineContext {
        ends,
        read: config.read,
        bulk: config.bulk,
        metrics,
        places: ReaderPlaces::new(config.receive.objects_in_flight),
        memory,
        concurrency,
        index_health,
        breakers: CircuitBreakers::new(config.receive.messages_in_flight / 2),
        batcher,
        acks,
        leases,
        fatal_error: fatal_error.clone(),
        has_redrive_policy: attributes.max_receive_count.is_some(),
    })
}

fn warn_of_risks(attributes: &Attributes) {
    if attributes.visibility < SHORT_VISIBILITY {
        tracing::warn!(
            visibility = ?attributes.visibility,
            "the queue's visibility timeout is short: a slow call can cost a lease; 30 s or more serve better"
        );
    }
    if attributes.max_receive_count.is_none() {
        tracing::warn!(
            "the queue has no redrive policy: a message that cannot be settled will come back until it expires; \
             give the queue a dead-letter queue"
        );
    }
}

/// The queue's attributes, as soon as it answers. None: `stop` was cancelled before.
async fn queue_attributes(
    queue: &dyn Queue,
    stop: &CancellationToken,
) -> Result<Option<Attributes>, Fatal> {
    let started = Instant::now();
    let mut failures = 0;
    loop {
        let response = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            response = queue.attributes() => response,
        };
        let error = match response {
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
