/*! Verdicts of documents, added up per parcel and per object. */

use crate::observe::Counts;

/// Rejections kept with their reason, per parcel; the rest is only counted.
const KEPT: usize = 20;

/// A document that OpenSearch refused for good.
#[derive(Debug, Clone)]
pub(super) struct Rejection {
    pub(super) offset: u64,
    pub(super) status: u16,
    pub(super) reason: String,
}

/// Verdicts of some documents.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) indexed: u64,
    pub(super) already_there: u64,
    pub(super) rejected: u64,
    /// Of them, those that are safe as dead letters.
    pub(super) dead_lettered: u64,
    /// The first of the rejected.
    pub(super) rejections: Vec<Rejection>,
    /// Documents without a final verdict: attempts spent.
    pub(super) unsettled: u64,
    /// Why, of the last of them.
    pub(super) unsettled_reason: Option<String>,
}

impl Tally {
    pub(super) fn reject(&mut self, rejection: Rejection) {
        self.rejected += 1;
        if self.rejections.len() < KEPT {
            self.rejections.push(rejection);
        }
    }

    pub(super) fn leave(&mut self, reason: String) {
        self.unsettled += 1;
        self.unsettled_reason = Some(reason);
    }

    pub(super) fn add(&mut self, other: Tally) {
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

    pub(super) fn counts(&self) -> Counts {
        Counts {
            indexed: self.indexed,
            already_there: self.already_there,
            rejected: self.rejected,
            unsettled: self.unsettled,
        }
    }
}
