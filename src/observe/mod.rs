/*! How operators observe logferry: logs, readiness, the catalogue of metrics with its exposition formats, and their
export by OTLP. */

mod catalogue;
mod coverage;
mod exposition;
mod logs;
mod metrics;
pub mod otlp;
mod readiness;
mod replay;

pub use catalogue::{LabelDescription, MetricDescription, MetricKind};
pub use exposition::ExpositionFormat;
pub use logs::log_to_stderr;
pub use metrics::{Counts, Metrics};
pub use readiness::Readiness;
pub use replay::{ReplayMetrics, ReplayState};
