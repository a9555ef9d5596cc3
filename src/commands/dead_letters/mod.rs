/*! `dead-letters`: the letters of a store go in; they are listed, shown, replayed or dropped. `redrive` moves the
messages of the SQS dead-letter queue. */

pub mod drop;
mod groups;
pub mod list;
mod objects;
pub mod redrive;
pub mod replay;
mod replayed;
mod select;
pub mod show;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod unreadable;
