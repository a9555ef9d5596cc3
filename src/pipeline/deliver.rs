/*! One bulk, until each of its documents has a verdict: only what is unsettled is sent again. */

mod merge;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::pipeline::batcher::PendingParcel;
use crate::pipeline::concurrency::{BulkPermit, ConcurrencyLimiter, Feedback};
use crate::pipeline::memory::Reservation;
use crate::pipeline::refusals::{BulkHistory, Refusals, is_overload};
use crate::pipeline::rejected_document::Refused;
use crate::pipeline::tally::{Rejection, VerdictTally};
use crate::pipeline::{BulkConfig, FatalErrorSlot};
use crate::retry::Delays;
use crate::sink::dead_letters::{DeadLetterFile, DeadLetters, ObjectName};
use crate::sink::{Index, IndexError};
use logferry_core::bulk::{Bulk, BulkDocument, DocumentToResend, Verdict};
use logferry_core::invocation::Prices;

/// Merges in a row without a pause.
const MERGES: u32 = 5;

/// Of an index in which no document can be changed.
const NO_MERGE: &str = "summaries of a request in several objects cannot be merged here: remove index.append_only.enabled, or data_stream, from the index template that gives it to this index";

/// What loading needs.
pub(crate) struct BulkSender {
    pub(crate) index: Arc<dyn Index>,
    /// Bulks in flight. ParcelInFlight between two attempts is not in flight: a sick index does not stop the others.
    pub(crate) concurrency: Arc<ConcurrencyLimiter>,
    /// Without it, a rejected document leaves its message to the queue's redrive policy.
    pub(crate) dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(crate) config: BulkConfig,
    pub(crate) prices: Prices,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) fatal_error: Arc<FatalErrorSlot>,
    pub(crate) background: CancellationToken,
    pub(crate) refusals: Arc<Refusals>,
    /// Bytes of bulks between two attempts, and the most of them.
    pub(crate) waiting: AtomicUsize,
    pub(crate) most_waiting: usize,
    /// The turn to make dead letters.
    pub(crate) letters: Semaphore,
}

/// A parcel whose documents are being settled.
pub(crate) struct ParcelInFlight {
    open: usize,
    tally: VerdictTally,
    object: Arc<ObjectName>,
    number: u64,
    /// The rejected documents, if there is a store of dead letters.
    refused: Vec<Refused>,
    reply: mpsc::UnboundedSender<VerdictTally>,
    reservation: Option<Reservation>,
}

impl ParcelInFlight {
    /// Of a parcel that was copied into a bulk.
    pub(crate) fn of(load: PendingParcel) -> Self {
        Self {
            open: load.parcel.documents.len(),
            tally: VerdictTally::default(),
            object: load.object,
            number: load.number,
            refused: Vec::new(),
            reply: load.reply,
            reservation: Some(load.reservation),
        }
    }
}

/// Sends a bulk and sees it through. `waiting` are its parcels, in the order in which they were packed.
pub(crate) async fn load(
    sender: Arc<BulkSender>,
    bulk: Bulk,
    waiting: Vec<ParcelInFlight>,
    pass: BulkPermit,
) {
    let background = sender.background.clone();
    background
        .run_until_cancelled(deliver_to_the_end(&sender, bulk, waiting, pass))
        .await;
}

