/*! One question to the indices of a prefix, and its answer. */

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::commands::search::query::Query;
use crate::commands::search::text::brief;
use crate::sink::IndexError;
use crate::sink::opensearch::{Method, OpenSearch};
use logferry_core::document::index_name::DocumentKind;

/// How long a point in time outlives the last page, for readers that page by hand.
pub(crate) const KEEP_ALIVE: &str = "10m";
/// How long giving a point in time back may take.
const CLOSING: Duration = Duration::from_secs(3);
/// Indices that a point in time may be made of by name. A request's first line may have 4096 bytes.
const NAMED: usize = 100;
const LONGEST_PATH: usize = 3500;

/// A document that was found.
#[derive(Debug, Clone, Deserialize)]
pub struct Hit {
    #[serde(rename = "_index")]
    pub index: String,
    #[serde(rename = "_id")]
    pub id: String,
    /// As it is stored, or what was asked for of it; none where nothing was.
    #[serde(rename = "_source", default)]
    pub source: Option<Box<RawValue>>,
    #[serde(default)]
    pub sort: Vec<Value>,
}

/// An answer to one request.
#[derive(Debug, Default)]
pub struct Page {
    pub hits: Vec<Hit>,
    pub total: Total,
}

/// How many there are in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Total {
    pub value: u64,
    pub relation: Relation,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    #[default]
    Eq,
    /// There are more; nobody counted on.
    Gte,
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    timed_out: bool,
    _shards: Shards,
    hits: Hits,
    #[serde(default)]
    aggregations: Option<Aggregations>,
}

#[derive(Deserialize)]
struct Shards {
    total: u32,
    failed: u32,
    #[serde(default)]
    failures: Vec<Value>,
}

impl Shards {
    /// Why some did not answer.
    fn failure(&self) -> Option<String> {
        let reason = self.failures.first();
        let reason = reason.and_then(|failure| failure["reason"]["reason"].as_str());
        let sentence = reason.and_then(|reason| reason.split(". ").next());
        (self.failed > 0).then(|| {
            format!(
                "{} of {} shards did not answer ({})",
                self.failed,
                self.total,
                brief(sentence.unwrap_or("no reason given"))
            )
        })
    }
}

#[derive(Deserialize)]
struct Aggregations {
    indices: Buckets,
}

#[derive(Deserialize)]
struct Buckets {
    sum_other_doc_count: u64,
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    key: String,
}

#[derive(Deserialize)]
struct PointInTime {
    pit_id: String,
    _shards: Shards,
}

#[derive(Deserialize)]
struct Hits {
    #[serde(default)]
    total: Total,
    hits: Vec<Hit>,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "there is no index {0}: check --index-prefix, and whether a worker or ingest has loaded anything yet"
)]
pub struct NoIndex(String);

/// Somebody does not want to wait for the rest.
#[derive(Debug, thiserror::Error)]
#[error("interrupted: what was printed is not all")]
pub struct Interrupted;

/// Where to ask: the indices of one prefix.
pub struct Index {
    pub(crate) client: OpenSearch,
    pub(crate) prefix: String,
    stop: CancellationToken,
    /// Why an answer was not whole.
    incomplete: RefCell<Option<String>>,
}

impl Index {
    /// Searches until `stop`.
    pub fn new(client: OpenSearch, prefix: String, stop: CancellationToken) -> Self {
        Self {
            client,
            prefix,
            stop,
            incomplete: RefCell::default(),
        }
    }

    /// Why something may be missing in what was found.
    pub fn incomplete(&self) -> Option<String> {
        self.incomplete.borrow().clone()
    }

    /// What was missing has been asked for again.
    pub fn forget_incomplete(&self) {
        self.incomplete.take();
    }

    fn is_incomplete(&self, why: String) {
        self.incomplete.borrow_mut().get_or_insert(why);
    }

    /// Indices of every day. The day of an index is not always that of the time searched for: an invocation goes by its
    /// stream's name, a wild time by none. OpenSearch leaves out at once what a range of times cannot match.
    fn pattern(&self, kind: DocumentKind) -> String {
        format!("{}-{}-*", self.prefix, kind.as_str())
    }

    /// Without copies (`…-2026.11.22-copy`), and without those of a prefix that begins with ours (`app-logs` after `app`).
    pub(crate) fn path(&self, kind: DocumentKind) -> String {
        let pattern = self.pattern(kind);
        format!("/{pattern},-{pattern}-*")
    }

    /// Where to send a request about indices of a kind. A hidden one is one of ours too; Serverless has none, and may not know the
    /// parameter.
    fn endpoint(&self, indices: &str, verb: &str, parameters: &[&str]) -> String {
        let hidden = (!self.client.is_serverless()).then_some("expand_wildcards=open,hidden");
        let parameters: Vec<&str> = parameters.iter().copied().chain(hidden).collect();
        let mark = if parameters.is_empty() { "" } else { "?" };
        format!("{indices}/{verb}{mark}{}", parameters.join("&"))
    }

