/*! One bulk goes in; it is sent until each of its documents has a verdict, which goes to the parcel's object. */

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::SemaphorePermit;

use crate::error_class::ErrorClass;
use crate::pipeline::delivery::bulk_sender::{BulkSender, WaitingBytes};
use crate::pipeline::delivery::concurrency::{BulkPermit, Feedback};
use crate::pipeline::delivery::dead_letters::{RejectedDocument, write_dead_letters};
use crate::pipeline::delivery::index_health::{BulkHistory, is_overload};
use crate::pipeline::delivery::merge::{MergeResult, merge_summaries};
use crate::pipeline::delivery::parcel::ParcelInFlight;
use crate::pipeline::delivery::tally::{Rejection, VerdictTally};
use crate::sink::IndexError;
use crate::sink::dead_letters::DeadLetterFile;
use logferry_core::bulk::{Bulk, BulkDocument, DocumentToResend, Verdict};

/// Merges in a row without a pause.
const MERGES: u32 = 5;

/// The hint for an index in which no document can be changed.
const NO_MERGE: &str = "summaries of a request in several objects cannot be merged here: remove \
                        index.append_only.enabled, or data_stream, from the index template that gives it to this index";

/// Sends a bulk until each document has a verdict, or the pipeline ends. `parcels` are in the order of the bulk.
pub(crate) async fn deliver(
    sender: Arc<BulkSender>,
    bulk: Bulk,
    parcels: Vec<ParcelInFlight>,
    permit: BulkPermit,
) {
    let in_flight = BulkInFlight {
        sender: &sender,
        parcels,
        complete: Vec::new(),
        permit: Some(permit),
        dead_letter_turn: None,
    };
    sender
        .background
        .run_until_cancelled(in_flight.deliver(bulk))
        .await;
}

/// What one attempt leaves to do.
enum AttemptResult {
    Done,
    /// Send these at once: summaries that were merged with stored ones.
    Merged(Bulk),
    Split(Bulk, Bulk),
    Retry(Bulk, String),
    Fatal(Bulk, String),
}

struct BulkInFlight<'a> {
    sender: &'a BulkSender,
    parcels: Vec<ParcelInFlight>,
    /// Positions of parcels that have all their verdicts and no reply yet.
    complete: Vec<usize>,
    permit: Option<BulkPermit>,
    dead_letter_turn: Option<SemaphorePermit<'a>>,
}

