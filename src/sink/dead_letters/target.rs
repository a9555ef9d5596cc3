/*! The place of dead letters, as `config` reads it. */

use std::path::PathBuf;

/// The store that dead letters are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterTarget {
    S3 { bucket: String, prefix: String },
    Folder(PathBuf),
    Index(String),
}
