/*! A question goes in; it is sent as one request; the report comes out. */

use jiff::Timestamp;

use crate::search::client::SearchClient;
use crate::search::error::SearchError;
use crate::search::query::{Order, SourceFields, list};
use crate::search::question::{Question, TimeRange};
use crate::search::report::answer::Report;
use crate::search::report::question::ReportQuestion;
use crate::search::report::read;
use crate::search::report::request::{aggregations, query};
use logferry_core::document::stored::StoredInvocation;

impl SearchClient {
    /// The report of a question. Like for any search, [`SearchClient::incomplete`] tells whether shards failed, and
    /// [`SearchClient::closed_indices`] which indices are left out.
    pub async fn report(
        &self,
        question: &ReportQuestion,
        now: Timestamp,
    ) -> Result<Report, SearchError> {
        let query = query(question, now);
        let answer = self.aggregate(&query, aggregations(question)).await?;
        read::report(question, answer)
    }

    /// Start of the newest invocation at any time: tells where to look if a span has none.
    pub async fn newest_invocation(
        &self,
        question: &ReportQuestion,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, SearchError> {
        let at_any_time = Question {
            range: TimeRange::default(),
            ..question.invocations().clone()
        };
        let mut newest = list(&at_any_time, now, Order::OldestFirst);
        newest.sort =
            vec![serde_json::json!({"@timestamp": {"order": "desc", "unmapped_type": "date"}})];
        let fields = SourceFields::Only(&["@timestamp"]);
        let page = self.search(&newest, 1, fields, 0).await?;
        let Some(hit) = page.hits.first() else {
            return Ok(None);
        };
        let document: StoredInvocation<'_> = hit.document()?;
        Ok(document.timestamp.parse().ok())
    }
}
