/*! A response of `_search` or of a point in time goes in; hits and totals come out. Pure. */

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::search::error::{IncompleteAnswer, SearchError};

/// A document that was found.
#[derive(Debug, Clone, Deserialize)]
pub struct Hit {
    #[serde(rename = "_index")]
    pub index: String,
    #[serde(rename = "_id")]
    pub id: String,
    /// The requested fields as they are stored; `None` if no field was requested.
    #[serde(rename = "_source", default)]
    pub source: Option<Box<RawValue>>,
    #[serde(default)]
    pub sort: Vec<Value>,
}

impl Hit {
    /// JSON text of the requested fields.
    pub fn source_text(&self) -> &str {
        self.source.as_deref().map_or("{}", RawValue::get)
    }

    /// The requested fields as a stored document.
    pub fn document<'a, D: Deserialize<'a>>(&'a self) -> Result<D, SearchError> {
        serde_json::from_str(self.source_text()).map_err(|source| SearchError::UnknownDocument {
            index: self.index.clone(),
            id: self.id.clone(),
            source,
        })
    }
}

/// The hits of one request.
#[derive(Debug, Default)]
pub struct Page {
    pub hits: Vec<Hit>,
    pub total: Total,
}

/// The number of all hits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Total {
    pub value: u64,
    pub relation: TotalRelation,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TotalRelation {
    #[default]
    Eq,
    /// OpenSearch stopped counting here.
    Gte,
}

#[derive(Deserialize)]
pub(crate) struct SearchResponse<A = IgnoredAny> {
    timed_out: bool,
    #[serde(rename = "_shards")]
    pub shards: Shards,
    hits: Hits,
    pub aggregations: Option<A>,
}

impl<A> SearchResponse<A> {
    pub fn incomplete(&self) -> Option<IncompleteAnswer> {
        let timed_out = self.timed_out.then_some(IncompleteAnswer::TimedOut);
        self.shards.incomplete().or(timed_out)
    }

    pub fn into_page(self) -> Page {
        Page {
            hits: self.hits.hits,
            total: self.hits.total,
        }
    }
}

impl SearchResponse<IndexNames> {
    /// Names of the aggregation `indices`; empty if it does not name all of them.
    pub fn into_index_names(self) -> Vec<String> {
        let indices = self.aggregations.map(|aggregations| aggregations.indices);
        let all = indices.filter(|indices| indices.sum_other_doc_count == 0);
        let buckets = all.map_or_else(Vec::new, |indices| indices.buckets);
        buckets.into_iter().map(|bucket| bucket.key).collect()
    }
}

#[derive(Deserialize)]
pub(crate) struct PointInTimeResponse {
    pub pit_id: String,
    #[serde(rename = "_shards")]
    pub shards: Shards,
}

#[derive(Deserialize)]
pub(crate) struct Shards {
    pub total: u64,
    failed: u64,
    #[serde(default)]
    failures: Vec<Value>,
}

impl Shards {
    pub fn incomplete(&self) -> Option<IncompleteAnswer> {
        let failure = self.failures.first();
        let reason = failure.and_then(|failure| failure["reason"]["reason"].as_str());
        let sentence = reason.and_then(|reason| reason.split(". ").next());
        (self.failed > 0).then(|| IncompleteAnswer::Shards {
            failed: self.failed,
            total: self.total,
            reason: first_line(sentence.unwrap_or("no reason given")),
        })
    }
}

#[derive(Deserialize)]
struct Hits {
    #[serde(default)]
    total: Total,
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
pub(crate) struct IndexNames {
    indices: IndexBuckets,
}

#[derive(Deserialize)]
struct IndexBuckets {
    sum_other_doc_count: u64,
    buckets: Vec<IndexBucket>,
}

#[derive(Deserialize)]
struct IndexBucket {
    key: String,
}

/// The first line of a reason, or the beginning of it.
pub(crate) fn first_line(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}
