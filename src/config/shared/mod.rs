/*! What the configuration of several commands needs: checks of single values, access to OpenSearch, the pipeline. */

pub(super) mod access;
pub(super) mod errors;
pub(super) mod pipeline;
