/*!
Verdicts of bulks go in; an answer comes out: is a document bad, or does its index refuse every document?

A mistake of an operator (a wrong mapping in a template, a missing ingest pipeline, an alias of two indices) makes
OpenSearch refuse sound documents. A rejected document becomes a dead letter only if its index takes others: most
documents of the same response, or a sample that the index is asked about and that is never written ([`Index::takes`]).
If the index refuses the sample too, the worker holds: it receives nothing until the index takes the sample. The worker
also holds when more than half of the documents of a minute, from several objects, are refused for whatever reason. Each
document is counted once. An index that is closed, blocked or failing is left out of this share where a newer index of
its kind takes documents. This hold ends when the index would take half of some refused documents, when the share is no
longer bad, or after ten minutes.
*/

#[cfg(test)]
mod tests;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::observe::Metrics;
use crate::sink::dead_letters::ObjectName;
use crate::sink::{Index, IndexError, Takes};
use logferry_core::bulk::{Bulk, Verdict};
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::sample;
use logferry_core::time::calendar;

/// Fewer objects are too few to tell a share from.
const OBJECTS: usize = 3;
/// The share is that of the last minute.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// The longest that a share holds the worker. Each further try costs a delivery of the refused messages.
const LONGEST_HOLD: Duration = Duration::from_secs(600);
const TOO_MANY: &str = "more than half of the last minute's documents are refused";
const ONCE_MORE: &str = "most documents of the answer were refused, and the index takes others";
/// Refused documents that are kept to ask about, and the longest of them.
const KEPT: usize = 5;
const KEPT_BYTES: usize = 64 * 1024;
/// Indices with refused documents that are told apart; those beyond are counted as one.
const INDICES: usize = 100;

pub(crate) struct IndexHealth {
    state: Mutex<HealthState>,
    prefix: String,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct HealthState {
    /// Indices that refuse every document, and why.
    at_fault: BTreeMap<String, String>,
    share: RejectedShare,
}

/// How much of the last minute's documents got in. While the worker holds, the minute does not pass.
#[derive(Default)]
struct RejectedShare {
    since: Option<Instant>,
    before: HalfMinute,
    now: HalfMinute,
    hold: Option<HoldByShare>,
}

/// A hold by share.
struct HoldByShare {
    since: Instant,
    until: Instant,
    reason: String,
    refused: Vec<RejectedSample>,
}

/// A refused document, to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedSample {
    pub(crate) index: String,
    pub(crate) source: Arc<[u8]>,
}

#[derive(Default)]
struct HalfMinute {
    taken: u64,
    /// Of each kind, the newest index that takes documents.
    newest: BTreeMap<&'static str, String>,
    outside: BTreeMap<String, Outside>,
    /// Some refused documents, one of an object.
    kept: Vec<(u64, RejectedSample)>,
}

/// The documents that did not get into one index.
#[derive(Default)]
struct Outside {
    rejected: u64,
    /// The index is closed, blocked or failing.
    unavailable: u64,
    /// Hashes of objects most of whose documents were refused; no more than are needed.
    objects: BTreeSet<u64>,
}

impl RejectedShare {
    fn turn(&mut self, now: Instant) {
        if self.hold.is_some() {
            return;
        }
        let since = *self.since.get_or_insert(now);
        let halves = (now - since).as_millis() / HALF_A_MINUTE.as_millis();
        if halves > 0 {
            let ended = std::mem::take(&mut self.now);
            self.before = if halves == 1 {
                ended
            } else {
                HalfMinute::default()
            };
            self.since = Some(now);
        }
    }

    fn halves(&self) -> [&HalfMinute; 2] {
        [&self.before, &self.now]
    }

    /// The index takes documents.
    fn takes(&mut self, name: &str) {
        let kind = DocumentKind::of_index(name).as_str();
        let newest = self.now.newest.entry(kind).or_default();
        if newest.as_str() < name {
            name.clone_into(newest);
        }
    }

    /// Nothing of the index's documents was rejected, and a newer index of its kind takes documents. Names end with
    /// the day, so the newer name is the greater one.
    fn is_own_trouble(&self, name: &str) -> bool {
        let outside = self.halves().map(|half| half.outside.get(name));
        let kind = DocumentKind::of_index(name).as_str();
        let mut newest = self
            .halves()
            .into_iter()
            .filter_map(|half| half.newest.get(kind));
        outside
            .iter()
            .flatten()
            .all(|outside| outside.rejected == 0)
            && newest.any(|newest| newest.as_str() > name)
    }

