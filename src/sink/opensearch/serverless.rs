/*!
OpenSearch Serverless: some of the API is missing, and collections of the type time series refuse ids. Documents are sent without
ids then: what is delivered twice is there twice, and the summaries of one request do not merge.
*/

use crate::sink::IndexError;
use crate::sink::opensearch::OpenSearch;
use logferry_core::bulk::{Bulk, DocumentToResend, Verdict};

/// How it refuses a document's id, an `illegal_argument_exception`.
pub(crate) const NO_IDS: &str = "Document ID is not supported";

impl OpenSearch {
    /// Whether the index turned out to refuse ids.
    pub fn without_ids(&self) -> bool {
        self.without_ids.get() != 0
    }

    /// Once, and loudly.
    pub(crate) fn give_up_ids(&self) {
        if self.without_ids.set(1) == 0 {
            tracing::warn!(
                "the collection refuses document ids: from now on documents are sent without. What is delivered twice will be there twice, and a request whose lines lie in several objects has several summaries. A collection of the type search takes ids; see docs/access.md"
            );
        }
    }

    /// What was refused for its id goes again without.
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
        let answers = self
            .send_bulk(again.body_without_ids(), refused.len())
            .await?;
        for (i, status) in refused.into_iter().zip(answers) {
            statuses[i] = status;
        }
        Ok(statuses)
    }
}

/// By the error's own type and words: a document's words stand further behind.
pub(crate) fn refuses_id(status: &Verdict) -> bool {
    matches!(status, Verdict::Rejected { status: 400, reason } | Verdict::Retryable { status: 409, reason }
        if reason.strip_prefix("illegal_argument_exception: ").is_some_and(|r| r.starts_with(NO_IDS)))
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
