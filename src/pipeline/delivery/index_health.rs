/*!
Is a document refused, or does its index refuse them all?

An operator's slip (a wrong mapping in a template, a missing pipeline, an alias of two indices) makes OpenSearch refuse documents that
are sound. A document is given up only if its index takes others: most of those in the same answer, or a sample that the index is
asked about and that is never written ([`Index::takes`]). If the index refuses the sample too, the worker holds: it receives nothing
more, and asks again until the index takes the sample. The worker also holds when more than half of a minute's documents, of several
objects, get in nowhere, whatever the reason: until most of some refused documents would be taken, or for ten minutes.
*/

#[cfg(test)]
#[path = "refusals/tests.rs"]
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

/// Fewer objects are too few to tell a share from.
const OBJECTS: usize = 3;
/// The share is that of the last minute.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// The longest that a share holds the worker. Each further try costs a delivery of the refused messages.
const LONGEST: Duration = Duration::from_secs(600);
const TOO_MANY: &str = "more than half of the last minute's documents are refused";
const ONCE_MORE: &str = "most documents of the answer were refused, and the index takes others";
/// Refused documents that are kept to ask about, and the longest of them.
const KEPT: usize = 5;
const KEPT_BYTES: usize = 64 * 1024;

pub(crate) struct Refusals {
    state: Mutex<State>,
    prefix: String,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct State {
    /// Indices that refuse every document, and why.
    at_fault: BTreeMap<String, String>,
    share: Share,
}

/// How much of the last minute's documents got in.
#[derive(Default)]
struct Share {
    since: Option<Instant>,
    before: Half,
    now: Half,
    hold: Option<HeldLease>,
}

/// A hold by share.
struct HeldLease {
    until: Instant,
    refused: Vec<Refused>,
}

/// A refused document, to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) index: String,
    pub(crate) source: Arc<[u8]>,
}

#[derive(Default)]
struct Half {
    taken: u64,
    refused: u64,
    /// Hashes of objects most of whose documents were refused; no more than are needed.
    objects: BTreeSet<u64>,
}

impl Share {
    fn turn(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let halves = (now - since).as_millis() / HALF_A_MINUTE.as_millis();
        if halves > 0 {
            let ended = std::mem::take(&mut self.now);
            self.before = if halves == 1 { ended } else { Half::default() };
            self.since = Some(now);
        }
    }

    fn is_bad(&self) -> bool {
        let Self { before, now, .. } = self;
        let refused = before.refused + now.refused;
        let taken = before.taken + now.taken;
        refused > taken && before.objects.union(&now.objects).count() >= OBJECTS
    }
}

/// Why nothing is received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldLeases {
    /// Indices that refuse every document.
    pub(crate) indices: Vec<String>,
    /// Some of too many documents that were refused.
    pub(crate) refused: Vec<Refused>,
}

/// An index's part of one answer.
#[derive(Default)]
struct Part {
    taken: u64,
    rejected: u64,
}

impl Refusals {
    pub(crate) fn new(prefix: String, metrics: Arc<Metrics>) -> Self {
        Self {
            state: Mutex::default(),
            prefix,
            metrics,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Indices whose rejected documents have to wait, and why. `object` is that of a parcel of the bulk. `resent`: the
    /// documents were sent once more after an earlier answer. An index may be mended between an answer and the
    /// question about it, so its documents are given up only after that.
    pub(crate) async fn judge<'a>(
        &self,
        index: &dyn Index,
        bulk: &Bulk,
        statuses: &[Verdict],
        resent: bool,
        object: impl Fn(usize) -> &'a ObjectName,
    ) -> BTreeMap<String, String> {
        if statuses.iter().all(is_taken) {
            self.count(statuses.len() as u64, 0, BTreeSet::new());
            return BTreeMap::new();
        }
        let parts = self.take_in(bulk, statuses, object);
        let doubtful = parts.iter().filter(|(_, part)| part.rejected > 0);
        let mut waits = BTreeMap::new();
        for (name, _) in doubtful
            .clone()
            .filter(|(_, part)| part.rejected > part.taken)
        {
            match self.ask(index, name).await {
                Some(why) => drop(waits.insert((*name).to_owned(), why)),
                None if !resent => drop(waits.insert((*name).to_owned(), ONCE_MORE.to_owned())),
                None => {}
            }
        }
        if doubtful.clone().count() > waits.len() && self.too_many(bulk, statuses) {
            for (name, _) in doubtful {
                let why = || TOO_MANY.to_owned();
                waits.entry((*name).to_owned()).or_insert_with(why);
            }
        }
        waits
    }

    /// Counts an answer in which not all documents were taken.
    fn take_in<'a, 'b>(
        &self,
        bulk: &'b Bulk,
        statuses: &[Verdict],
        object: impl Fn(usize) -> &'a ObjectName,
    ) -> BTreeMap<&'b str, Part> {
        let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
        let mut balance: BTreeMap<usize, i64> = BTreeMap::new();
        let (mut taken, mut refused) = (0, 0);
        for (sent, status) in bulk.documents().iter().zip(statuses) {
            let name = bulk.target(sent).index;
            let part = parts.entry(name).or_default();
            match status {
                status if is_taken(status) => {
                    part.taken += 1;
                    taken += 1;
                    *balance.entry(sent.parcel).or_default() -= 1;
                    continue;
                }
                Verdict::Rejected { .. } => part.rejected += 1,
                Verdict::Misconfigured { reason, .. } => self.at_fault(name, reason),
                Verdict::Unavailable { .. } => {}
                // Overload; permissions; a change of one document.
                _ => continue,
            }
            refused += 1;
            *balance.entry(sent.parcel).or_default() += 1;
        }
        let most_refused = balance.into_iter().filter(|(_, balance)| *balance > 0);
        let objects = most_refused.map(|(parcel, _)| hash(object(parcel)));
        self.count(taken, refused, objects.collect());
        parts
    }

