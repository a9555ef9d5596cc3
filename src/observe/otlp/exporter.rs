/*! Metrics and finished spans go in; they are sent in the background until the process stops. What the receiver does
not take is counted and logged now and then, and stops nothing else. */

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prost::Message;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use crate::observe::Metrics;
use crate::observe::otlp::messages::{ExportResponse, PartialSuccess, Span};
use crate::observe::otlp::metric_data::{self, Period};
use crate::observe::otlp::requests::Exported;
use crate::observe::otlp::sender::Sender;
use crate::observe::otlp::settings::{MetricSettings, TraceSettings};
use crate::observe::otlp::span_layer::{SpanQueue, now};

/// Failures in between are only counted.
const LOG_EVERY: Duration = Duration::from_secs(300);

/// Sends one kind of data, and keeps count of what is not accepted.
struct Channel {
    /// As in `logferry_otlp_failures_total`.
    signal: &'static str,
    sender: Sender,
    failures: Counter,
    logged: Option<Instant>,
    /// Failures since the last one that was logged.
    unlogged: u64,
}

impl Channel {
    fn new(signal: &'static str, sender: Sender, failures: Counter) -> Self {
        Self {
            signal,
            sender,
            failures,
            logged: None,
            unlogged: 0,
        }
    }

    /// Items of the request that the receiver does not have; `None`: it has none of them.
    async fn send(&mut self, body: Vec<u8>, stop: &CancellationToken) -> Option<u64> {
        let answer = match self.sender.send(body, stop).await {
            Ok(answer) => answer,
            Err(error) => {
                self.failed(&error.reason);
                return None;
            }
        };
        // An answer that cannot be read is one without a complaint: many receivers send no message at all.
        let answer = ExportResponse::decode(&answer[..]).unwrap_or_default();
        let PartialSuccess {
            rejected,
            error_message,
        } = answer.partial_success.unwrap_or_default();
        let rejected = u64::try_from(rejected).unwrap_or_default();
        match rejected {
            0 => self.recovered(),
            _ => self.failed(&format!("{rejected} were rejected: {error_message}")),
        }
        Some(rejected)
    }

    fn failed(&mut self, reason: &str) {
        self.failures.inc();
        self.unlogged += 1;
        if self.logged.is_some_and(|at| at.elapsed() < LOG_EVERY) {
            return;
        }
        tracing::warn!(
            signal = self.signal,
            url = self.sender.shown,
            failures = self.unlogged,
            reason,
            "OTLP: an export was not accepted; logs, /metrics and the work itself go on"
        );
        self.logged = Some(Instant::now());
        self.unlogged = 0;
    }

    fn recovered(&mut self) {
        if self.logged.take().is_some() {
            self.unlogged = 0;
            tracing::info!(signal = self.signal, "OTLP: exports are accepted again");
        }
    }
}

/// Sends all metrics at each interval, and once more at the end.
pub(super) async fn export_metrics(
    settings: MetricSettings,
    sender: Sender,
    from: Exported,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    let mut channel = Channel::new("metrics", sender, metrics.otlp_failures_of_metrics());
    let start = now();
    let mut ticks = interval_at(Instant::now() + settings.interval, settings.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = false;
    while !last {
        last = stop.run_until_cancelled(ticks.tick()).await.is_none();
        let period = Period { start, now: now() };
        let data = metric_data::metrics(&metrics.encode(), metrics.descriptions(), period);
        // The next interval sends the same counters again, so that nothing is lost by a failure.
        channel.send(from.metrics(data), &stop).await;
    }
}

/// Sends finished spans in batches, and those that still wait at the end.
pub(super) async fn export_spans(
    settings: TraceSettings,
    sender: Sender,
    from: Exported,
    mut queue: SpanQueue,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    let mut channel = Channel::new("traces", sender, metrics.otlp_failures_of_traces());
    loop {
        let batch = next_batch(&settings, &mut queue, &stop).await;
        let dropped = queue.dropped.swap(0, Ordering::Relaxed);
        metrics.otlp_spans_dropped.inc_by(dropped);
        if batch.is_empty() {
            if stop.is_cancelled() {
                return;
            }
            continue;
        }
        let spans = batch.len() as u64;
        let rejected = channel.send(from.spans(batch), &stop).await;
        metrics.otlp_spans_dropped.inc_by(rejected.unwrap_or(spans));
    }
}

/// A full batch, or what is there after the delay or at the end.
async fn next_batch(
    settings: &TraceSettings,
    queue: &mut SpanQueue,
    stop: &CancellationToken,
) -> Vec<Span> {
    let mut batch = Vec::new();
    let delay = sleep(settings.delay);
    tokio::pin!(delay);
    while batch.len() < settings.batch {
        let room = settings.batch - batch.len();
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                while batch.len() < settings.batch && let Ok(span) = queue.spans.try_recv() {
                    batch.push(span);
                }
                return batch;
            }
            () = &mut delay => return batch,
            _ = queue.spans.recv_many(&mut batch, room) => {}
        }
    }
    batch
}
