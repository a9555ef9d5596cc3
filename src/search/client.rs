/*! A query goes in; it is sent to the indices of one prefix; the response comes out. */

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::search::error::{IncompleteAnswer, SearchError};
use crate::search::query::{Query, SourceFields};
use crate::search::response::{IndexNames, Page, PointInTimeResponse, SearchResponse};
use crate::sink::IndexError;
use crate::sink::opensearch::{Method, OpenSearch};
use logferry_core::document::index_name::DocumentKind;

/// How long a point in time outlives the last page: a person who pages by hand needs minutes.
pub const POINT_IN_TIME_KEEP_ALIVE: &str = "10m";
/// Time limit of the request that deletes a point in time.
const DELETE_TIMEOUT: Duration = Duration::from_secs(3);
/// Most indices that the path of a point in time names; more are searched by their pattern.
const MAX_NAMED_INDICES: usize = 100;
/// OpenSearch limits a request's first line to 4096 bytes.
const MAX_PATH_BYTES: usize = 3500;

/// Searches the indices of one prefix.
pub struct SearchClient {
    pub(crate) opensearch: Arc<OpenSearch>,
    pub(crate) prefix: String,
    stop: CancellationToken,
    /// The first incomplete answer.
    incomplete: Mutex<Option<IncompleteAnswer>>,
    /// Whether a search has met a closed index.
    has_met_closed: AtomicBool,
}

impl SearchClient {
    /// Searches fail with [`SearchError::Interrupted`] once `stop` is cancelled.
    pub fn new(
        opensearch: impl Into<Arc<OpenSearch>>,
        prefix: String,
        stop: CancellationToken,
    ) -> Self {
        Self {
            opensearch: opensearch.into(),
            prefix,
            stop,
            incomplete: Mutex::default(),
            has_met_closed: AtomicBool::new(false),
        }
    }

    /// The first incomplete answer, since the start or since [`Self::forget_incomplete`].
    pub fn incomplete(&self) -> Option<IncompleteAnswer> {
        self.lock_incomplete().clone()
    }

    /// For a caller that asks again for the hits that were missing.
    pub fn forget_incomplete(&self) {
        self.lock_incomplete().take();
    }

