/*! Spans and metrics of this process go in; the bodies of OTLP's requests come out. */

use prost::Message;

use crate::observe::otlp::attributes::text;
use crate::observe::otlp::ids::Ids;
use crate::observe::otlp::messages::{
    InstrumentationScope, Metric, MetricsRequest, Resource, ResourceMetrics, ResourceSpans,
    ScopeMetrics, ScopeSpans, Span, TraceRequest,
};

/// Who exports.
#[derive(Clone)]
pub(super) struct Exported {
    resource: Resource,
    scope: InstrumentationScope,
}

impl Exported {
    /// `attributes` win over those that logferry adds. Each process has an id of its own: counters of two workers must
    /// not become one series.
    pub(super) fn by(attributes: &[(String, String)]) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let mut all: Vec<(String, String)> = attributes.to_vec();
        for (name, value) in [
            ("service.name", "logferry".to_owned()),
            ("service.version", version.to_owned()),
            ("service.instance.id", Ids::default().uuid()),
            ("telemetry.sdk.name", "logferry".to_owned()),
            ("telemetry.sdk.language", "rust".to_owned()),
            ("telemetry.sdk.version", version.to_owned()),
        ] {
            if !all.iter().any(|(known, _)| known == name) {
                all.push((name.to_owned(), value));
            }
        }
        let attributes = all.into_iter().map(|(name, value)| text(&name, value));
        Self {
            resource: Resource {
                attributes: attributes.collect(),
            },
            scope: InstrumentationScope {
                name: "logferry".to_owned(),
                version: version.to_owned(),
            },
        }
    }

    pub(super) fn metrics(&self, metrics: Vec<Metric>) -> Vec<u8> {
        let request = MetricsRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(self.scope.clone()),
                    metrics,
                }],
            }],
        };
        request.encode_to_vec()
    }

    pub(super) fn spans(&self, spans: Vec<Span>) -> Vec<u8> {
        let request = TraceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(self.resource.clone()),
                scope_spans: vec![ScopeSpans {
                    scope: Some(self.scope.clone()),
                    spans,
                }],
            }],
        };
        request.encode_to_vec()
    }
}
