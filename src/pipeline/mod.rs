/*!
Messages go in; documents in the index and deleted messages come out. One file per station:
permit → receive → lease → object → parcels → verdicts → settle → delete; and the drain.

`run` starts the stations. `receive` takes permits, then messages. Each message has one task (`message`) that reads its
objects (`object`, `encode`), awaits their verdicts (`settle`) and is the only one to delete it (`ack`). `lease` keeps
held messages invisible. `delivery` groups the parcels of all objects into bulks and sends each bulk until each of its
documents has a verdict. `memory` bounds the bytes of all of it.
*/

mod ack;
mod breaker;
mod context;
mod delivery;
mod drain;
mod encode;
mod fatal_error;
mod lease;
mod limits;
pub(crate) mod memory;
mod message;
mod object;
mod receive;
mod run;
mod settle;

pub use context::{Ends, ReadConfig};
pub use delivery::{BulkConfig, EncodedDocument, ResendVerdict, Resender};
pub use limits::ObjectLimits;
pub use receive::ReceiveConfig;
pub use run::{Fatal, PipelineConfig, START_TIMEOUT, run};
