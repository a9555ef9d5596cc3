/*! What the stations of one running pipeline share. */

use std::sync::Arc;

use logferry_core::allow_list::BucketAllowList;
use logferry_core::decode::DecodeOptions;
use logferry_core::document::DocumentOptions;
use logferry_core::invocation::Prices;

use crate::observe::Metrics;
use crate::pipeline::ack::Acks;
use crate::pipeline::breaker::CircuitBreakers;
use crate::pipeline::delivery::batcher::Batcher;
use crate::pipeline::delivery::bulk_sender::BulkConfig;
use crate::pipeline::delivery::concurrency::ConcurrencyLimiter;
use crate::pipeline::delivery::index_health::IndexHealth;
use crate::pipeline::fatal_error::FatalErrorSlot;
use crate::pipeline::lease::Leases;
use crate::pipeline::limits::ObjectLimits;
use crate::pipeline::limits::ReaderPlaces;
use crate::pipeline::memory::MemoryLimiter;
use crate::sink::Index;
use crate::sink::dead_letters::DeadLetters;
use crate::source::{Queue, Store};

/// The queue, the store and the sinks that the pipeline connects.
#[derive(Clone)]
pub struct Ends {
    pub queue: Arc<dyn Queue>,
    pub store: Arc<dyn Store>,
    pub index: Arc<dyn Index>,
    /// For rejected documents and broken objects. Without it, the queue's redrive policy moves their messages.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
}

/// How objects are read and encoded.
#[derive(Debug, Clone)]
pub struct ReadConfig {
    pub allowed_buckets: BucketAllowList,
    pub limits: ObjectLimits,
    pub decode: DecodeOptions,
    /// For the estimated cost of invocations.
    pub prices: Prices,
    pub document: DocumentOptions,
}

pub(crate) struct PipelineContext {
    pub(crate) ends: Ends,
    pub(crate) read: ReadConfig,
    pub(crate) bulk: BulkConfig,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) places: ReaderPlaces,
    pub(crate) memory: MemoryLimiter,
    pub(crate) concurrency: Arc<ConcurrencyLimiter>,
    pub(crate) index_health: Arc<IndexHealth>,
    pub(crate) breakers: CircuitBreakers,
    pub(crate) batcher: Batcher,
    pub(crate) acks: Acks,
    pub(crate) leases: Arc<Leases>,
    pub(crate) fatal_error: Arc<FatalErrorSlot>,
    /// The queue has a redrive policy.
    pub(crate) has_redrive_policy: bool,
}
