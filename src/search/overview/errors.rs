/*! A question about errors goes in; their groups come out, of two requests: exact numbers for each type, and the newest
lines, whose messages are read. */

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::search::client::SearchClient;
use crate::search::error::SearchError;
use crate::search::overview::error_groups::{Errors, TypeCount, group};
use crate::search::overview::lines::within;
use crate::search::query::{SourceFields, error_lines};
use crate::search::question::Question;
use crate::search::report::Span;

/// Newest lines whose messages are read.
const SAMPLE: usize = 1000;
/// Most error types that are counted.
const MAX_TYPES: usize = 100;

/// The fields that a group is made of.
const FIELDS: SourceFields = SourceFields::Only(&[
    "@timestamp",
    "message",
    "error.type",
    "error.message",
    "log.level",
    "lambda.type",
    "lambda.status",
    "lambda.timeout_seconds",
    "faas.name",
    "faas.invocation_id",
]);

#[derive(Deserialize)]
struct Aggregations {
    types: Terms,
    untyped: TypeBucket,
    total: Count,
}

#[derive(Deserialize)]
struct Terms {
    sum_other_doc_count: u64,
    buckets: Vec<TypeBucket>,
}

#[derive(Deserialize)]
struct TypeBucket {
    #[serde(default)]
    key: Option<String>,
    doc_count: u64,
    first: Extreme,
    last: Extreme,
}

#[derive(Deserialize)]
struct Extreme {
    value: Option<f64>,
}

#[derive(Deserialize)]
struct Count {
    value: u64,
}

impl SearchClient {
    /// Groups the errors of a question within the span; the times of the question do not count.
    pub async fn errors(
        &self,
        question: &Question,
        span: Span,
        now: Timestamp,
    ) -> Result<Errors, SearchError> {
        let query = error_lines(&within(question, span), now);
        let (counts, sample) = tokio::try_join!(
            self.aggregate::<Aggregations>(&query, aggregations()),
            self.hits(&query, 0, SAMPLE, FIELDS),
        )?;
        let mut types: Vec<TypeCount> = Vec::new();
        types.extend(counts.types.buckets.into_iter().map(type_count));
        types.push(type_count(counts.untyped));
        let mut errors = group(&sample, types, counts.total.value)?;
        errors.left_out = counts.types.sum_other_doc_count;
        Ok(errors)
    }
}

fn aggregations() -> Value {
    let times = json!({"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}});
    json!({
        "types": {"terms": {"field": "error.type", "size": MAX_TYPES}, "aggs": times},
        "untyped": {"missing": {"field": "error.type"}, "aggs": times},
        "total": {"value_count": {"field": "@timestamp"}},
    })
}

fn type_count(bucket: TypeBucket) -> TypeCount {
    let time = |extreme: Extreme| {
        let time = extreme.value?;
        Timestamp::from_millisecond(time as i64).ok()
    };
    TypeCount {
        error_type: bucket.key,
        lines: bucket.doc_count,
        first: time(bucket.first),
        last: time(bucket.last),
    }
}
