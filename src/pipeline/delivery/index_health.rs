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

mod answer;
mod rejected_share;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use self::answer::{Answer, KEPT, refused_because};
pub(crate) use self::answer::{RejectedSample, is_overload};
use self::rejected_share::{HALF_A_MINUTE, HoldByShare, RejectedShare};
use crate::observe::Metrics;
use crate::sink::dead_letters::ObjectName;
use crate::sink::{Index, IndexError, Takes};
use logferry_core::bulk::{Bulk, Verdict};
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::sample;
use logferry_core::time::calendar;

/// The longest that a share holds the worker. Each further try costs a delivery of the refused messages.
const LONGEST_HOLD: Duration = Duration::from_secs(600);
const TOO_MANY: &str = "more than half of the last minute's documents are refused";
const ONCE_MORE: &str = "most documents of the answer were refused, and the index takes others";

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
        let is_usual = self.lock().at_fault.is_empty();
        let answer = Answer::read(bulk, statuses, history.counted, object, is_usual);
        for (name, part) in &answer.parts {
            if let Some(reason) = &part.misconfigured {
                self.at_fault(name, reason);
            }
        }
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

    fn count(&self, answer: Answer<'_>, counted: bool) {
        let mut state = self.lock();
        let before = state.at_fault.len();
        state.at_fault.retain(|name, _| {
            let part = answer.parts.get(name.as_str());
            part.is_none_or(|part| part.taken <= part.rejected || part.misconfigured.is_some())
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
