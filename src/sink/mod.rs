/*! Where documents go: OpenSearch, NDJSON, and dead letters. */

pub mod dead_letters;
pub mod ndjson;
pub mod opensearch;
/// IO out: indices.
pub mod traits;

pub use traits::*;
