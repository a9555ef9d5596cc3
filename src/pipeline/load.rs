/*! One bulk, until each of its documents has a verdict: only what is unsettled is sent again. */

mod merge;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::budget::Reservation;
use super::gate::{Answer, Gate, Pass};
use super::packer::Load;
use super::refusals::Refusals;
use super::refused::Refused;
use super::verdict::{Rejection, Tally};
use super::{BulkConfig, Trouble};
use crate::bulk::{Bulk, ItemStatus, Kept, Sent};
use crate::class::Class;
use crate::invocation::Prices;
use crate::observe::Metrics;
use crate::retry::Delays;
use crate::sink::dead_letter::{DeadLetters, Letters, ObjectName};
use crate::sink::{Index, IndexError};

/// Merges in a row without a pause.
const MERGES: u32 = 5;

/// Of an index in which no document can be changed.
const NO_MERGE: &str = "summaries of a request in several objects cannot be merged here: remove index.append_only.enabled, or data_stream, from the index template that gives it to this index";

/// What loading needs.
pub(super) struct Loader {
    pub(super) index: Arc<dyn Index>,
    /// Bulks in flight. Waiting between two attempts is not in flight: a sick index does not stop the others.
    pub(super) gate: Arc<Gate>,
    /// Without it, a rejected document leaves its message to the queue's redrive policy.
    pub(super) dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(super) config: BulkConfig,
    pub(super) prices: Prices,
    pub(super) metrics: Arc<Metrics>,
    pub(super) trouble: Arc<Trouble>,
    pub(super) background: CancellationToken,
    pub(super) refusals: Arc<Refusals>,
    /// Bytes of bulks between two attempts, and the most of them.
    pub(super) waiting: AtomicUsize,
    pub(super) most_waiting: usize,
    /// The turn to make dead letters.
    pub(super) letters: Semaphore,
}

/// A parcel whose documents are being settled.
pub(super) struct Waiting {
    open: usize,
    tally: Tally,
    object: Arc<ObjectName>,
    number: u64,
    /// The rejected documents, if there is a store of dead letters.
    refused: Vec<Refused>,
    reply: mpsc::UnboundedSender<Tally>,
    reservation: Option<Reservation>,
}

impl Waiting {
    /// Of a parcel that was copied into a bulk.
    pub(super) fn of(load: Load) -> Self {
        Self {
            open: load.parcel.documents.len(),
            tally: Tally::default(),
            object: load.object,
            number: load.number,
            refused: Vec::new(),
            reply: load.reply,
            reservation: Some(load.reservation),
        }
    }
}

/// Sends a bulk and sees it through. `waiting` are its parcels, in the order in which they were packed.
pub(super) async fn load(loader: Arc<Loader>, bulk: Bulk, waiting: Vec<Waiting>, pass: Pass) {
    let background = loader.background.clone();
    background
        .run_until_cancelled(see_through(&loader, bulk, waiting, pass))
        .await;
}

async fn see_through(loader: &Loader, bulk: Bulk, waiting: Vec<Waiting>, pass: Pass) {
    let mut round = Round {
        loader,
        waiting,
        over: Vec::new(),
        pass: Some(pass),
        turn: None,
        resent: false,
    };
    let config = &loader.config;
    let mut delays = config.delays();
    let mut merges = 0;
    // Bulks that are still to be sent; more than one only after a 413.
    let mut bulks = vec![bulk];
    while let Some(bulk) = bulks.pop() {
        let attempt = round.attempt(&bulk).await;
        if let Attempt::Later(rest, _) = &attempt
            && rest.documents().len() < bulk.documents().len()
        {
            // Some were settled: attempts run out only on an index that takes nothing.
            delays = config.delays();
        }
        drop(bulk);
        if matches!(attempt, Attempt::Again(_) | Attempt::Later(..)) {
            round.detach();
        }
        let mut wait = None;
        match attempt {
            Attempt::Done => {}
            // Somebody else writes the same summaries, again and again: let them.
            Attempt::Again(again) if merges >= MERGES => {
                merges = 0;
                let delay = delays.next();
                match delay {
                    Some(_) => bulks.push(again),
                    None => round.leave(&again, "a summary changes faster than it can be merged"),
                }
                wait = delay;
            }
            Attempt::Again(again) => {
                merges += 1;
                bulks.push(again);
            }
            Attempt::Split(left, right) => bulks.extend([right, left]),
            Attempt::Later(rest, reason) => match delays.next() {
                // What is sick may not fill the budget, or the healthy would wait for it.
                Some(_) if !loader.room_to_wait(&rest) => {
                    round.leave(
                        &rest,
                        &format!("too much waits for the index already: {reason}"),
                    );
                }
                Some(delay) => {
                    loader.metrics.bulk_retries.inc();
                    let documents = rest.documents().len();
                    tracing::warn!(documents, reason, ?delay, "will be sent again");
                    wait = Some(delay);
                    bulks.push(rest);
                }
                None => round.leave(&rest, &reason),
            },
            Attempt::Never(rest, reason) => {
                round.leave(&rest, &reason);
                loader.trouble.fatal(reason);
            }
        }
        round.close().await;
        if let Some(delay) = wait {
            // Others may use the place meanwhile.
            round.pass = None;
            let bytes: usize = bulks.iter().map(|b| b.body().len()).sum();
            let _waiting = Waits::count(&loader.waiting, bytes);
            tokio::time::sleep(delay).await;
        }
    }
}

