/*! A record → an OpenSearch document: its index, its id and its bytes, as two lines of a `_bulk` body.

A document is a pure function of the event, its object and the options. There is no clock and no randomness, and the
only state is the ordinals of equal events. So a redelivery ends in the same documents (guarantee G2). */

mod encoder;
mod flags;
mod fold;
pub mod id;
pub mod index_name;
pub(crate) mod log;
pub mod options;
mod ordinal;
pub mod schema;
pub mod stored;
pub mod template;
#[cfg(test)]
mod tests;

pub use crate::invocation::LineContext;
pub use encoder::{EncodedEvent, EncodedSummary, LateDocument, ObjectEncoder, event_text};
pub use flags::{Flag, Flags};
pub use id::EventId;
pub use log::folded_document::{FoldedDocument, folded_documents, folded_target};
pub use log::log_document::LogDocumentWriter;
pub use options::{DocumentOptions, DocumentSpan, ObjectInfo, PlatformLines};
