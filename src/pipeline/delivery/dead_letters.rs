/*! Rejected documents go in; they are written as dead letters, with retries. */

use bytes::Bytes;

use crate::retry::Delays;
use crate::sink::dead_letters::{DeadLetter, DeadLetterFile, DeadLetters, ObjectName};
use logferry_core::bulk::{Bulk, BulkDocument, DocumentTarget, target};

/// A document that will be a dead letter. Its lines are slices of the bulk's body, which the parcels' reservations
/// cover: the dead letters are made parcel by parcel, when they are written.
pub(crate) struct RejectedDocument {
    action: Bytes,
    source: Bytes,
    offset: u64,
    status: u16,
    reason: String,
    /// The lines are a copy.
    is_detached: bool,
}

impl RejectedDocument {
    pub(crate) fn new(bulk: &Bulk, document: &BulkDocument, status: u16, reason: String) -> Self {
        let (action, source) = bulk.shared_lines(document);
        Self {
            action,
            source,
            offset: document.placed.offset,
            status,
            reason,
            is_detached: false,
        }
    }

    /// Copies the lines, so that the bulk's body can be freed: most of it is sent again in another body.
    pub(crate) fn detach(&mut self) {
        if !self.is_detached {
            self.action = Bytes::copy_from_slice(&self.action);
            self.source = Bytes::copy_from_slice(&self.source);
            self.is_detached = true;
        }
    }

    pub(crate) fn into_dead_letter(self, object: &ObjectName) -> DeadLetter {
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

/// Writes a file of dead letters. Retries until the delays end; then returns the reason.
pub(crate) async fn write_dead_letters(
    store: &dyn DeadLetters,
    file: &DeadLetterFile,
    mut delays: Delays,
) -> Result<(), String> {
    loop {
        let error = match store.write(file).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let Some(delay) = delays.next() else {
            return Err(error.to_string());
        };
        tracing::warn!(%error, ?delay, "will be written again");
        tokio::time::sleep(delay).await;
    }
}
