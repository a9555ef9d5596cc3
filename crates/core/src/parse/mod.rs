/*! One log event → a [`Record`]: what the event says.

In: an event's text without CloudWatch's own time. Out: kind, level, time, request id, message, error and what the platform
reports. Pure and total: parsing never fails, a look-alike is text, unknown things are kept. */

/// PURE: event → record.
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

pub use event::parse;
pub use record::{App, Dropped, Emf, ErrorInfo, Extension, Kind, Level, Platform, Record, Xray};