    fn is_bad(&self) -> bool {
        let (mut taken, mut refused, mut objects) = (0, 0, BTreeSet::<u64>::new());
        for half in self.halves() {
            taken += half.taken;
            for (name, outside) in &half.outside {
                if !self.is_own_trouble(name) {
                    refused += outside.rejected + outside.unavailable;
                    objects.extend(&outside.objects);
                }
            }
        }
        refused > taken && objects.len() >= OBJECTS
    }

    /// Counts an answer. What is counted already can only get in.
    fn count(&mut self, answer: Answer<'_>, counted: bool) {
        for (name, part) in answer.parts {
            self.now.taken += part.taken;
            if part.taken > 0 {
                self.takes(name);
            }
            if counted {
                self.got_in(name, part.taken);
            } else if part.rejected + part.unavailable > 0 {
                let full = self.now.outside.len() >= INDICES;
                let known = !full || self.now.outside.contains_key(name);
                let name = if known { name } else { "" };
                let outside = self.now.outside.entry(name.to_owned()).or_default();
                outside.rejected += part.rejected;
                outside.unavailable += part.unavailable;
                let room = OBJECTS.saturating_sub(outside.objects.len());
                outside.objects.extend(part.objects.into_iter().take(room));
            }
        }
        if counted {
            for half in [&mut self.before, &mut self.now] {
                for outside in half.outside.values_mut() {
                    outside
                        .objects
                        .retain(|object| !answer.got_in.contains(object));
                }
            }
            return;
        }
        for (object, refused) in answer.kept {
            let kept = &mut self.now.kept;
            if kept.len() < KEPT && kept.iter().all(|(other, _)| *other != object) {
                kept.push((object, refused));
            }
        }
    }

    /// Documents that were refused at first are taken now.
    fn got_in(&mut self, name: &str, mut taken: u64) {
        for half in [&mut self.now, &mut self.before] {
            let Some(outside) = half.outside.get_mut(name) else {
                continue;
            };
            for count in [&mut outside.unavailable, &mut outside.rejected] {
                let less = taken.min(*count);
                *count -= less;
                taken -= less;
            }
        }
    }
}

/// Why nothing is received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    /// Indices that refuse every document.
    pub(crate) indices: Vec<String>,
    /// Some of too many documents that were refused.
    pub(crate) rejected: Vec<RejectedSample>,
    /// Indices that are asked about the sample too: those of the refused documents, and today's.
    pub(crate) concerned: Vec<String>,
}

/// How a bulk was judged before.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BulkHistory {
    /// The share has its documents already.
    counted: bool,
    /// Refused documents were sent once more, after their index was asked.
    resent: bool,
}

impl BulkHistory {
    /// Whether the last answer was the first after which documents are sent once more.
    pub(crate) fn is_resent_since(self, before: Self) -> bool {
        self.resent && !before.resent
    }
}

/// An index's part of one answer.
#[derive(Default)]
struct IndexCounts {
    taken: u64,
    rejected: u64,
    unavailable: u64,
    misconfigured: bool,
    objects: BTreeSet<u64>,
}

