/*! One object: open → events → records → documents → parcels, then its verdicts. */

use std::borrow::Cow;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Road;
use super::budget::Reservation;
use super::packer::Load;
use super::verdict::Tally;
use crate::bulk::{Parcel, Placed};
use crate::class::Class;
use crate::decode::{Decoder, Event, KeyFacts};
use crate::document::index_name::{self, DocumentKind};
use crate::document::{DocumentWriter, ObjectFacts};
use crate::invocation::{Options, Summary, Tracker};
use crate::lambda;
use crate::notification::ObjectRef;
use crate::source::unpack::{ReadError, Unpacked};
use crate::source::{OpenError, Opened};

/// A parcel is sent when it has this many bytes.
const PARCEL: usize = 512 * 1024;
/// Buffers of an object that is being read: decoder, decompressor, the chunk at hand.
const READING: usize = 256 * 1024;

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
struct Failure {
    class: Class,
    reason: String,
}

/// An object that was read; its verdicts come in.
pub(super) struct UnderWay {
    object: ObjectRef,
    started: Instant,
    skip: Option<Skip>,
    facts: ReadFacts,
    failure: Option<Failure>,
    parcels: Parcels,
}

/// What was read, up to the failure if there was one.
#[derive(Default)]
struct ReadFacts {
    stored_bytes: u64,
    /// Decompressed.
    bytes: u64,
    events: u64,
    summaries: u64,
}

/// Parcels sent and tallies received.
struct Parcels {
    reply: mpsc::UnboundedSender<Tally>,
    verdicts: mpsc::UnboundedReceiver<Tally>,
    awaited: usize,
    tally: Tally,
}

