/*! Platform events of JSON-format log groups: `{"time":…,"type":"platform.…","record":…}`, known or not. */

use std::borrow::Cow;

use super::json_keys::{Fields, Slot, Slots};
use super::record::{Dropped, Extension, Kind, Platform, Record};
use super::{app_json, json, platform_text, request_id, xray};

const LOGGED: Slots = Slots::of(&[Slot::Level, Slot::Message, Slot::Msg]);

/// The record of a platform event, or of a function's line in the Telemetry API's envelope; none for any other object.
pub fn record<'a>(fields: &Fields<'a>) -> Option<Record<'a>> {
    let name = json::string(fields.get(Slot::Type)?)?;
    let inner = fields.get(Slot::Record);
    let time = fields.get(Slot::Time);
    if matches!(&*name, "function" | "extension") {
        let (inner, time) = (inner?, time?);
        let mut record = printed(inner)?;
        record.time = app_json::instant(time).or(record.time);
        return Some(record);
    }
    let event = name
        .strip_prefix("platform.")
        .is_some_and(|event| !event.is_empty());
    // A function may well log a "type" of its own.
    let foreign = inner.is_none() && (time.is_none() || fields.has(LOGGED));
    if !event || foreign {
        return None;
    }
    let kind = kind(name);
    let mut record = match inner {
        Some(object) if object.starts_with('{') => from_object(&kind, object),
        Some(string) => from_string(string),
        None => Record::default(),
    };
    record.kind = kind;
    record.time = time.and_then(app_json::instant);
    Some(record)
}

fn kind(name: Cow<'_, str>) -> Kind<'_> {
    match &*name {
        "platform.start" => Kind::Start,
        "platform.end" => Kind::End,
        "platform.report" => Kind::Report,
        "platform.initStart" => Kind::InitStart,
        "platform.initReport" => Kind::InitReport,
        "platform.restoreStart" => Kind::RestoreStart,
        "platform.restoreReport" => Kind::RestoreReport,
        "platform.extension" => Kind::Extension,
        "platform.telemetrySubscription" => Kind::TelemetrySubscription,
        "platform.logsSubscription" => Kind::LogsSubscription,
        "platform.logsDropped" => Kind::LogsDropped,
        "platform.runtimeDone" => Kind::RuntimeDone,
        "platform.initRuntimeDone" => Kind::InitRuntimeDone,
        "platform.restoreRuntimeDone" => Kind::RestoreRuntimeDone,
        "platform.timeout" => Kind::Timeout,
        "platform.fault" => Kind::Fault,
        "platform.xray" => Kind::Xray,
        _ => Kind::Other(name),
    }
}

/// A record that is a text line: its fields are the line's.
fn from_string(raw: &str) -> Record<'_> {
    let record = match json::string(raw) {
        Some(Cow::Borrowed(text)) => platform_text::parse(text.trim_start()),
        Some(Cow::Owned(text)) => platform_text::parse(text.trim_start()).map(Record::into_owned),
        None => None,
    };
    record.unwrap_or_default()
}

fn from_object<'a>(kind: &Kind<'a>, object: &'a str) -> Record<'a> {
    let mut record = Record::default();
    let mut platform = Platform::default();
    let mut extension = Extension::default();
    let mut dropped = Dropped::default();
    json::each_field(object, |key, value| {
        let text = || json::filled(value);
        match key {
            "requestId" => record.request_id = text().filter(|id| request_id::named(id).is_some()),
            "version" | "functionVersion" => record.version = text(),
            "functionName" => record.function_name = text(),
            "functionArn" => platform.function_arn = text(),
            "tenantId" => platform.tenant_id = text(),
            "status" => platform.status = text(),
            "errorType" => platform.error_type = text(),
            "phase" => platform.phase = text(),
            "initializationType" => platform.initialization_type = text(),
            "runtimeVersion" => platform.runtime_version = text(),
            "runtimeVersionArn" => platform.runtime_version_arn = text(),
            "metrics" => metrics(kind, &mut platform, value),
            "tracing" => record.xray = tracing(value).map(Box::new),
            "name" => extension.name = text(),
            "state" => extension.state = text(),
            "events" => extension.events = list(value),
            "types" => extension.types = list(value),
            "reason" => dropped.reason = text(),
            "droppedRecords" => dropped.records = json::number(value),
            "droppedBytes" => dropped.bytes = json::number(value),
            _ => {}
        }
    });
    let extends = matches!(
        kind,
        Kind::Extension | Kind::TelemetrySubscription | Kind::LogsSubscription
    );
    platform.extension = (extends && extension != Extension::default()).then_some(extension);
    let drops = *kind == Kind::LogsDropped && dropped != Dropped::default();
    platform.dropped = drops.then_some(dropped);
    record.platform = (platform != Platform::default()).then(|| Box::new(platform));
    record
}

fn list(raw: &str) -> Option<Vec<Cow<'_, str>>> {
    raw.starts_with('[').then(|| json::strings(raw))
}

fn metrics(kind: &Kind<'_>, platform: &mut Platform<'_>, raw: &str) {
    json::each_field(raw, |key, value| {
        let number = json::number(value);
        match (key, kind) {
            ("durationMs", Kind::InitReport) => platform.init_duration_ms = number,
            ("durationMs", Kind::RestoreReport) => platform.restore_duration_ms = number,
            ("durationMs", _) => platform.duration_ms = number,
            ("billedDurationMs", _) => platform.billed_duration_ms = number,
            ("memorySizeMB", _) => platform.memory_size_mb = number,
            ("maxMemoryUsedMB", _) => platform.max_memory_used_mb = number,
            ("initDurationMs", _) => platform.init_duration_ms = number,
            ("restoreDurationMs", _) => platform.restore_duration_ms = number,
            ("billedRestoreDurationMs", _) => platform.billed_restore_duration_ms = number,
            ("producedBytes", _) => platform.produced_bytes = number,
            _ => {}
        }
    });
}

fn tracing(raw: &str) -> Option<super::record::Xray<'_>> {
    let (mut header, mut span) = (None, None);
    json::each_field(raw, |key, value| match key {
        "value" => header = json::filled(value),
        "spanId" => span = json::filled(value),
        _ => {}
    });
    let mut xray = xray::from_header(&header?)?;
    xray.segment_id = span;
    Some(xray)
}

/// What a function or an extension printed, in the Telemetry API's envelope.
fn printed(raw: &str) -> Option<Record<'_>> {
    if raw.starts_with('{') {
        let mut record = app_json::app(&Fields::read(raw)?);
        if record.message.is_empty() {
            record.message = Cow::Borrowed(raw);
        }
        return Some(record);
    }
    match json::string(raw)? {
        Cow::Borrowed(text) => Some(super::function(text)),
        Cow::Owned(text) => Some(super::function(&text).into_owned()),
    }
}
