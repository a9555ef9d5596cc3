/*! Logs. In: `tracing` events and spans; out: lines on standard error, text on a terminal and JSON otherwise. */

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Installs the subscriber of the process. `filter` is written as in `RUST_LOG`; an invalid filter means `info`.
pub fn log_to_stderr(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // The worker continues if standard error cannot be written.
        .log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        logs.with_target(false).init();
    } else {
        // `spans` lists all spans of an event, the innermost last: `span` would only repeat the last.
        logs.json()
            .flatten_event(true)
            .with_current_span(false)
            .with_target(false)
            .init();
    }
}
