/*! One object: open → events → records → documents → parcels, then its verdicts. */

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::breaker::{self, Attempt};
use super::budget;
use super::caps::{Place, inflatable, within_caps};
use super::desk::Desk;
use super::verdict::Tally;
use super::{Road, load};
use crate::class::Class;
use crate::decode::{Decoder, KeyFacts};
use crate::document::ObjectFacts;
use crate::notification::ObjectRef;
use crate::observe::Metrics;
use crate::sink::dead_letter::{DeadLetter, Letters, ObjectName};
use crate::source::unpack::{ReadError, Step, Unpacked};
use crate::source::{OpenError, Opened};

/// Decompressed bytes that are worked on in one go: half a millisecond's worth.
const STEP: usize = 64 * 1024;

/// Proof that every document of an object has a final verdict. Only this file makes one.
pub(super) struct Settled(());

/// Why an object has nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    WriteTest,
    FolderMarker,
    Empty,
    Gone,
}

impl Skip {
    fn as_str(self) -> &'static str {
        match self {
            Skip::WriteTest => "write test of an export task",
            Skip::FolderMarker => "folder marker",
            Skip::Empty => "empty",
            Skip::Gone => "gone",
        }
    }
}

/// Why an object was not read to its end.
pub(super) struct Failure {
    pub(super) class: Class,
    pub(super) reason: String,
}

/// An object that was read; its verdicts come in.
pub(super) struct UnderWay {
    name: Arc<ObjectName>,
    started: Instant,
    skip: Option<Skip>,
    facts: ReadFacts,
    failure: Option<Failure>,
    parcels: Parcels,
}

/// What was read, up to the failure if there was one.
#[derive(Default)]
pub(super) struct ReadFacts {
    pub(super) stored_bytes: u64,
    /// Decompressed.
    pub(super) bytes: u64,
    pub(super) events: u64,
    pub(super) summaries: u64,
}

/// Parcels sent and tallies received.
pub(super) struct Parcels {
    pub(super) reply: mpsc::UnboundedSender<Tally>,
    verdicts: mpsc::UnboundedReceiver<Tally>,
    awaited: usize,
    tally: Tally,
}

/// Reads an object and hands its documents over. Returns when the last parcel is on its way; or at once, with how long its
/// bucket is to be left alone.
pub(super) async fn read(
    road: &Road,
    object: &ObjectRef,
    delivery: u64,
) -> Result<UnderWay, Duration> {
    let started = Instant::now();
    let (reply, verdicts) = mpsc::unbounded_channel();
    let mut under_way = UnderWay {
        name: Arc::new(ObjectName {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            etag: object.etag.clone(),
            version_id: object.version_id.clone(),
        }),
        started,
        skip: None,
        facts: ReadFacts::default(),
        failure: None,
        parcels: Parcels {
            reply,
            verdicts,
            awaited: 0,
            tally: Tally::default(),
        },
    };
    let key = KeyFacts::read(&object.key, &road.config.decode.log_groups);
    under_way.skip = skip(object, &key);
    if under_way.skip.is_none() {
        let attempt = (road.breakers).admit(&object.bucket, &object.key, delivery)?;
        let _reading = Reading::count(&road.metrics);
        under_way.fetch(road, object, &key, attempt).await;
    }
    Ok(under_way)
}

impl UnderWay {
    async fn fetch(
        &mut self,
        road: &Road,
        object: &ObjectRef,
        key: &KeyFacts,
        attempt: Attempt<'_>,
    ) {
        match road.ends.store.open(object, 0, None).await {
            Ok(opened) => {
                attempt.given();
                if let Some(etag) = &opened.etag {
                    Arc::make_mut(&mut self.name).etag = Some(etag.clone());
                }
                let ferried = self.ferry(road, object, key, opened).await;
                self.failure = ferried.err();
            }
            Err(OpenError::Gone) => self.skip = Some(Skip::Gone),
            Err(error) => {
                let (class, reason) = breaker::not_opened(&road.metrics, object, attempt, &error);
                self.failure = Some(Failure { class, reason });
            }
        }
    }

