/*!
Verdicts of bulks go in; an answer comes out: is a document bad, or does its index refuse every document?

A mistake of an operator (a wrong mapping in a template, a missing ingest pipeline, an alias of two indices) makes
OpenSearch refuse sound documents. A rejected document becomes a dead letter only if its index takes others: most
documents of the same response, or a sample that the index is asked about and that is never written ([`Index::takes`]).
If the index refuses the sample too, the worker holds: it receives nothing until the index takes the sample. The worker
also holds when more than half of the documents of a minute, from several objects, are refused for whatever reason. This
hold ends when the index would take most of some refused documents, or after ten minutes.
*/

#[cfg(test)]
mod tests;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::observe::Metrics;
use crate::sink::dead_letters::ObjectName;
use crate::sink::{Index, Takes};
use logferry_core::bulk::{Bulk, Verdict};
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::sample;

/// The share is computed from this many objects at least.
const OBJECTS: usize = 3;
/// The share covers the last minute, in two halves.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// The longest hold by share. Each attempt afterwards costs a delivery of the refused messages.
const LONGEST_HOLD: Duration = Duration::from_secs(600);
const TOO_MANY: &str = "more than half of the last minute's documents are refused";
const ONCE_MORE: &str = "most documents of the response were refused, and the index takes others";
/// Rejected documents that are kept to ask about.
const KEPT: usize = 5;
/// The longest rejected document that is kept.
const KEPT_BYTES: usize = 64 * 1024;

pub(crate) struct IndexHealth {
    state: Mutex<HealthState>,
    prefix: String,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct HealthState {
    /// Indices that refuse every document, with the reason.
    at_fault: BTreeMap<String, String>,
    share: RejectedShare,
}

/// The share of the last minute's documents that were taken.
#[derive(Default)]
struct RejectedShare {
    since: Option<Instant>,
    previous: HalfMinute,
    current: HalfMinute,
    hold: Option<HoldByShare>,
}

/// The hold that a bad share caused.
struct HoldByShare {
    until: Instant,
    rejected: Vec<RejectedSample>,
}

/// A rejected document, to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedSample {
    pub(crate) index: String,
    pub(crate) source: Arc<[u8]>,
}

#[derive(Default)]
struct HalfMinute {
    taken: u64,
    refused: u64,
    /// Hashes of objects most of whose documents were refused, at most [`OBJECTS`].
    objects: BTreeSet<u64>,
}

impl RejectedShare {
    fn turn(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let halves = (now - since).as_millis() / HALF_A_MINUTE.as_millis();
        if halves > 0 {
            let ended = std::mem::take(&mut self.current);
            self.previous = if halves == 1 {
                ended
            } else {
                HalfMinute::default()
            };
            self.since = Some(now);
        }
    }

    fn is_bad(&self) -> bool {
        let Self {
            previous, current, ..
        } = self;
        let refused = previous.refused + current.refused;
        let taken = previous.taken + current.taken;
        refused > taken && previous.objects.union(&current.objects).count() >= OBJECTS
    }
}

/// Why nothing is received, and what to ask the index before it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    /// Indices that refuse every document.
    pub(crate) indices: Vec<String>,
    /// Some of the rejected documents of a bad share.
    pub(crate) rejected: Vec<RejectedSample>,
}

/// The documents of one index in one response.
#[derive(Default)]
struct IndexCounts {
    taken: u64,
    rejected: u64,
}

