/*! The dashboard *Pipeline*: what the indices tell about the way of the logs. Documents have no time of their own
arrival, because a redelivery must end in the same document: lag is seen as the age of the newest document. */

use serde_json::{Value, json};

use crate::dashboards::aggregation::{Bucket, Metric, bucket, metric};
use crate::dashboards::index_pattern::Source;
use crate::dashboards::overview::{VEGA_LITE, vega_data};
use crate::dashboards::panel::{Panel, View};
use crate::dashboards::vis_state::Drawing;

pub(crate) fn panels(prefix: &str) -> Vec<Panel> {
    vec![
        Panel {
            name: "pipeline-counts",
            title: "Events",
            description: "Log events, the objects that they came in, and the time of the newest one: if it is old, the pipeline lags or the functions are silent.",
            width: 48,
            height: 8,
            view: View::Aggregation {
                source: Source::Logs,
                query: "",
                drawing: Drawing::Numbers,
                metrics: vec![
                    metric(Metric::Count, "events"),
                    metric(Metric::Distinct("aws.s3.key"), "objects"),
                    metric(Metric::Max("@timestamp"), "newest event"),
                    metric(
                        Metric::Sum("lambda.dropped.records"),
                        "records that Lambda dropped",
                    ),
                ],
                buckets: vec![],
            },
        },
        Panel {
            name: "pipeline-events",
            title: "Events by log group",
            description: "Log events over time, by log group. A gap in all groups is a gap of the pipeline.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Logs,
                query: "",
                drawing: Drawing::Bars,
                metrics: vec![metric(Metric::Count, "events")],
                buckets: vec![
                    bucket(Bucket::Time, "time"),
                    bucket(Bucket::Values("aws.log.group.name", 12), "log group"),
                ],
            },
        },
        Panel {
            name: "pipeline-freshness",
            title: "Minutes since the newest event",
            description: "The age of the newest event of each function in the time range.",
            width: 24,
            height: 14,
            view: View::Vega(freshness(prefix)),
        },
        Panel {
            name: "pipeline-groups",
            title: "Log groups",
            description: "Events, objects, first and newest event of each log group.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Logs,
                query: "",
                drawing: Drawing::Table,
                metrics: vec![
                    metric(Metric::Count, "events"),
                    metric(Metric::Distinct("aws.s3.key"), "objects"),
                    metric(Metric::Min("@timestamp"), "first"),
                    metric(Metric::Max("@timestamp"), "newest"),
                ],
                buckets: vec![bucket(
                    Bucket::Values("aws.log.group.name", 50),
                    "log group",
                )],
            },
        },
        Panel {
            name: "pipeline-incomplete",
            title: "Incomplete invocations",
            description: "Invocations whose report has not arrived: still running, on their way, or lost before S3.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Invocations,
                query: "invocation.status:incomplete",
                drawing: Drawing::Bars,
                metrics: vec![metric(Metric::Count, "incomplete")],
                buckets: vec![
                    bucket(Bucket::Time, "start"),
                    bucket(Bucket::Values("faas.name", 10), "function"),
                ],
            },
        },
        Panel {
            name: "pipeline-flags",
            title: "Flagged events",
            description: "Events that logferry had to cut, repair or could not date, by flag.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Logs,
                query: "_exists_:logferry.flags",
                drawing: Drawing::Table,
                metrics: vec![
                    metric(Metric::Count, "events"),
                    metric(Metric::Sum("logferry.truncated_bytes"), "bytes cut off"),
                ],
                buckets: vec![
                    bucket(Bucket::Values("logferry.flags", 20), "flag"),
                    bucket(Bucket::Values("aws.log.group.name", 10), "log group"),
                ],
            },
        },
        Panel {
            name: "pipeline-dead-letters",
            title: "Dead letters",
            description: "Documents and objects that could not be indexed, over time. Needs dead letters in an index of this name.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::DeadLetters,
                query: "",
                drawing: Drawing::Bars,
                metrics: vec![metric(Metric::Count, "dead letters")],
                buckets: vec![
                    bucket(Bucket::Time, "time"),
                    bucket(Bucket::Values("kind.keyword", 2), "kind"),
                ],
            },
        },
        Panel {
            name: "pipeline-reasons",
            title: "Dead letters by index and status",
            description: "Which index refused documents, with which status, since when; objects have neither. `logferry dead-letters list` groups by reason.",
            width: 48,
            height: 12,
            view: View::Aggregation {
                source: Source::DeadLetters,
                query: "kind:document",
                drawing: Drawing::Table,
                metrics: vec![
                    metric(Metric::Count, "letters"),
                    metric(Metric::Min("@timestamp"), "first"),
                    metric(Metric::Max("@timestamp"), "last"),
                ],
                buckets: vec![
                    bucket(Bucket::Values("index.keyword", 20), "index"),
                    bucket(Bucket::Values("status", 5), "status"),
                ],
            },
        },
        Panel {
            name: "pipeline-letters",
            title: "Latest dead letters",
            description: "Dead letters, newest first.",
            width: 48,
            height: 16,
            view: View::Documents {
                source: Source::DeadLetters,
                query: "",
                columns: &["kind", "reason", "bucket", "key", "offset", "index"],
                order: "desc",
            },
        },
    ]
}

fn freshness(prefix: &str) -> Value {
    let body = json!({
        "size": 0,
        "aggs": {"functions": {
            "terms": {"field": "faas.name", "size": 50},
            "aggs": {"newest": {"max": {"field": "@timestamp"}}},
        }},
    });
    json!({
        "$schema": VEGA_LITE,
        "data": vega_data(Source::Logs, prefix, body, "aggregations.functions.buckets"),
        "transform": [{"calculate": "max(0, (now() - datum.newest.value) / 60000)", "as": "minutes"}],
        "mark": "bar",
        "encoding": {
            "y": {"field": "key", "type": "nominal", "title": null, "sort": "-x"},
            "x": {"field": "minutes", "type": "quantitative", "title": "minutes", "scale": {"type": "symlog"}},
            "tooltip": [
                {"field": "key", "type": "nominal", "title": "function"},
                {"field": "minutes", "type": "quantitative", "format": ",.1f"},
                {"field": "doc_count", "type": "quantitative", "title": "events"},
            ],
        },
    })
}
