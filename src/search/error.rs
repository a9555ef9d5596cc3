/*! Why a search has no answer, or not a complete one. */

use std::fmt;

use crate::error_class::ErrorClass;
use crate::sink::IndexError;

#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error(transparent)]
    OpenSearch(#[from] IndexError),
    #[error("there is no index {0}")]
    NoIndex(String),
    #[error("interrupted: what was printed is not all")]
    Interrupted,
    #[error("{path} was answered with something else")]
    UnknownResponse {
        path: String,
        source: serde_json::Error,
    },
    #[error("OpenSearch counted only a part of the documents: {0}")]
    Incomplete(IncompleteAnswer),
    /// OpenSearch refuses the point in time that more than one page needs.
    #[error("no point in time: {0}")]
    NoPointInTime(IndexError),
    /// A point in time of some shards would lose hits silently.
    #[error("no point in time of all shards: {0}")]
    PartialPointInTime(IncompleteAnswer),
    #[error("the point in time that pages are read from is gone")]
    PointInTimeGone,
    #[error("document {id} of {index} is not one of logferry's")]
    UnknownDocument {
        index: String,
        id: String,
        source: serde_json::Error,
    },
}

impl SearchError {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            SearchError::OpenSearch(error) | SearchError::NoPointInTime(error) => {
                error.class() == ErrorClass::Retryable
            }
            SearchError::Incomplete(_) => true,
            _ => false,
        }
    }

    /// Whether a search was refused because one of its indices is closed.
    pub(super) fn is_closed_index(&self) -> bool {
        let SearchError::OpenSearch(error) = self else {
            return false;
        };
        error.error_type() == Some("index_closed_exception")
    }

    /// Whether a node has no free context for a point in time. OpenSearch says so in its message only.
    pub fn is_point_in_time_limit(&self) -> bool {
        let reason = match self {
            SearchError::NoPointInTime(error) => error.to_string(),
            SearchError::PartialPointInTime(incomplete) => incomplete.to_string(),
            _ => return false,
        };
        reason.contains("too many Point In Time contexts")
    }
}

/// Why hits may be missing in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncompleteAnswer {
    Shards {
        failed: u64,
        total: u64,
        reason: String,
    },
    TimedOut,
}

impl fmt::Display for IncompleteAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IncompleteAnswer::Shards {
                failed,
                total,
                reason,
            } => write!(f, "{failed} of {total} shards did not answer ({reason})"),
            IncompleteAnswer::TimedOut => {
                f.write_str("the search was cut off by a time limit of the cluster")
            }
        }
    }
}
