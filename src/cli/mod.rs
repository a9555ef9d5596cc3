/*! Flags and environment variables as the operator typed them. `config` validates them. */

/// What the operator typed.
pub mod arguments;
mod opensearch;

pub use arguments::*;
pub use opensearch::{AwsServiceArg, IndexArgs};
