/*! Reasons why OpenSearch is not ready for logferry's documents. */

use crate::error_class::ErrorClass;
use crate::sink::IndexError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// The index does not tell its version.
    #[error(transparent)]
    Unusable(IndexError),
    /// A request of setup failed.
    #[error("{}", with_request(request, error))]
    Index { request: String, error: IndexError },
    /// The index responds, and is not as logferry needs it.
    #[error("{0}")]
    Refused(String),
}

impl SetupError {
    pub(crate) fn class(&self) -> ErrorClass {
        match self {
            SetupError::Unusable(error) | SetupError::Index { error, .. } => error.class(),
            SetupError::Refused(_) => ErrorClass::Fatal,
        }
    }
}

/// The message of a failed request. The reason of an error response names the URL and the request already.
fn with_request(request: &str, error: &IndexError) -> String {
    match error {
        IndexError::Response { .. } => error.to_string(),
        _ => format!("{request}: {error}"),
    }
}