/// Counts bytes that wait for another attempt.
struct Waits<'a>(&'a AtomicUsize, usize);

impl<'a> Waits<'a> {
    fn count(waiting: &'a AtomicUsize, bytes: usize) -> Self {
        waiting.fetch_add(bytes, Ordering::Relaxed);
        Self(waiting, bytes)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl Loader {
    fn room_to_wait(&self, bulk: &Bulk) -> bool {
        self.waiting.load(Ordering::Relaxed) + bulk.body().len() <= self.most_waiting
    }
}

/// What one attempt leaves.
enum Attempt {
    Done,
    /// At once: summaries that were merged with what was there.
    Again(Bulk),
    Split(Bulk, Bulk),
    Later(Bulk, String),
    Never(Bulk, String),
}

struct Round<'a> {
    loader: &'a Loader,
    waiting: Vec<Waiting>,
    /// Parcels that have all their verdicts and no reply yet.
    over: Vec<usize>,
    pass: Option<Pass>,
    /// To turn what was refused into dead letters.
    turn: Option<SemaphorePermit<'a>>,
    /// Refused documents were sent once more, after their index was asked.
    resent: bool,
}

impl Round<'_> {
    async fn attempt(&mut self, bulk: &Bulk) -> Attempt {
        if self.pass.is_none() {
            self.pass = Some(self.loader.gate.enter().await);
        }
        let started = tokio::time::Instant::now();
        let answer = self.loader.index.bulk(bulk).await;
        let took = started.elapsed();
        self.loader.metrics.bulk_sent(took, answer.is_ok());
        self.loader
            .gate
            .learn(heard(&answer), took, bulk.body().len());
        match answer {
            Ok(statuses) => self.read(bulk, statuses).await,
            Err(IndexError::TooLarge) => match bulk.halves() {
                Some((left, right)) => {
                    self.loader.metrics.bulk_splits.inc();
                    Attempt::Split(left, right)
                }
                None => {
                    for sent in bulk.documents() {
                        self.reject(bulk, sent, 413, IndexError::TooLarge.to_string());
                    }
                    Attempt::Done
                }
            },
            Err(error) if error.class() == Class::Fatal => {
                Attempt::Never(bulk.clone(), error.to_string())
            }
            Err(error) => Attempt::Later(bulk.clone(), error.to_string()),
        }
    }

    /// No reservation counts the letters of refused documents: they are made of one bulk at a time.
    async fn take_turn(&mut self) {
        if self.turn.is_none() {
            // Its place is for others meanwhile.
            self.pass = None;
            self.turn = self.loader.letters.acquire().await.ok();
        }
    }

