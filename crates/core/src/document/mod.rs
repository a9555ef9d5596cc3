/*! A record → an OpenSearch document: its index, its id and its bytes, as two lines of a `_bulk` body.

A document is a pure function of the event, its object and the options: no clock, no chance, no state but the ordinals of
equal events. That is why a redelivery ends in the same documents (guarantee G2). */

mod app;
mod document_times;
mod encoder;
mod faas;
mod flags;
pub mod id;
pub mod index_name;
mod log_document;
pub mod options;
mod ordinal;
pub mod schema;
pub mod stored;
pub mod template;
#[cfg(test)]
mod tests;

pub use crate::invocation::LineContext;
pub use encoder::{EncodedEvent, EncodedSummary, ObjectEncoder, event_text};
pub use flags::{Flag, Flags};
pub use id::EventId;
pub use log_document::LogDocumentWriter;
pub use options::{DocumentOptions, DocumentSpan, ObjectInfo};
