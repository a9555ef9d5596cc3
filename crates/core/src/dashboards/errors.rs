/*! The dashboard *Errors*. */

use crate::dashboards::aggregation::{Bucket, Metric, bucket, metric};
use crate::dashboards::index_pattern::Source;
use crate::dashboards::overview::FAILED;
use crate::dashboards::panel::{Panel, View};
use crate::dashboards::vis_state::Drawing;

/// Log lines that report an error, as query_string: the lines that `logferry search --errors` finds.
pub(crate) const ERROR_LINES: &str = "(log.level:(ERROR OR FATAL) OR _exists_:error.type OR _exists_:error.message \
     OR _exists_:error.stack_trace OR lambda.type:(platform.timeout OR platform.fault) OR _exists_:lambda.error_type \
     OR lambda.status:(error OR failure OR timeout)) \
     AND NOT lambda.type:(platform.runtimeDone OR platform.initRuntimeDone OR platform.restoreRuntimeDone)";

pub(crate) fn panels() -> Vec<Panel> {
    vec![
        Panel {
            name: "errors-lines",
            title: "Error lines",
            description: "Log lines that report an error, over time by function.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Logs,
                query: ERROR_LINES,
                drawing: Drawing::Bars,
                metrics: vec![metric(Metric::Count, "error lines")],
                buckets: vec![
                    bucket(Bucket::Time, "time"),
                    bucket(Bucket::Values("faas.name", 10), "function"),
                ],
            },
        },
        Panel {
            name: "errors-failed",
            title: "Failed invocations",
            description: "Invocations that failed, over time by status.",
            width: 24,
            height: 14,
            view: View::Aggregation {
                source: Source::Invocations,
                query: FAILED,
                drawing: Drawing::Bars,
                metrics: vec![metric(Metric::Count, "failed invocations")],
                buckets: vec![
                    bucket(Bucket::Time, "start"),
                    bucket(Bucket::Values("invocation.status", 5), "status"),
                ],
            },
        },
        Panel {
            name: "errors-types",
            title: "Error types",
            description: "Types of errors by function: how many, since when, until when.",
            width: 28,
            height: 16,
            view: View::Aggregation {
                source: Source::Logs,
                query: "_exists_:error.type",
                drawing: Drawing::Table,
                metrics: vec![
                    metric(Metric::Count, "lines"),
                    metric(Metric::Distinct("faas.invocation_id"), "invocations"),
                    metric(Metric::Min("@timestamp"), "first"),
                    metric(Metric::Max("@timestamp"), "last"),
                ],
                buckets: vec![
                    bucket(Bucket::Values("error.type", 50), "type"),
                    bucket(Bucket::Values("faas.name", 10), "function"),
                ],
            },
        },
        Panel {
            name: "errors-versions",
            title: "Failed invocations by version",
            description: "Did a new version break it? Failed invocations by function, version and status.",
            width: 20,
            height: 16,
            view: View::Aggregation {
                source: Source::Invocations,
                query: FAILED,
                drawing: Drawing::Table,
                metrics: vec![
                    metric(Metric::Count, "failed"),
                    metric(Metric::Min("@timestamp"), "first"),
                ],
                buckets: vec![
                    bucket(Bucket::Values("faas.name", 20), "function"),
                    bucket(Bucket::Values("faas.version", 5), "version"),
                    bucket(Bucket::Values("invocation.status", 5), "status"),
                ],
            },
        },
        Panel {
            name: "errors-invocations",
            title: "Latest failed invocations",
            description: "Failed invocations, newest first. A click on the request id shows the whole invocation.",
            width: 48,
            height: 16,
            view: View::Documents {
                source: Source::Invocations,
                query: FAILED,
                columns: &[
                    "faas.name",
                    "invocation.status",
                    "lambda.duration_ms",
                    "invocation.first_error",
                    "faas.invocation_id",
                ],
                order: "desc",
            },
        },
        Panel {
            name: "errors-documents",
            title: "Latest error lines",
            description: "Lines that report an error, newest first. A click on the request id shows the whole invocation.",
            width: 48,
            height: 18,
            view: View::Documents {
                source: Source::Logs,
                query: ERROR_LINES,
                columns: &[
                    "faas.name",
                    "log.level",
                    "error.type",
                    "message",
                    "faas.invocation_id",
                ],
                order: "desc",
            },
        },
    ]
}
