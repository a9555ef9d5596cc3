/*! A request id (or its beginning), a trace id or a durable execution goes in; the requests that it names and their
summaries come out. */

use jiff::Timestamp;

use crate::search::client::SearchClient;
use crate::search::error::SearchError;
use crate::search::query;
use crate::search::query::SourceFields;
use crate::search::question::Question;
use crate::search::response::{Hit, Page};
use crate::sink::IndexError;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::stored::StoredLogDocument;

/// Most log lines that are read to find requests without a summary.
const MAX_LINES: usize = 1000;
/// Most summaries and log lines that are read in one request.
const MAX_TOGETHER: usize = 1000;
/// The beginning of a request id that lists show. A shorter one may name many requests.
const MIN_TOGETHER: usize = 8;

/// A request and its summaries: one for each log stream in which the request was tried, by their starts.
#[derive(Debug)]
pub struct RequestSummaries {
    pub request_id: String,
    /// Empty if no summary is stored yet.
    pub summaries: Vec<Hit>,
    /// All log lines that name the request, by time, if they came with the summaries.
    pub(crate) lines: Option<Vec<Hit>>,
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
                lines: None,
            });
            self.requests.len() - 1
        });
        &mut self.requests[index]
    }
}

/// Finds requests by their summaries, or by their log lines if there is no summary. Reads at most `limit` summaries.
async fn find_requests(
    client: &SearchClient,
    question: &Question,
    now: Timestamp,
    limit: usize,
    fields: SourceFields,
) -> Result<FoundRequests, SearchError> {
    let query = query::named_invocations(question, now);
    let page = match client.search(&query, limit, fields, limit + 1).await {
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
    let page = client
        .search(&query, MAX_LINES, fields, MAX_LINES + 1)
        .await?;
    let mut found = FoundRequests::of_page(&page);
    for hit in &page.hits {
        found.entry(request_id(hit)?);
    }
    Ok(found)
}

/// Finds requests by their summaries, or by their log lines if there is no summary, and the log lines of the requests
/// that a request id names, if one answer holds all of them. Reads at most `limit` summaries otherwise.
pub async fn find_requests_with_lines(
    client: &SearchClient,
    question: &Question,
    now: Timestamp,
    limit: usize,
    fields: SourceFields,
) -> Result<FoundRequests, SearchError> {
    let request_id = question.request_id.as_deref();
    let together = match request_id.filter(|id| id.len() >= MIN_TOGETHER) {
        Some(request_id) => read_together(client, question, request_id, now, fields).await?,
        None => None,
    };
    match together {
        Some(found) => Ok(found),
        None => find_requests(client, question, now, limit, fields).await,
    }
}

/// Summaries and lines in one request. `None` if there are too many, or if the lines alone do not tell which requests
/// the question means.
async fn read_together(
    client: &SearchClient,
    question: &Question,
    request_id: &str,
    now: Timestamp,
    fields: SourceFields,
) -> Result<Option<FoundRequests>, SearchError> {
    let query = query::named_invocations_and_lines(question, request_id, now);
    let page = client.search_all_kinds(&query, MAX_TOGETHER, fields, MAX_TOGETHER + 1);
    let page = match page.await {
        Err(SearchError::OpenSearch(IndexError::AnswerTooLarge(_))) => return Ok(None),
        page => page?,
    };
    if page.total.value > page.hits.len() as u64 {
        return Ok(None);
    }
    let mut found = FoundRequests::of_page(&page);
    let (summaries, lines): (Vec<Hit>, Vec<Hit>) = (page.hits.into_iter())
        .partition(|hit| DocumentKind::of_index(&hit.index) == DocumentKind::Invocation);
    if summaries.is_empty() && !lines.is_empty() && !names_id_only(question) {
        return Ok(None);
    }
    let without_summaries = summaries.is_empty();
    for hit in summaries {
        let entry = found.entry(self::request_id(&hit)?);
        entry.lines.get_or_insert_default();
        entry.summaries.push(hit);
    }
    for hit in lines {
        let request_id = self::request_id(&hit)?;
        let is_known = |known: &RequestSummaries| known.request_id == request_id;
        if without_summaries || found.requests.iter().any(is_known) {
            let entry = found.entry(request_id);
            entry.lines.get_or_insert_default().push(hit);
        }
    }
    Ok(Some(found))
}

/// Whether a question asks for a request id and for nothing else.
fn names_id_only(question: &Question) -> bool {
    let only_id = Question {
        view: question.view,
        request_id: question.request_id.clone(),
        literal: question.literal,
        limit: question.limit,
        ..Question::default()
    };
    *question == only_id
}

fn request_id(hit: &Hit) -> Result<String, SearchError> {
    let document: StoredLogDocument<'_> = hit.document()?;
    Ok(document.faas.invocation_id.unwrap_or_default().into_owned())
}
