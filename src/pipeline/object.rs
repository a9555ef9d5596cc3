/*! One object: open → events → records → documents → parcels, then its verdicts. */

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::pipeline::breaker;
use crate::pipeline::breaker::AttemptOutcome;
use crate::pipeline::caps::{Place, inflatable, within_caps};
use crate::pipeline::encode::ParcelWriter;
use crate::pipeline::memory;
use crate::pipeline::tally::VerdictTally;
use crate::pipeline::{Pipeline, deliver};
use crate::sink::dead_letters::{DeadLetter, DeadLetterFile, ObjectName};
use crate::source::decompress::{ReadError, Step, Unpacked};
use crate::source::{OpenError, Opened};
use logferry_core::decode::{Decoder, KeyInfo};
use logferry_core::document::ObjectInfo;
use logferry_core::notification::ObjectRef;

/// Decompressed bytes that are worked on in one go: half a millisecond's worth.
const STEP: usize = 64 * 1024;

/// Proof that every document of an object has a final verdict. Only this file makes one.
pub(crate) struct Settled(());

/// Why an object has nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SkipReason {
    WriteTest,
    FolderMarker,
    Empty,
    Gone,
}

impl SkipReason {
    fn as_str(self) -> &'static str {
        match self {
            SkipReason::WriteTest => "write test of an export task",
            SkipReason::FolderMarker => "folder marker",
            SkipReason::Empty => "empty",
            SkipReason::Gone => "gone",
        }
    }
}

/// Why an object was not read to its end.
pub(crate) struct ReadFailure {
    pub(crate) class: ErrorClass,
    pub(crate) reason: String,
}

/// An object that was read; its verdicts come in.
pub(crate) struct ObjectInFlight {
    name: Arc<ObjectName>,
    started: Instant,
    skip: Option<SkipReason>,
    facts: ReadProgress,
    failure: Option<ReadFailure>,
    parcels: Parcels,
}

/// What was read, up to the failure if there was one.
#[derive(Default)]
pub(crate) struct ReadProgress {
    pub(crate) stored_bytes: u64,
    /// Decompressed.
    pub(crate) bytes: u64,
    pub(crate) events: u64,
    pub(crate) summaries: u64,
}

/// Parcels sent and tallies received.
pub(crate) struct Parcels {
    pub(crate) reply: mpsc::UnboundedSender<VerdictTally>,
    verdicts: mpsc::UnboundedReceiver<VerdictTally>,
    awaited: usize,
    tally: VerdictTally,
}

/// Reads an object and hands its documents over. Returns when the last parcel is on its way; or at once, with how long its
/// bucket is to be left alone.
pub(crate) async fn read(
    pipeline: &Pipeline,
    object: &ObjectRef,
    delivery: u64,
) -> Result<ObjectInFlight, Duration> {
    let started = Instant::now();
    let (reply, verdicts) = mpsc::unbounded_channel();
    let mut under_way = ObjectInFlight {
        name: Arc::new(ObjectName {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            etag: object.etag.clone(),
            version_id: object.version_id.clone(),
        }),
        started,
        skip: None,
        facts: ReadProgress::default(),
        failure: None,
        parcels: Parcels {
            reply,
            verdicts,
            awaited: 0,
            tally: VerdictTally::default(),
        },
    };
    let key = KeyInfo::read(&object.key, &pipeline.config.decode.log_groups);
    under_way.skip = skip(object, &key);
    if under_way.skip.is_none() {
        let attempt = (pipeline.breakers).admit(&object.bucket, &object.key, delivery)?;
        let _reading = Reading::count(&pipeline.metrics);
        under_way.fetch(pipeline, object, &key, attempt).await;
    }
    Ok(under_way)
}

impl ObjectInFlight {
    async fn fetch(
        &mut self,
        pipeline: &Pipeline,
        object: &ObjectRef,
        key: &KeyInfo,
        attempt: AttemptOutcome<'_>,
    ) {
        match pipeline.ends.store.open(object, 0, None).await {
            Ok(opened) => {
                attempt.given();
                if let Some(etag) = &opened.etag {
                    Arc::make_mut(&mut self.name).etag = Some(etag.clone());
                }
                let ferried = self.stream_events(pipeline, object, key, opened).await;
                self.failure = ferried.err();
            }
            Err(OpenError::Gone) => self.skip = Some(SkipReason::Gone),
            Err(error) => {
                let (class, reason) =
                    breaker::not_opened(&pipeline.metrics, object, attempt, &error);
                self.failure = Some(ReadFailure { class, reason });
            }
        }
    }

