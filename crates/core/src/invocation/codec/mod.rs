/*! A summary ↔ the document that OpenSearch stores. */

pub(crate) mod document_fields;
pub(crate) mod folded_lines;
pub(crate) mod shown_fields;
pub(crate) mod state_reader;
pub(crate) mod state_writer;
pub(crate) mod stored_summary;

pub use folded_lines::SharedByLines;
pub use stored_summary::{Merged, ReadError, merged};
