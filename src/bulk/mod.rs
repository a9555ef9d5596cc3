/*! Documents on their way to `_bulk`: parcels of one object, bulks of many parcels, and what the answer says of each document. */

mod body;
mod parcel;
mod response;

pub use body::{Bulk, Kept, Packing, Sent, Target, target};
pub use parcel::{Parcel, Placed};
pub use response::{AnswerError, read};

/// What `_bulk` said of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemStatus {
    /// 2xx.
    Indexed,
    /// 409 on `create`: an earlier delivery brought it.
    AlreadyThere,
    /// 429 and 5xx.
    Retryable { status: u16, reason: String },
    /// 401 and 403: no permission. Nothing will get in before somebody grants it.
    Forbidden { status: u16, reason: String },
    /// Any other status: OpenSearch will never take this document as it is.
    Rejected { status: u16, reason: String },
}
