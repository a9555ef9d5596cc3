/*! The text of one log event → a [`Record`].

In: an event's text without CloudWatch's own time. Out: kind, level, time, request id, message, error, and the values
that the platform reports. Parsing never fails: a text that only resembles a known form is a function's text, and
unknown values are kept. */

mod complete;
pub mod event;
mod function_text;
pub(crate) mod json;
pub mod level;
mod owned_record;
#[cfg(test)]
mod properties;
pub mod record;
pub mod request_id;
pub mod stack_trace;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub mod timestamp;
pub mod xray;

pub use complete::is_complete;
pub use event::parse;
pub(crate) use json::durable::execution_name;
pub use record::{
    App, Dropped, Durable, Emf, ErrorInfo, Extension, IdSource, Kind, Level, Platform, Record, Xray,
};
