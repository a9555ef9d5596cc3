/*! Verdicts of documents go in; their sums per parcel and per object come out. */

use crate::observe::Counts;

/// Rejections that are kept with their reason; the rest is only counted.
const KEPT: usize = 20;

/// A document that OpenSearch refused for good.
#[derive(Debug, Clone)]
pub(crate) struct Rejection {
    pub(crate) offset: u64,
    pub(crate) status: u16,
    pub(crate) reason: String,
}

/// Verdicts of some documents.
#[derive(Debug, Clone, Default)]
pub(crate) struct VerdictTally {
    pub(crate) indexed: u64,
    pub(crate) already_there: u64,
    pub(crate) rejected: u64,
    /// Rejected documents that are written as dead letters.
    pub(crate) dead_lettered: u64,
    /// The first rejections.
    pub(crate) rejections: Vec<Rejection>,
    /// Documents without a final verdict after the last attempt.
    pub(crate) unsettled: u64,
    /// The reason of the last unsettled document, or why dead letters could not be written.
    pub(crate) unsettled_reason: Option<String>,
}

impl VerdictTally {
    pub(crate) fn reject(&mut self, rejection: Rejection) {
        self.rejected += 1;
        if self.rejections.len() < KEPT {
            self.rejections.push(rejection);
        }
    }

    pub(crate) fn mark_unsettled(&mut self, reason: String) {
        self.unsettled += 1;
        self.unsettled_reason = Some(reason);
    }

    pub(crate) fn add(&mut self, other: VerdictTally) {
        self.indexed += other.indexed;
        self.already_there += other.already_there;
        self.rejected += other.rejected;
        self.dead_lettered += other.dead_lettered;
        let room = KEPT.saturating_sub(self.rejections.len());
        self.rejections
            .extend(other.rejections.into_iter().take(room));
        self.unsettled += other.unsettled;
        self.unsettled_reason = other.unsettled_reason.or(self.unsettled_reason.take());
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            indexed: self.indexed,
            already_there: self.already_there,
            rejected: self.rejected,
            unsettled: self.unsettled,
        }
    }
}
