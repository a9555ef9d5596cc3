/*! Documents go in; OpenSearch, NDJSON lines and dead letters come out. */

mod compression;
pub mod dead_letters;
mod index;
mod index_error;
pub mod ndjson;
pub mod opensearch;

pub use compression::BulkCompression;
pub(crate) use index::probe;
pub use index::{Index, Stored, Takes};
pub use index_error::IndexError;
