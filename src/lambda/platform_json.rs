/*! Platform events of JSON-format log groups: `{"time":…,"type":"platform.…","record":…}`, known or not. */

use std::borrow::Cow;

use super::json::{Raw, Value};
use super::json_keys::{Fields, Slot, Slots};
use super::record::{Dropped, Extension, Kind, Platform, Record};
use crate::json::scan::Plain;

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
    // A function may well log a "type" of its own.
    let foreign = inner.is_none() && (time.is_none() || fields.has(LOGGED));
    if foreign {
        return None;
    }
    let kind = event(name)?;
    let mut record = match inner {
        Some(object) if object.starts_with('{') => from_object(&kind, object.text()),
        Some(string) => from_string(string),
        None => Record::default(),
    };
    record.kind = kind;
    record.time = time.and_then(app_json::instant);
    Some(record)
}

/// The platform's event of a name.
fn event(name: Cow<'_, str>) -> Option<Kind<'_>> {
    let kind = match name.strip_prefix("platform.")? {
        "" => return None,
        "start" => Kind::Start,
        "end" => Kind::End,
        "report" => Kind::Report,
        "initStart" => Kind::InitStart,
        "initReport" => Kind::InitReport,
        "restoreStart" => Kind::RestoreStart,
        "restoreReport" => Kind::RestoreReport,
        "extension" => Kind::Extension,
        "telemetrySubscription" => Kind::TelemetrySubscription,
        "logsSubscription" => Kind::LogsSubscription,
        "logsDropped" => Kind::LogsDropped,
        "runtimeDone" => Kind::RuntimeDone,
        "initRuntimeDone" => Kind::InitRuntimeDone,
        "restoreRuntimeDone" => Kind::RestoreRuntimeDone,
        "timeout" => Kind::Timeout,
        "fault" => Kind::Fault,
        "xray" => Kind::Xray,
        _ => Kind::Other(name),
    };
    Some(kind)
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

/// What the members of a platform event's record tell.
#[derive(Default)]
struct Reading<'a> {
    record: Record<'a>,
    facts: Facts<'a>,
    extension: Extension<'a>,
    dropped: Dropped<'a>,
}

impl<'a> Reading<'a> {
    /// Reads any member but `metrics`.
    #[inline]
    fn member(&mut self, key: &[u8], value: Raw<'a>) {
        let text = || json::filled(value);
        let Self {
            record,
            facts,
            extension,
            dropped,
        } = self;
        match key {
            b"requestId" => record.request_id = json_inner::id(value),
            b"version" | b"functionVersion" => record.version = text(),
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
    }

    /// Reads a member of `metrics`.
    #[inline]
    fn metric(&mut self, kind: &Kind<'_>, key: &[u8], value: Raw<'_>) {
        let number = json::number(value);
        let facts = &mut self.facts;
        match (key, kind) {
            (b"durationMs", Kind::InitReport) => {
                facts.set(number, |facts| &mut facts.init_duration_ms);
            }
            (b"durationMs", Kind::RestoreReport) => {
                facts.set(number, |facts| &mut facts.restore_duration_ms);
            }
            (b"durationMs", _) => facts.set(number, |facts| &mut facts.duration_ms),
            (b"billedDurationMs", _) => facts.set(number, |facts| &mut facts.billed_duration_ms),
            (b"memorySizeMB", _) => facts.set(number, |facts| &mut facts.memory_size_mb),
            (b"maxMemoryUsedMB", _) => facts.set(number, |facts| &mut facts.max_memory_used_mb),
            (b"initDurationMs", _) => facts.set(number, |facts| &mut facts.init_duration_ms),
            (b"restoreDurationMs", _) => facts.set(number, |facts| &mut facts.restore_duration_ms),
            (b"billedRestoreDurationMs", _) => {
                facts.set(number, |facts| &mut facts.billed_restore_duration_ms);
            }
            (b"producedBytes", _) => facts.set(number, |facts| &mut facts.produced_bytes),
            _ => {}
        }
    }

    fn done(&mut self, kind: &Kind<'_>) {
        let extends = matches!(
            kind,
            Kind::Extension | Kind::TelemetrySubscription | Kind::LogsSubscription
        );
        if extends && self.extension != Extension::default() {
            let extension = Some(std::mem::take(&mut self.extension));
            self.facts.set(extension, |facts| &mut facts.extension);
        }
        if *kind == Kind::LogsDropped && self.dropped != Dropped::default() {
            let dropped = Some(std::mem::take(&mut self.dropped));
            self.facts.set(dropped, |facts| &mut facts.dropped);
        }
        self.record.platform = self.facts.0.take();
    }
}

fn from_object<'a>(kind: &Kind<'a>, object: &'a str) -> Record<'a> {
    let mut reading = Reading::default();
    json::each_field(object, |key, value| match key {
        b"metrics" => {
            json::each_field(value.text(), |key, value| reading.metric(kind, key, value));
        }
        _ => reading.member(key, value),
    });
    reading.done(kind);
    reading.record
}

/// A platform event as the platform writes it, its parts in this order, read in the walk that looks whether it is valid.
/// It comes to what [`record`] comes to; none for anything else.
/// The flag says whether the line can be embedded as it is written.
pub fn usual(text: &str) -> Option<(Record<'_>, bool)> {
    if !text.starts_with("{\"time\":\"") {
        return None;
    }
    let mut plain = Plain::of(text.len());
    let mut time = None;
    let mut kind = None;
    let mut reading = Reading::default();
    let mut is_read = false;
    let whole = json::whole(text, &mut plain, |key, start, plain| {
        match (key.text, start.1) {
            (b"record", b'{') if !is_read => {
                is_read = true;
                let kind = kind.as_ref()?;
                json::members(text, start, plain, |key, start, plain| {
                    if key.text == b"metrics" && start.1 == b'{' {
                        return json::members(text, start, plain, |key, start, plain| {
                            let value = Value::read(text, start, plain)?;
                            reading.metric(kind, key.text, value.raw());
                            Some(value.end())
                        });
                    }
                    let value = Value::read(text, start, plain)?;
                    reading.member(key.text, value.raw());
                    Some(value.end())
                })
            }
            (b"time", b'"') if time.is_none() => {
                let value = Value::read(text, start, plain)?;
                time = Some(value.raw());
                Some(value.end())
            }
            (b"type", b'"') if kind.is_none() => {
                let value = Value::read(text, start, plain)?;
                kind = Some(event(json::string(value.raw())?)?);
                Some(value.end())
            }
            _ => None,
        }
    });
    let kind = kind.filter(|_| whole && is_read)?;
    reading.done(&kind);
    reading.record.kind = kind;
    reading.record.time = time.and_then(app_json::instant);
    Some((reading.record, plain.holds()))
}

fn list(raw: Raw<'_>) -> Option<Vec<Cow<'_, str>>> {
    raw.starts_with('[').then(|| json::strings(raw))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member() -> impl Strategy<Value = String> {
        let key = prop::sample::select(vec![
            "requestId",
            "version",
            "status",
            "errorType",
            "phase",
            "tracing",
            "name",
            "events",
            "reason",
            "droppedBytes",
            "metrics",
            "tenantId",
            "m\\u0065trics",
            "other",
        ]);
        let value = prop::sample::select(vec![
            "\"x\"",
            "\"undefined\"",
            "\"\"",
            "null",
            "1.5",
            "[\"a\",1]",
            "{}",
            "\"a\\nb\"",
            "\"\\ud800\"",
            "{\"durationMs\":12.5,\"memorySizeMB\":128,\"durationMs\":\"7\"}",
            "{\"durationMs\":null }",
            "{\"value\":\"Root=1-6352a70e-1e2c502e358361800241fd45;Sampled=1\",\"spanId\":\"s\"}",
        ]);
        (key, value).prop_map(|(key, value)| format!("\"{key}\":{value}"))
    }

    proptest! {
        #[test]
        fn what_is_usual_comes_to_the_same(
            name in prop::sample::select(vec![
                "start", "report", "initReport", "restoreReport", "logsDropped", "extension", "new", "",
            ]),
            members in prop::collection::vec(member(), 0..7),
            end in prop::sample::select(vec!["}}", "} } ", "},\"more\":1}", "}", "},\"time\":\"x\"}"]),
        ) {
            let time = "2024-05-14T10:15:30.123Z";
            let members = members.join(",");
            let text = format!("{{\"time\":\"{time}\",\"type\":\"platform.{name}\",\"record\":{{{members}{end}");
            let general = Fields::read(&text).and_then(|fields| Some((record(&fields)?, fields.is_plain())));
            let usual = usual(&text);
            prop_assert!(usual.is_none() || usual == general, "{}", text);
            prop_assert_eq!(usual.is_some(), end.len() < 5 && end.len() > 1 && !name.is_empty(), "{}", text);
        }
    }
}
