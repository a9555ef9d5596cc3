/*! A record that borrows from its text goes in; a record that owns its strings comes out.

Owned records are rare: they come from JSON strings with escapes, whose decoded text is temporary. */

use std::borrow::Cow;

use crate::parse::record::{
    App, Dropped, Durable, Emf, ErrorInfo, Extension, Kind, Platform, Record, Xray,
};

type Text<'a> = Cow<'a, str>;

fn owned(text: Text<'_>) -> Text<'static> {
    Cow::Owned(text.into_owned())
}

fn owned_list(texts: Vec<Text<'_>>) -> Vec<Text<'static>> {
    texts.into_iter().map(owned).collect()
}

impl Record<'_> {
    /// The same record with owned strings.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            kind: self.kind.into_owned(),
            time: self.time,
            request_id: self.request_id.map(owned),
            id_source: self.id_source,
            version: self.version.map(owned),
            function_name: self.function_name.map(owned),
            level: self.level,
            logger: self.logger.map(owned),
            message: owned(self.message),
            platform: self
                .platform
                .map(|platform| Box::new(platform.into_owned())),
            xray: self.xray.map(|xray| {
                Box::new(Xray {
                    trace_id: xray.trace_id.map(owned),
                    segment_id: xray.segment_id.map(owned),
                    sampled: xray.sampled,
                })
            }),
            error: self.error.map(|error| Box::new(error.into_owned())),
            app: self.app.map(App::into_owned),
            emf: self.emf.map(|emf| {
                Box::new(Emf {
                    namespaces: owned_list(emf.namespaces),
                    timestamp: emf.timestamp,
                })
            }),
        }
    }
}

impl Kind<'_> {
    fn into_owned(self) -> Kind<'static> {
        match self {
            Kind::Other(name) => Kind::Other(owned(name)),
            Kind::Function => Kind::Function,
            Kind::Start => Kind::Start,
            Kind::End => Kind::End,
            Kind::Report => Kind::Report,
            Kind::InitStart => Kind::InitStart,
            Kind::InitReport => Kind::InitReport,
            Kind::RestoreStart => Kind::RestoreStart,
            Kind::RestoreReport => Kind::RestoreReport,
            Kind::Extension => Kind::Extension,
            Kind::TelemetrySubscription => Kind::TelemetrySubscription,
            Kind::LogsSubscription => Kind::LogsSubscription,
            Kind::LogsDropped => Kind::LogsDropped,
            Kind::RuntimeDone => Kind::RuntimeDone,
            Kind::InitRuntimeDone => Kind::InitRuntimeDone,
            Kind::RestoreRuntimeDone => Kind::RestoreRuntimeDone,
            Kind::Timeout => Kind::Timeout,
            Kind::Fault => Kind::Fault,
            Kind::Xray => Kind::Xray,
        }
    }
}

impl Platform<'_> {
    fn into_owned(self) -> Platform<'static> {
        Platform {
            duration_ms: self.duration_ms,
            billed_duration_ms: self.billed_duration_ms,
            memory_size_mb: self.memory_size_mb,
            max_memory_used_mb: self.max_memory_used_mb,
            init_duration_ms: self.init_duration_ms,
            restore_duration_ms: self.restore_duration_ms,
            billed_restore_duration_ms: self.billed_restore_duration_ms,
            produced_bytes: self.produced_bytes,
            timeout_seconds: self.timeout_seconds,
            status: self.status.map(owned),
            error_type: self.error_type.map(owned),
            phase: self.phase.map(owned),
            initialization_type: self.initialization_type.map(owned),
            runtime_version: self.runtime_version.map(owned),
            runtime_version_arn: self.runtime_version_arn.map(owned),
            function_arn: self.function_arn.map(owned),
            tenant_id: self.tenant_id.map(owned),
            durable: self.durable.map(|durable| {
                Box::new(Durable {
                    execution_arn: owned(durable.execution_arn),
                    execution_name: durable.execution_name.map(owned),
                    operation: durable.operation.map(owned),
                    attempt: durable.attempt,
                })
            }),
            extension: self.extension.map(|extension| Extension {
                name: extension.name.map(owned),
                state: extension.state.map(owned),
                events: extension.events.map(owned_list),
                types: extension.types.map(owned_list),
            }),
            dropped: self.dropped.map(|dropped| Dropped {
                records: dropped.records,
                bytes: dropped.bytes,
                reason: dropped.reason.map(owned),
            }),
            unknown: self
                .unknown
                .into_iter()
                .map(|(key, value)| (owned(key), owned(value)))
                .collect(),
        }
    }
}

impl ErrorInfo<'_> {
    /// The same error with owned strings.
    pub fn into_owned(self) -> ErrorInfo<'static> {
        ErrorInfo {
            kind: self.kind.map(owned),
            message: self.message.map(owned),
            stack_trace: self.stack_trace.map(owned),
        }
    }
}