impl IndexHealth {
    pub(crate) fn new(prefix: String, metrics: Arc<Metrics>) -> Self {
        Self {
            state: Mutex::default(),
            prefix,
            metrics,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HealthState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the indices whose rejected documents have to wait, with the reason. `object` returns the object of a
    /// parcel of the bulk. `resent`: the documents were sent again after an earlier response. An index may be repaired
    /// between a response and the question about it, so its documents are rejected only after they were sent again.
    pub(crate) async fn judge<'a>(
        &self,
        index: &dyn Index,
        bulk: &Bulk,
        verdicts: &[Verdict],
        resent: bool,
        object: impl Fn(usize) -> &'a ObjectName,
    ) -> BTreeMap<String, String> {
        if verdicts.iter().all(is_taken) {
            self.count(verdicts.len() as u64, 0, BTreeSet::new());
            return BTreeMap::new();
        }
        let by_index = self.count_response(bulk, verdicts, object);
        let doubtful = (by_index.iter()).filter(|(_, counts)| counts.rejected > 0);
        let mut waits = BTreeMap::new();
        for (name, _) in doubtful
            .clone()
            .filter(|(_, counts)| counts.rejected > counts.taken)
        {
            match self.ask(index, name).await {
                Some(reason) => drop(waits.insert((*name).to_owned(), reason)),
                None if !resent => drop(waits.insert((*name).to_owned(), ONCE_MORE.to_owned())),
                None => {}
            }
        }
        if doubtful.clone().count() > waits.len() && self.hold_if_share_is_bad(bulk, verdicts) {
            for (name, _) in doubtful {
                let entry = waits.entry((*name).to_owned());
                entry.or_insert_with(|| TOO_MANY.to_owned());
            }
        }
        waits
    }

    /// Counts a response in which not all documents were taken.
    fn count_response<'a, 'b>(
        &self,
        bulk: &'b Bulk,
        verdicts: &[Verdict],
        object: impl Fn(usize) -> &'a ObjectName,
    ) -> BTreeMap<&'b str, IndexCounts> {
        let mut by_index: BTreeMap<&str, IndexCounts> = BTreeMap::new();
        let mut balance: BTreeMap<usize, i64> = BTreeMap::new();
        let (mut taken, mut refused) = (0, 0);
        for (document, verdict) in bulk.documents().iter().zip(verdicts) {
            let name = bulk.target(document).index;
            let counts = by_index.entry(name).or_default();
            match verdict {
                verdict if is_taken(verdict) => {
                    counts.taken += 1;
                    taken += 1;
                    *balance.entry(document.parcel).or_default() -= 1;
                    continue;
                }
                Verdict::Rejected { .. } => counts.rejected += 1,
                Verdict::Misconfigured { reason, .. } => self.mark_at_fault(name, reason),
                Verdict::Unavailable { .. } => {}
                // Overload; permissions; a change of one document.
                _ => continue,
            }
            refused += 1;
            *balance.entry(document.parcel).or_default() += 1;
        }
        let most_refused = balance.into_iter().filter(|(_, balance)| *balance > 0);
        let objects = most_refused.map(|(parcel, _)| hash(object(parcel)));
        self.count(taken, refused, objects.collect());
        by_index
    }

    fn count(&self, taken: u64, refused: u64, objects: BTreeSet<u64>) {
        let mut state = self.lock();
        let share = &mut state.share;
        share.turn(Instant::now());
        share.current.taken += taken;
        share.current.refused += refused;
        let room = OBJECTS.saturating_sub(share.current.objects.len());
        share.current.objects.extend(objects.into_iter().take(room));
        if taken > 0 && !share.is_bad() && share.hold.take().is_some() {
            tracing::info!("the index takes most documents again");
            self.show(&state);
        }
    }

