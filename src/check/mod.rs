/*! `check`: facts about the worker's surroundings go in; findings come out, each with what to do. Pure: `source`,
`sink` and `commands` ask for the facts. */

pub mod any_sender;
pub mod bucket;
pub mod clock;
pub mod cluster;
pub mod dead_letters;
pub mod disk;
pub mod finding;
pub mod identity;
pub mod notification;
pub mod policy;
pub mod queue;
pub mod redrive;
pub mod senders;

pub use finding::{Area, Finding, Outcome, Report};