impl BulkInFlight<'_> {
    async fn deliver(mut self, bulk: Bulk) {
        let sender = self.sender;
        let mut delays = sender.config.delays();
        let mut merges = 0;
        // Bulks that are still to be sent; more than one only after a 413.
        let mut bulks = vec![(bulk, BulkHistory::default())];
        while let Some((bulk, mut history)) = bulks.pop() {
            let before = history;
            let result = self.attempt(&bulk, &mut history).await;
            if let AttemptResult::Retry(rest, _) = &result
                && rest.documents().len() < bulk.documents().len()
            {
                // Some documents were settled: attempts run out only on an index that takes nothing.
                delays = sender.config.delays();
            }
            drop(bulk);
            if matches!(result, AttemptResult::Merged(_) | AttemptResult::Retry(..)) {
                self.detach_rejected();
            }
            let mut wait = None;
            match result {
                AttemptResult::Done => delays = sender.config.delays(),
                // Another worker writes the same summaries again and again: this one waits.
                AttemptResult::Merged(merged) if merges >= MERGES => {
                    merges = 0;
                    wait = delays.next();
                    match wait {
                        Some(_) => bulks.push((merged, history)),
                        None => {
                            let reason = "a summary changes faster than it can be merged";
                            self.mark_unsettled(&merged, reason);
                        }
                    }
                }
                AttemptResult::Merged(merged) => {
                    merges += 1;
                    bulks.push((merged, history));
                }
                AttemptResult::Split(left, right) => {
                    bulks.extend([(right, history), (left, history)])
                }
                // Documents whose index was asked are sent once more: where attempts are few, they would never be
                // rejected otherwise.
                AttemptResult::Retry(rest, reason) => match delays.next().or_else(|| {
                    let is_first = history.is_resent_since(before);
                    is_first.then_some(sender.config.first_delay)
                }) {
                    // Bulks for a sick index may not fill the memory, or bulks for a healthy one would wait.
                    Some(_)
                        if !history.is_resent_since(before) && !sender.has_room_to_wait(&rest) =>
                    {
                        let reason = format!("too much waits for the index already: {reason}");
                        self.mark_unsettled(&rest, &reason);
                    }
                    Some(delay) => {
                        sender.metrics.bulk_retries.inc();
                        let documents = rest.documents().len();
                        tracing::warn!(documents, reason, ?delay, "will be sent again");
                        wait = Some(delay);
                        bulks.push((rest, history));
                    }
                    None => self.mark_unsettled(&rest, &reason),
                },
                AttemptResult::Fatal(rest, reason) => {
                    self.mark_unsettled(&rest, &reason);
                    sender.fatal_error.set(reason);
                }
            }
            self.reply_to_complete().await;
            if let Some(delay) = wait {
                // Another bulk may use the permit meanwhile.
                self.permit = None;
                let bytes: usize = bulks.iter().map(|(bulk, _)| bulk.body().len()).sum();
                let _waiting = WaitingBytes::count(&sender.waiting_bytes, bytes);
                tokio::time::sleep(delay).await;
            }
        }
    }

    /// One request.
    async fn attempt(&mut self, bulk: &Bulk, history: &mut BulkHistory) -> AttemptResult {
        if self.permit.is_none() {
            self.permit = Some(self.sender.concurrency.acquire().await);
        }
        let started = tokio::time::Instant::now();
        let response = self.sender.index.bulk(bulk).await;
        let took = started.elapsed();
        self.sender.metrics.bulk_sent(took, response.is_ok());
        self.sender
            .concurrency
            .learn(feedback(&response), took, bulk.body().len());
        match response {
            Ok(verdicts) => self.apply(bulk, verdicts, history).await,
            Err(IndexError::TooLarge) => {
                let first = bulk.documents().first();
                let index = first.map(|document| bulk.target(document).index);
                let refused = index.and_then(|name| self.sender.index_health.why_refused(name));
                match (refused, bulk.halves()) {
                    // Half of it would be refused too.
                    (Some(reason), _) => AttemptResult::Retry(bulk.clone(), reason),
                    (None, Some((left, right))) => {
                        self.sender.metrics.bulk_splits.inc();
                        AttemptResult::Split(left, right)
                    }
                    (None, None) => {
                        let verdict = Verdict::Rejected {
                            status: 413,
                            reason: IndexError::TooLarge.to_string(),
                        };
                        let verdicts = vec![verdict; bulk.documents().len()];
                        self.apply(bulk, verdicts, history).await
                    }
                }
            }
            Err(error) if error.class() == ErrorClass::Fatal => {
                AttemptResult::Fatal(bulk.clone(), error.to_string())
            }
            Err(error) => AttemptResult::Retry(bulk.clone(), error.to_string()),
        }
    }

    /// No reservation covers dead letters that are being made: one bulk at a time makes them.
    async fn take_dead_letter_turn(&mut self) {
        if self.dead_letter_turn.is_none() {
            // Another bulk may use the permit meanwhile.
            self.permit = None;
            self.dead_letter_turn = self.sender.dead_letter_turn.acquire().await.ok();
        }
    }

    /// Settles the documents that have a final verdict; the rest is to be sent again.
    async fn apply(
        &mut self,
        bulk: &Bulk,
        verdicts: Vec<Verdict>,
        history: &mut BulkHistory,
    ) -> AttemptResult {
        let object = |parcel: usize| &*self.parcels[parcel].object;
        let index = &*self.sender.index;
        let health = &self.sender.index_health;
        let waits = health.judge(index, bulk, &verdicts, history, object);
        let waits = waits.await;
        let mut documents = bulk.documents().iter().zip(&verdicts);
        let is_final = |(document, verdict): (&BulkDocument, &Verdict)| {
            is_rejected(verdict) && !waits.contains_key(bulk.target(document).index)
        };
        if documents.any(is_final) && self.sender.dead_letters.is_some() {
            self.take_dead_letter_turn().await;
        }
        let mut retry = Vec::new();
        let mut retry_reason = String::new();
        let mut to_merge = Vec::new();
        for (i, (document, verdict)) in bulk.documents().iter().zip(verdicts).enumerate() {
            match verdict {
                Verdict::Indexed => self.settle(document, |t| t.indexed += 1),
                Verdict::AlreadyThere if document.placed.merge => to_merge.push(i),
                Verdict::AlreadyThere => self.settle(document, |t| t.already_there += 1),
                Verdict::Rejected { .. }
                    if let Some(reason) = waits.get(bulk.target(document).index) =>
                {
                    retry.push(DocumentToResend::as_is(i));
                    retry_reason.clone_from(reason);
                }
                Verdict::Rejected { status, reason } => self.reject(bulk, document, status, reason),
                Verdict::AppendOnly { status, reason } => {
                    self.reject(bulk, document, status, format!("{reason}: {NO_MERGE}"));
                }
                Verdict::Forbidden { status, reason } => {
                    self.settle(document, |t| t.mark_unsettled(reason.clone()));
                    self.sender.fatal_error.set(format!(
                        "the index refuses documents (HTTP {status}): {reason}: compare the role with docs/access.md"
                    ));
                }
                Verdict::Retryable { status, reason }
                | Verdict::Unavailable { status, reason }
                | Verdict::Misconfigured { status, reason } => {
                    retry.push(DocumentToResend::as_is(i));
                    retry_reason = format!("{status} {reason}");
                }
            }
        }
        let mut merged = Vec::new();
        if !to_merge.is_empty() {
            match self.merge(bulk, &to_merge).await {
                Ok(resend) => merged = resend,
                Err(error) if error.class() == ErrorClass::Fatal => {
                    let reason = error.to_string();
                    for i in to_merge {
                        let document = &bulk.documents()[i];
                        self.settle(document, |t| t.mark_unsettled(reason.clone()));
                    }
                    self.sender.fatal_error.set(reason);
                }
                Err(error) => {
                    retry_reason = error.to_string();
                    retry.extend(to_merge.into_iter().map(DocumentToResend::as_is));
                }
            }
        }
        // Merged summaries are sent at once only if no other document has to wait.
        match (retry.is_empty(), merged.is_empty()) {
            (true, true) => AttemptResult::Done,
            (true, false) => AttemptResult::Merged(bulk.rebuild(&merged)),
            (false, _) => {
                retry.append(&mut merged);
                AttemptResult::Retry(bulk.rebuild(&retry), retry_reason)
            }
        }
    }

    /// Merges summaries with stored ones. Returns the documents to send again.
    async fn merge(
        &mut self,
        bulk: &Bulk,
        documents: &[usize],
    ) -> Result<Vec<DocumentToResend>, IndexError> {
        let BulkSender {
            index,
            prices,
            metrics,
            ..
        } = self.sender;
        let results = merge_summaries(&**index, prices, metrics, bulk, documents).await?;
        let mut resend = Vec::new();
        for (i, result) in documents.iter().zip(results) {
            let document = &bulk.documents()[*i];
            match result {
                MergeResult::Resend(document) => resend.push(document),
                MergeResult::AlreadyThere => self.settle(document, |t| t.already_there += 1),
                MergeResult::Rejected(reason) => self.reject(bulk, document, 409, reason),
                MergeResult::Unsettled(reason) => {
                    self.settle(document, |t| t.mark_unsettled(reason));
                }
            }
        }
        Ok(resend)
    }

    fn settle(&mut self, document: &BulkDocument, count: impl FnOnce(&mut VerdictTally)) {
        let parcel = &mut self.parcels[document.parcel];
        count(&mut parcel.tally);
        parcel.open -= 1;
        if parcel.open == 0 {
            self.complete.push(document.parcel);
        }
    }

    fn reject(&mut self, bulk: &Bulk, document: &BulkDocument, status: u16, reason: String) {
        let offset = document.placed.offset;
        if self.sender.dead_letters.is_some() {
            let rejected = RejectedDocument::new(bulk, document, status, reason.clone());
            self.parcels[document.parcel].rejected.push(rejected);
        }
        self.settle(document, |t| {
            t.reject(Rejection {
                offset,
                status,
                reason,
            })
        });
    }

    fn mark_unsettled(&mut self, bulk: &Bulk, reason: &str) {
        for document in bulk.documents() {
            self.settle(document, |t| t.mark_unsettled(reason.to_owned()));
        }
    }

    fn detach_rejected(&mut self) {
        let rejected = self.parcels.iter_mut().flat_map(|p| &mut p.rejected);
        rejected.for_each(RejectedDocument::detach);
    }

    /// Replies for the parcels that have all their verdicts, after their dead letters are written.
    async fn reply_to_complete(&mut self) {
        // Kept until the end: one body holds the rejected documents of all these parcels.
        let mut reservations = Vec::new();
        for position in std::mem::take(&mut self.complete) {
            let parcel = &mut self.parcels[position];
            reservations.push(parcel.reservation.take());
            let mut tally = std::mem::take(&mut parcel.tally);
            let rejected = std::mem::take(&mut parcel.rejected);
            if let Some(store) = self.sender.dead_letters.as_deref()
                && !rejected.is_empty()
            {
                // Another bulk may use the permit meanwhile.
                self.permit = None;
                let ParcelInFlight { object, number, .. } = parcel;
                let dead_letters = rejected.into_iter().map(|r| r.into_dead_letter(object));
                let dead_letters: Vec<_> = dead_letters.collect();
                let written = dead_letters.len() as u64;
                let file = DeadLetterFile::of_parcel(object, *number, dead_letters);
                match write_dead_letters(store, &file, self.sender.config.delays()).await {
                    Ok(()) => {
                        tally.dead_lettered += written;
                        self.sender.metrics.dead_letters.inc_by(written);
                    }
                    Err(reason) => tally.unsettled_reason = Some(reason),
                }
            }
            self.sender.metrics.count(&tally.counts());
            // The object's task may have been abandoned.
            let _ = parcel.reply.send(tally);
        }
        self.dead_letter_turn = None;
    }
}

/// What a response tells about the cluster's load.
fn feedback(response: &Result<Vec<Verdict>, IndexError>) -> Feedback {
    match response {
        Ok(verdicts) if verdicts.iter().any(is_overload) => Feedback::Refused,
        Ok(_) | Err(IndexError::TooLarge | IndexError::NoIds) => Feedback::Good,
        Err(IndexError::Unanswered(_)) => Feedback::None,
        Err(_) => Feedback::Refused,
    }
}

fn is_rejected(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Rejected { .. })
}
