/*! Where documents go: the index, and its real implementations. */

pub mod dead_letter;
pub mod ndjson;
pub mod opensearch;

use async_trait::async_trait;

use crate::bulk::{Bulk, ItemStatus};
use crate::class::Class;

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
    Other { class: Class, reason: String },
}

impl IndexError {
    pub fn class(&self) -> Class {
        match self {
            IndexError::TooLarge => Class::Rejected,
            // A proxy or a node in transition; what is asked for exists on every OpenSearch.
            IndexError::NotFound => Class::Retryable,
            IndexError::NoIds | IndexError::Unanswered(_) => Class::Retryable,
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
    pub fn of(status: ItemStatus) -> Self {
        match status {
            ItemStatus::AlreadyThere | ItemStatus::Indexed => Takes::Yes,
            ItemStatus::Misconfigured { reason, .. } | ItemStatus::Rejected { reason, .. } => {
                Takes::No(reason)
            }
            ItemStatus::Retryable { reason, .. } => Takes::NotNow(reason),
            ItemStatus::Unavailable { reason, .. }
            | ItemStatus::Forbidden { reason, .. }
            | ItemStatus::AppendOnly { reason, .. } => Takes::Unknown(reason),
        }
    }
}

/// An index that takes bulks.
#[async_trait]
pub trait Index: Send + Sync {
    /// Is it there, and of which version?
    async fn version(&self) -> Result<String, IndexError>;

    /// Sends a bulk once. One status per document, in order.
    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<ItemStatus>, IndexError>;

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
