/*! The metrics of all commands that serve them. In: what the pipeline, export, replay or coverage counts and measures;
out: scrapes, and a description of each metric.

The struct is passed along; there is no global registry. A metric is declared once, in [`Metrics::new`]. */

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use crate::observe::catalogue::{Catalogue, MetricDescription};
use crate::observe::coverage::CoverageMetrics;
use crate::observe::exposition::{self, ExpositionFormat};
use crate::observe::readiness::Readiness;
use crate::observe::replay::ReplayMetrics;

/// From a second to a day.
const LAG_BUCKETS: [f64; 15] = [
    1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 10_800.0, 43_200.0,
    86_400.0,
];

/// Documents by their verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub indexed: u64,
    pub already_there: u64,
    pub rejected: u64,
    pub unsettled: u64,
}

/// All metrics of a worker, and its readiness.
pub struct Metrics {
    catalogue: Catalogue,
    pub messages_received: Counter,
    pub messages_deleted: Counter,
    pub messages_released: Counter,
    pub messages_held: Gauge,
    pub receive_failures: Counter,
    pub delete_failures: Counter,
    pub leases_extended: Counter,
    pub leases_lost: Counter,
    lag_seconds: Histogram,
    pub notifications_ignored: Counter,
    pub notifications_invalid: Counter,
    pub buckets_not_allowed: Counter,
    pub buckets_paused: Counter,
    pub objects_reading: Gauge,
    pub objects_settled: Counter,
    pub objects_skipped: Counter,
    pub objects_gone: Counter,
    pub objects_unsettled: Counter,
    pub object_bytes: Counter,
    pub events: Counter,
    pub events_folded: Counter,
    pub local_copies: Counter,
    documents_indexed: Counter,
    documents_already_there: Counter,
    documents_rejected: Counter,
    documents_unsettled: Counter,
    pub dead_letters: Counter,
    pub summaries_merged: Counter,
    pub summaries_replaced: Counter,
    bulks_answered: Counter,
    bulks_not_answered: Counter,
    pub bulk_retries: Counter,
    pub bulk_splits: Counter,
    bulk_size_bytes: Histogram,
    /// Counted by the index, which alone knows what is sent.
    pub(crate) bulk_body_bytes: Counter,
    pub(crate) bulk_wire_bytes: Counter,
    bulk_time_seconds: Histogram,
    pub bulks_allowed: Gauge,
    pub index_up: Gauge,
    pub without_ids: Gauge,
    holding: Gauge,
    pub memory_reserved: Gauge,
    pub panics: Counter,
    pub export_groups: Gauge,
    pub export_groups_failing: Gauge,
    pub export_behind: Gauge,
    export_tasks_completed: Counter,
    export_tasks_failed: Counter,
    pub export_conflicts: Counter,
    otlp_failures_of_metrics: Counter,
    otlp_failures_of_traces: Counter,
    pub otlp_spans_dropped: Counter,
    pub replay: ReplayMetrics,
    pub coverage: CoverageMetrics,
    pub readiness: Readiness,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    pub fn new() -> Self {
        let mut catalogue = Catalogue::new();
        let declare = &mut catalogue;
        declare.info(
            "build_info",
            "version",
            env!("CARGO_PKG_VERSION"),
            "Always 1; the label names the version of logferry",
        );
        let [
            documents_indexed,
            documents_already_there,
            documents_rejected,
            documents_unsettled,
        ] = declare.counters_by(
            "documents",
            "verdict",
            ["indexed", "already_there", "rejected", "unsettled"],
            "Documents by their verdict",
        );
        let [bulks_answered, bulks_not_answered] = declare.counters_by(
            "bulks",
            "answered",
            ["yes", "no"],
            "Bulk requests by whether OpenSearch answered them",
        );
        let [export_tasks_completed, export_tasks_failed] = declare.counters_by(
            "export_tasks",
            "status",
            ["completed", "failed"],
            "Export tasks of CloudWatch Logs that ended, by their status; failed ones include cancelled ones",
        );
        let [otlp_failures_of_metrics, otlp_failures_of_traces] = declare.counters_by(
            "otlp_failures",
            "signal",
            ["metrics", "traces"],
            "Exports by OTLP that the receiver did not accept, wholly or in part, after all attempts",
        );
        Self {
            otlp_failures_of_metrics,
            otlp_failures_of_traces,
            otlp_spans_dropped: declare.counter(
                "otlp_spans_dropped",
                "Spans that the receiver of OTLP does not have: the queue was full, or an export failed",
            ),
            replay: ReplayMetrics::declare(declare),
            export_tasks_completed,
            export_tasks_failed,
            export_groups: declare.gauge("export_groups", "Log groups that export selects"),
            export_groups_failing: declare.gauge(
                "export_groups_failing",
                "Log groups whose export failed in the present or last pass",
            ),
            export_behind: declare.gauge(
                "export_behind_seconds",
                "Time that the log group that is most behind has still to export, --lateness not counted",
            ),
            export_conflicts: declare.counter(
                "export_conflicts",
                "Checkpoints that another exporter advanced first",
            ),
            messages_received: declare.counter(
                "messages_received",
                "Messages received from the queue, redeliveries included",
            ),
            messages_deleted: declare.counter(
                "messages_deleted",
                "Messages deleted after all their objects were settled",
            ),
            messages_released: declare.counter(
                "messages_released",
                "Messages given back to the queue for another delivery",
            ),
            messages_held: declare.gauge("messages_held", "Messages that the worker holds by a lease"),
            receive_failures: declare.counter("receive_failures", "Receive calls that failed"),
            delete_failures: declare.counter(
                "delete_failures",
                "Messages whose deletion failed; the queue delivers them again",
            ),
            leases_extended: declare.counter(
                "leases_extended",
                "Extensions of a message's visibility timeout",
            ),
            leases_lost: declare.counter(
                "leases_lost",
                "Messages whose visibility timeout ended while the worker held them",
            ),
            lag_seconds: declare.histogram(
                "lag_seconds",
                LAG_BUCKETS,
                "Time from the sending of a message until its objects are settled, first deliveries only",
            ),
            notifications_ignored: declare.counter(
                "notifications_ignored",
                "Notifications that name no object to fetch",
            ),
            notifications_invalid: declare.counter(
                "notifications_invalid",
                "Messages that hold no valid notification; the redrive policy moves them",
            ),
            buckets_not_allowed: declare.counter(
                "buckets_not_allowed",
                "Objects not fetched because --allow-bucket does not allow their bucket",
            ),
            buckets_paused: declare.counter(
                "buckets_paused",
                "Times that a bucket was paused after failures in a row (circuit breaker)",
            ),
            objects_reading: declare.gauge("objects_reading", "Objects that are being read"),
            objects_settled: declare.counter(
                "objects_settled",
                "Objects whose documents all have a final verdict",
            ),
            objects_skipped: declare.counter(
                "objects_skipped",
                "Objects with nothing to read: write tests, folder markers, empty or gone objects, local copies",
            ),
            objects_gone: declare.counter("objects_gone", "Skipped objects that no longer exist"),
            objects_unsettled: declare.counter(
                "objects_unsettled",
                "Objects left unsettled; a later delivery reads them again",
            ),
            object_bytes: declare.counter("object_bytes", "Decompressed bytes read from objects"),
            events: declare.counter("events", "Log events read from objects"),
            events_folded: declare.counter(
                "events_folded",
                "Log events that stand in the summary of their invocation instead of a document: --platform-lines folded",
            ),
            local_copies: declare.counter(
                "local_copies",
                "Log events skipped by --skip-local-copies, in objects that hold other events too",
            ),
            documents_indexed,
            documents_already_there,
            documents_rejected,
            documents_unsettled,
            dead_letters: declare.counter(
                "dead_letters",
                "Documents and objects written as dead letters",
            ),
            summaries_merged: declare.counter(
                "summaries_merged",
                "Invocation summaries merged with a stored part",
            ),
            summaries_replaced: declare.counter(
                "summaries_replaced",
                "Stored invocation summaries replaced because they were damaged or of an older version",
            ),
            bulks_answered,
            bulks_not_answered,
            bulk_retries: declare.counter(
                "bulk_retries",
                "Bulks sent again because some of their documents were unsettled",
            ),
            bulk_splits: declare.counter(
                "bulk_splits",
                "Bulks halved because they were too large for OpenSearch",
            ),
            bulk_size_bytes: declare.histogram(
                "bulk_size_bytes",
                exponential_buckets(4096.0, 4.0, 7),
                "Size of a bulk before it is sent for the first time",
            ),
            bulk_body_bytes: declare.counter(
                "bulk_body_bytes",
                "Bytes of the bodies of bulk requests before --bulk-compression, further attempts included",
            ),
            bulk_wire_bytes: declare.counter(
                "bulk_wire_bytes",
                "Bytes of the bodies of bulk requests as they were sent, further attempts included",
            ),
            bulk_time_seconds: declare.histogram(
                "bulk_time_seconds",
                exponential_buckets(0.005, 2.5, 9),
                "Duration of a bulk request",
            ),
            bulks_allowed: declare.gauge(
                "bulks_allowed",
                "Bulks that the concurrency limit allows in flight",
            ),
            index_up: declare.gauge("index_up", "1 if OpenSearch answers, else 0"),
            without_ids: declare.gauge(
                "without_ids",
                "1 if documents are sent without ids because the collection refuses them, else 0",
            ),
            holding: declare.gauge(
                "holding",
                "1 if nothing is received because OpenSearch refuses documents, else 0",
            ),
            memory_reserved: declare.gauge(
                "memory_reserved_bytes",
                "Memory reserved for parcels, from reading to verdict",
            ),
            panics: declare.counter(
                "panics",
                "Tasks that panicked; the queue delivers their messages again",
            ),
            coverage: CoverageMetrics::declare(&mut catalogue),
            readiness: Readiness::default(),
            catalogue,
        }
    }