/// Reads an object and hands its documents over. Returns when the last parcel is on its way.
pub(super) async fn read(road: &Road, object: &ObjectRef) -> UnderWay {
    let started = Instant::now();
    let (reply, verdicts) = mpsc::unbounded_channel();
    let mut parcels = Parcels {
        reply,
        verdicts,
        awaited: 0,
        tally: Tally::default(),
    };
    let key = KeyFacts::read(&object.key, &road.config.decode.log_groups);
    let mut skip = skip(object, &key);
    let mut facts = ReadFacts::default();
    let mut failure = None;
    if skip.is_none() {
        road.metrics.objects_reading.inc();
        match road.ends.store.open(object, 0, None).await {
            Ok(opened) => {
                let ferried = ferry(road, object, &key, opened, &mut parcels, &mut facts).await;
                failure = ferried.err();
            }
            Err(OpenError::Gone) => skip = Some(Skip::Gone),
            Err(error) => {
                failure = Some(Failure {
                    class: error.class(),
                    reason: error.to_string(),
                });
            }
        }
        road.metrics.objects_reading.dec();
    }
    UnderWay {
        object: object.clone(),
        started,
        skip,
        facts,
        failure,
        parcels,
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

/// The hot path.
async fn ferry(
    road: &Road,
    object: &ObjectRef,
    key: &KeyFacts,
    opened: Opened,
    parcels: &mut Parcels,
    facts: &mut ReadFacts,
) -> Result<(), Failure> {
    let _reading = road.budget.reserve(READING).await;
    let described = ObjectFacts {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        etag: opened.etag.clone().or_else(|| object.etag.clone()),
        last_modified: opened.last_modified,
        chunk: key.chunk,
        id_scope: key.prefix.clone(),
    };
    let mut decoder = Decoder::new(&object.key, &road.config.decode);
    let mut desk = Desk {
        road,
        writer: DocumentWriter::new(&described, &road.config.document),
        tracker: Tracker::new(Options::default()),
        parcel: Parcel::default(),
        reservation: None,
    };
    let mut unpacked = Unpacked::new(road.ends.store.clone(), object.clone(), opened)
        .await
        .map_err(broken)?;
    loop {
        let n = unpacked.read(decoder.space()).await.map_err(|e| Failure {
            reason: format!("after {} bytes: {e}", facts.bytes),
            class: e.class(),
        });
        let n = match n {
            Ok(n) => n,
            Err(failure) => {
                // What could be read is indexed all the same.
                decoder.finish();
                while let Ok(Some(event)) = decoder.next() {
                    desk.write(&event, parcels, facts).await;
                }
                desk.finish(parcels, facts).await;
                return Err(failure);
            }
        };
        match n {
            0 => decoder.finish(),
            n => decoder.filled(n),
        }
        facts.bytes += n as u64;
        facts.stored_bytes = unpacked.stored_bytes();
        loop {
            match decoder.next() {
                Ok(Some(event)) => desk.write(&event, parcels, facts).await,
                Ok(None) => break,
                Err(error) => {
                    desk.finish(parcels, facts).await;
                    return Err(Failure {
                        class: Class::Broken,
                        reason: error.to_string(),
                    });
                }
            }
        }
        if n == 0 {
            desk.finish(parcels, facts).await;
            return Ok(());
        }
        tokio::task::coop::consume_budget().await;
    }
}

fn broken(error: ReadError) -> Failure {
    Failure {
        class: error.class(),
        reason: error.to_string(),
    }
}

/// Where an object's events become documents.
struct Desk<'a> {
    road: &'a Road,
    writer: DocumentWriter,
    tracker: Tracker,
    parcel: Parcel,
    reservation: Option<Reservation>,
}

impl Desk<'_> {
    async fn write(&mut self, event: &Event<'_>, parcels: &mut Parcels, facts: &mut ReadFacts) {
        // JSON escaping makes a byte six at the worst; the usual text grows little.
        let room = event.text.len() * 2 + 2048;
        if self.parcel.lines.len() + room > PARCEL {
            self.send(parcels).await;
        }
        if self.reservation.is_none() {
            self.reservation = Some(self.road.budget.reserve(PARCEL.max(room)).await);
        }
        let text = String::from_utf8_lossy(event.text);
        let invalid_utf8 = matches!(text, Cow::Owned(_));
        let record = lambda::parse(&text);
        let id = self.writer.identify(event);
        let at = self.writer.time(event, &record);
        let around = self.tracker.observe(event, &record, id.hash, at);
        let lines = &mut self.parcel.lines;
        let written = self.writer.write(event, invalid_utf8, &record, id, &around, lines);
        self.parcel.documents.push(Placed {
            start: written.start,
            source: written.source_start,
            end: written.end,
            offset: event.offset,
            merge: false,
        });
        facts.events += 1;
        let over: Vec<Summary> = self.tracker.closed().collect();
        for summary in over {
            self.summarise(&summary, event.offset, facts);
        }
    }

    fn summarise(&mut self, summary: &Summary, offset: u64, facts: &mut ReadFacts) {
        let config = &self.road.config;
        let prefix = &config.document.index_prefix;
        let lines = &mut self.parcel.lines;
        let start = lines.len();
        lines.extend_from_slice(br#"{"create":{"_index":""#);
        let day = i64::from(summary.index_day());
        index_name::write(lines, prefix, DocumentKind::Invocation, day);
        lines.extend_from_slice(format!("\",\"_id\":\"{}\"}}}}\n", summary.id()).as_bytes());
        let source = lines.len();
        lines.extend_from_slice(&summary.write(&config.prices));
        lines.push(b'\n');
        self.parcel.documents.push(Placed {
            start,
            source,
            end: lines.len(),
            offset,
            merge: true,
        });
        facts.summaries += 1;
    }

    /// The object's end, or as far as it could be read: what is left goes.
    async fn finish(&mut self, parcels: &mut Parcels, facts: &mut ReadFacts) {
        let rest: Vec<Summary> = self.tracker.finish().collect();
        for summary in rest {
            if self.reservation.is_none() {
                self.reservation = Some(self.road.budget.reserve(PARCEL).await);
            }
            self.summarise(&summary, facts.bytes, facts);
            if self.parcel.lines.len() >= PARCEL {
                self.send(parcels).await;
            }
        }
        self.send(parcels).await;
    }

    async fn send(&mut self, parcels: &mut Parcels) {
        let parcel = std::mem::take(&mut self.parcel);
        let Some(mut reservation) = self.reservation.take().filter(|_| !parcel.is_empty()) else {
            return;
        };
        reservation.shrink(parcel.lines.len());
        parcels.awaited += 1;
        let load = Load {
            parcel,
            reservation,
            reply: parcels.reply.clone(),
        };
        self.road.packer.send(load).await;
        let reserved = self.road.budget.used() as f64;
        self.road.metrics.memory_reserved.set(reserved);
        while let Ok(tally) = parcels.verdicts.try_recv() {
            parcels.take(tally);
        }
    }
}

impl Parcels {
    fn take(&mut self, tally: Tally) {
        self.awaited -= 1;
        self.tally.add(tally);
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
        let Self {
            object,
            started,
            skip,
            facts,
            failure,
            parcels,
        } = self;
        let (tally, complete) = parcels.all().await;
        let metrics = &road.metrics;
        metrics.count(&tally_counts(&tally));
        let seconds = started.elapsed().as_secs_f64();
        if let Some(skip) = skip {
            metrics.objects_skipped.inc();
            tracing::info!(bucket = object.bucket, key = object.key, reason = skip.as_str(), "skipped");
            return Some(Settled(()));
        }
        for rejection in &tally.rejections {
            tracing::warn!(
                bucket = object.bucket,
                key = object.key,
                offset = rejection.offset,
                status = rejection.status,
                reason = rejection.reason,
                "document rejected"
            );
        }
        metrics.events.inc_by(facts.events);
        metrics.object_bytes.inc_by(facts.bytes);
        let left = failure
            .map(|f| format!("{}: {}", class_name(f.class), f.reason))
            .or_else(|| tally.unsettled_reason.clone())
            .or_else(|| (!complete).then(|| "the worker is ending".to_owned()))
            .or_else(|| (tally.rejected > 0).then(|| format!("{} documents rejected", tally.rejected)));
        match left {
            None => {
                metrics.objects_settled.inc();
                tracing::info!(
                    bucket = object.bucket,
                    key = object.key,
                    stored_bytes = facts.stored_bytes,
                    bytes = facts.bytes,
                    events = facts.events,
                    summaries = facts.summaries,
                    indexed = tally.indexed,
                    already_there = tally.already_there,
                    rejected = tally.rejected,
                    seconds,
                    "settled"
                );
                Some(Settled(()))
            }
            Some(reason) => {
                metrics.objects_unsettled.inc();
                tracing::warn!(
                    bucket = object.bucket,
                    key = object.key,
                    indexed = tally.indexed,
                    already_there = tally.already_there,
                    rejected = tally.rejected,
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

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Retryable => "may pass",
        Class::Rejected => "rejected",
        Class::Broken => "broken object",
        Class::Invalid => "invalid",
        Class::Fatal => "fatal",
    }
}

fn tally_counts(tally: &Tally) -> crate::observe::Counts {
    crate::observe::Counts {
        indexed: tally.indexed,
        already_there: tally.already_there,
        rejected: tally.rejected,
        unsettled: tally.unsettled,
    }
}
