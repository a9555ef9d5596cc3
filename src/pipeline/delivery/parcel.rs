/*! A parcel on its way from the encoder to the batcher, and in a bulk. */

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::pipeline::delivery::dead_letters::RejectedDocument;
use crate::pipeline::delivery::tally::VerdictTally;
use crate::pipeline::memory::Reservation;
use crate::sink::dead_letters::ObjectName;
use logferry_core::bulk::Parcel;

/// Documents of one object, with the sender that waits for their verdicts.
pub(crate) struct PendingParcel {
    pub(crate) parcel: Parcel,
    pub(crate) object: Arc<ObjectName>,
    /// Its position among the object's parcels.
    pub(crate) number: u64,
    pub(crate) reservation: Reservation,
    /// Gets one tally when every document of the parcel has a verdict.
    pub(crate) reply: mpsc::UnboundedSender<VerdictTally>,
}

/// A parcel whose documents are in a bulk.
pub(crate) struct ParcelInFlight {
    /// Documents without a verdict.
    pub(super) open: usize,
    pub(super) tally: VerdictTally,
    pub(super) object: Arc<ObjectName>,
    pub(super) number: u64,
    /// Kept if there is a store of dead letters.
    pub(super) rejected: Vec<RejectedDocument>,
    pub(super) reply: mpsc::UnboundedSender<VerdictTally>,
    pub(super) reservation: Option<Reservation>,
}

impl From<PendingParcel> for ParcelInFlight {
    /// Drops the documents, which were copied into a bulk.
    fn from(parcel: PendingParcel) -> Self {
        Self {
            open: parcel.parcel.documents.len(),
            tally: VerdictTally::default(),
            object: parcel.object,
            number: parcel.number,
            rejected: Vec::new(),
            reply: parcel.reply,
            reservation: Some(parcel.reservation),
        }
    }
}