    fn lock_incomplete(&self) -> MutexGuard<'_, Option<IncompleteAnswer>> {
        (self.incomplete.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Indices of every day. The day in an index name is not always the day of its documents: an invocation lies under
    /// the day of its stream, an impossible time under 1970. OpenSearch itself skips an index whose times do not match.
    fn pattern(&self, kind: DocumentKind) -> String {
        format!("{}-{}-*", self.prefix, kind.as_str())
    }

    /// Excludes copies (`…-2026.11.22-copy`) and the indices of a longer prefix (`app-logs` begins with `app`).
    pub(crate) fn indices_path(&self, kind: DocumentKind) -> String {
        let pattern = self.pattern(kind);
        format!("/{pattern},-{pattern}-*")
    }

    /// The indices of both kinds.
    fn indices_path_of_all(&self) -> String {
        let patterns = DocumentKind::ALL.map(|kind| self.pattern(kind));
        let copies = patterns.each_ref().map(|pattern| format!("-{pattern}-*"));
        format!("/{},{}", patterns.join(","), copies.join(","))
    }

    /// Whether a search has met a closed index. OpenSearch refuses it, and it is sent again without closed indices.
    pub(super) fn has_met_closed(&self) -> bool {
        self.has_met_closed.load(Ordering::Relaxed)
    }

    /// Path and parameters of a request. Hidden indices are searched too; Serverless has none and may refuse the
    /// parameter.
    pub(super) fn endpoint(&self, indices: &str, verb: &str, parameters: &[&str]) -> String {
        let hidden = (!self.opensearch.is_serverless()).then_some("expand_wildcards=open,hidden");
        let parameters: Vec<&str> = parameters.iter().copied().chain(hidden).collect();
        let mark = if parameters.is_empty() { "" } else { "?" };
        format!("{indices}/{verb}{mark}{}", parameters.join("&"))
    }

    /// Asks OpenSearch whether a query is valid. Unlike a search, this request answers 404 if no index matches an
    /// excluded pattern, unless `allow_no_indices` is set.
    pub async fn validate(&self, query: &Query) -> Result<Value, IndexError> {
        let path = self.endpoint(
            &self.indices_path(query.kind),
            "_validate/query",
            &["explain=true", "allow_no_indices=true"],
        );
        let body = json!({"query": query.query()});
        self.opensearch.call(Method::POST, &path, Some(&body)).await
    }

    /// The first hits of a query, and the number of all hits up to `most_counted`.
    pub async fn search(
        &self,
        query: &Query,
        size: usize,
        fields: SourceFields,
        most_counted: usize,
    ) -> Result<Page, SearchError> {
        let rest = first_hits(fields, most_counted);
        self.search_with(&[], query, size, rest).await
    }

    /// Like [`Self::search`], over log lines and invocations.
    pub(super) async fn search_all_kinds(
        &self,
        query: &Query,
        size: usize,
        fields: SourceFields,
        most_counted: usize,
    ) -> Result<Page, SearchError> {
        let rest = first_hits(fields, most_counted);
        let indices = self.indices_path_of_all();
        self.page(&indices, &[], query, size, rest).await
    }

    /// The first hits of a query. `parameters` go into the URL, such as `preference=…`; `rest` goes into the body.
    pub(crate) async fn search_with(
        &self,
        parameters: &[&str],
        query: &Query,
        size: usize,
        rest: Value,
    ) -> Result<Page, SearchError> {
        let indices = self.indices_path(query.kind);
        self.page(&indices, parameters, query, size, rest).await
    }

    async fn page(
        &self,
        indices: &str,
        parameters: &[&str],
        query: &Query,
        size: usize,
        rest: Value,
    ) -> Result<Page, SearchError> {
        let (_, response): (_, SearchResponse) =
            (self.search_indices(indices, parameters, query, size, rest)).await?;
        Ok(response.into_page())
    }

    /// Path and body of a search, for a person who asks OpenSearch directly.
    pub fn as_request(&self, query: &Query, size: usize) -> (String, Value) {
        let path = self.endpoint(&self.indices_path(query.kind), "_search", &[]);
        let body = json!({"size": size, "query": query.query(), "sort": query.sort});
        (path, body)
    }

    /// The aggregations `aggs` over all hits of a query.
    pub(crate) async fn aggregate<A: DeserializeOwned>(
        &self,
        query: &Query,
        aggs: Value,
    ) -> Result<A, SearchError> {
        let rest = json!({"track_total_hits": false, "aggs": aggs});
        let indices = self.indices_path(query.kind);
        let (path, response): (_, SearchResponse<A>) =
            (self.search_indices(&indices, &[], query, 0, rest)).await?;
        let missing = || SearchError::UnknownResponse {
            path,
            source: serde::de::Error::missing_field("aggregations"),
        };
        response.aggregations.ok_or_else(missing)
    }

    /// Searches; returns the path and the response, which is of one index at least. The first search asks for closed
    /// indices too: OpenSearch refuses it if there is one. It leaves others out silently, so that only a request for
    /// their names would tell.
    async fn search_indices<A: DeserializeOwned>(
        &self,
        indices: &str,
        parameters: &[&str],
        query: &Query,
        size: usize,
        rest: Value,
    ) -> Result<(String, SearchResponse<A>), SearchError> {
        let searched = self.search_open_or_all(indices, parameters, query, size, rest);
        let (path, response) = searched.await?;
        match response.shards.total {
            0 => Err(SearchError::NoIndex(self.pattern(query.kind))),
            _ => Ok((path, response)),
        }
    }

    async fn search_open_or_all<A: DeserializeOwned>(
        &self,
        indices: &str,
        parameters: &[&str],
        query: &Query,
        size: usize,
        rest: Value,
    ) -> Result<(String, SearchResponse<A>), SearchError> {
        if !self.opensearch.is_serverless() && !self.has_met_closed() {
            let expand = ["expand_wildcards=open,closed,hidden"];
            let parameters = [parameters, &expand].concat();
            let path = format!("{indices}/_search?{}", parameters.join("&"));
            match self.send_search(&path, query, size, rest.clone()).await {
                Err(error) if error.is_closed_index() => {
                    self.has_met_closed.store(true, Ordering::Relaxed);
                }
                response => return Ok((path, response?)),
            }
        }
        let path = self.endpoint(indices, "_search", parameters);
        let response = self.send_search(&path, query, size, rest).await?;
        Ok((path, response))
    }

    pub(crate) async fn send_search<A: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query,
        size: usize,
        rest: Value,
    ) -> Result<SearchResponse<A>, SearchError> {
        let mut body = json!({"size": size, "query": query.query(), "sort": query.sort});
        if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
            body.extend(rest);
        }
        let response = tokio::select! {
            response = self.opensearch.call_raw(Method::POST, path, Some(&body)) => response?,
            () = self.stop.cancelled() => return Err(SearchError::Interrupted),
        };
        let response: SearchResponse<A> = read_response(path, &response)?;
        if let Some(incomplete) = response.incomplete() {
            self.lock_incomplete().get_or_insert(incomplete);
        }
        Ok(response)
    }

    /// Opens a point in time of all shards. A point in time of some shards would lose hits silently.
    pub(crate) async fn open_point_in_time(&self, query: &Query) -> Result<String, SearchError> {
        let keep_alive = format!("keep_alive={POINT_IN_TIME_KEEP_ALIVE}");
        let path = self.endpoint(
            &self.path_of_hits(query).await?,
            "_search/point_in_time",
            &[&keep_alive, "allow_partial_pit_creation=false"],
        );
        let response = self.opensearch.call_raw(Method::POST, &path, None).await;
        let response = response.map_err(SearchError::NoPointInTime)?;
        let response: PointInTimeResponse = read_response(&path, &response)?;
        if let Some(incomplete) = response.shards.incomplete() {
            self.delete_point_in_time(&response.pit_id).await;
            return Err(SearchError::PartialPointInTime(incomplete));
        }
        Ok(response.pit_id)
    }

    /// The indices that have hits, if a path can name them: a point in time needs no shards without hits.
    async fn path_of_hits(&self, query: &Query) -> Result<String, SearchError> {
        let path = self.endpoint(&self.indices_path(query.kind), "_search", &[]);
        let indices = json!({"terms": {"field": "_index", "size": MAX_NAMED_INDICES}});
        let rest = json!({"track_total_hits": false, "aggs": {"indices": indices}});
        let response: SearchResponse<IndexNames> = self.send_search(&path, query, 0, rest).await?;
        let names = response.into_index_names();
        let path = format!("/{}", names.join(","));
        let fits = !names.is_empty() && path.len() <= MAX_PATH_BYTES;
        Ok(if fits {
            path
        } else {
            self.indices_path(query.kind)
        })
    }

    /// Errors are ignored: a point in time expires by itself.
    pub(crate) async fn delete_point_in_time(&self, pit: &str) {
        let body = json!({"pit_id": [pit]});
        let path = "/_search/point_in_time";
        let deleted = self.opensearch.call(Method::DELETE, path, Some(&body));
        let _ = tokio::time::timeout(DELETE_TIMEOUT, deleted).await;
    }
}

/// The parts of a request that ask for the first hits and for the number of all hits, up to `most_counted`.
fn first_hits(fields: SourceFields, most_counted: usize) -> Value {
    let counted = match most_counted {
        0 => json!(false),
        most => json!(most),
    };
    json!({"_source": fields.to_json(), "track_total_hits": counted})
}

pub(super) fn read_response<R: DeserializeOwned>(
    path: &str,
    response: &[u8],
) -> Result<R, SearchError> {
    serde_json::from_slice(response).map_err(|source| SearchError::UnknownResponse {
        path: path.to_owned(),
        source,
    })
}
