/*! Logs and metrics. The metrics are a typed struct that is passed along: no global, no names in strings elsewhere. */

use crate::observe::exposition;
use std::io::IsTerminal;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tracing_subscriber::EnvFilter;

use crate::observe::exposition::Exposition;
use crate::observe::readiness::Readiness;

/// Logs go to standard error: text on a terminal, JSON otherwise. `filter` as in `RUST_LOG`.
pub fn log_to_stderr(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log that cannot be written must not take the work with it.
        .log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        logs.with_target(false).init();
    } else {
        logs.json().flatten_event(true).with_target(false).init();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabel {
    verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names are the label's values")]
enum Verdict {
    indexed,
    already_there,
    rejected,
    unsettled,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnsweredLabel {
    answered: Answered,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names are the label's values")]
enum Answered {
    yes,
    no,
}

/// Verdicts of an object's documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub indexed: u64,
    pub already_there: u64,
    pub rejected: u64,
    pub unsettled: u64,
}

/// All that the worker counts.
pub struct Metrics {
    registry: Registry,
    pub messages_received: Counter,
    pub messages_deleted: Counter,
    pub messages_released: Counter,
    pub messages_held: Gauge,
    pub receive_failures: Counter,
    pub delete_failures: Counter,
    pub leases_extended: Counter,
    pub leases_lost: Counter,
    pub notifications_ignored: Counter,
    pub notifications_invalid: Counter,
    pub objects_reading: Gauge,
    pub objects_settled: Counter,
    pub objects_skipped: Counter,
    pub objects_unsettled: Counter,
    pub object_bytes: Counter,
    pub events: Counter,
    documents: Family<VerdictLabel, Counter>,
    bulks: Family<AnsweredLabel, Counter>,
    pub bulk_retries: Counter,
    pub bulk_splits: Counter,
    bulk_bytes: Histogram,
    bulk_seconds: Histogram,
    pub summaries_merged: Counter,
    pub summaries_replaced: Counter,
    pub memory_reserved: Gauge,
    pub bulks_allowed: Gauge,
    pub index_up: Gauge,
    pub without_ids: Gauge,
    holding: Gauge,
    pub dead_letters: Counter,
    pub buckets_paused: Counter,
    pub objects_gone: Counter,
    pub buckets_not_allowed: Counter,
    pub panics: Counter,
    lag_seconds: Histogram,
    pub readiness: Readiness,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("logferry"),
            messages_received: Counter::default(),
            messages_deleted: Counter::default(),
            messages_released: Counter::default(),
            messages_held: Gauge::default(),
            receive_failures: Counter::default(),
            delete_failures: Counter::default(),
            leases_extended: Counter::default(),
            leases_lost: Counter::default(),
            notifications_ignored: Counter::default(),
            notifications_invalid: Counter::default(),
            objects_reading: Gauge::default(),
            objects_settled: Counter::default(),
            objects_skipped: Counter::default(),
            objects_unsettled: Counter::default(),
            object_bytes: Counter::default(),
            events: Counter::default(),
            documents: Family::default(),
            bulks: Family::default(),
            bulk_retries: Counter::default(),
            bulk_splits: Counter::default(),
            bulk_bytes: Histogram::new(exponential_buckets(4096.0, 4.0, 7)),
            bulk_seconds: Histogram::new(exponential_buckets(0.005, 2.5, 9)),
            summaries_merged: Counter::default(),
            summaries_replaced: Counter::default(),
            memory_reserved: Gauge::default(),
            bulks_allowed: Gauge::default(),
            index_up: Gauge::default(),
            without_ids: Gauge::default(),
            holding: Gauge::default(),
            dead_letters: Counter::default(),
            buckets_paused: Counter::default(),
            objects_gone: Counter::default(),
            buckets_not_allowed: Counter::default(),
            panics: Counter::default(),
            lag_seconds: Histogram::new(exponential_buckets(0.5, 3.0, 11)),
            readiness: Readiness::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        for (name, help, counter) in [
            (
                "messages_received",
                "Messages received from the queue, repeated deliveries included",
                &self.messages_received,
            ),
            (
                "messages_deleted",
                "Messages deleted after every object was settled",
                &self.messages_deleted,
            ),
            (
                "messages_released",
                "Messages given back to the queue",
                &self.messages_released,
            ),
            (
                "receive_failures",
                "Receive calls that failed",
                &self.receive_failures,
            ),
            (
                "delete_failures",
                "Messages whose deletion failed: they come back and meet their documents",
                &self.delete_failures,
            ),
            (
                "leases_extended",
                "Extensions of visibility timeouts",
                &self.leases_extended,
            ),
            (
                "leases_lost",
                "Messages whose visibility timeout ended while they were worked on",
                &self.leases_lost,
            ),
            (
                "notifications_ignored",
                "Notifications that name nothing to fetch",
                &self.notifications_ignored,
            ),
            (
                "notifications_invalid",
                "Messages that are no notification, left to the redrive policy",
                &self.notifications_invalid,
            ),
            (
                "objects_settled",
                "Objects all of whose documents have a final verdict",
                &self.objects_settled,
            ),
            (
                "objects_skipped",
                "Objects with nothing to read: write tests, folder markers, empty or gone",
                &self.objects_skipped,
            ),
            (
                "objects_unsettled",
                "Objects left to a later delivery",
                &self.objects_unsettled,
            ),
            (
                "object_bytes",
                "Decompressed bytes of objects read",
                &self.object_bytes,
            ),
            ("events", "Events read from objects", &self.events),
            (
                "bulk_retries",
                "Bulks sent again for their unsettled documents",
                &self.bulk_retries,
            ),
            (
                "bulk_splits",
                "Bulks halved because they were too large for the index",
                &self.bulk_splits,
            ),
            (
                "dead_letters",
                "Documents and objects written as dead letters",
                &self.dead_letters,
            ),
            (
                "buckets_paused",
                "Times that a bucket was left alone after failures in a row",
                &self.buckets_paused,
            ),
            (
                "objects_gone",
                "Objects that were not there any more",
                &self.objects_gone,
            ),
            (
                "buckets_not_allowed",
                "Objects named in buckets that --allow-bucket does not allow",
                &self.buckets_not_allowed,
            ),
            (
                "panics",
                "Tasks that panicked: their messages come back",
                &self.panics,
            ),
            (
                "summaries_merged",
                "Invocation summaries merged with an earlier part",
                &self.summaries_merged,
            ),
            (
                "summaries_replaced",
                "Invocation summaries written anew over a stored state that is older or damaged",
                &self.summaries_replaced,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "messages_held",
            "Messages held by a lease",
            self.messages_held.clone(),
        );
        registry.register(
            "bulks_allowed",
            "Bulks that the index bears in flight",
            self.bulks_allowed.clone(),
        );
        registry.register(
            "index_up",
            "Whether the index answers",
            self.index_up.clone(),
        );
        registry.register(
            "without_ids",
            "Whether documents go without ids, because the collection refuses them: what comes twice is there twice",
            self.without_ids.clone(),
        );
        registry.register(
            "holding",
            "Whether nothing is received because the index refuses documents that it should take",
            self.holding.clone(),
        );
        registry.register(
            "objects_reading",
            "Objects being read",
            self.objects_reading.clone(),
        );
        registry.register_with_unit(
            "memory_reserved",
            "Share of the memory budget in use",
            Unit::Bytes,
            self.memory_reserved.clone(),
        );
        registry.register("documents", "Documents by verdict", self.documents.clone());
        registry.register(
            "bulks",
            "Bulk requests by whether they were answered",
            self.bulks.clone(),
        );
        registry.register_with_unit(
            "bulk_size",
            "Size of bulks",
            Unit::Bytes,
            self.bulk_bytes.clone(),
        );
        registry.register_with_unit(
            "bulk_time",
            "Time of bulk requests",
            Unit::Seconds,
            self.bulk_seconds.clone(),
        );
        registry.register_with_unit(
            "lag",
            "Time from a message's sending to its deletion, first deliveries only",
            Unit::Seconds,
            self.lag_seconds.clone(),
        );
        for verdict in [
            Verdict::indexed,
            Verdict::already_there,
            Verdict::rejected,
            Verdict::unsettled,
        ] {
            drop(self.documents.get_or_create(&VerdictLabel { verdict }));
        }
    }

    /// Adds the verdicts of an object.
    pub fn count(&self, counts: &Counts) {
        for (verdict, n) in [
            (Verdict::indexed, counts.indexed),
            (Verdict::already_there, counts.already_there),
            (Verdict::rejected, counts.rejected),
            (Verdict::unsettled, counts.unsettled),
        ] {
            self.documents
                .get_or_create(&VerdictLabel { verdict })
                .inc_by(n);
        }
    }

    /// Verdicts so far.
    pub fn counts(&self) -> Counts {
        let read = |verdict| {
            self.documents
                .get_or_create(&VerdictLabel { verdict })
                .get()
        };
        Counts {
            indexed: read(Verdict::indexed),
            already_there: read(Verdict::already_there),
            rejected: read(Verdict::rejected),
            unsettled: read(Verdict::unsettled),
        }
    }

    /// Nothing is received, and why; none: the worker goes on.
    pub(crate) fn holds(&self, why: Option<String>) {
        self.holding.set(i64::from(why.is_some()));
        *self.readiness.held() = why;
    }

    /// A message was deleted at this time after it was sent. For first deliveries only.
    pub(crate) fn observe_lag(&self, lag: Duration) {
        self.lag_seconds.observe(lag.as_secs_f64());
    }

    pub(crate) fn bulk_fill(&self, bytes: usize) {
        self.bulk_bytes.observe(bytes as f64);
    }

    pub(crate) fn bulk_sent(&self, took: Duration, answered: bool) {
        self.bulk_seconds.observe(took.as_secs_f64());
        let answered = if answered {
            Answered::yes
        } else {
            Answered::no
        };
        self.bulks.get_or_create(&AnsweredLabel { answered }).inc();
    }

    /// What is scraped.
    pub fn show(&self, format: Exposition) -> String {
        match format {
            Exposition::OpenMetrics => self.encode(),
            Exposition::Prometheus => exposition::prometheus_text(&self.encode()),
        }
    }

    /// As OpenMetrics.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_have_their_names() {
        let metrics = Metrics::new();
        metrics.count(&Counts {
            indexed: 3,
            already_there: 2,
            rejected: 1,
            unsettled: 0,
        });
        metrics.bulk_sent(Duration::from_millis(20), true);
        let names: Vec<String> = metrics
            .encode()
            .lines()
            .filter(|l| l.starts_with("# TYPE"))
            .map(str::to_owned)
            .collect();
        insta::assert_snapshot!(names.join("\n"));
        assert!(
            metrics
                .encode()
                .contains("logferry_documents_total{verdict=\"already_there\"} 2")
        );
    }
}