    /// The hot path.
    async fn stream_events(
        &mut self,
        pipeline: &Pipeline,
        object: &ObjectRef,
        key: &KeyInfo,
        opened: Opened,
    ) -> Result<(), ReadFailure> {
        let described = ObjectInfo {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            etag: self.name.etag.clone(),
            last_modified: opened.last_modified,
            id_scope: key.prefix.clone(),
        };
        // What is surely large waits before it has buffers; its bytes are on their way meanwhile.
        let mut place = match opened.size {
            Some(stored) if stored > memory::SMALL => Place::taken(pipeline, 0).await,
            _ => Place::default(),
        };
        let mut decoder = Decoder::new(&object.key, &pipeline.config.decode);
        let mut writer = ParcelWriter::new(pipeline, &described, self.name.clone());
        let (parcels, facts) = (&mut self.parcels, &mut self.facts);
        let (store, limit) = (
            pipeline.ends.store.clone(),
            pipeline.memory.largest_window(),
        );
        let mut unpacked = Unpacked::within(store, object.clone(), opened, limit)
            .await
            .map_err(failure)?;
        let (mut windows, mut long) = (0, None);
        loop {
            let is_large = facts.bytes > memory::SMALL || windows > 0;
            if is_large && !place.suffices(windows) {
                // Nothing that others wait for is held meanwhile.
                writer.send(parcels).await;
                // What it has is given back first: two that wait for more would wait for each other.
                drop(place);
                place = Place::taken(pipeline, windows).await;
            }
            if !decoder.is_in_long_element() {
                long = None;
            } else if long.is_none() {
                writer.send(parcels).await;
                long = Some(pipeline.memory.long_element().await);
            }
            let space = decoder.space();
            let step = space.len().min(STEP);
            let read = unpacked.step(&mut space[..step]).await;
            facts.stored_bytes = unpacked.stored_bytes();
            let n = match read {
                Ok(Step::Window(bytes)) => {
                    windows = bytes;
                    unpacked.grant(bytes);
                    continue;
                }
                Ok(Step::Read(n)) => n,
                Err(error) => {
                    if error.class() == ErrorClass::Broken {
                        let whole = error.is_behind_whole_members();
                        writer.write_rest(&mut decoder, whole, parcels, facts).await;
                    }
                    writer.finish(parcels, facts).await;
                    return Err(failure(error));
                }
            };
            if let Err(failure) = within_caps(pipeline, facts, n as u64 + decoder.inflated()) {
                writer.write_rest(&mut decoder, false, parcels, facts).await;
                writer.finish(parcels, facts).await;
                return Err(failure);
            }
            decoder.allow_inflated(inflatable(pipeline, facts, n as u64));
            match n {
                0 => decoder.finish(),
                n => decoder.filled(n),
            }
            facts.bytes += n as u64;
            loop {
                match decoder.next() {
                    Ok(Some(event)) => writer.write(&event, parcels, facts).await,
                    Ok(None) => break,
                    Err(error) => {
                        writer.finish(parcels, facts).await;
                        return Err(ReadFailure {
                            class: ErrorClass::Broken,
                            reason: match within_caps(pipeline, facts, decoder.inflated()) {
                                Err(cap) => format!("{} at byte {}", cap.reason, error.offset),
                                Ok(()) => error.to_string(),
                            },
                        });
                    }
                }
            }
            if n == 0 {
                if let Some(error) = decoder.firehose_error() {
                    let records = decoder.counters().firehose_failures;
                    let (bucket, key) = (&object.bucket, &object.key);
                    tracing::warn!(
                        bucket,
                        key,
                        records,
                        error,
                        "Firehose could not process these records; they were read from its report"
                    );
                }
                writer.finish(parcels, facts).await;
                return Ok(());
            }
            // Others had to wait for as long as this one's bytes took.
            tokio::task::yield_now().await;
        }
    }
}

/// Counts an object as being read for as long as it lives, even if its task is dropped.
struct Reading<'a>(&'a Metrics);

impl<'a> Reading<'a> {
    fn count(metrics: &'a Metrics) -> Self {
        metrics.objects_reading.inc();
        Self(metrics)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.objects_reading.dec();
    }
}

fn skip(object: &ObjectRef, key: &KeyInfo) -> Option<SkipReason> {
    if key.is_write_test {
        Some(SkipReason::WriteTest)
    } else if object.key.ends_with('/') {
        Some(SkipReason::FolderMarker)
    } else if object.size == Some(0) {
        Some(SkipReason::Empty)
    } else {
        None
    }
}

fn failure(error: ReadError) -> ReadFailure {
    ReadFailure {
        class: error.class(),
        reason: error.to_string(),
    }
}

