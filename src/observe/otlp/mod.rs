/*! Export of metrics and traces by OTLP, the protocol of OpenTelemetry: protobuf over HTTP. */

mod attributes;
mod exporter;
mod ids;
mod messages;
mod metric_data;
mod probe;
mod requests;
mod sender;
mod settings;
mod span_layer;
mod telemetry;

pub use probe::{ProbedReceiver, probe};
pub use settings::{MetricSettings, OtlpDestination, OtlpSettings, Sampler, TraceSettings};
pub use telemetry::Telemetry;
