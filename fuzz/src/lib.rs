/*! Helpers of the fuzz targets. */
#![forbid(unsafe_code)]

/// Log events of an object and their documents, as the pipeline makes them.
pub mod documents;
