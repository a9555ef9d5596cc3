/*! The dashboard *Lambda overview*. */

use serde_json::{Value, json};

use crate::dashboards::aggregation::{Bucket, Metric, bucket, metric};
use crate::dashboards::index_pattern::Source;
use crate::dashboards::panel::{Panel, View};
use crate::dashboards::vis_state::Drawing;

/// Invocations that failed, as query_string.
pub(crate) const FAILED: &str = "invocation.status:(error OR timeout OR out_of_memory)";

pub(crate) fn panels(prefix: &str) -> Vec<Panel> {
    vec![
        Panel {
            name: "overview-counts",
            title: "Invocations",
            description: "Invocations, and how many of them failed, timed out, ran out of memory or started cold.",
            width: 32,
            height: 8,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "",
                drawing: Drawing::Numbers,
                metrics: vec![metric(Metric::Count, "")],
                buckets: vec![bucket(
                    Bucket::Queries(&[
                        ("invocations", "*"),
                        ("failed", FAILED),
                        ("timeouts", "invocation.status:timeout"),
                        ("out of memory", "invocation.status:out_of_memory"),
                        ("cold starts", "faas.coldstart:true"),
                    ]),
                    "",
                )],
            },
        },
        Panel {
            name: "overview-cost",
            title: "Estimated cost",
            description: "Estimated cost in US dollars and billed time in milliseconds.",
            width: 16,
            height: 8,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "",
                drawing: Drawing::Numbers,
                metrics: vec![
                    metric(Metric::Sum("invocation.estimated_cost_usd"), "US dollars"),
                    metric(Metric::Sum("lambda.billed_duration_ms"), "billed ms"),
                ],
                buckets: vec![],
            },
        },
        Panel {
            name: "overview-status",
            title: "Invocations by status",
            description: "Invocations over time by their status.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "",
                drawing: Drawing::Bars,
                metrics: vec![metric(Metric::Count, "invocations")],
                buckets: vec![
                    bucket(Bucket::Time, "start"),
                    bucket(Bucket::Values("invocation.status", 5), "status"),
                ],
            },
        },
        Panel {
            name: "overview-failure-rate",
            title: "Share of failed invocations",
            description: "A circle for each function and span of time: the size is the number of invocations, the colour the share that failed.",
            width: 24,
            height: 14,
            view: View::Vega(failure_rate(prefix)),
        },
        Panel {
            name: "overview-functions",
            title: "Functions",
            description: "The functions with the most invocations: durations, memory and cost.",
            width: 48,
            height: 14,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "",
                drawing: Drawing::Table,
                metrics: vec![
                    metric(Metric::Count, "invocations"),
                    metric(Metric::Sum("invocation.error_count"), "error lines"),
                    metric(
                        Metric::Percentiles("lambda.duration_ms", &[50, 95, 99]),
                        "duration, ms",
                    ),
                    metric(
                        Metric::Max("lambda.max_memory_used_mb"),
                        "most memory used, MB",
                    ),
                    metric(
                        Metric::Max("lambda.memory_size_mb"),
                        "memory configured, MB",
                    ),
                    metric(Metric::Sum("invocation.estimated_cost_usd"), "US dollars"),
                ],
                buckets: vec![bucket(Bucket::Values("faas.name", 50), "function")],
            },
        },
        Panel {
            name: "overview-durations",
            title: "Duration",
            description: "Percentiles of the duration of all invocations, in milliseconds.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "",
                drawing: Drawing::Lines,
                metrics: vec![metric(
                    Metric::Percentiles("lambda.duration_ms", &[50, 95, 99]),
                    "duration, ms",
                )],
                buckets: vec![bucket(Bucket::Time, "start")],
            },
        },
        Panel {
            name: "overview-cold-starts",
            title: "Cold starts",
            description: "Invocations that were the first of their environment, by function.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "faas.coldstart:true",
                drawing: Drawing::Bars,
                metrics: vec![metric(Metric::Count, "cold starts")],
                buckets: vec![
                    bucket(Bucket::Time, "start"),
                    bucket(Bucket::Values("faas.name", 10), "function"),
                ],
            },
        },
        Panel {
            name: "overview-slowest",
            title: "Slowest invocations",
            description: "The 500 slowest invocations by start and duration. The tooltip has the request id.",
            width: 24,
            height: 14,
            view: View::Vega(slowest(prefix)),
        },
        Panel {
            name: "overview-share",
            title: "Invocations by function",
            description: "The functions' shares of all invocations.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "",
                drawing: Drawing::Ring,
                metrics: vec![metric(Metric::Count, "invocations")],
                buckets: vec![bucket(Bucket::Values("faas.name", 12), "function")],
            },
        },
    ]
}

