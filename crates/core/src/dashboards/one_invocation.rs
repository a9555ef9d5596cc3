/*! The dashboard *One invocation*. */

use serde_json::{Value, json};

use crate::dashboards::index_pattern::Source;
use crate::dashboards::overview::{VEGA_LITE, vega_data};
use crate::dashboards::panel::{Panel, View};

/// The name of the dashboard; index patterns link request ids to it.
pub(crate) const NAME: &str = "one-invocation";

const HELP: &str = "Type the request id into the query bar:\n\n\
    `faas.invocation_id: \"8f14e45f-…\"`\n\n\
    or click a request id on another dashboard or in Discover. Widen the time range if nothing is found.\n\n\
    The dot line shows every log line of the request by its time; the tables below show its summary and its lines in \
    order.";

pub(crate) fn panels(prefix: &str) -> Vec<Panel> {
    vec![
        Panel {
            name: "invocation-help",
            title: "How to use this",
            description: "How to choose the invocation.",
            width: 14,
            height: 12,
            view: View::Markdown(HELP),
        },
        Panel {
            name: "invocation-timeline",
            title: "Timeline",
            description: "The first 1,000 lines of the chosen invocation by their time, coloured by level.",
            width: 34,
            height: 12,
            view: View::Vega(timeline(prefix)),
        },
        Panel {
            name: "invocation-summary",
            title: "Summary",
            description: "The summary of the chosen invocation.",
            width: 48,
            height: 9,
            view: View::Documents {
                source: Source::Invocations,
                query: "",
                columns: &[
                    "faas.name",
                    "faas.version",
                    "invocation.status",
                    "invocation.attempts",
                    "lambda.duration_ms",
                    "lambda.init_duration_ms",
                    "lambda.max_memory_used_mb",
                    "invocation.first_error",
                    "invocation.estimated_cost_usd",
                    "faas.invocation_id",
                ],
                order: "desc",
            },
        },
        Panel {
            name: "invocation-lines",
            title: "Lines",
            description: "All lines of the chosen invocation in their order.",
            width: 48,
            height: 24,
            view: View::Documents {
                source: Source::Logs,
                query: "",
                columns: &[
                    "lambda.type",
                    "log.level",
                    "message",
                    "error.type",
                    "faas.invocation_id",
                ],
                order: "asc",
            },
        },
    ]
}

fn timeline(prefix: &str) -> Value {
    let body = json!({
        "size": 1000,
        "_source": ["@timestamp", "message", "lambda.type", "log.level", "faas.invocation_id"],
        "sort": [{"@timestamp": "asc"}],
    });
    json!({
        "$schema": VEGA_LITE,
        "data": vega_data(Source::Logs, prefix, body, "hits.hits"),
        "transform": [
            {"calculate": "toDate(datum._source['@timestamp'])", "as": "time"},
            {"calculate": "datum._source.lambda ? datum._source.lambda.type : 'other'", "as": "kind"},
            {"calculate": "datum._source.log && datum._source.log.level ? datum._source.log.level : 'none'", "as": "level"},
            {"calculate": "truncate(datum._source.message || '', 200)", "as": "text"},
            {"calculate": "datum._source.faas ? datum._source.faas.invocation_id : ''", "as": "request"},
        ],
        "mark": {"type": "point", "filled": true, "size": 60, "opacity": 0.8},
        "encoding": {
            "x": {"field": "time", "type": "temporal", "title": null, "axis": {"format": "%H:%M:%S.%L"}},
            "y": {"field": "kind", "type": "nominal", "title": null, "sort": null},
            "color": {
                "field": "level", "type": "nominal",
                "scale": {
                    "domain": ["none", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
                    "range": ["#98a2b3", "#b9a888", "#6092c0", "#54b399", "#d6bf57", "#e7664c", "#a8322a"],
                },
            },
            "tooltip": [
                {"field": "time", "type": "temporal", "format": "%Y-%m-%d %H:%M:%S.%L"},
                {"field": "kind", "type": "nominal"},
                {"field": "level", "type": "nominal"},
                {"field": "text", "type": "nominal", "title": "message"},
                {"field": "request", "type": "nominal", "title": "request id"},
            ],
        },
    })
}
