/*! Keys of objects go in; the numbers of documents that name them come out: log documents, and summaries that hold
lines of them. One request for many keys. */

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::search::client::{SearchClient, read_response};
use crate::search::error::{IncompleteAnswer, SearchError};
use crate::search::response::Shards;
use crate::sink::opensearch::Method;
use logferry_core::document::index_name::DocumentKind;

#[derive(Deserialize)]
struct Counted {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    #[serde(default)]
    aggregations: Option<Aggregations>,
}

#[derive(Deserialize)]
struct Aggregations {
    objects: Buckets,
}

#[derive(Deserialize)]
struct Buckets {
    #[serde(default)]
    sum_other_doc_count: u64,
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    /// Missing in a bucket of a filter.
    #[serde(default)]
    key: String,
    doc_count: u64,
}

impl SearchClient {
    /// Counts the documents of each of these objects. Objects without documents are left out.
    pub async fn documents_of_objects(
        &self,
        bucket: &str,
        keys: &[&str],
    ) -> Result<HashMap<String, u64>, SearchError> {
        let filter = json!([{"term": {"aws.s3.bucket": bucket}}, {"terms": {"aws.s3.key": keys}}]);
        let objects =
            json!({"terms": {"field": "aws.s3.key", "size": keys.len().max(1), "include": keys}});
        let buckets = self.count(&filter, &objects).await?;
        Ok(buckets.into_iter().map(|b| (b.key, b.doc_count)).collect())
    }

    /// Counts the documents of the objects below each of these prefixes.
    pub async fn documents_below(
        &self,
        bucket: &str,
        prefixes: &[String],
    ) -> Result<Vec<u64>, SearchError> {
        let filters = prefixes.iter();
        let filters: Vec<Value> = filters
            .map(|prefix| json!({"prefix": {"aws.s3.key": prefix}}))
            .collect();
        let filter = json!([{"term": {"aws.s3.bucket": bucket}}]);
        let objects = json!({"filters": {"filters": filters}});
        let buckets = self.count(&filter, &objects).await?;
        let mut counts: Vec<u64> = buckets.into_iter().map(|b| b.doc_count).collect();
        // Without an index there are no buckets.
        counts.resize(prefixes.len(), 0);
        Ok(counts)
    }

    async fn count(&self, filter: &Value, objects: &Value) -> Result<Vec<Bucket>, SearchError> {
        // A summary names the objects of lines that have no documents.
        let [logs, invocations] = DocumentKind::ALL.map(|kind| self.indices_path(kind));
        let both = format!("{logs},{}", invocations.trim_start_matches('/'));
        let path = self.endpoint(&both, "_search", &[]);
        let body = json!({
            "size": 0, "track_total_hits": false,
            "query": {"bool": {"filter": filter}},
            "aggs": {"objects": objects},
        });
        let response = self
            .opensearch
            .call_raw(Method::POST, &path, Some(&body))
            .await?;
        let counted: Counted = read_response(&path, &response)?;
        // An object whose documents lie on a silent shard would seem to be missing.
        if let Some(incomplete) = counted.shards.incomplete() {
            return Err(SearchError::Incomplete(incomplete));
        }
        let objects = counted.aggregations.map(|found| found.objects);
        let others = objects.as_ref().map_or(0, |o| o.sum_other_doc_count);
        if counted.timed_out || others > 0 {
            return Err(SearchError::Incomplete(IncompleteAnswer::TimedOut));
        }
        Ok(objects.map_or_else(Vec::new, |objects| objects.buckets))
    }
}
