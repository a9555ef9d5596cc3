/*! Errors of requests to an index, each with its class, HTTP status and OpenSearch's type of the error. */

use crate::error_class::ErrorClass;

#[derive(Debug, Clone, thiserror::Error)]
pub enum IndexError {
    /// The request is larger than the server takes.
    #[error("the request is too large for the index (HTTP 413)")]
    TooLarge,
    /// There is no such path, index or template.
    #[error("the index does not know this (HTTP 404)")]
    NotFound,
    /// The collection takes no document ids (OpenSearch Serverless).
    #[error("the index takes no document ids (HTTP 400)")]
    NoIds,
    /// The response is longer than the limit of this client.
    #[error("the answer has more than {0} bytes, which is the most that is read")]
    AnswerTooLarge(usize),
    /// There was no response, or none in time.
    #[error("{0}")]
    Unanswered(String),
    /// OpenSearch, or a proxy before it, has responded with another error or with something unreadable.
    #[error("{reason}")]
    Response {
        class: ErrorClass,
        /// HTTP status of the error; `None` if the response has no such status: it cannot be read.
        status: Option<u16>,
        /// OpenSearch's type of the error, such as `security_exception`.
        error_type: Option<String>,
        reason: String,
    },
    /// The request could not be made, or its result could not be written: configuration, credentials, local files.
    #[error("{reason}")]
    Other { class: ErrorClass, reason: String },
}

impl IndexError {
    pub fn class(&self) -> ErrorClass {
        match self {
            IndexError::TooLarge | IndexError::AnswerTooLarge(_) => ErrorClass::Rejected,
            // It comes from a proxy or a node in transition: every OpenSearch has the paths that are asked for.
            IndexError::NotFound => ErrorClass::Retryable,
            IndexError::NoIds | IndexError::Unanswered(_) => ErrorClass::Retryable,
            IndexError::Response { class, .. } | IndexError::Other { class, .. } => *class,
        }
    }

    /// HTTP status of the response, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            IndexError::TooLarge => Some(413),
            IndexError::NotFound => Some(404),
            IndexError::NoIds => Some(400),
            IndexError::Response { status, .. } => *status,
            IndexError::Unanswered(_)
            | IndexError::Other { .. }
            | IndexError::AnswerTooLarge(_) => None,
        }
    }

    /// OpenSearch's type of the error, if it has responded with one.
    pub fn error_type(&self) -> Option<&str> {
        match self {
            IndexError::Response { error_type, .. } => error_type.as_deref(),
            _ => None,
        }
    }
}
