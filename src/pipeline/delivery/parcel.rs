/*! A parcel on its way from the encoder to the batcher. */

use std::sync::Arc;

use tokio::sync::mpsc;

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
