/*!
OpenSearch Serverless lacks some of the API, and its time series collections refuse document ids. Documents are then
sent without ids: a redelivery stores them twice, and the summaries of one request are not merged.
*/

use crate::sink::IndexError;
use crate::sink::opensearch::client::OpenSearch;
use crate::sink::opensearch::error_body;
use logferry_core::bulk::{Bulk, DocumentToResend, Verdict};

impl OpenSearch {
    /// Whether the index has refused document ids.
    pub fn without_ids(&self) -> bool {
        self.without_ids.get() != 0
    }

    /// Makes all further documents go without ids. The first call logs a warning.
    pub(crate) fn give_up_ids(&self) {
        if self.without_ids.set(1) == 0 {
            tracing::warn!(
                "the collection refuses document ids: from now on documents are sent without ids. A redelivery stores them twice, and a request whose lines are in several objects has several summaries. A collection of the type search takes ids; see docs/access.md"
            );
        }
    }

    pub(crate) async fn send_bulk_without_ids(
        &self,
        bulk: &Bulk,
    ) -> Result<Vec<Verdict>, IndexError> {
        let body = self.compression.compressed(bulk.body_without_ids()).await;
        self.send_bulk(body, bulk.documents().len()).await
    }

    /// Sends the documents that were refused for their ids again, without ids.
    pub(crate) async fn without_refused_ids(
        &self,
        bulk: &Bulk,
        mut statuses: Vec<Verdict>,
    ) -> Result<Vec<Verdict>, IndexError> {
        let refused: Vec<usize> = (0..statuses.len())
            .filter(|i| refuses_id(&statuses[*i]))
            .collect();
        if refused.is_empty() {
            return Ok(statuses);
        }
        self.give_up_ids();
        let kept: Vec<DocumentToResend> = refused
            .iter()
            .copied()
            .map(DocumentToResend::as_is)
            .collect();
        let again = bulk.rebuild(&kept);
        let answers = self.send_bulk_without_ids(&again).await?;
        for (i, status) in refused.into_iter().zip(answers) {
            statuses[i] = status;
        }
        Ok(statuses)
    }
}

/// Whether a document was refused for its id.
pub(crate) fn refuses_id(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Rejected { status, reason } if *status == 400 => error_body::refuses_id(reason),
        Verdict::Retryable { status, reason } if *status == 409 => error_body::refuses_id(reason),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_own_words_do_not_take_the_ids_away() {
        let rejected = |reason: &str| Verdict::Rejected {
            status: 400,
            reason: reason.to_owned(),
        };
        assert!(refuses_id(&rejected(
            "illegal_argument_exception: Document ID is not supported in create/index operation request"
        )));
        assert!(
            refuses_id(&Verdict::Retryable {
                status: 409,
                reason: "illegal_argument_exception: Document ID is not supported in create/index operation request".to_owned(),
            }),
            "as one user has it"
        );
        assert!(!refuses_id(&rejected(
            "mapper_parsing_exception: failed to parse: illegal_argument_exception: Document ID is not supported"
        )));
    }
}
