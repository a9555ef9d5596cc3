/*! Records that outlive their text: for the rare text that only exists once an escape is undone. */

use std::borrow::Cow;

use super::record::{App, Dropped, Emf, ErrorInfo, Extension, Kind, Platform, Record, Xray};

type Text<'a> = Cow<'a, str>;

fn text(text: Text<'_>) -> Text<'static> {
    Cow::Owned(text.into_owned())
}

fn texts(texts: Vec<Text<'_>>) -> Vec<Text<'static>> {
    texts.into_iter().map(text).collect()
}

impl Record<'_> {
    /// The same record, borrowing nothing.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            kind: self.kind.into_owned(),
            time: self.time,
            request_id: self.request_id.map(text),
            version: self.version.map(text),
            function_name: self.function_name.map(text),
            level: self.level,
            logger: self.logger.map(text),
            message: text(self.message),
            platform: self
                .platform
                .map(|platform| Box::new(platform.into_owned())),
            xray: self.xray.map(|xray| {
                Box::new(Xray {
                    trace_id: xray.trace_id.map(text),
                    segment_id: xray.segment_id.map(text),
                    sampled: xray.sampled,
                })
            }),
            error: self.error.map(|error| Box::new(error.into_owned())),
            app: self.app.map(App::into_owned),
            emf: self.emf.map(|emf| {
                Box::new(Emf {
                    namespaces: texts(emf.namespaces),
                    timestamp: emf.timestamp,
                })
            }),
        }
    }
}

impl Kind<'_> {
    fn into_owned(self) -> Kind<'static> {
        match self {
            Kind::Other(name) => Kind::Other(text(name)),
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
            status: self.status.map(text),
            error_type: self.error_type.map(text),
            phase: self.phase.map(text),
            initialization_type: self.initialization_type.map(text),
            runtime_version: self.runtime_version.map(text),
            runtime_version_arn: self.runtime_version_arn.map(text),
            function_arn: self.function_arn.map(text),
            tenant_id: self.tenant_id.map(text),
            extension: self.extension.map(|extension| Extension {
                name: extension.name.map(text),
                state: extension.state.map(text),
                events: extension.events.map(texts),
                types: extension.types.map(texts),
            }),
            dropped: self.dropped.map(|dropped| Dropped {
                records: dropped.records,
                bytes: dropped.bytes,
                reason: dropped.reason.map(text),
            }),
            unknown: self
                .unknown
                .into_iter()
                .map(|(key, value)| (text(key), text(value)))
                .collect(),
        }
    }
}

impl ErrorInfo<'_> {
    /// The same error, borrowing nothing.
    pub fn into_owned(self) -> ErrorInfo<'static> {
        ErrorInfo {
            kind: self.kind.map(text),
            message: self.message.map(text),
            stack_trace: self.stack_trace.map(text),
        }
    }
}
