/*! What the configuration of several commands needs: checks of single values, access to OpenSearch, the pipeline. */

pub(crate) mod access;
pub(crate) mod errors;
mod memory;
pub(crate) mod otlp;
pub(crate) mod pipeline;
