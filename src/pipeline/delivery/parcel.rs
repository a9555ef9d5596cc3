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

impl PendingParcel {
    /// The documents for a bulk, and what waits for their verdicts.
    pub(super) fn into_flight(self) -> (Parcel, ParcelInFlight) {
        let in_flight = ParcelInFlight {
            open: self.parcel.documents.len(),
            tally: VerdictTally::default(),
            object: self.object,
            number: self.number,
            rejected: Vec::new(),
            reply: self.reply,
            reservation: Some(self.reservation),
        };
        (self.parcel, in_flight)
    }
}
