/*! Metrics and buckets of a visualization, as people choose them in Dashboards' editor. */

use serde_json::{Value, json};

/// What is computed for each bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Metric {
    Count,
    Sum(&'static str),
    Max(&'static str),
    Min(&'static str),
    Distinct(&'static str),
    Percentiles(&'static str, &'static [u32]),
}

/// How documents are divided.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bucket {
    /// By time, as fine as the chart is wide.
    Time,
    /// By the values of a field: at most so many, those with the most documents.
    Values(&'static str, u32),
    /// By queries: label and query.
    Queries(&'static [(&'static str, &'static str)]),
}

/// A metric or a bucket with its heading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labelled<T> {
    pub(crate) what: T,
    pub(crate) label: &'static str,
}

pub(crate) fn metric(what: Metric, label: &'static str) -> Labelled<Metric> {
    Labelled { what, label }
}

pub(crate) fn bucket(what: Bucket, label: &'static str) -> Labelled<Bucket> {
    Labelled { what, label }
}

impl Labelled<Metric> {
    pub(crate) fn to_json(self, id: usize) -> Value {
        let (kind, mut params) = match self.what {
            Metric::Count => ("count", json!({})),
            Metric::Sum(field) => ("sum", json!({"field": field})),
            Metric::Max(field) => ("max", json!({"field": field})),
            Metric::Min(field) => ("min", json!({"field": field})),
            Metric::Distinct(field) => ("cardinality", json!({"field": field})),
            Metric::Percentiles(field, percents) => {
                ("percentiles", json!({"field": field, "percents": percents}))
            }
        };
        params["customLabel"] = self.label.into();
        aggregation(id, kind, "metric", params)
    }
}

impl Labelled<Bucket> {
    /// `schema` is the place of the bucket in the visualization. `order_by` is the id of the count.
    pub(crate) fn to_json(self, id: usize, schema: &str, order_by: usize) -> Value {
        let (kind, mut params) = match self.what {
            Bucket::Time => (
                "date_histogram",
                json!({
                    "field": "@timestamp", "interval": "auto", "min_doc_count": 1, "drop_partials": false,
                    "scaleMetricValues": false, "useNormalizedOpenSearchInterval": true, "extended_bounds": {},
                }),
            ),
            Bucket::Values(field, size) => (
                "terms",
                json!({
                    "field": field, "size": size, "orderBy": order_by.to_string(), "order": "desc",
                    "otherBucket": false, "otherBucketLabel": "Other",
                    "missingBucket": false, "missingBucketLabel": "Missing",
                }),
            ),
            Bucket::Queries(queries) => {
                let filters: Vec<Value> = (queries.iter())
                    .map(|(label, query)| json!({"label": label, "input": lucene(query)}))
                    .collect();
                ("filters", json!({"filters": filters}))
            }
        };
        if !matches!(self.what, Bucket::Queries(_)) {
            params["customLabel"] = self.label.into();
        }
        aggregation(id, kind, schema, params)
    }
}

fn aggregation(id: usize, kind: &str, schema: &str, params: Value) -> Value {
    json!({"id": id.to_string(), "enabled": true, "type": kind, "schema": schema, "params": params})
}

/// A query in the syntax of query_string.
pub(crate) fn lucene(query: &str) -> Value {
    json!({"query": query, "language": "lucene"})
}