    fn count(&self, taken: u64, refused: u64, objects: BTreeSet<u64>) {
        let mut state = self.lock();
        let share = &mut state.share;
        share.turn(Instant::now());
        share.now.taken += taken;
        share.now.refused += refused;
        let room = OBJECTS.saturating_sub(share.now.objects.len());
        share.now.objects.extend(objects.into_iter().take(room));
        if taken > 0 && !share.is_bad() && share.hold.take().is_some() {
            tracing::info!("most documents get in again");
            self.show(&state);
        }
    }

    /// Asks an index that refused most of its documents; none if it takes others.
    async fn ask(&self, index: &dyn Index, name: &str) -> Option<String> {
        if let Some(why) = self.lock().at_fault.get(name) {
            return Some(why.clone());
        }
        match index.takes(name, &sample_of(name)).await {
            Ok(Takes::Yes) => None,
            Ok(Takes::No(reason)) => {
                self.at_fault(name, &reason);
                Some(reason)
            }
            Ok(Takes::NotNow(reason) | Takes::Unknown(reason)) => Some(reason),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Whether no document may be given up now: more than half of the last minute's got in nowhere.
    fn too_many(&self, bulk: &Bulk, statuses: &[Verdict]) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let share = &mut state.share;
        share.turn(now);
        if !share.is_bad() {
            return false;
        }
        if share.hold.is_none() {
            share.hold = Some(HeldLease {
                until: now + LONGEST,
                refused: some_refused(bulk, statuses),
            });
            tracing::warn!("{TOO_MANY}: receiving nothing until most of them would be taken");
            self.show(&state);
        }
        true
    }

    /// No document of this index gets in.
    fn at_fault(&self, name: &str, reason: &str) {
        let mut state = self.lock();
        if state.at_fault.contains_key(name) {
            return;
        }
        let reason = self.told(name, reason);
        if state.at_fault.is_empty() {
            tracing::warn!("{reason}: receiving nothing until it takes documents");
        } else {
            tracing::info!("{reason}");
        }
        state.at_fault.insert(name.to_owned(), reason);
        self.show(&state);
    }

    fn told(&self, name: &str, reason: &str) -> String {
        // A missing index is made by its first document, unless this setting forbids it.
        let hint = match reason.starts_with("index_not_found_exception") {
            true => format!(
                ": if action.auto_create_index forbids it, put +{}-* first in this cluster setting",
                self.prefix
            ),
            false => String::new(),
        };
        format!("the index {name} refuses every document: {reason}{hint}")
    }

    /// What an index said that was asked again.
    pub(crate) fn asked(&self, name: &str, takes: &Takes) {
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

    /// How many of the refused documents of a hold would be taken now.
    pub(crate) fn would_be_taken(&self, taken: usize, of: usize) {
        let mut state = self.lock();
        if taken > 0 && taken * 2 >= of {
            // The refusals of before say nothing any more.
            state.share = Share::default();
            tracing::info!("refused documents are taken now");
            self.show(&state);
        }
    }

    /// Whether nothing may be received now.
    pub(crate) fn held(&self) -> Option<HeldLeases> {
        let mut state = self.lock();
        if (state.share.hold.as_ref()).is_some_and(|hold| hold.until <= Instant::now()) {
            state.share = Share::default();
            tracing::info!("receiving again, to see whether documents get in");
            self.show(&state);
        }
        if state.at_fault.is_empty() && state.share.hold.is_none() {
            return None;
        }
        let refused = state.share.hold.iter().flat_map(|hold| &hold.refused);
        Some(HeldLeases {
            indices: state.at_fault.keys().cloned().collect(),
            refused: refused.cloned().collect(),
        })
    }

    fn show(&self, state: &State) {
        let first = state.at_fault.values().next().cloned();
        let share = (state.share.hold.is_some()).then(|| TOO_MANY.to_owned());
        self.metrics.holds(first.or(share));
    }
}

/// What any index of this kind has to take.
pub(crate) fn sample_of(index: &str) -> Vec<u8> {
    sample(DocumentKind::of_index(index))
}

/// Some rejected documents, one of a parcel.
fn some_refused(bulk: &Bulk, statuses: &[Verdict]) -> Vec<Refused> {
    let mut refused = Vec::new();
    let mut last = None;
    for (sent, status) in bulk.documents().iter().zip(statuses) {
        let source = bulk.source(sent);
        if matches!(status, Verdict::Rejected { .. })
            && source.len() <= KEPT_BYTES
            && last != Some(sent.parcel)
            && refused.len() < KEPT
        {
            last = Some(sent.parcel);
            refused.push(Refused {
                index: bulk.target(sent).index.to_owned(),
                source: source.into(),
            });
        }
    }
    refused
}

fn is_taken(status: &Verdict) -> bool {
    matches!(status, Verdict::Indexed | Verdict::AlreadyThere)
}

fn hash(object: &ObjectName) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&object.bucket, &object.key).hash(&mut hasher);
    hasher.finish()
}