    /// What OpenSearch thinks of a query. Unlike a search, it says 404 where no index matches what a path excludes, unless
    /// told not to mind.
    pub async fn validate(&self, query: &Query) -> Result<Value, IndexError> {
        let path = self.endpoint(
            &self.path(query.kind),
            "_validate/query",
            &["explain=true", "allow_no_indices=true"],
        );
        let body = json!({"query": query.query()});
        self.client.call(Method::Post, &path, Some(&body)).await
    }

    /// One request. `rest` goes into its body.
    pub async fn search(&self, query: &Query, size: usize, rest: Value) -> anyhow::Result<Page> {
        self.search_by(&[], query, size, rest).await
    }

    /// With parameters of the request, such as `preference=…`.
    pub async fn search_by(
        &self,
        parameters: &[&str],
        query: &Query,
        size: usize,
        rest: Value,
    ) -> anyhow::Result<Page> {
        let path = self.endpoint(&self.path(query.kind), "_search", parameters);
        let answer = self.ask(&path, query, size, rest).await?;
        if answer._shards.total == 0 {
            bail!(NoIndex(self.pattern(query.kind)));
        }
        Ok(answer.into())
    }

    pub(crate) async fn ask(
        &self,
        path: &str,
        query: &Query,
        size: usize,
        rest: Value,
    ) -> anyhow::Result<Answer> {
        let mut body = json!({"size": size, "query": query.query(), "sort": query.sort});
        if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
            body.extend(rest);
        }
        let answer = tokio::select! {
            answer = self.client.call_raw(Method::Post, path, Some(&body)) => answer?,
            () = self.stop.cancelled() => bail!(Interrupted),
        };
        let answer: Answer = serde_json::from_slice(&answer)
            .with_context(|| format!("{path} was answered with something else"))?;
        if let Some(why) = answer._shards.failure() {
            self.is_incomplete(why);
        } else if answer.timed_out {
            self.is_incomplete("the search was cut off by a time limit of the cluster".to_owned());
        }
        Ok(answer)
    }

    /// A point in time of all shards, or none: without some, its pages would lack them without a word.
    pub(crate) async fn open(&self, query: &Query) -> anyhow::Result<String> {
        let keep_alive = format!("keep_alive={KEEP_ALIVE}");
        let path = self.endpoint(
            &self.path_of_hits(query).await?,
            "_search/point_in_time",
            &[&keep_alive, "allow_partial_pit_creation=false"],
        );
        let answer = self.client.call_raw(Method::Post, &path, None).await;
        let answer = answer.map_err(|error| {
            let why = no_point_in_time(&error.to_string());
            anyhow::Error::new(error).context(why)
        })?;
        let answer: PointInTime =
            serde_json::from_slice(&answer).context("a point in time without an id")?;
        if let Some(why) = answer._shards.failure() {
            self.give_back(&answer.pit_id).await;
            bail!("{}: {why}", no_point_in_time(&why));
        }
        Ok(answer.pit_id)
    }

    /// The indices that have hits, if a request's first line can name them: shards without hits need no place in a point in time.
    async fn path_of_hits(&self, query: &Query) -> anyhow::Result<String> {
        let path = self.endpoint(&self.path(query.kind), "_search", &[]);
        let indices = json!({"terms": {"field": "_index", "size": NAMED}});
        let rest = json!({"track_total_hits": false, "aggs": {"indices": indices}});
        let answer = self.ask(&path, query, 0, rest).await?;
        let indices = answer.aggregations.map(|aggregations| aggregations.indices);
        let all = indices.filter(|indices| indices.sum_other_doc_count == 0);
        let names = all.map_or_else(Vec::new, |indices| indices.buckets);
        let names: Vec<String> = names.into_iter().map(|bucket| bucket.key).collect();
        let path = format!("/{}", names.join(","));
        let fits = !names.is_empty() && path.len() <= LONGEST_PATH;
        Ok(if fits { path } else { self.path(query.kind) })
    }

    /// That a point in time could not be given back is no reason to fail: it ends by itself.
    pub(crate) async fn give_back(&self, pit: &str) {
        let body = json!({"pit_id": [pit]});
        let path = "/_search/point_in_time";
        let closing = self.client.call(Method::Delete, path, Some(&body));
        let _ = tokio::time::timeout(CLOSING, closing).await;
    }
}

fn no_point_in_time(reason: &str) -> String {
    let mut why = "more than one page needs a point in time of all shards".to_owned();
    if reason.contains("too many Point In Time contexts") {
        why.push_str(", and a node has no context left for one of them: raise the cluster setting search.max_open_pit_context above the number of shards, or ask for fewer days by --since and --until");
    }
    why
}

impl From<Answer> for Page {
    fn from(answer: Answer) -> Self {
        Self {
            hits: answer.hits.hits,
            total: answer.hits.total,
        }
    }
}
