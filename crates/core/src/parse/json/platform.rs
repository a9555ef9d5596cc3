/*! A platform event of a JSON-format log group goes in; its record comes out.

The form is `{"time":…,"type":"platform.…","record":…}`. An event of an unknown type is read too. */

use std::borrow::Cow;

use crate::json::plain::Plain;
use crate::json::values::{RawValue, Value};
use crate::parse::json::keys::{Fields, Slot, Slots};
use crate::parse::record::{Dropped, Extension, Kind, Platform, Record};

use crate::json::values;
use crate::parse::function_text;
use crate::parse::json::{application, typed_values};
use crate::parse::text::platform;
use crate::parse::xray;

const LOGGED: Slots = Slots::of(&[Slot::Level, Slot::Message, Slot::Msg]);

/// The record of a platform event, or of a function's or extension's line in the Telemetry API's envelope; `None` for
/// other objects.
pub fn record<'a>(fields: &Fields<'a>) -> Option<Record<'a>> {
    let name = values::string(fields.get(Slot::Type)?)?;
    let inner = fields.get(Slot::Record);
    let time = fields.get(Slot::Time);
    if matches!(&*name, "function" | "extension") {
        let (inner, time) = (inner?, time?);
        let mut record = printed(inner)?;
        record.time = typed_values::instant(time).or(record.time);
        return Some(record);
    }
    // A function may log a "type" of its own.
    let is_functions_own = inner.is_none() && (time.is_none() || fields.has(LOGGED));
    if is_functions_own {
        return None;
    }
    let kind = event_kind(name)?;
    let mut record = match inner {
        Some(object) if object.starts_with('{') => from_object(&kind, object.text()),
        Some(string) => from_string(string),
        None => Record::default(),
    };
    record.kind = kind;
    record.time = time.and_then(typed_values::instant);
    Some(record)
}

