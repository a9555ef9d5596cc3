/*! The bytes of an object → its log events.

In: chunks of decompressed bytes, cut anywhere. Out: one [`Event`] after another, lent from the [`Decoder`]'s buffer.
The events do not depend on how the input was cut into chunks, and no byte gets lost: every byte is in the text of an
event, or it is an event's time or prefix, a line break, or the syntax of a JSON envelope. */

mod binary;
mod buffer;
mod container;
mod decode_error;
pub mod decoder;
mod event;
mod event_span;
pub mod export_prefix;
mod format;
pub(crate) mod json_structure;
mod key;
pub mod log_group;
mod log_group_pattern;
pub mod log_stream;
pub(crate) mod subscription;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod text_hasher;

pub use decode_error::DecodeError;
pub use decoder::{Counters, DecodeOptions, Decoder};
pub use event::{Event, Identity, Origin, SubscriptionFields};
pub use format::{Format, UnknownFormat};
pub(crate) use json_structure::members::end_of_whole_members;
pub use key::KeyInfo;
pub(crate) use key::date_in;
pub use log_group_pattern::{LogGroupPattern, PatternError};