/// What an answer says of the share.
#[derive(Default)]
struct Answer<'a> {
    parts: BTreeMap<&'a str, IndexCounts>,
    /// Objects most of whose documents were taken.
    got_in: BTreeSet<u64>,
    kept: Vec<(u64, RejectedSample)>,
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

    /// Indices whose rejected documents have to wait, and why. `object` is that of a parcel of the bulk. An index may
    /// be mended between an answer and the question about it, so its documents are sent once more before they are
    /// given up.
    pub(crate) async fn judge<'a>(
        &self,
        index: &dyn Index,
        bulk: &Bulk,
        statuses: &[Verdict],
        history: &mut BulkHistory,
        object: impl Fn(usize) -> &'a ObjectName,
    ) -> BTreeMap<String, String> {
        let answer = self.read(bulk, statuses, history.counted, object);
        let doubtful: Vec<(&str, bool)> = (answer.parts.iter())
            .filter(|(_, part)| part.rejected > 0)
            .map(|(name, part)| (*name, part.rejected > part.taken))
            .collect();
        let reason = statuses.iter().find_map(refused_because).map(str::to_owned);
        self.count(answer, history.counted);
        let Some(reason) = reason else {
            return BTreeMap::new();
        };
        history.counted = true;
        let mut waits = BTreeMap::new();
        for (name, _) in doubtful.iter().filter(|(_, most)| *most) {
            match self.ask(index, name).await {
                Some(why) => drop(waits.insert((*name).to_owned(), why)),
                None if !history.resent => {
                    drop(waits.insert((*name).to_owned(), ONCE_MORE.to_owned()))
                }
                None => {}
            }
        }
        if self.too_many(&reason) {
            for (name, _) in doubtful {
                let why = || format!("{TOO_MANY}: {reason}");
                waits.entry(name.to_owned()).or_insert_with(why);
            }
        }
        history.resent |= !waits.is_empty();
        waits
    }

    fn read<'a, 'b>(
        &self,
        bulk: &'b Bulk,
        statuses: &[Verdict],
        counted: bool,
        object: impl Fn(usize) -> &'a ObjectName,
    ) -> Answer<'b> {
        let mut answer = Answer::default();
        if statuses.iter().all(is_taken) && self.lock().at_fault.is_empty() {
            // The usual answer: its first and last documents stand for the indices that it names.
            let all = bulk.documents();
            let first = all.first().map(|first| (first, all.len() as u64 - 1));
            for (document, taken) in first.into_iter().chain(all.last().map(|last| (last, 1))) {
                let part = answer.parts.entry(bulk.target(document).index).or_default();
                part.taken += taken;
            }
            if counted {
                answer.got_in = all_objects(bulk, &object);
            }
            return answer;
        }
        let mut balance: BTreeMap<usize, i64> = BTreeMap::new();
        for (sent, status) in bulk.documents().iter().zip(statuses) {
            let name = bulk.target(sent).index;
            let part = answer.parts.entry(name).or_default();
            match status {
                status if is_taken(status) => {
                    part.taken += 1;
                    *balance.entry(sent.parcel).or_default() -= 1;
                    continue;
                }
                Verdict::Misconfigured { reason, .. } => {
                    part.misconfigured = true;
                    part.unavailable += 1;
                    self.at_fault(name, reason);
                }
                Verdict::Rejected { .. } => part.rejected += 1,
                _ if refused_because(status).is_some() => part.unavailable += 1,
                // Overload; permissions; a change of one document.
                _ => continue,
            }
            *balance.entry(sent.parcel).or_default() += 1;
            let object = hash(object(sent.parcel));
            part.objects.insert(object);
            let source = bulk.source(sent);
            let kept = &mut answer.kept;
            if kept.len() < KEPT
                && source.len() <= KEPT_BYTES
                && kept.iter().all(|(other, _)| *other != object)
            {
                let refused = RejectedSample {
                    index: name.to_owned(),
                    source: source.into(),
                };
                kept.push((object, refused));
            }
        }
        let mostly_in = balance.into_iter().filter(|(_, balance)| *balance <= 0);
        answer.got_in = mostly_in.map(|(parcel, _)| hash(object(parcel))).collect();
        for part in answer.parts.values_mut() {
            part.objects
                .retain(|object| !answer.got_in.contains(object));
        }
        answer
    }

    fn count(&self, answer: Answer<'_>, counted: bool) {
        let mut state = self.lock();
        let before = state.at_fault.len();
        state.at_fault.retain(|name, _| {
            let part = answer.parts.get(name.as_str());
            part.is_none_or(|part| part.taken <= part.rejected || part.misconfigured)
        });
        if state.at_fault.len() < before {
            tracing::info!("an index that refused every document takes documents again");
            self.show(&state);
        }
        let taken = answer.parts.values().any(|part| part.taken > 0);
        let share = &mut state.share;
        share.turn(Instant::now());
        share.count(answer, counted);
        if taken && share.hold.is_some() && !share.is_bad() {
            share.hold = None;
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
            Ok(Takes::Yes) => {
                self.lock().share.takes(name);
                None
            }
            Err(error @ IndexError::TooLarge) => {
                // A sample is small: whatever is sent is too large.
                let reason = error.to_string();
                self.at_fault(name, &reason);
                Some(reason)
            }
            Ok(Takes::No(reason)) => {
                self.at_fault(name, &reason);
                Some(reason)
            }
            Ok(Takes::NotNow(reason) | Takes::Unknown(reason)) => Some(reason),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Whether no document may be given up now: more than half of the last minute's got in nowhere.
    fn too_many(&self, reason: &str) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let share = &mut state.share;
        share.turn(now);
        if share.hold.is_some() {
            return true;
        }
        if !share.is_bad() {
            return false;
        }
        let kept = share.now.kept.iter().chain(&share.before.kept);
        share.hold = Some(HoldByShare {
            since: now,
            until: now + LONGEST_HOLD,
            reason: format!("{TOO_MANY}: {reason}"),
            refused: kept
                .take(KEPT)
                .map(|(_, refused)| refused.clone())
                .collect(),
        });
        tracing::warn!("{TOO_MANY}: {reason}: receiving nothing until most of them would be taken");
        self.show(&state);
        true
    }

    /// Why every document of this index is refused.
    pub(crate) fn why_refused(&self, name: &str) -> Option<String> {
        self.lock().at_fault.get(name).cloned()
    }

    /// No document of this index gets in.
    fn at_fault(&self, name: &str, reason: &str) {
        let mut state = self.lock();
        if state.at_fault.contains_key(name) {
            return;
        }
        let reason = self.with_hint(name, reason);
        if state.at_fault.is_empty() {
            tracing::warn!("{reason}: receiving nothing until it takes documents");
        } else {
            tracing::info!("{reason}");
        }
        state.at_fault.insert(name.to_owned(), reason);
        self.show(&state);
    }

    fn with_hint(&self, name: &str, reason: &str) -> String {
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

    /// How many of the refused documents of a hold would be taken now.
    pub(crate) fn record_would_be_taken(&self, taken: usize, of: usize) {
        let mut state = self.lock();
        if taken > 0 && taken * 2 >= of {
            // The refusals of before say nothing any more.
            state.share = RejectedShare::default();
            tracing::info!("refused documents are taken now");
            self.show(&state);
        }
    }

    /// An index took the sample during a hold by share.
    pub(crate) fn record_sample_taken(&self, name: &str) {
        let mut state = self.lock();
        let share = &mut state.share;
        if share.hold.is_none() {
            return;
        }
        share.takes(name);
        if share.is_bad() {
            return;
        }
        let has_refused = share
            .halves()
            .iter()
            .any(|half| half.outside.contains_key(name));
        if has_refused {
            share.hold = None;
            tracing::info!("the refused documents are those of older indices only");
            self.show(&state);
        } else if let Some(hold) = &mut share.hold {
            // Nothing but older indices was seen. What else is in the queue may be sound.
            hold.until = hold.until.min(hold.since + HALF_A_MINUTE);
        }
    }

    /// Whether nothing may be received now.
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
        let refused = state.share.hold.iter().flat_map(|hold| &hold.refused);
        let mut concerned = BTreeSet::new();
        if state.share.hold.is_some() {
            let outside = state
                .share
                .halves()
                .into_iter()
                .flat_map(|half| half.outside.keys());
            for name in outside.rev().filter(|name| !name.is_empty()).take(KEPT) {
                concerned.insert(today(&self.prefix, DocumentKind::of_index(name)));
                concerned.insert(name.clone());
            }
        }
        Some(Hold {
            indices: state.at_fault.keys().cloned().collect(),
            rejected: refused.cloned().collect(),
            concerned: concerned.into_iter().collect(),
        })
    }

    fn show(&self, state: &HealthState) {
        let first = state.at_fault.values().next().cloned();
        let share = state.share.hold.as_ref().map(|hold| hold.reason.clone());
        self.metrics.holds(first.or(share));
    }
}