async fn deliver_to_the_end(
    sender: &BulkSender,
    bulk: Bulk,
    waiting: Vec<ParcelInFlight>,
    pass: BulkPermit,
) {
    let mut round = BulkInFlight {
        sender,
        waiting,
        over: Vec::new(),
        pass: Some(pass),
        turn: None,
    };
    let config = &sender.config;
    let mut delays = config.delays();
    let mut merges = 0;
    // Bulks that are still to be sent; more than one only after a 413.
    let mut bulks = vec![(bulk, BulkHistory::default())];
    while let Some((bulk, mut history)) = bulks.pop() {
        let before = history;
        let attempt = round.attempt(&bulk, &mut history).await;
        if let AttemptOutcome::Later(rest, _) = &attempt
            && rest.documents().len() < bulk.documents().len()
        {
            // Some were settled: attempts run out only on an index that takes nothing.
            delays = config.delays();
        }
        drop(bulk);
        if matches!(
            attempt,
            AttemptOutcome::Again(_) | AttemptOutcome::Later(..)
        ) {
            round.detach();
        }
        let mut wait = None;
        match attempt {
            AttemptOutcome::Done => delays = config.delays(),
            // Somebody else writes the same summaries, again and again: let them.
            AttemptOutcome::Again(again) if merges >= MERGES => {
                merges = 0;
                let delay = delays.next();
                match delay {
                    Some(_) => bulks.push((again, history)),
                    None => round
                        .mark_unsettled(&again, "a summary changes faster than it can be merged"),
                }
                wait = delay;
            }
            AttemptOutcome::Again(again) => {
                merges += 1;
                bulks.push((again, history));
            }
            AttemptOutcome::Split(left, right) => bulks.extend([(right, history), (left, history)]),
            // What was asked about goes once more, or it would never be given up where attempts are few.
            AttemptOutcome::Later(rest, reason) => match delays.next().or_else(|| {
                history
                    .is_resent_since(before)
                    .then_some(config.first_delay)
            }) {
                // What is sick may not fill the memory, or the healthy would wait for it.
                Some(_) if !history.is_resent_since(before) && !sender.room_to_wait(&rest) => {
                    round.mark_unsettled(
                        &rest,
                        &format!("too much waits for the index already: {reason}"),
                    );
                }
                Some(delay) => {
                    sender.metrics.bulk_retries.inc();
                    let documents = rest.documents().len();
                    tracing::warn!(documents, reason, ?delay, "will be sent again");
                    wait = Some(delay);
                    bulks.push((rest, history));
                }
                None => round.mark_unsettled(&rest, &reason),
            },
            AttemptOutcome::Never(rest, reason) => {
                round.mark_unsettled(&rest, &reason);
                sender.fatal_error.fatal(reason);
            }
        }
        round.close().await;
        if let Some(delay) = wait {
            // Others may use the place meanwhile.
            round.pass = None;
            let bytes: usize = bulks.iter().map(|(bulk, _)| bulk.body().len()).sum();
            let _waiting = WaitingBytes::count(&sender.waiting, bytes);
            tokio::time::sleep(delay).await;
        }
    }
}

/// Counts bytes that wait for another attempt.
struct WaitingBytes<'a>(&'a AtomicUsize, usize);

impl<'a> WaitingBytes<'a> {
    fn count(waiting: &'a AtomicUsize, bytes: usize) -> Self {
        waiting.fetch_add(bytes, Ordering::Relaxed);
        Self(waiting, bytes)
    }
}

impl Drop for WaitingBytes<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl BulkSender {
    fn room_to_wait(&self, bulk: &Bulk) -> bool {
        self.waiting.load(Ordering::Relaxed) + bulk.body().len() <= self.most_waiting
    }
}

/// What one attempt leaves.
enum AttemptOutcome {
    Done,
    /// At once: summaries that were merged with what was there.
    Again(Bulk),
    Split(Bulk, Bulk),
    Later(Bulk, String),
    Never(Bulk, String),
}

struct BulkInFlight<'a> {
    sender: &'a BulkSender,
    waiting: Vec<ParcelInFlight>,
    /// Parcels that have all their verdicts and no reply yet.
    over: Vec<usize>,
    pass: Option<BulkPermit>,
    /// To turn what was refused into dead letters.
    turn: Option<SemaphorePermit<'a>>,
}

