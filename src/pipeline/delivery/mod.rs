/*!
Parcels of documents go in; a verdict for each document comes out, indexed in OpenSearch or written as a dead letter.

`batcher` groups parcels into bulks, `deliver` sends a bulk until each document has a verdict, `merge` merges summaries
with stored ones. `bulk_sender` holds what every bulk is sent with, and `concurrency` limits the bulks in flight.
`index_health` tells a bad document from a bad index, and `health_check` waits until the index is healthy again.
`resend` sends the documents of dead letters on the same way.
*/

pub(crate) mod batcher;
pub(crate) mod bulk_sender;
pub(crate) mod concurrency;
pub(crate) mod dead_letters;
pub(crate) mod deliver;
pub(crate) mod health_check;
pub(crate) mod index_health;
mod merge;
pub(crate) mod parcel;
mod resend;
pub(crate) mod tally;

pub use bulk_sender::BulkConfig;
pub use resend::{EncodedDocument, ResendVerdict, Resender};