    /// Settles what has a final status; the rest is kept.
    async fn read(&mut self, bulk: &Bulk, statuses: Vec<ItemStatus>) -> Attempt {
        let Loader {
            index, refusals, ..
        } = self.loader;
        let object = |parcel: usize| &*self.waiting[parcel].object;
        let waits = refusals
            .judge(&**index, bulk, &statuses, self.resent, object)
            .await;
        self.resent |= !waits.is_empty();
        let mut documents = bulk.documents().iter().zip(&statuses);
        let given_up = documents.any(|(sent, status)| {
            is_rejected(status) && !waits.contains_key(bulk.target(sent).index)
        });
        if given_up && self.loader.dead_letters.is_some() {
            self.take_turn().await;
        }
        let mut later = Vec::new();
        let mut why = String::new();
        let mut merge = Vec::new();
        for (i, (sent, status)) in bulk.documents().iter().zip(statuses).enumerate() {
            match status {
                ItemStatus::Indexed => self.settle(sent, |t| t.indexed += 1),
                ItemStatus::AlreadyThere if sent.placed.merge => merge.push(i),
                ItemStatus::AlreadyThere => self.settle(sent, |t| t.already_there += 1),
                ItemStatus::Rejected { .. }
                    if let Some(reason) = waits.get(bulk.target(sent).index) =>
                {
                    later.push(Kept::as_is(i));
                    why.clone_from(reason);
                }
                ItemStatus::Rejected { status, reason } => self.reject(bulk, sent, status, reason),
                ItemStatus::AppendOnly { status, reason } => {
                    self.reject(bulk, sent, status, format!("{reason}: {NO_MERGE}"));
                }
                ItemStatus::Forbidden { status, reason } => {
                    self.settle(sent, |t| t.leave(reason.clone()));
                    self.loader.trouble.fatal(format!(
                        "the index refuses documents (HTTP {status}): {reason}: compare the role with docs/access.md"
                    ));
                }
                ItemStatus::Retryable { status, reason }
                | ItemStatus::Unavailable { status, reason }
                | ItemStatus::Misconfigured { status, reason } => {
                    later.push(Kept::as_is(i));
                    why = format!("{status} {reason}");
                }
            }
        }
        let mut merged = Vec::new();
        if !merge.is_empty() {
            match self.merge(bulk, &merge).await {
                Ok(kept) => merged = kept,
                Err(error) if error.class() == Class::Fatal => {
                    let reason = error.to_string();
                    for i in merge {
                        self.settle(&bulk.documents()[i], |t| t.leave(reason.clone()));
                    }
                    self.loader.trouble.fatal(reason);
                }
                Err(error) => {
                    why = error.to_string();
                    later.extend(merge.into_iter().map(Kept::as_is));
                }
            }
        }
        // What was merged goes with the rest: at once only if nothing has to wait.
        match (later.is_empty(), merged.is_empty()) {
            (true, true) => Attempt::Done,
            (true, false) => Attempt::Again(bulk.rebuild(&merged)),
            (false, _) => {
                later.append(&mut merged);
                Attempt::Later(bulk.rebuild(&later), why)
            }
        }
    }

    fn settle(&mut self, sent: &Sent, count: impl FnOnce(&mut Tally)) {
        let waiting = &mut self.waiting[sent.parcel];
        count(&mut waiting.tally);
        waiting.open -= 1;
        if waiting.open == 0 {
            self.over.push(sent.parcel);
        }
    }

    fn reject(&mut self, bulk: &Bulk, sent: &Sent, status: u16, reason: String) {
        let offset = sent.placed.offset;
        if self.loader.dead_letters.is_some() {
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

    fn leave(&mut self, bulk: &Bulk, reason: &str) {
        for sent in bulk.documents() {
            self.settle(sent, |t| t.leave(reason.to_owned()));
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
            if let Some(store) = self.loader.dead_letters.as_deref()
                && !refused.is_empty()
            {
                // Not a bulk: its place is for others.
                self.pass = None;
                let object = &self.waiting[parcel].object;
                let letters: Vec<_> = refused.into_iter().map(|r| r.letter(object)).collect();
                let n = letters.len() as u64;
                let letters = Letters::of_parcel(object, self.waiting[parcel].number, letters);
                match bury(store, &letters, self.loader.config.delays()).await {
                    Ok(()) => {
                        tally.dead_lettered += n;
                        self.loader.metrics.dead_letters.inc_by(n);
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
pub(super) async fn bury(
    store: &dyn DeadLetters,
    letters: &Letters,
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
fn heard(answer: &Result<Vec<ItemStatus>, IndexError>) -> Answer {
    match answer {
        Ok(statuses) if statuses.iter().any(is_overload) => Answer::Refused,
        Ok(_) | Err(IndexError::TooLarge | IndexError::NoIds) => Answer::Good,
        Err(IndexError::Unanswered(_)) => Answer::None,
        Err(_) => Answer::Refused,
    }
}

fn is_rejected(status: &ItemStatus) -> bool {
    matches!(status, ItemStatus::Rejected { .. })
}

/// A blocked index is not an overload: less in flight would not help it, and would slow the others.
fn is_overload(status: &ItemStatus) -> bool {
    matches!(
        status,
        ItemStatus::Retryable {
            status: 429 | 503,
            ..
        }
    )
}