/// What any index of this kind has to take.
pub(crate) fn sample_of(index: &str) -> Vec<u8> {
    sample(DocumentKind::of_index(index))
}

/// The index that takes the documents of today.
fn today(prefix: &str, kind: DocumentKind) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut name = Vec::new();
    index_name::write(
        &mut name,
        prefix,
        kind,
        calendar::day_of(now.as_millis() as i64),
    );
    String::from_utf8_lossy(&name).into_owned()
}

fn all_objects<'a>(bulk: &Bulk, object: &impl Fn(usize) -> &'a ObjectName) -> BTreeSet<u64> {
    let parcels: BTreeSet<usize> = bulk.documents().iter().map(|sent| sent.parcel).collect();
    parcels
        .into_iter()
        .map(|parcel| hash(object(parcel)))
        .collect()
}

/// Why a document got in nowhere, unless the cluster is overloaded or the document alone is meant.
fn refused_because(status: &Verdict) -> Option<&str> {
    match status {
        Verdict::Rejected { reason, .. }
        | Verdict::Misconfigured { reason, .. }
        | Verdict::Unavailable { reason, .. } => Some(reason),
        Verdict::Retryable { reason, .. } if !is_overload(status) => Some(reason),
        _ => None,
    }
}

/// A blocked index is not an overload: less in flight would not help it, and would slow the others.
pub(crate) fn is_overload(status: &Verdict) -> bool {
    matches!(
        status,
        Verdict::Retryable {
            status: 429 | 503,
            ..
        }
    )
}

fn is_taken(status: &Verdict) -> bool {
    matches!(status, Verdict::Indexed | Verdict::AlreadyThere)
}

fn hash(object: &ObjectName) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&object.bucket, &object.key).hash(&mut hasher);
    hasher.finish()
}