    /// Asks an index that refused most of its documents. Returns None if it takes a sample.
    async fn ask(&self, index: &dyn Index, name: &str) -> Option<String> {
        if let Some(reason) = self.lock().at_fault.get(name) {
            return Some(reason.clone());
        }
        match index.takes(name, &sample_of(name)).await {
            Ok(Takes::Yes) => None,
            Ok(Takes::No(reason)) => {
                self.mark_at_fault(name, &reason);
                Some(reason)
            }
            Ok(Takes::NotNow(reason) | Takes::Unknown(reason)) => Some(reason),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Starts a hold if more than half of the last minute's documents were refused; no document may be rejected then.
    fn hold_if_share_is_bad(&self, bulk: &Bulk, verdicts: &[Verdict]) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let share = &mut state.share;
        share.turn(now);
        if !share.is_bad() {
            return false;
        }
        if share.hold.is_none() {
            share.hold = Some(HoldByShare {
                until: now + LONGEST_HOLD,
                rejected: rejected_samples(bulk, verdicts),
            });
            tracing::warn!("{TOO_MANY}: receiving nothing until the index would take most of them");
            self.show(&state);
        }
        true
    }

    /// Notes that an index refuses every document.
    fn mark_at_fault(&self, name: &str, reason: &str) {
        let mut state = self.lock();
        if state.at_fault.contains_key(name) {
            return;
        }
        let reason = self.explain(name, reason);
        if state.at_fault.is_empty() {
            tracing::warn!("{reason}: receiving nothing until it takes documents");
        } else {
            tracing::info!("{reason}");
        }
        state.at_fault.insert(name.to_owned(), reason);
        self.show(&state);
    }

    fn explain(&self, name: &str, reason: &str) -> String {
        // The first document creates a missing index, unless this setting forbids it.
        let hint = match reason.starts_with("index_not_found_exception") {
            true => format!(
                ": if action.auto_create_index forbids it, put +{}-* first in this cluster setting",
                self.prefix
            ),
            false => String::new(),
        };
        format!("the index {name} refuses every document: {reason}{hint}")
    }

    /// Notes the answer of an index that was asked again.
    pub(crate) fn record_answer(&self, name: &str, takes: &Takes) {
        if matches!(takes, Takes::No(_) | Takes::NotNow(_)) {
            return;
        }
        let mut state = self.lock();
        if state.at_fault.remove(name).is_some() {
            match takes {
                Takes::Unknown(reason) => {
                    tracing::info!(index = name, reason, "the index cannot be asked any more")
                }
                _ => tracing::info!(index = name, "the index takes documents again"),
            }
            self.show(&state);
        }
    }

    /// Notes how many rejected documents of a hold the index would take now.
    pub(crate) fn record_would_be_taken(&self, taken: usize, of: usize) {
        let mut state = self.lock();
        if taken > 0 && taken * 2 >= of {
            // Earlier rejections say nothing about the repaired index.
            state.share = RejectedShare::default();
            tracing::info!("the index would take rejected documents now");
            self.show(&state);
        }
    }

    /// Returns the hold, if nothing may be received now.
    pub(crate) fn hold(&self) -> Option<Hold> {
        let mut state = self.lock();
        if (state.share.hold.as_ref()).is_some_and(|hold| hold.until <= Instant::now()) {
            state.share = RejectedShare::default();
            tracing::info!("receiving again, to see whether documents get in");
            self.show(&state);
        }
        if state.at_fault.is_empty() && state.share.hold.is_none() {
            return None;
        }
        let rejected = state.share.hold.iter().flat_map(|hold| &hold.rejected);
        Some(Hold {
            indices: state.at_fault.keys().cloned().collect(),
            rejected: rejected.cloned().collect(),
        })
    }

    fn show(&self, state: &HealthState) {
        let first = state.at_fault.values().next().cloned();
        let share = (state.share.hold.is_some()).then(|| TOO_MANY.to_owned());
        self.metrics.holds(first.or(share));
    }
}

/// A document that any index of this kind has to take.
pub(crate) fn sample_of(index: &str) -> Vec<u8> {
    sample(DocumentKind::of_index(index))
}

/// Some rejected documents, at most one for each parcel.
fn rejected_samples(bulk: &Bulk, verdicts: &[Verdict]) -> Vec<RejectedSample> {
    let mut samples = Vec::new();
    let mut last = None;
    for (document, verdict) in bulk.documents().iter().zip(verdicts) {
        let source = bulk.source(document);
        if matches!(verdict, Verdict::Rejected { .. })
            && source.len() <= KEPT_BYTES
            && last != Some(document.parcel)
            && samples.len() < KEPT
        {
            last = Some(document.parcel);
            samples.push(RejectedSample {
                index: bulk.target(document).index.to_owned(),
                source: source.into(),
            });
        }
    }
    samples
}

fn is_taken(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Indexed | Verdict::AlreadyThere)
}

fn hash(object: &ObjectName) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&object.bucket, &object.key).hash(&mut hasher);
    hasher.finish()
}
