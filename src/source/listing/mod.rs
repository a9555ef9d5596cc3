/*! A listing of objects goes in, page by page; a queue with one notification for each object comes out. A checkpoint
says how far the listing was read and which of the listed objects are not settled yet. */

pub mod checkpoint;
pub mod feed;
pub mod key_list;
pub mod lister;
pub mod queue;
pub mod refused;
pub mod selection;
mod state;
#[cfg(test)]
mod tests;

pub use checkpoint::{Checkpoint, CheckpointError, CheckpointStore, ReplayIdentity};
pub use lister::{ListError, Listed, Lister, Page};
pub use queue::ListingQueue;
pub use selection::{Selection, TimeOf};
