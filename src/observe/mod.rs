/*! What logferry says of itself: logs and metrics. */

mod exposition;
/// Logs and metrics.
pub mod metrics;
mod readiness;

pub use exposition::Exposition;
pub use metrics::{Counts, Metrics, log_to_stderr};
pub use readiness::Readiness;
