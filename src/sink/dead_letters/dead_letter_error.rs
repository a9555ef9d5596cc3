/*! The error of writing a dead letter, with the HTTP status and the code of the store's response. */

use crate::sink::IndexError;

#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot write a dead letter: {reason}")]
pub struct DeadLetterError {
    /// HTTP status of the response, if there was one.
    pub status: Option<u16>,
    /// Code of S3, or OpenSearch's type of the error.
    pub code: Option<String>,
    pub reason: String,
}

impl DeadLetterError {
    /// An error without a response.
    pub fn new(reason: impl std::fmt::Display) -> Self {
        Self {
            status: None,
            code: None,
            reason: reason.to_string(),
        }
    }
}

impl From<IndexError> for DeadLetterError {
    fn from(error: IndexError) -> Self {
        Self {
            status: error.status(),
            code: error.error_type().map(str::to_owned),
            reason: error.to_string(),
        }
    }
}
