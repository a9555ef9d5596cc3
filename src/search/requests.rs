/*! A request id (or its beginning), a trace id or a durable execution goes in; the requests that it names and their
summaries come out. */

use jiff::Timestamp;

use crate::search::client::SearchClient;
use crate::search::error::SearchError;
use crate::search::query;
use crate::search::query::SourceFields;
use crate::search::question::Question;
use crate::search::response::{Hit, Page};
use logferry_core::document::stored::StoredLogDocument;

/// Most log lines that are read to find requests without a summary.
const MAX_LINES: usize = 1000;

/// A request and its summaries: one for each log stream in which the request was tried, by their starts.
#[derive(Debug)]
pub struct RequestSummaries {
    pub request_id: String,
    /// Empty if no summary is stored yet.
    pub summaries: Vec<Hit>,
}

#[derive(Debug, Default)]
pub struct FoundRequests {
    pub requests: Vec<RequestSummaries>,
    /// OpenSearch holds more hits than were read.
    pub has_more: bool,
}

impl FoundRequests {
    fn of_page(page: &Page) -> Self {
        Self {
            requests: Vec::new(),
            has_more: page.total.value > page.hits.len() as u64,
        }
    }

    /// The entry of a request, which is added if it is new.
    fn entry(&mut self, request_id: String) -> &mut RequestSummaries {
        let known = |known: &RequestSummaries| known.request_id == request_id;
        let index = self.requests.iter().position(known);
        let index = index.unwrap_or_else(|| {
            self.requests.push(RequestSummaries {
                request_id,
                summaries: Vec::new(),
            });
            self.requests.len() - 1
        });
        &mut self.requests[index]
    }
}

/// Finds requests by their summaries, or by their log lines if there is no summary. Reads at most `limit` summaries.
pub async fn find_requests(
    client: &SearchClient,
    question: &Question,
    now: Timestamp,
    limit: usize,
    fields: SourceFields,
) -> Result<FoundRequests, SearchError> {
    let query = query::named_invocations(question, now);
    let page = match client.search(&query, limit, fields).await {
        Err(SearchError::NoIndex(_)) => Page::default(),
        page => page?,
    };
    let mut found = FoundRequests::of_page(&page);
    for hit in page.hits {
        let request_id = request_id(&hit)?;
        found.entry(request_id).summaries.push(hit);
    }
    if !found.requests.is_empty() {
        return Ok(found);
    }
    let query = query::named_lines(question, now);
    let fields = SourceFields::Only(&["faas"]);
    let page = client.search(&query, MAX_LINES, fields).await?;
    let mut found = FoundRequests::of_page(&page);
    for hit in &page.hits {
        found.entry(request_id(hit)?);
    }
    Ok(found)
}

fn request_id(hit: &Hit) -> Result<String, SearchError> {
    let document: StoredLogDocument<'_> = hit.document()?;
    Ok(document.faas.invocation_id.unwrap_or_default().into_owned())
}
