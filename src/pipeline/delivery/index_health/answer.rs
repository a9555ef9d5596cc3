//! One answer of OpenSearch to a bulk goes in; what it says of each index and object comes out.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::sink::dead_letters::ObjectName;
use logferry_core::bulk::{Bulk, Verdict};

/// Refused documents that are kept to ask about, and the longest of them.
pub(super) const KEPT: usize = 5;
const KEPT_BYTES: usize = 64 * 1024;

/// A refused document, to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedSample {
    pub(crate) index: String,
    pub(crate) source: Arc<[u8]>,
}

/// An index's part of one answer.
#[derive(Default)]
pub(super) struct IndexCounts {
    pub(super) taken: u64,
    pub(super) rejected: u64,
    pub(super) unavailable: u64,
    /// Why the index refuses every document.
    pub(super) misconfigured: Option<String>,
    pub(super) objects: BTreeSet<u64>,
}

/// What an answer says of the share.
#[derive(Default)]
pub(super) struct Answer<'a> {
    pub(super) parts: BTreeMap<&'a str, IndexCounts>,
    /// Objects most of whose documents were taken.
    pub(super) got_in: BTreeSet<u64>,
    pub(super) kept: Vec<(u64, RejectedSample)>,
}

impl<'a> Answer<'a> {
    /// `is_usual`: no index refuses everything now, so that an answer that took all needs no count for each index.
    pub(super) fn read<'b>(
        bulk: &'a Bulk,
        statuses: &[Verdict],
        counted: bool,
        object: impl Fn(usize) -> &'b ObjectName,
        is_usual: bool,
    ) -> Self {
        let mut answer = Self::default();
        if is_usual && statuses.iter().all(is_taken) {
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
                    part.misconfigured.get_or_insert_with(|| reason.clone());
                    part.unavailable += 1;
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
}

fn all_objects<'a>(bulk: &Bulk, object: &impl Fn(usize) -> &'a ObjectName) -> BTreeSet<u64> {
    let parcels: BTreeSet<usize> = bulk.documents().iter().map(|sent| sent.parcel).collect();
    parcels
        .into_iter()
        .map(|parcel| hash(object(parcel)))
        .collect()
}

/// Why a document got in nowhere, unless the cluster is overloaded or the document alone is meant.
pub(super) fn refused_because(status: &Verdict) -> Option<&str> {
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
