/*! Settings of OTLP go in; whether each receiver takes a request without any data comes out. */

use std::time::Duration;

use crate::observe::otlp::sender::Sender;
use crate::observe::otlp::settings::{OtlpDestination, OtlpSettings};

/// A receiver, and whether it takes requests.
pub struct ProbedReceiver {
    /// `metrics` or `traces`.
    pub signal: &'static str,
    /// Without secrets.
    pub url: String,
    pub result: Result<(), String>,
}

/// Asks each receiver once, for so long at the most.
pub async fn probe(settings: &OtlpSettings, limit: Duration) -> Vec<ProbedReceiver> {
    let metrics = settings.metrics.as_ref().map(|metrics| &metrics.to);
    let traces = settings.traces.as_ref().map(|traces| &traces.to);
    let (metrics, traces) = tokio::join!(
        probe_one("metrics", metrics, limit),
        probe_one("traces", traces, limit)
    );
    [metrics, traces].into_iter().flatten().collect()
}

async fn probe_one(
    signal: &'static str,
    to: Option<&OtlpDestination>,
    limit: Duration,
) -> Option<ProbedReceiver> {
    let to = to?;
    let answer = async {
        let sender = Sender::new(to)?;
        let sent = tokio::time::timeout(limit, sender.try_empty()).await;
        sent.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
    };
    Some(ProbedReceiver {
        signal,
        url: to.shown(),
        result: answer.await,
    })
}