    /// Adds verdicts of documents.
    pub fn count(&self, verdicts: &Counts) {
        self.documents_indexed.inc_by(verdicts.indexed);
        self.documents_already_there.inc_by(verdicts.already_there);
        self.documents_rejected.inc_by(verdicts.rejected);
        self.documents_unsettled.inc_by(verdicts.unsettled);
    }

    /// The verdicts since the start.
    pub fn counts(&self) -> Counts {
        Counts {
            indexed: self.documents_indexed.get(),
            already_there: self.documents_already_there.get(),
            rejected: self.documents_rejected.get(),
            unsettled: self.documents_unsettled.get(),
        }
    }

    /// `lag` is the time from the sending of a message until its objects were settled. A redelivery is not observed:
    /// it would measure the visibility timeout.
    pub fn observe_lag(&self, lag: Duration) {
        self.lag_seconds.observe(lag.as_secs_f64());
    }

    /// The worker receives nothing for this reason, or receives again (`None`).
    pub(crate) fn holds(&self, reason: Option<String>) {
        self.holding.set(i64::from(reason.is_some()));
        self.readiness.hold(reason);
    }

    /// Adds export tasks that ended.
    pub(crate) fn export_tasks(&self, completed: u64, failed: u64) {
        self.export_tasks_completed.inc_by(completed);
        self.export_tasks_failed.inc_by(failed);
    }

    pub fn bulk_fill(&self, bytes: usize) {
        self.bulk_size_bytes.observe(bytes as f64);
    }

    pub fn bulk_sent(&self, duration: Duration, answered: bool) {
        self.bulk_time_seconds.observe(duration.as_secs_f64());
        let bulks = match answered {
            true => &self.bulks_answered,
            false => &self.bulks_not_answered,
        };
        bulks.inc();
    }

    pub(crate) fn otlp_failures_of_metrics(&self) -> Counter {
        self.otlp_failures_of_metrics.clone()
    }

    pub(crate) fn otlp_failures_of_traces(&self) -> Counter {
        self.otlp_failures_of_traces.clone()
    }

    /// Each metric, once, in the order of a scrape.
    pub fn descriptions(&self) -> &[MetricDescription] {
        self.catalogue.descriptions()
    }

    /// A scrape in the given format.
    pub fn expose(&self, format: ExpositionFormat) -> String {
        match format {
            ExpositionFormat::OpenMetrics => self.encode(),
            ExpositionFormat::Prometheus => exposition::prometheus_text(&self.encode()),
        }
    }

    /// A scrape as OpenMetrics.
    pub fn encode(&self) -> String {
        self.catalogue.encode()
    }
}
