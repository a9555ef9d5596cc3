/*! The trait of an index: bulks go in, verdicts come out; stored documents are read for a merge. */

use async_trait::async_trait;

use crate::sink::index_error::IndexError;
use logferry_core::bulk::{Bulk, Verdict};

/// A document as the index holds it, with the numbers that a conditional write needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub seq_no: u64,
    pub primary_term: u64,
    /// JSON text.
    pub source: Vec<u8>,
}

/// Whether an index would take a document of logferry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    Yes,
    /// The reason.
    No(String),
    /// The cluster is overloaded or in trouble.
    NotNow(String),
    /// The index cannot be asked.
    Unknown(String),
}

impl Takes {
    /// Reads the verdict on [`Bulk::probe`].
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
    /// The version of the index, if it responds.
    async fn version(&self) -> Result<String, IndexError>;

    /// Sends a bulk once. Returns one verdict for each document, in order.
    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError>;

    /// Asks an index whether it takes a document, without writing the document. Called only after refusals.
    async fn takes(&self, index: &str, source: &[u8]) -> Result<Takes, IndexError> {
        let mut statuses = self.bulk(&probe(index, source)).await?;
        Ok(statuses.pop().map_or_else(
            || Takes::NotNow("no answer about the document".to_owned()),
            Takes::of,
        ))
    }

    /// Reads documents by index name and id, for a merge; `None` if there is no such document.
    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError>;
}

/// A bulk with one document under an id that nothing else has.
pub(crate) fn probe(index: &str, source: &[u8]) -> Bulk {
    Bulk::probe(index, "logferry-probe", source)
}