/// The schema of Vega-Lite that Dashboards 2.19 and 3.x know.
pub(crate) const VEGA_LITE: &str = "https://vega.github.io/schema/vega-lite/v5.json";

/// Data of a Vega panel: the dashboard's time, query and filters are added by Dashboards (`%context%`).
pub(crate) fn vega_data(source: Source, prefix: &str, body: Value, property: &str) -> Value {
    json!({
        "url": {
            "%context%": true, "%timefield%": "@timestamp", "index": source.indices(prefix), "body": body,
        },
        "format": {"property": property},
    })
}

fn failure_rate(prefix: &str) -> Value {
    let body = json!({
        "size": 0,
        "aggs": {"functions": {
            "terms": {"field": "faas.name", "size": 25},
            "aggs": {"time": {
                "date_histogram": {
                    "field": "@timestamp", "fixed_interval": {"%autointerval%": 30}, "min_doc_count": 1,
                },
                "aggs": {"failed": {"filter": {"terms": {
                    "invocation.status": ["error", "timeout", "out_of_memory"],
                }}}},
            }},
        }},
    });
    json!({
        "$schema": VEGA_LITE,
        "data": vega_data(Source::Invocations, prefix, body, "aggregations.functions.buckets"),
        "transform": [
            {"flatten": ["time.buckets"], "as": ["bucket"]},
            {"calculate": "datum.bucket.key", "as": "start"},
            {"calculate": "datum.bucket.doc_count", "as": "invocations"},
            {"calculate": "datum.bucket.failed.doc_count / datum.bucket.doc_count", "as": "failed"},
        ],
        "mark": {"type": "circle", "opacity": 0.9},
        "encoding": {
            "x": {"field": "start", "type": "temporal", "title": null},
            "y": {"field": "key", "type": "nominal", "title": null},
            "size": {
                "field": "invocations", "type": "quantitative", "scale": {"range": [20, 400]}, "legend": null,
            },
            "color": {
                "field": "failed", "type": "quantitative", "title": "failed",
                "scale": {"domain": [0, 0.5], "range": ["#54b399", "#d6bf57", "#e7664c"], "clamp": true},
                "legend": {"format": "%"},
            },
            "tooltip": [
                {"field": "key", "type": "nominal", "title": "function"},
                {"field": "start", "type": "temporal", "title": "from", "format": "%Y-%m-%d %H:%M"},
                {"field": "invocations", "type": "quantitative"},
                {"field": "failed", "type": "quantitative", "format": ".1%"},
            ],
        },
    })
}

fn slowest(prefix: &str) -> Value {
    let body = json!({
        "size": 500,
        "_source": ["@timestamp", "faas.name", "faas.invocation_id", "lambda.duration_ms", "invocation.status"],
        "sort": [{"lambda.duration_ms": {"order": "desc", "missing": "_last"}}],
    });
    json!({
        "$schema": VEGA_LITE,
        "data": vega_data(Source::Invocations, prefix, body, "hits.hits"),
        "transform": [
            {"filter": "isValid(datum._source.lambda) && isValid(datum._source.lambda.duration_ms)"},
            {"calculate": "toDate(datum._source['@timestamp'])", "as": "start"},
            {"calculate": "datum._source.lambda.duration_ms", "as": "duration"},
            {"calculate": "datum._source.faas.name", "as": "function"},
            {"calculate": "datum._source.faas.invocation_id", "as": "request"},
            {"calculate": "datum._source.invocation.status", "as": "status"},
        ],
        "mark": {"type": "point", "filled": true, "opacity": 0.8},
        "encoding": {
            "x": {"field": "start", "type": "temporal", "title": null},
            "y": {
                "field": "duration", "type": "quantitative", "title": "duration, ms",
                "scale": {"type": "sqrt"},
            },
            "color": {"field": "function", "type": "nominal"},
            "shape": {"field": "status", "type": "nominal"},
            "tooltip": [
                {"field": "function", "type": "nominal"},
                {"field": "status", "type": "nominal"},
                {"field": "duration", "type": "quantitative", "title": "duration, ms"},
                {"field": "start", "type": "temporal", "format": "%Y-%m-%d %H:%M:%S"},
                {"field": "request", "type": "nominal", "title": "request id"},
            ],
        },
    })
}
