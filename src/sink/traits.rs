/*! Where documents go: the index, and its real implementations. */

use async_trait::async_trait;

use crate::error_class::ErrorClass;
use logferry_core::bulk::{Bulk, Verdict};

/// A document as the index holds it, with what a conditional write needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub seq_no: u64,
    pub primary_term: u64,
    /// JSON text.
    pub source: Vec<u8>,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum IndexError {
    /// 413: the request is larger than the server takes.
    #[error("the request is too large for the index (HTTP 413)")]
    TooLarge,
    /// 404: no such path or thing.
    #[error("the index does not know this (HTTP 404)")]
    NotFound,
    /// 400: the collection takes no ids (OpenSearch Serverless).
    #[error("the index takes no document ids (HTTP 400)")]
    NoIds,
    /// No answer, or not in time.
    #[error("{0}")]
    Unanswered(String),
    #[error("{reason}")]
    Other { class: ErrorClass, reason: String },
}

impl IndexError {
    pub fn class(&self) -> ErrorClass {
        match self {
            IndexError::TooLarge => ErrorClass::Rejected,
            // A proxy or a node in transition; what is asked for exists on every OpenSearch.
            IndexError::NotFound => ErrorClass::Retryable,
            IndexError::NoIds | IndexError::Unanswered(_) => ErrorClass::Retryable,
            IndexError::Other { class, .. } => *class,
        }
    }
}

/// Whether an index would take a document of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    Yes,
    /// Why not.
    No(String),
    /// The cluster is overloaded or in trouble.
    NotNow(String),
    /// The index cannot be asked.
    Unknown(String),
}

impl Takes {
    /// By the status of [`Bulk::probe`].
    pub fn of(status: Verdict) -> Self {
        match status {
            Verdict::AlreadyThere | Verdict::Indexed => Takes::Yes,
            Verdict::Misconfigured { reason, .. } | Verdict::Rejected { reason, .. } => {
                Takes::No(reason)
            }
            Verdict::Retryable { reason, .. } => Takes::NotNow(reason),
            Verdict::Unavailable { reason, .. }
            | Verdict::Forbidden { reason, .. }
            | Verdict::AppendOnly { reason, .. } => Takes::Unknown(reason),
        }
    }
}

/// An index that takes bulks.
#[async_trait]
pub trait Index: Send + Sync {
    /// Is it there, and of which version?
    async fn version(&self) -> Result<String, IndexError>;

    /// Sends a bulk once. One status per document, in order.
    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError>;

    /// Asks an index whether it takes a document, without writing it. Only asked when it has refused some.
    async fn takes(&self, index: &str, source: &[u8]) -> Result<Takes, IndexError> {
        let mut statuses = self.bulk(&probe(index, source)).await?;
        Ok(statuses.pop().map_or_else(
            || Takes::NotNow("no answer about the document".to_owned()),
            Takes::of,
        ))
    }

    /// Documents by index name and id, to be merged with; none where there is no such document.
    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError>;
}

/// A document under an id that nothing else has.
pub(crate) fn probe(index: &str, source: &[u8]) -> Bulk {
    Bulk::probe(index, "logferry-probe", source)
}