    /// The hot path.
    async fn ferry(
        &mut self,
        road: &Road,
        object: &ObjectRef,
        key: &KeyFacts,
        opened: Opened,
    ) -> Result<(), Failure> {
        let described = ObjectFacts {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            etag: self.name.etag.clone(),
            last_modified: opened.last_modified,
            id_scope: key.prefix.clone(),
        };
        // What is surely large waits before it has buffers; its bytes are on their way meanwhile.
        let mut place = match opened.size {
            Some(stored) if stored > budget::SMALL => Place::taken(road, 0).await,
            _ => Place::default(),
        };
        let mut decoder = Decoder::new(&object.key, &road.config.decode);
        let mut desk = Desk::new(road, &described, self.name.clone());
        let (parcels, facts) = (&mut self.parcels, &mut self.facts);
        let (store, limit) = (road.ends.store.clone(), road.budget.largest_window());
        let mut unpacked = Unpacked::within(store, object.clone(), opened, limit)
            .await
            .map_err(failure)?;
        let (mut windows, mut long) = (0, None);
        loop {
            let is_large = facts.bytes > budget::SMALL || windows > 0;
            if is_large && !place.suffices(windows) {
                // Nothing that others wait for is held meanwhile.
                desk.send(parcels).await;
                // What it has is given back first: two that wait for more would wait for each other.
                drop(place);
                place = Place::taken(road, windows).await;
            }
            if !decoder.is_in_long_element() {
                long = None;
            } else if long.is_none() {
                desk.send(parcels).await;
                long = Some(road.budget.long_element().await);
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
                    if error.class() == Class::Broken {
                        let whole = error.is_behind_whole_members();
                        desk.write_rest(&mut decoder, whole, parcels, facts).await;
                    }
                    desk.finish(parcels, facts).await;
                    return Err(failure(error));
                }
            };
            if let Err(failure) = within_caps(road, facts, n as u64 + decoder.inflated()) {
                desk.write_rest(&mut decoder, false, parcels, facts).await;
                desk.finish(parcels, facts).await;
                return Err(failure);
            }
            decoder.allow_inflated(inflatable(road, facts, n as u64));
            match n {
                0 => decoder.finish(),
                n => decoder.filled(n),
            }
            facts.bytes += n as u64;
            loop {
                match decoder.next() {
                    Ok(Some(event)) => desk.write(&event, parcels, facts).await,
                    Ok(None) => break,
                    Err(error) => {
                        desk.finish(parcels, facts).await;
                        return Err(Failure {
                            class: Class::Broken,
                            reason: match within_caps(road, facts, decoder.inflated()) {
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
                desk.finish(parcels, facts).await;
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

fn skip(object: &ObjectRef, key: &KeyFacts) -> Option<Skip> {
    if key.is_write_test {
        Some(Skip::WriteTest)
    } else if object.key.ends_with('/') {
        Some(Skip::FolderMarker)
    } else if object.size == Some(0) {
        Some(Skip::Empty)
    } else {
        None
    }
}

fn failure(error: ReadError) -> Failure {
    Failure {
        class: error.class(),
        reason: error.to_string(),
    }
}

impl Parcels {
    /// One more is on its way; those that came back meanwhile are added up.
    pub(super) fn sent(&mut self) {
        self.awaited += 1;
        while let Ok(tally) = self.verdicts.try_recv() {
            self.awaited -= 1;
            self.tally.add(tally);
        }
    }

    /// All verdicts; false when the road ended before they were in.
    async fn all(mut self) -> (Tally, bool) {
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

impl UnderWay {
    /// Awaits the verdicts and says what became of the object. None: something is left to do.
    pub(super) async fn settled(self, road: &Road) -> Option<Settled> {
        let (name, facts) = (&self.name, &self.facts);
        let (tally, complete) = self.parcels.all().await;
        let metrics = &road.metrics;
        metrics.count(&tally.counts());
        metrics.events.inc_by(facts.events);
        metrics.object_bytes.inc_by(facts.bytes);
        if let Some(skip) = self.skip {
            metrics.objects_skipped.inc();
            if skip == Skip::Gone {
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
            match bury_object(road, name, facts, failure).await {
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
async fn bury_object(
    road: &Road,
    name: &ObjectName,
    facts: &ReadFacts,
    failure: &Failure,
) -> Result<(), String> {
    let reason = format!(
        "{} after {} bytes: {}",
        class_name(failure.class),
        facts.bytes,
        failure.reason
    );
    let Some(store) = road.ends.dead_letters.as_deref() else {
        return Err(reason);
    };
    if failure.class != Class::Broken {
        return Err(reason);
    }
    let letter = DeadLetter {
        size: Some(facts.stored_bytes),
        ..name.letter("object", facts.bytes, failure.reason.clone())
    };
    let letters = Letters::of_object(name, letter);
    load::bury(store, &letters, road.config.bulk.delays()).await?;
    road.metrics.dead_letters.inc();
    Ok(())
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Retryable => "may pass",
        Class::Rejected => "rejected",
        Class::Broken => "broken object",
        Class::Invalid => "invalid",
        Class::Fatal => "fatal",
    }
}
