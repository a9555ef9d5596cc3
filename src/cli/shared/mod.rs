/*! Flags that several commands have, and the headings of `--help`. */

pub mod heading;
pub mod opensearch;
pub mod pipeline;
pub mod s3;
