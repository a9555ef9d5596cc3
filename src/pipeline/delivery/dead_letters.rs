/*! Documents that OpenSearch refused for good, until they are dead letters. */

use bytes::Bytes;

use crate::sink::dead_letters::{DeadLetter, ObjectName};
use logferry_core::bulk::{Bulk, BulkDocument, DocumentTarget, target};

/// A document that will be a dead letter. Its lines lie in the bulk's body, which the parcels' reservations
/// stand for: letters are made of them parcel by parcel, when they are written.
pub(crate) struct Refused {
    action: Bytes,
    source: Bytes,
    offset: u64,
    status: u16,
    reason: String,
    /// The lines are a copy.
    own: bool,
}

impl Refused {
    pub(crate) fn of(bulk: &Bulk, sent: &BulkDocument, status: u16, reason: String) -> Self {
        let body = bulk.body();
        Self {
            action: body.slice_ref(bulk.action(sent)),
            source: body.slice_ref(bulk.source(sent)),
            offset: sent.placed.offset,
            status,
            reason,
            own: false,
        }
    }

    /// Lets go of the bulk's body, most of which is sent again in another one.
    pub(crate) fn detach(&mut self) {
        if !self.own {
            self.action = Bytes::copy_from_slice(&self.action);
            self.source = Bytes::copy_from_slice(&self.source);
            self.own = true;
        }
    }

    pub(crate) fn letter(self, object: &ObjectName) -> DeadLetter {
        let DocumentTarget { index, id } = target(&self.action);
        DeadLetter {
            size: Some(self.source.len() as u64),
            status: Some(self.status),
            index: Some(index.to_owned()),
            id: Some(id.to_owned()),
            source: serde_json::from_slice(&self.source).ok(),
            ..object.letter("document", self.offset, self.reason)
        }
    }
}
