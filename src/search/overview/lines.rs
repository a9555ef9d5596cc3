/*! A question about log lines goes in; their number over time by level, and the most frequent functions, levels and
error types come out, of one request. */

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::search::client::SearchClient;
use crate::search::error::SearchError;
use crate::search::query::{Order, SourceFields, list};
use crate::search::question::{Question, Since, TimeRange, View};
use crate::search::report::{Span, bucket_count, bucket_index, nice_step};

/// Most values of a filter that are offered.
const MAX_FACETS: usize = 10;

const TIME_ONLY: SourceFields = SourceFields::Only(&["@timestamp"]);

/// How many lines there are.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    pub span: Span,
    pub step_ms: i64,
    pub total: u64,
    /// One for each step of the span.
    pub over_time: Vec<LineBucket>,
    pub functions: Vec<Facet>,
    pub levels: Vec<Facet>,
    pub error_types: Vec<Facet>,
}

/// Lines of one time bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineBucket {
    /// Of level ERROR or FATAL.
    pub errors: u64,
    pub warnings: u64,
    pub others: u64,
}

/// A value to filter by, and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    pub value: String,
    pub lines: u64,
}

#[derive(Deserialize)]
struct Aggregations {
    over_time: Buckets<TimeBucket>,
    functions: Buckets<ValueBucket>,
    levels: Buckets<ValueBucket>,
    error_types: Buckets<ValueBucket>,
}

#[derive(Deserialize)]
struct Buckets<B> {
    buckets: Vec<B>,
}

#[derive(Deserialize)]
struct TimeBucket {
    key: i64,
    doc_count: u64,
    levels: Buckets<ValueBucket>,
}

#[derive(Deserialize)]
struct ValueBucket {
    key: String,
    doc_count: u64,
}

impl SearchClient {
    /// Counts the lines of a question within the span; the times of the question do not count.
    pub async fn line_overview(
        &self,
        question: &Question,
        span: Span,
        most_buckets: u32,
        now: Timestamp,
    ) -> Result<Lines, SearchError> {
        let step_ms = nice_step(span, most_buckets);
        let query = list(&within(question, span), now, Order::NewestFirst);
        let answer = self.aggregate(&query, aggregations(span, step_ms)).await?;
        Ok(read(span, step_ms, answer))
    }

    /// Time of the newest line at any time: tells where to look if a span has none.
    pub async fn newest_line(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, SearchError> {
        let question = Question {
            view: View::Lines,
            range: TimeRange::default(),
            ..question.clone()
        };
        let query = list(&question, now, Order::NewestFirst);
        let hits = self.hits(&query, 0, 1, TIME_ONLY).await?;
        let time = hits.first().and_then(|hit| hit.sort.first()?.as_i64());
        Ok(time.and_then(|time| Timestamp::from_millisecond(time).ok()))
    }
}

/// The lines of a question within a span.
pub(super) fn within(question: &Question, span: Span) -> Question {
    Question {
        view: View::Lines,
        range: TimeRange {
            since: Some(Since::At(span.since)),
            until: Some(span.until),
        },
        ..question.clone()
    }
}

fn aggregations(span: Span, step_ms: i64) -> Value {
    let offset = span.since.as_millisecond().rem_euclid(step_ms);
    let terms = |field: &str, size: usize| json!({"terms": {"field": field, "size": size}});
    json!({
        "over_time": {
            "date_histogram": {
                "field": "@timestamp",
                "fixed_interval": format!("{step_ms}ms"),
                "offset": format!("{offset}ms"),
                "min_doc_count": 1,
            },
            "aggs": {"levels": terms("log.level", MAX_FACETS)},
        },
        "functions": terms("faas.name", MAX_FACETS),
        "levels": terms("log.level", MAX_FACETS),
        "error_types": terms("error.type", MAX_FACETS),
    })
}

fn read(span: Span, step_ms: i64, answer: Aggregations) -> Lines {
    let mut over_time = vec![LineBucket::default(); bucket_count(span, step_ms)];
    let mut total = 0;
    for bucket in answer.over_time.buckets {
        total += bucket.doc_count;
        let index = bucket_index(span, step_ms, bucket.key);
        let Some(counted) = index.and_then(|index| over_time.get_mut(index)) else {
            continue;
        };
        counted.others += bucket.doc_count;
        for level in bucket.levels.buckets {
            let part = match &*level.key {
                "ERROR" | "FATAL" => &mut counted.errors,
                "WARN" => &mut counted.warnings,
                _ => continue,
            };
            *part += level.doc_count;
            counted.others = counted.others.saturating_sub(level.doc_count);
        }
    }
    let facets = |values: Buckets<ValueBucket>| {
        let values = values.buckets.into_iter();
        let facet = |value: ValueBucket| Facet {
            value: value.key,
            lines: value.doc_count,
        };
        values.map(facet).collect()
    };
    Lines {
        span,
        step_ms,
        total,
        over_time,
        functions: facets(answer.functions),
        levels: facets(answer.levels),
        error_types: facets(answer.error_types),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_by_level_and_none_is_missing() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let span = Span {
            since: time("2026-11-23T10:00:00Z"),
            until: time("2026-11-23T10:00:30Z"),
        };
        let answer = json!({
            "over_time": {"buckets": [
                {"key": time("2026-11-23T10:00:10Z").as_millisecond(), "doc_count": 9, "levels": {"buckets": [
                    {"key": "ERROR", "doc_count": 2}, {"key": "WARN", "doc_count": 1}, {"key": "INFO", "doc_count": 3},
                ]}},
            ]},
            "functions": {"buckets": [{"key": "orders", "doc_count": 9}]},
            "levels": {"buckets": []},
            "error_types": {"buckets": []},
        });
        let lines = read(span, 10_000, serde_json::from_value(answer).unwrap());
        let bucket = LineBucket {
            errors: 2,
            warnings: 1,
            others: 6,
        };
        let empty = LineBucket::default();
        assert_eq!(lines.over_time, [empty, bucket, empty]);
        assert_eq!(lines.total, 9);
        assert_eq!(lines.functions[0].value, "orders");
    }
}
