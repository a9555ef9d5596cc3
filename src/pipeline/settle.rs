/*! An object that was read and its verdicts go in; its receipt comes out if every document is settled. */

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::pipeline::delivery::dead_letters::write_dead_letters;
use crate::pipeline::delivery::tally::VerdictTally;
use crate::retry::Delays;
use crate::sink::dead_letters::{DeadLetter, DeadLetterFile, DeadLetters, ObjectName};

/// The receipt of an object: every document of it has a final verdict. Only this file makes one.
pub(crate) struct Settled(());

/// Why an object has nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SkipReason {
    WriteTest,
    FolderMarker,
    Empty,
    Gone,
    /// An export of the local copy of a Web Function's log group.
    LocalCopy,
}

impl SkipReason {
    fn as_str(self) -> &'static str {
        match self {
            SkipReason::WriteTest => "write test of an export task",
            SkipReason::FolderMarker => "folder marker",
            SkipReason::Empty => "empty",
            SkipReason::Gone => "gone",
            SkipReason::LocalCopy => "local copy of the log group of a Web Function",
        }
    }
}

/// Why an object was not read to its end.
pub(crate) struct ReadFailure {
    pub(crate) class: ErrorClass,
    pub(crate) reason: String,
}

/// How much of an object was read, up to the failure if there was one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReadProgress {
    pub(crate) stored_bytes: u64,
    /// Decompressed.
    pub(crate) bytes: u64,
    pub(crate) events: u64,
    pub(crate) summaries: u64,
    /// Events that stand in summaries instead of documents.
    pub(crate) folded: u64,
    /// Events of local copies, which were skipped.
    pub(crate) local_copies: u64,
}

/// The parcels of one object that were sent, and the verdicts received so far.
pub(crate) struct AwaitedVerdicts {
    pub(crate) reply: mpsc::UnboundedSender<VerdictTally>,
    verdicts: mpsc::UnboundedReceiver<VerdictTally>,
    awaited: usize,
    tally: VerdictTally,
}

impl AwaitedVerdicts {
    fn new() -> Self {
        let (reply, verdicts) = mpsc::unbounded_channel();
        Self {
            reply,
            verdicts,
            awaited: 0,
            tally: VerdictTally::default(),
        }
    }

    /// Counts a parcel that was sent, and adds up the verdicts that arrived meanwhile.
    pub(crate) fn sent(&mut self) {
        self.awaited += 1;
        while let Ok(tally) = self.verdicts.try_recv() {
            self.awaited -= 1;
            self.tally.add(tally);
        }
    }

    /// All verdicts, and whether they are complete: they are not if the pipeline ended before.
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

/// An object that was read and waits for its verdicts.
pub(crate) struct ObjectInFlight {
    pub(crate) name: Arc<ObjectName>,
    started: Instant,
    pub(crate) skip: Option<SkipReason>,
    pub(crate) progress: ReadProgress,
    pub(crate) failure: Option<ReadFailure>,
    /// The object was removed while it was read.
    pub(crate) removed: bool,
    pub(crate) verdicts: AwaitedVerdicts,
}

impl ObjectInFlight {
    pub(crate) fn new(name: ObjectName) -> Self {
        Self {
            name: Arc::new(name),
            started: Instant::now(),
            skip: None,
            progress: ReadProgress::default(),
            failure: None,
            removed: false,
            verdicts: AwaitedVerdicts::new(),
        }
    }

    /// Awaits the verdicts and logs the result. None: some work is left, and the object must be delivered again.
    pub(crate) async fn settle(
        self,
        metrics: &Metrics,
        dead_letters: Option<&dyn DeadLetters>,
        delays: Delays,
    ) -> Option<Settled> {
        let (name, progress) = (&self.name, &self.progress);
        let (bucket, key) = (&name.bucket, &name.key);
        let (tally, complete) = self.verdicts.all().await;
        if let Some(skip) = self.skip {
            metrics.objects_skipped.inc();
            if skip == SkipReason::Gone {
                metrics.objects_gone.inc();
            }
            tracing::info!(bucket, key, reason = skip.as_str(), "skipped");
            return Some(Settled(()));
        }
        for rejection in &tally.rejections {
            tracing::warn!(
                bucket,
                key,
                offset = rejection.offset,
                status = rejection.status,
                reason = rejection.reason,
                "document rejected"
            );
        }
        let mut unsettled_reason = (tally.unsettled_reason.clone())
            .or_else(|| (!complete).then(|| "the worker is ending".to_owned()));
        if unsettled_reason.is_none() && tally.rejected > tally.dead_lettered {
            unsettled_reason = Some(format!("{} documents rejected", tally.rejected));
        }
        let mut broken = None;
        if let Some(failure) = &self.failure {
            match write_object_dead_letter(name, progress, failure, dead_letters, delays).await {
                Ok(()) => {
                    metrics.dead_letters.inc();
                    broken = Some(failure.reason.as_str());
                }
                Err(reason) => unsettled_reason = Some(reason),
            }
        }
        let seconds = self.started.elapsed().as_secs_f64();
        match unsettled_reason {
            None => {
                metrics.objects_settled.inc();
                if self.removed {
                    metrics.objects_gone.inc();
                    tracing::info!(bucket, key, "the object was removed while it was read");
                }
                if let Some(reason) = broken {
                    tracing::warn!(
                        bucket,
                        key,
                        reason,
                        "a broken object: it is a dead letter now"
                    );
                }
                tracing::info!(
                    bucket,
                    key,
                    stored_bytes = progress.stored_bytes,
                    bytes = progress.bytes,
                    events = progress.events,
                    summaries = progress.summaries,
                    indexed = tally.indexed,
                    already_there = tally.already_there,
                    rejected = tally.rejected,
                    dead_lettered = tally.dead_lettered,
                    folded = (progress.folded > 0).then_some(progress.folded),
                    local_copies = (progress.local_copies > 0).then_some(progress.local_copies),
                    broken,
                    seconds,
                    "settled"
                );
                Some(Settled(()))
            }
            Some(reason) => {
                metrics.objects_unsettled.inc();
                tracing::warn!(
                    bucket,
                    key,
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

/// Writes the dead letter of a broken object. Returns the reason if there is no store for it or the failure may pass.
async fn write_object_dead_letter(
    name: &ObjectName,
    progress: &ReadProgress,
    failure: &ReadFailure,
    dead_letters: Option<&dyn DeadLetters>,
    delays: Delays,
) -> Result<(), String> {
    let reason = format!(
        "{} after {} bytes: {}",
        class_name(failure.class),
        progress.bytes,
        failure.reason
    );
    let Some(store) = dead_letters else {
        return Err(reason);
    };
    if failure.class != ErrorClass::Broken {
        return Err(reason);
    }
    let dead_letter = DeadLetter {
        size: Some(progress.stored_bytes),
        ..name.letter("object", progress.bytes, failure.reason.clone())
    };
    let file = DeadLetterFile::of_object(name, dead_letter);
    write_dead_letters(store, &file, delays).await
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