impl BulkInFlight<'_> {
    async fn attempt(&mut self, bulk: &Bulk, history: &mut BulkHistory) -> AttemptOutcome {
        if self.pass.is_none() {
            self.pass = Some(self.sender.concurrency.enter().await);
        }
        let started = tokio::time::Instant::now();
        let answer = self.sender.index.bulk(bulk).await;
        let took = started.elapsed();
        self.sender.metrics.bulk_sent(took, answer.is_ok());
        self.sender
            .concurrency
            .learn(heard(&answer), took, bulk.body().len());
        match answer {
            Ok(statuses) => self.read(bulk, statuses, history).await,
            Err(IndexError::TooLarge) => {
                let first = bulk.documents().first();
                let refused = first
                    .and_then(|sent| self.sender.refusals.why_refused(bulk.target(sent).index));
                match (refused, bulk.halves()) {
                    // Half of it would be refused too.
                    (Some(why), _) => AttemptOutcome::Later(bulk.clone(), why),
                    (None, Some((left, right))) => {
                        self.sender.metrics.bulk_splits.inc();
                        AttemptOutcome::Split(left, right)
                    }
                    (None, None) => {
                        let status = Verdict::Rejected {
                            status: 413,
                            reason: IndexError::TooLarge.to_string(),
                        };
                        let statuses = vec![status; bulk.documents().len()];
                        self.read(bulk, statuses, history).await
                    }
                }
            }
            Err(error) if error.class() == ErrorClass::Fatal => {
                AttemptOutcome::Never(bulk.clone(), error.to_string())
            }
            Err(error) => AttemptOutcome::Later(bulk.clone(), error.to_string()),
        }
    }

    /// No reservation counts the letters of refused documents: they are made of one bulk at a time.
    async fn take_turn(&mut self) {
        if self.turn.is_none() {
            // Its place is for others meanwhile.
            self.pass = None;
            self.turn = self.sender.letters.acquire().await.ok();
        }
    }

    /// Settles what has a final status; the rest is kept.
    async fn read(
        &mut self,
        bulk: &Bulk,
        statuses: Vec<Verdict>,
        history: &mut BulkHistory,
    ) -> AttemptOutcome {
        let BulkSender {
            index, refusals, ..
        } = self.sender;
        let object = |parcel: usize| &*self.waiting[parcel].object;
        let waits = refusals
            .judge(&**index, bulk, &statuses, history, object)
            .await;
        let mut documents = bulk.documents().iter().zip(&statuses);
        let given_up = documents.any(|(sent, status)| {
            is_rejected(status) && !waits.contains_key(bulk.target(sent).index)
        });
        if given_up && self.sender.dead_letters.is_some() {
            self.take_turn().await;
        }
        let mut later = Vec::new();
        let mut why = String::new();
        let mut merge = Vec::new();
        for (i, (sent, status)) in bulk.documents().iter().zip(statuses).enumerate() {
            match status {
                Verdict::Indexed => self.settle(sent, |t| t.indexed += 1),
                Verdict::AlreadyThere if sent.placed.merge => merge.push(i),
                Verdict::AlreadyThere => self.settle(sent, |t| t.already_there += 1),
                Verdict::Rejected { .. }
                    if let Some(reason) = waits.get(bulk.target(sent).index) =>
                {
                    later.push(DocumentToResend::as_is(i));
                    why.clone_from(reason);
                }
                Verdict::Rejected { status, reason } => self.reject(bulk, sent, status, reason),
                Verdict::AppendOnly { status, reason } => {
                    self.reject(bulk, sent, status, format!("{reason}: {NO_MERGE}"));
                }
                Verdict::Forbidden { status, reason } => {
                    self.settle(sent, |t| t.mark_unsettled(reason.clone()));
                    self.sender.fatal_error.fatal(format!(
                        "the index refuses documents (HTTP {status}): {reason}: compare the role with docs/access.md"
                    ));
                }
                Verdict::Retryable { status, reason }
                | Verdict::Unavailable { status, reason }
                | Verdict::Misconfigured { status, reason } => {
                    later.push(DocumentToResend::as_is(i));
                    why = format!("{status} {reason}");
                }
            }
        }
        let mut merged = Vec::new();
        if !merge.is_empty() {
            match self.merge(bulk, &merge).await {
                Ok(kept) => merged = kept,
                Err(error) if error.class() == ErrorClass::Fatal => {
                    let reason = error.to_string();
                    for i in merge {
                        self.settle(&bulk.documents()[i], |t| t.mark_unsettled(reason.clone()));
                    }
                    self.sender.fatal_error.fatal(reason);
                }
                Err(error) => {
                    why = error.to_string();
                    later.extend(merge.into_iter().map(DocumentToResend::as_is));
                }
            }
        }
        // What was merged goes with the rest: at once only if nothing has to wait.
        match (later.is_empty(), merged.is_empty()) {
            (true, true) => AttemptOutcome::Done,
            (true, false) => AttemptOutcome::Again(bulk.rebuild(&merged)),
            (false, _) => {
                later.append(&mut merged);
                AttemptOutcome::Later(bulk.rebuild(&later), why)
            }
        }
    }

    fn settle(&mut self, sent: &BulkDocument, count: impl FnOnce(&mut VerdictTally)) {
        let waiting = &mut self.waiting[sent.parcel];
        count(&mut waiting.tally);
        waiting.open -= 1;
        if waiting.open == 0 {
            self.over.push(sent.parcel);
        }
    }

    fn reject(&mut self, bulk: &Bulk, sent: &BulkDocument, status: u16, reason: String) {
        let offset = sent.placed.offset;
        if self.sender.dead_letters.is_some() {
            let refused = Refused::of(bulk, sent, status, reason.clone());
            self.waiting[sent.parcel].refused.push(refused);
        }
        self.settle(sent, |t| {
            t.reject(Rejection {
                offset,
                status,
                reason,
            })
        });
    }

    fn mark_unsettled(&mut self, bulk: &Bulk, reason: &str) {
        for sent in bulk.documents() {
            self.settle(sent, |t| t.mark_unsettled(reason.to_owned()));
        }
    }

    fn detach(&mut self) {
        let refused = self.waiting.iter_mut().flat_map(|w| &mut w.refused);
        refused.for_each(Refused::detach);
    }

    /// Replies for the parcels that have all their verdicts, after their dead letters are safe.
    async fn close(&mut self) {
        // One body holds the refused documents of all of them.
        let mut reservations = Vec::new();
        for parcel in std::mem::take(&mut self.over) {
            let waiting = &mut self.waiting[parcel];
            reservations.push(waiting.reservation.take());
            let mut tally = std::mem::take(&mut waiting.tally);
            let refused = std::mem::take(&mut waiting.refused);
            if let Some(store) = self.sender.dead_letters.as_deref()
                && !refused.is_empty()
            {
                // Not a bulk: its place is for others.
                self.pass = None;
                let object = &self.waiting[parcel].object;
                let letters: Vec<_> = refused.into_iter().map(|r| r.letter(object)).collect();
                let n = letters.len() as u64;
                let letters =
                    DeadLetterFile::of_parcel(object, self.waiting[parcel].number, letters);
                match write_dead_letters(store, &letters, self.sender.config.delays()).await {
                    Ok(()) => {
                        tally.dead_lettered += n;
                        self.sender.metrics.dead_letters.inc_by(n);
                    }
                    Err(reason) => tally.unsettled_reason = Some(reason),
                }
            }
            // The object's task may have been abandoned.
            let _ = self.waiting[parcel].reply.send(tally);
        }
        self.turn = None;
    }
}

/// Writes letters, again and again while it fails.
pub(crate) async fn write_dead_letters(
    store: &dyn DeadLetters,
    letters: &DeadLetterFile,
    mut delays: Delays,
) -> Result<(), String> {
    loop {
        let error = match store.write(letters).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let Some(delay) = delays.next() else {
            return Err(error.to_string());
        };
        tracing::warn!(%error, ?delay, "will be written again");
        tokio::time::sleep(delay).await;
    }
}

/// What an answer says of the cluster's strength.
fn heard(answer: &Result<Vec<Verdict>, IndexError>) -> Feedback {
    match answer {
        Ok(statuses) if statuses.iter().any(is_overload) => Feedback::Refused,
        Ok(_) | Err(IndexError::TooLarge | IndexError::NoIds) => Feedback::Good,
        Err(IndexError::Unanswered(_)) => Feedback::None,
        Err(_) => Feedback::Refused,
    }
}

fn is_rejected(status: &Verdict) -> bool {
    matches!(status, Verdict::Rejected { .. })
}
