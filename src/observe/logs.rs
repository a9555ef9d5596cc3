/*! Logs. In: `tracing` events and spans; out: lines on standard error, text on a terminal and JSON otherwise. */

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

/// Installs the subscriber of the process. `filter` is written as in `RUST_LOG`; an invalid filter means `info`.
pub fn log_to_stderr(filter: &str) {
    // The filter of the whole subscriber: what it leaves out costs nothing.
    registry().with(env_filter(filter)).with(lines()).init();
}

/// As [`log_to_stderr`]; `also` sees what its own filter takes, whatever the log shows.
pub(super) fn log_to_stderr_and(
    filter: &str,
    also: impl Layer<Registry> + Send + Sync,
    its: impl Filter<Registry> + Send + Sync + 'static,
) {
    registry()
        .with(also.with_filter(its))
        .with(lines().with_filter(env_filter(filter)))
        .init();
}

fn env_filter(filter: &str) -> EnvFilter {
    EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"))
}

fn lines<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        // The worker continues if standard error cannot be written.
        .log_internal_errors(false)
        .with_target(false);
    match std::io::stderr().is_terminal() {
        true => lines.boxed(),
        // `spans` lists all spans of an event, the innermost last: `span` would only repeat the last.
        false => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed(),
    }
}
