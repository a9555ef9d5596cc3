/*! Documents on their way to `_bulk`: a parcel holds documents of one object, a bulk holds many parcels, and the response
gives each document a verdict. */

mod body;
mod parcel;
mod response;
/// PURE: parcels → bulk body; answer → statuses.
pub mod verdict;

pub use body::{Bulk, BulkBuilder, BulkDocument, DocumentTarget, DocumentToResend, target};
pub use parcel::{Parcel, PlacedDocument};
pub use response::{ResponseError, read};
pub use verdict::Verdict;