/// The kind of a platform event by its type; `None` for a type without `platform.`.
fn event_kind(name: Cow<'_, str>) -> Option<Kind<'_>> {
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

/// The record of an event whose `record` is a text line of the platform, which is the message.
fn from_string(raw: RawValue<'_>) -> Record<'_> {
    let read = |text: &str| platform::parse(text.trim_start()).map(Record::into_owned);
    let Some(text) = values::string(raw) else {
        return Record::default();
    };
    let text = application::trimmed(text);
    Record {
        message: text.clone(),
        ..read(&text).unwrap_or_default()
    }
}

/// The fields of a platform event, allocated with the first field: a start event has none.
#[derive(Default)]
struct PlatformFields<'a>(Option<Box<Platform<'a>>>);

impl<'a> PlatformFields<'a> {
    #[inline]
    fn set<T>(
        &mut self,
        value: Option<T>,
        field: impl for<'p> FnOnce(&'p mut Platform<'a>) -> &'p mut Option<T>,
    ) {
        if value.is_some() {
            *field(self.0.get_or_insert_default()) = value;
        } else if let Some(fields) = &mut self.0 {
            // A later duplicate key without a value clears the field.
            *field(fields) = None;
            self.0.take_if(|fields| **fields == Platform::default());
        }
    }
}

/// The values read so far from the members of an event's `record`.
#[derive(Default)]
struct RecordReader<'a> {
    record: Record<'a>,
    fields: PlatformFields<'a>,
    extension: Extension<'a>,
    dropped: Dropped<'a>,
}

impl<'a> RecordReader<'a> {
    /// Reads a member other than `metrics`.
    #[inline]
    fn member(&mut self, key: &[u8], value: RawValue<'a>) {
        let text = || values::filled(value);
        let Self {
            record,
            fields,
            extension,
            dropped,
        } = self;
        match key {
            b"requestId" => record.request_id = typed_values::request_id(value),
            b"version" | b"functionVersion" => record.version = text(),
            b"status" => fields.set(text(), |fields| &mut fields.status),
            b"functionName" => record.function_name = text(),
            b"functionArn" => fields.set(text(), |fields| &mut fields.function_arn),
            b"tenantId" => fields.set(text(), |fields| &mut fields.tenant_id),
            b"errorType" => fields.set(text(), |fields| &mut fields.error_type),
            b"phase" => fields.set(text(), |fields| &mut fields.phase),
            b"initializationType" => fields.set(text(), |fields| &mut fields.initialization_type),
            b"runtimeVersion" => fields.set(text(), |fields| &mut fields.runtime_version),
            b"runtimeVersionArn" => fields.set(text(), |fields| &mut fields.runtime_version_arn),
            b"tracing" => record.xray = tracing(value).map(Box::new),
            b"name" => extension.name = text(),
            b"state" => extension.state = text(),
            b"events" => extension.events = list(value),
            b"types" => extension.types = list(value),
            b"reason" => dropped.reason = text(),
            b"droppedRecords" => dropped.records = values::number(value),
            b"droppedBytes" => dropped.bytes = values::number(value),
            _ => {}
        }
    }

    /// Reads a member of `metrics`.
    #[inline]
    fn metric(&mut self, kind: &Kind<'_>, key: &[u8], value: RawValue<'_>) {
        let number = values::number(value);
        let fields = &mut self.fields;
        match (key, kind) {
            (b"durationMs", Kind::InitReport) => {
                fields.set(number, |fields| &mut fields.init_duration_ms);
            }
            (b"durationMs", Kind::RestoreReport) => {
                fields.set(number, |fields| &mut fields.restore_duration_ms);
            }
            (b"durationMs", _) => fields.set(number, |fields| &mut fields.duration_ms),
            (b"billedDurationMs", _) => fields.set(number, |fields| &mut fields.billed_duration_ms),
            (b"memorySizeMB", _) => fields.set(number, |fields| &mut fields.memory_size_mb),
            (b"maxMemoryUsedMB", _) => fields.set(number, |fields| &mut fields.max_memory_used_mb),
            (b"initDurationMs", _) => fields.set(number, |fields| &mut fields.init_duration_ms),
            (b"restoreDurationMs", _) => {
                fields.set(number, |fields| &mut fields.restore_duration_ms)
            }
            (b"billedRestoreDurationMs", _) => {
                fields.set(number, |fields| &mut fields.billed_restore_duration_ms);
            }
            (b"producedBytes", _) => fields.set(number, |fields| &mut fields.produced_bytes),
            _ => {}
        }
    }

    /// Moves the collected fields into the record.
    fn finish(&mut self, kind: &Kind<'_>) {
        let extends = matches!(
            kind,
            Kind::Extension | Kind::TelemetrySubscription | Kind::LogsSubscription
        );
        if extends && self.extension != Extension::default() {
            let extension = Some(std::mem::take(&mut self.extension));
            self.fields.set(extension, |fields| &mut fields.extension);
        }
        if *kind == Kind::LogsDropped && self.dropped != Dropped::default() {
            let dropped = Some(std::mem::take(&mut self.dropped));
            self.fields.set(dropped, |fields| &mut fields.dropped);
        }
        self.record.platform = self.fields.0.take();
    }
}

/// The record of an event whose `record` is an object.
fn from_object<'a>(kind: &Kind<'a>, object: &'a str) -> Record<'a> {
    let mut reading = RecordReader::default();
    values::each_field(object, |key, value| match key {
        b"metrics" => {
            values::each_field(value.text(), |key, value| reading.metric(kind, key, value));
        }
        _ => reading.member(key, value),
    });
    reading.finish(kind);
    reading.record
}

/// The fast path for a platform event as the platform writes it: `time`, `type` and `record` in this order, read in
/// the same walk that validates the line. The result equals that of [`record`]; `None` for any other text. The flag
/// tells whether the line is plain (OpenSearch accepts it as it is written).
pub fn usual(text: &str) -> Option<(Record<'_>, bool)> {
    if !text.starts_with("{\"time\":\"") {
        return None;
    }
    let mut plain = Plain::of(text.len());
    let mut time = None;
    let mut kind = None;
    let mut reading = RecordReader::default();
    let mut is_read = false;
    let whole = values::whole(text, &mut plain, |key, start, plain| {
        match (key.text, start.1) {
            (b"record", b'{') if !is_read => {
                is_read = true;
                let kind = kind.as_ref()?;
                values::members(text, start, plain, |key, start, plain| {
                    if key.text == b"metrics" && start.1 == b'{' {
                        return values::members(text, start, plain, |key, start, plain| {
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
                kind = Some(event_kind(values::string(value.raw())?)?);
                Some(value.end())
            }
            _ => None,
        }
    });
    let kind = kind.filter(|_| whole && is_read)?;
    reading.finish(&kind);
    reading.record.kind = kind;
    reading.record.time = time.and_then(typed_values::instant);
    Some((reading.record, plain.holds()))
}

/// The strings of an array; `None` for other values.
fn list(raw: RawValue<'_>) -> Option<Vec<Cow<'_, str>>> {
    raw.starts_with('[').then(|| values::strings(raw))
}

/// The X-Ray ids of the member `tracing`.
fn tracing(raw: RawValue<'_>) -> Option<crate::parse::record::Xray<'_>> {
    let (mut header, mut span) = (None, None);
    values::each_field(raw.text(), |key, value| match key {
        b"value" => header = values::filled(value),
        b"spanId" => span = values::filled(value),
        _ => {}
    });
    let mut xray = xray::from_header(&header?)?;
    xray.segment_id = span;
    Some(xray)
}

/// The record of a line that a function or an extension printed, in the Telemetry API's envelope.
fn printed(raw: RawValue<'_>) -> Option<Record<'_>> {
    if raw.starts_with('{') {
        let mut record = application::app(&Fields::read(raw.text())?);
        if record.message.is_empty() {
            record.message = Cow::Borrowed(raw.text());
        }
        return Some(record);
    }
    match values::string(raw)? {
        Cow::Borrowed(text) => Some(function_text::parse(text)),
        Cow::Owned(text) => Some(function_text::parse(&text).into_owned()),
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
        fn the_fast_path_agrees_with_the_general_reader(
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
