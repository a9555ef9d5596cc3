/*! Platform events of JSON-format log groups: `{"time":…,"type":"platform.…","record":…}`, known or not. */

use std::borrow::Cow;

use super::json::Raw;
use super::json_keys::{Fields, Slot, Slots};
use super::record::{Dropped, Extension, Kind, Platform, Record};
use super::{app_json, json, json_inner, platform_text, xray};

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
        Some(object) if object.starts_with('{') => from_object(&kind, object.text()),
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
fn from_string(raw: Raw<'_>) -> Record<'_> {
    let record = match json::string(raw) {
        Some(Cow::Borrowed(text)) => platform_text::parse(text.trim_start()),
        Some(Cow::Owned(text)) => platform_text::parse(text.trim_start()).map(Record::into_owned),
        None => None,
    };
    record.unwrap_or_default()
}

/// The fields of a platform line, made when there is one: a start has none.
#[derive(Default)]
struct Facts<'a>(Option<Box<Platform<'a>>>);

impl<'a> Facts<'a> {
    #[inline]
    fn set<T>(
        &mut self,
        value: Option<T>,
        place: impl for<'p> FnOnce(&'p mut Platform<'a>) -> &'p mut Option<T>,
    ) {
        if value.is_some() {
            *place(self.0.get_or_insert_default()) = value;
        } else if let Some(facts) = &mut self.0 {
            // A key may come twice.
            *place(facts) = None;
            self.0.take_if(|facts| **facts == Platform::default());
        }
    }
}

fn from_object<'a>(kind: &Kind<'a>, object: &'a str) -> Record<'a> {
    let mut record = Record::default();
    let mut facts = Facts::default();
    let mut extension = Extension::default();
    let mut dropped = Dropped::default();
    json::each_field(object, |key, value| {
        let text = || json::filled(value);
        match key {
            b"requestId" => record.request_id = json_inner::id(value),
            b"version" | b"functionVersion" => record.version = text(),
            b"metrics" => metrics(kind, &mut facts, value),
            b"status" => facts.set(text(), |facts| &mut facts.status),
            b"functionName" => record.function_name = text(),
            b"functionArn" => facts.set(text(), |facts| &mut facts.function_arn),
            b"tenantId" => facts.set(text(), |facts| &mut facts.tenant_id),
            b"errorType" => facts.set(text(), |facts| &mut facts.error_type),
            b"phase" => facts.set(text(), |facts| &mut facts.phase),
            b"initializationType" => facts.set(text(), |facts| &mut facts.initialization_type),
            b"runtimeVersion" => facts.set(text(), |facts| &mut facts.runtime_version),
            b"runtimeVersionArn" => facts.set(text(), |facts| &mut facts.runtime_version_arn),
            b"tracing" => record.xray = tracing(value).map(Box::new),
            b"name" => extension.name = text(),
            b"state" => extension.state = text(),
            b"events" => extension.events = list(value),
            b"types" => extension.types = list(value),
            b"reason" => dropped.reason = text(),
            b"droppedRecords" => dropped.records = json::number(value),
            b"droppedBytes" => dropped.bytes = json::number(value),
            _ => {}
        }
    });
    let extends = matches!(
        kind,
        Kind::Extension | Kind::TelemetrySubscription | Kind::LogsSubscription
    );
    if extends && extension != Extension::default() {
        facts.set(Some(extension), |facts| &mut facts.extension);
    }
    if *kind == Kind::LogsDropped && dropped != Dropped::default() {
        facts.set(Some(dropped), |facts| &mut facts.dropped);
    }
    record.platform = facts.0;
    record
}

fn list(raw: Raw<'_>) -> Option<Vec<Cow<'_, str>>> {
    raw.starts_with('[').then(|| json::strings(raw))
}

fn metrics<'a>(kind: &Kind<'_>, facts: &mut Facts<'a>, raw: Raw<'a>) {
    json::each_field(raw.text(), |key, value| {
        let mut set = |place: for<'p> fn(&'p mut Platform<'a>) -> &'p mut Option<f64>| {
            facts.set(json::number(value), place);
        };
        match (key, kind) {
            (b"durationMs", Kind::InitReport) => set(|facts| &mut facts.init_duration_ms),
            (b"durationMs", Kind::RestoreReport) => set(|facts| &mut facts.restore_duration_ms),
            (b"durationMs", _) => set(|facts| &mut facts.duration_ms),
            (b"billedDurationMs", _) => set(|facts| &mut facts.billed_duration_ms),
            (b"memorySizeMB", _) => set(|facts| &mut facts.memory_size_mb),
            (b"maxMemoryUsedMB", _) => set(|facts| &mut facts.max_memory_used_mb),
            (b"initDurationMs", _) => set(|facts| &mut facts.init_duration_ms),
            (b"restoreDurationMs", _) => set(|facts| &mut facts.restore_duration_ms),
            (b"billedRestoreDurationMs", _) => set(|facts| &mut facts.billed_restore_duration_ms),
            (b"producedBytes", _) => set(|facts| &mut facts.produced_bytes),
            _ => {}
        }
    });
}

fn tracing(raw: Raw<'_>) -> Option<super::record::Xray<'_>> {
    let (mut header, mut span) = (None, None);
    json::each_field(raw.text(), |key, value| match key {
        b"value" => header = json::filled(value),
        b"spanId" => span = json::filled(value),
        _ => {}
    });
    let mut xray = xray::from_header(&header?)?;
    xray.segment_id = span;
    Some(xray)
}

/// What a function or an extension printed, in the Telemetry API's envelope.
fn printed(raw: Raw<'_>) -> Option<Record<'_>> {
    if raw.starts_with('{') {
        let mut record = app_json::app(&Fields::read(raw.text())?);
        if record.message.is_empty() {
            record.message = Cow::Borrowed(raw.text());
        }
        return Some(record);
    }
    match json::string(raw)? {
        Cow::Borrowed(text) => Some(super::function(text)),
        Cow::Owned(text) => Some(super::function(&text).into_owned()),
    }
}
