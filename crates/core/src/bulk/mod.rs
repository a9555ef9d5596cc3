/*! Documents go in, as parcels; the body of a `_bulk` request comes out, and the response gives each document a
verdict.

A parcel holds documents of one object, and a bulk holds many parcels. */

mod body;
mod body_chunks;
mod parcel;
mod response;
pub mod verdict;
mod wire;

pub use body::{Bulk, BulkBuilder, BulkDocument, DocumentTarget, DocumentToResend, target};
pub use body_chunks::BodyChunks;
pub use parcel::{Parcel, PlacedDocument};
pub use response::{ResponseError, read};
pub use verdict::Verdict;
pub use wire::{COMPRESSED_PART, WireBody};
