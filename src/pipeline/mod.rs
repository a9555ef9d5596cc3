/*!
The pipeline: permit → receive → lease → object → parcels → verdicts → settle → acknowledge; and the drain.

`receive` takes permits, then messages. Each message has one task (`message`) that reads its objects (`object`), awaits
their verdicts and is the only one to delete it (`ack`). `lease` keeps held messages invisible. `batcher` groups the parcels
of all objects into bulks. `deliver` sends a bulk until each of its documents has a verdict. `memory` bounds the bytes of
all of it.
*/

mod ack;
mod batcher;
mod breaker;
mod caps;
mod concurrency;
mod deliver;
mod encode;
mod hold;
mod lease;
pub(crate) mod memory;
mod message;
mod object;
/// The pipeline: permit → receive → lease → object → parcels → verdicts → settle → delete.
pub mod receive;
mod refusals;
mod rejected_document;
mod tally;

pub use receive::{BulkConfig, Ends, Fatal, PipelineConfig, START_TIMEOUT, run};
pub(crate) use receive::{FatalErrorSlot, MessagePermits, Pipeline};
