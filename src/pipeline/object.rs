/*! One object: open → events → records → documents → parcels, then its verdicts. */

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Road;
use super::desk::Desk;
use super::verdict::Tally;
use crate::class::Class;
use crate::decode::{Decoder, KeyFacts};
use crate::document::ObjectFacts;
use crate::notification::ObjectRef;
use crate::source::unpack::{ReadError, Unpacked};
use crate::source::{OpenError, Opened};

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
pub(super) struct ReadFacts {
    stored_bytes: u64,
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
    let mut desk = Desk::new(road, &described);
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
            tracing::info!(
                bucket = object.bucket,
                key = object.key,
                reason = skip.as_str(),
                "skipped"
            );
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
            .or_else(|| {
                (tally.rejected > 0).then(|| format!("{} documents rejected", tally.rejected))
            });
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