impl Parcels {
    /// One more is on its way; those that came back meanwhile are added up.
    pub(crate) fn sent(&mut self) {
        self.awaited += 1;
        while let Ok(tally) = self.verdicts.try_recv() {
            self.awaited -= 1;
            self.tally.add(tally);
        }
    }

    /// All verdicts; false when the pipeline ended before they were in.
    async fn all(mut self) -> (VerdictTally, bool) {
        drop(self.reply);
        while self.awaited > 0 {
            match self.verdicts.recv().await {
                Some(tally) => {
                    self.awaited -= 1;
                    self.tally.add(tally);
                }
                None => return (self.tally, false),
            }
        }
        (self.tally, true)
    }
}

impl ObjectInFlight {
    /// Awaits the verdicts and says what became of the object. None: something is left to do.
    pub(crate) async fn settled(self, pipeline: &Pipeline) -> Option<Settled> {
        let (name, facts) = (&self.name, &self.facts);
        let (tally, complete) = self.parcels.all().await;
        let metrics = &pipeline.metrics;
        metrics.count(&tally.counts());
        metrics.events.inc_by(facts.events);
        metrics.object_bytes.inc_by(facts.bytes);
        if let Some(skip) = self.skip {
            metrics.objects_skipped.inc();
            if skip == SkipReason::Gone {
                metrics.objects_gone.inc();
            }
            tracing::info!(
                bucket = name.bucket,
                key = name.key,
                reason = skip.as_str(),
                "skipped"
            );
            return Some(Settled(()));
        }
        for rejection in &tally.rejections {
            tracing::warn!(
                bucket = name.bucket,
                key = name.key,
                offset = rejection.offset,
                status = rejection.status,
                reason = rejection.reason,
                "document rejected"
            );
        }
        let mut left = (tally.unsettled_reason.clone())
            .or_else(|| (!complete).then(|| "the worker is ending".to_owned()));
        if left.is_none() && tally.rejected > tally.dead_lettered {
            left = Some(format!("{} documents rejected", tally.rejected));
        }
        let mut broken = None;
        if let Some(failure) = &self.failure {
            match write_object_dead_letter(pipeline, name, facts, failure).await {
                Ok(()) => broken = Some(failure.reason.as_str()),
                Err(reason) => left = Some(reason),
            }
        }
        let seconds = self.started.elapsed().as_secs_f64();
        match left {
            None => {
                metrics.objects_settled.inc();
                if let Some(reason) = broken {
                    tracing::warn!(
                        bucket = name.bucket,
                        key = name.key,
                        reason,
                        "a broken object: it is a dead letter now"
                    );
                }
                tracing::info!(
                    bucket = name.bucket,
                    key = name.key,
                    stored_bytes = facts.stored_bytes,
                    bytes = facts.bytes,
                    events = facts.events,
                    summaries = facts.summaries,
                    indexed = tally.indexed,
                    already_there = tally.already_there,
                    rejected = tally.rejected,
                    dead_lettered = tally.dead_lettered,
                    broken,
                    seconds,
                    "settled"
                );
                Some(Settled(()))
            }
            Some(reason) => {
                metrics.objects_unsettled.inc();
                tracing::warn!(
                    bucket = name.bucket,
                    key = name.key,
                    indexed = tally.indexed,
                    already_there = tally.already_there,
                    rejected = tally.rejected,
                    dead_lettered = tally.dead_lettered,
                    unsettled = tally.unsettled,
                    seconds,
                    reason,
                    "not settled; its message stays on the queue"
                );
                None
            }
        }
    }
}

/// A broken object becomes a dead letter, if there is a store for it; anything else is left to a later delivery.
async fn write_object_dead_letter(
    pipeline: &Pipeline,
    name: &ObjectName,
    facts: &ReadProgress,
    failure: &ReadFailure,
) -> Result<(), String> {
    let reason = format!(
        "{} after {} bytes: {}",
        class_name(failure.class),
        facts.bytes,
        failure.reason
    );
    let Some(store) = pipeline.ends.dead_letters.as_deref() else {
        return Err(reason);
    };
    if failure.class != ErrorClass::Broken {
        return Err(reason);
    }
    let letter = DeadLetter {
        size: Some(facts.stored_bytes),
        ..name.letter("object", facts.bytes, failure.reason.clone())
    };
    let letters = DeadLetterFile::of_object(name, letter);
    deliver::write_dead_letters(store, &letters, pipeline.config.bulk.delays()).await?;
    pipeline.metrics.dead_letters.inc();
    Ok(())
}

fn class_name(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Retryable => "may pass",
        ErrorClass::Rejected => "rejected",
        ErrorClass::Broken => "broken object",
        ErrorClass::Invalid => "invalid",
        ErrorClass::Fatal => "fatal",
    }
}
