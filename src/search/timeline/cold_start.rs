//! A cold start goes in; how long before it the lines of its init are expected comes out. Pure.

use jiff::Timestamp;

/// How long before a cold start its environment may have begun its init.
const MAX_INIT_MS: i64 = 15 * 60 * 1000;
/// Beside its duration: an attempt that was ended after ten seconds before it, and the way to the START. An earlier
/// init in the same stream is another start's.
const AROUND_INIT_MS: i64 = 11_000;

/// A cold start, and the time before it in which its init lies.
#[derive(Debug, Clone, Copy)]
pub struct ColdStart<'a> {
    pub log_stream: &'a str,
    pub start: Timestamp,
    /// How long the init took, if the summary knows it.
    pub init_ms: Option<f64>,
}

impl ColdStart<'_> {
    /// Milliseconds before the start from which on lines of the init are expected.
    pub fn init_span_ms(&self) -> i64 {
        let known = self.init_ms.map(|ms| ms.ceil() as i64);
        known.map_or(MAX_INIT_MS, |ms| (ms + AROUND_INIT_MS).min(MAX_INIT_MS))
    }
}
