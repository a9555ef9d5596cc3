//! Answers of OpenSearch go in; whether more than half of the last minute's documents got in nowhere comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::pipeline::delivery::index_health::answer::{Answer, KEPT, RejectedSample};
use logferry_core::document::index_name::DocumentKind;

/// Fewer objects are too few to tell a share from.
pub(super) const OBJECTS: usize = 3;
/// The share is that of the last minute.
pub(super) const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// Indices with refused documents that are told apart; those beyond are counted as one.
const INDICES: usize = 100;

/// How much of the last minute's documents got in. While the worker holds, the minute does not pass.
#[derive(Default)]
pub(super) struct RejectedShare {
    pub(super) since: Option<Instant>,
    pub(super) before: HalfMinute,
    pub(super) now: HalfMinute,
    pub(super) hold: Option<HoldByShare>,
}

/// A hold by share.
pub(super) struct HoldByShare {
    pub(super) since: Instant,
    pub(super) until: Instant,
    pub(super) reason: String,
    pub(super) refused: Vec<RejectedSample>,
}

#[derive(Default)]
pub(super) struct HalfMinute {
    taken: u64,
    /// Of each kind, the newest index that takes documents.
    pub(super) newest: BTreeMap<&'static str, String>,
    pub(super) outside: BTreeMap<String, Outside>,
    /// Some refused documents, one of an object.
    pub(super) kept: Vec<(u64, RejectedSample)>,
}

/// The documents that did not get into one index.
#[derive(Default)]
pub(super) struct Outside {
    rejected: u64,
    /// The index is closed, blocked or failing.
    unavailable: u64,
    /// Hashes of objects most of whose documents were refused; no more than are needed.
    objects: BTreeSet<u64>,
}

impl RejectedShare {
    pub(super) fn turn(&mut self, now: Instant) {
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

    pub(super) fn halves(&self) -> [&HalfMinute; 2] {
        [&self.before, &self.now]
    }

    /// The index takes documents.
    pub(super) fn takes(&mut self, name: &str) {
        let kind = DocumentKind::of_index(name).as_str();
        let newest = self.now.newest.entry(kind).or_default();
        if newest.as_str() < name {
            name.clone_into(newest);
        }
    }

    /// Nothing of the index's documents was rejected, and a newer index of its kind takes documents. Names end with
    /// the day, so the newer name is the greater one.
    pub(super) fn is_own_trouble(&self, name: &str) -> bool {
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

    pub(super) fn is_bad(&self) -> bool {
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
    pub(super) fn count(&mut self, answer: Answer<'_>, counted: bool) {
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
    pub(super) fn got_in(&mut self, name: &str, mut taken: u64) {
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
