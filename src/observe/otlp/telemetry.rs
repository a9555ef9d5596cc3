/*! Settings of OTLP go in; the process's logs, and its metrics and spans at the receiver, come out. */

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::observe::Metrics;
use crate::observe::logs::{log_to_stderr, log_to_stderr_and};
use crate::observe::otlp::exporter::{export_metrics, export_spans};
use crate::observe::otlp::requests::Exported;
use crate::observe::otlp::sender::Sender;
use crate::observe::otlp::settings::{MetricSettings, OtlpSettings, TraceSettings};
use crate::observe::otlp::span_layer::{SpanQueue, filter, span_layer};

/// What is left at the end has this long: with the drain it stays within the time that a container gets.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// The exports of this process; none of them if no receiver is set.
pub struct Telemetry {
    resource: Vec<(String, String)>,
    metrics: Option<(MetricSettings, Sender)>,
    traces: Option<(TraceSettings, Sender, SpanQueue)>,
}

impl Telemetry {
    /// Installs the subscriber of the process: for logs, and for spans if they are exported.
    pub fn install(log_filter: &str, settings: OtlpSettings) -> Self {
        let mut warnings = settings.warnings;
        let mut usable = |signal, sender: Result<Sender, String>| {
            sender
                .map_err(|reason| warnings.push(format!("{signal} are not exported: {reason}")))
                .ok()
        };
        let metrics = settings.metrics.and_then(|metrics| {
            let sender = usable("metrics", Sender::new(&metrics.to))?;
            Some((metrics, sender))
        });
        let traces = settings.traces.and_then(|traces| {
            let sender = usable("traces", Sender::new(&traces.to))?;
            Some((traces, sender))
        });
        let traces = match traces {
            Some((settings, sender)) => {
                let (layer, queue) = span_layer(&settings);
                log_to_stderr_and(log_filter, layer, filter());
                Some((settings, sender, queue))
            }
            None => {
                log_to_stderr(log_filter);
                None
            }
        };
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Self {
            resource: settings.resource,
            metrics,
            traces,
        }
    }

    /// Exports while the work runs; what is left then is sent within a bound.
    pub async fn during<T>(self, metrics: &Arc<Metrics>, work: impl Future<Output = T>) -> T {
        let stop = CancellationToken::new();
        let mut exports = self.start(metrics, &stop);
        let result = work.await;
        stop.cancel();
        let ended = async { while exports.join_next().await.is_some() {} };
        if tokio::time::timeout(FLUSH_TIMEOUT, ended).await.is_err() {
            tracing::warn!(
                timeout = ?FLUSH_TIMEOUT,
                "OTLP: the last metrics or spans were not accepted in time"
            );
        }
        result
    }

    fn start(self, metrics: &Arc<Metrics>, stop: &CancellationToken) -> JoinSet<()> {
        let mut exports = JoinSet::new();
        let from = Exported::by(&self.resource);
        if let Some((settings, sender)) = self.metrics {
            let interval = settings.interval;
            tracing::info!(url = sender.shown, ?interval, "metrics are exported");
            let (from, metrics) = (from.clone(), metrics.clone());
            exports.spawn(export_metrics(
                settings,
                sender,
                from,
                metrics,
                stop.clone(),
            ));
        }
        if let Some((settings, sender, queue)) = self.traces {
            let sampler = settings.sampler;
            tracing::info!(url = sender.shown, ?sampler, "traces are exported");
            let (metrics, stop) = (metrics.clone(), stop.clone());
            exports.spawn(export_spans(settings, sender, from, queue, metrics, stop));
        }
        exports
    }
}
