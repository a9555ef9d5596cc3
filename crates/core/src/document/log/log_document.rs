/*! A log event, its record, its id and its context go in; the two lines of its log document come out, field by field in
the order of [`schema`](crate::document::schema). */

use crate::decode::{Event, Origin};
use crate::document::id::{ID, Identifier};
use crate::document::index_name;
use crate::document::index_name::DocumentKind;
use crate::document::log::app::AppWriter;
use crate::document::log::document_times::{Clock, DocumentTimes};
use crate::document::log::faas::{FaasFields, FaasJson};
use crate::document::log::origin_json::OriginJson;
use crate::document::{
    DocumentOptions, DocumentSpan, EventId, Flag, Flags, LineContext, ObjectInfo,
};
use crate::json;
use crate::parse::{App, Emf, ErrorInfo, Kind, Platform, Record, Xray};
use crate::time::{calendar, rfc3339};
use std::sync::Arc;

/// Writes the documents of one object, in the object's order.
#[derive(Debug)]
pub struct LogDocumentWriter {
    options: DocumentOptions,
    clock: Clock,
    identifier: Identifier,
    app: AppWriter,
    /// A buffer for an `app` that has more than one source.
    app_parts: Vec<u8>,
    /// `"s3":{…}` of the object.
    s3: Vec<u8>,
    template: DocumentTemplate,
    origin: Option<OriginJson>,
    faas: FaasJson,
}

/// The text before a message: `{"create":{"_index":"…","_id":"…"}}` and `{"@timestamp":"…","message":"`. From one
/// document to the next, only the id and the time of day change.
#[derive(Debug)]
struct DocumentTemplate {
    index_day: i64,
    day: i64,
    text: Vec<u8>,
    /// Offsets in `text` of the id, of the source line and of the time of day.
    id: usize,
    source: usize,
    clock: usize,
}

impl LogDocumentWriter {
    pub fn new(object: &ObjectInfo, options: &DocumentOptions) -> Self {
        let mut s3 = Vec::new();
        json::object_member(&mut s3, "s3", |out| {
            json::string_member(out, "bucket", Some(&object.bucket));
            json::string_member(out, "key", Some(&object.key));
        });
        Self {
            options: options.clone(),
            clock: Clock::new(object),
            identifier: Identifier::new(object),
            app: AppWriter::default(),
            app_parts: Vec::new(),
            s3,
            template: DocumentTemplate::new(options, 0, 0),
            origin: None,
            faas: FaasJson::default(),
        }
    }

    /// The event's id. Call it exactly once for each event, in the object's order, which distinguishes equal events.
    pub fn identify(&mut self, event: &Event<'_>) -> EventId {
        self.identifier.identify(event)
    }

    /// The times of the event's document. Call it before [`LogDocumentWriter::write_at`].
    pub(crate) fn times(&self, event: &Event<'_>, record: &Record<'_>) -> DocumentTimes {
        self.clock.when(event, record)
    }

    /// Takes note of an event that makes no document.
    pub(crate) fn pass(&mut self, times: &DocumentTimes) {
        self.clock.tick(times);
    }

    /// Appends `{"create":{"_index":"…","_id":"…"}}` and the document, one line each. `invalid_utf8`: the event's text
    /// was not UTF-8, and the record has replacement characters.
    pub fn write(
        &mut self,
        event: &Event<'_>,
        invalid_utf8: bool,
        record: &Record<'_>,
        id: EventId,
        context: &LineContext<'_>,
        out: &mut Vec<u8>,
    ) -> DocumentSpan {
        let when = self.times(event, record);
        self.write_at(&when, event, invalid_utf8, record, id, context, out)
    }

    /// [`LogDocumentWriter::write`] with the event's [`LogDocumentWriter::times`].
    #[expect(clippy::too_many_arguments, reason = "the parts of one document")]
    #[inline]
    pub(crate) fn write_at(
        &mut self,
        when: &DocumentTimes,
        event: &Event<'_>,
        invalid_utf8: bool,
        record: &Record<'_>,
        id: EventId,
        context: &LineContext<'_>,
        out: &mut Vec<u8>,
    ) -> DocumentSpan {
        let mut flags = when.flags;
        if event.truncated > 0 {
            flags.set(Flag::Truncated);
        }
        if invalid_utf8 {
            flags.set(Flag::InvalidUtf8);
        }
        let start = out.len();
        let source = self.write_up_to_message(&id, when, out);
        self.write_source(event, record, context, flags, out);
        self.clock.tick(when);
        DocumentSpan {
            start,
            source,
            end: out.len(),
        }
    }

    /// Appends both lines up to the message. Returns the offset of the source line.
    fn write_up_to_message(
        &mut self,
        id: &EventId,
        when: &DocumentTimes,
        out: &mut Vec<u8>,
    ) -> usize {
        let (first, last) = (*rfc3339::WRITABLE.start(), *rfc3339::WRITABLE.end());
        let time = when.timestamp.clamp(first, last);
        let day = calendar::day_of(time);
        let index_day = when.index_day();
        if self.template.day != day || self.template.index_day != index_day {
            self.template = DocumentTemplate::new(&self.options, index_day, day);
        }
        let template = &self.template;
        let start = out.len();
        out.extend_from_slice(&template.text);
        // The copy is changed rather than the template: a copy of bytes that were just written waits for them.
        let copy = &mut out[start..];
        copy[template.id..template.id + ID].copy_from_slice(id.as_bytes());
        let clock = rfc3339::clock(time);
        copy[template.clock..template.clock + clock.len()].copy_from_slice(&clock);
        start + template.source
    }

    /// Appends the source line from the message on.
    #[inline]
    fn write_source(
        &mut self,
        event: &Event<'_>,
        record: &Record<'_>,
        context: &LineContext<'_>,
        mut flags: Flags,
        out: &mut Vec<u8>,
    ) {
        json::escaped(out, &record.message);
        write_log(record, event.offset, out);
        write_lambda(&record.kind, record.platform.as_deref(), out);
        self.faas
            .write(FaasFields::of(event.origin, record, context), out);
        if let Some(error) = &record.error {
            write_error(error, out);
        }
        self.write_origin(event.origin, record.xray.as_deref(), out);
        if record.app.is_some() || record.platform.is_some() {
            self.write_app(record, &mut flags, out);
        }
        if let Some(emf) = &record.emf {
            write_emf(emf, out);
        }
        if self.options.keep_original || !flags.is_empty() {
            self.write_original_and_flags(event, flags, out);
        }
        out.extend_from_slice(b"}\n");
    }

    /// Appends `event` and `logferry`. Most documents have neither; see [`write_error`].
    #[inline(never)]
    fn write_original_and_flags(&self, event: &Event<'_>, flags: Flags, out: &mut Vec<u8>) {
        if self.options.keep_original || flags.has_loss() {
            json::object_member(out, "event", |out| {
                let text = String::from_utf8_lossy(event.text);
                json::string_member(out, "original", Some(&text));
            });
        }
        if !flags.is_empty() {
            json::object_member(out, "logferry", |out| {
                json::strings_member(out, "flags", flags.names());
                if event.truncated > 0 {
                    json::unsigned_member(out, "truncated_bytes", event.truncated);
                }
            });
        }
    }

    /// Appends `aws` and `cloud`.
    fn write_origin(&mut self, origin: &Arc<Origin>, xray: Option<&Xray<'_>>, out: &mut Vec<u8>) {
        let known = matches!(&self.origin, Some(parts) if Arc::ptr_eq(&parts.origin, origin));
        if !known {
            self.origin = None;
        }
        let (s3, app) = (&self.s3, &mut self.app);
        let parts = self
            .origin
            .get_or_insert_with(|| OriginJson::new(Arc::clone(origin), s3, app));
        match xray {
            None => out.extend_from_slice(&parts.untraced),
            Some(xray) => parts.write(Some(xray), &self.s3, out),
        }
    }

    /// Appends `app`: the logged object, or the unknown pairs of a platform line, or both in one object.
    #[inline(never)]
    fn write_app(&mut self, record: &Record<'_>, flags: &mut Flags, out: &mut Vec<u8>) {
        let unknown = match &record.platform {
            Some(platform) => platform.unknown.as_slice(),
            None => &[],
        };
        let start = out.len();
        json::key(out, "app");
        let found = match (&record.app, unknown) {
            (None, []) => None,
            (Some(app), []) => Some(self.app.write_logged(out, app)),
            (app, unknown) => {
                let parts = &mut self.app_parts;
                parts.clear();
                parts.push(b'{');
                for (name, value) in unknown {
                    json::comma(parts);
                    json::string(parts, name);
                    parts.push(b':');
                    json::string(parts, value);
                }
                if let Some(app) = app {
                    json::key(parts, "app");
                    parts.extend_from_slice(app.as_bytes());
                }
                parts.push(b'}');
                let parts = std::str::from_utf8(parts).expect("made of strings");
                Some(self.app.write(out, parts))
            }
        };
        if found.is_none_or(|found| found.has(Flag::AppInvalid)) {
            out.truncate(start);
        }
        flags.add(found.unwrap_or_default());
        if record.app.as_ref().is_some_and(App::is_repaired) {
            flags.set(Flag::JsonRepaired);
        }
    }
}

impl DocumentTemplate {
    fn new(options: &DocumentOptions, index_day: i64, day: i64) -> Self {
        let mut text = b"{\"create\":{\"_index\":\"".to_vec();
        index_name::write(
            &mut text,
            &options.index_prefix,
            DocumentKind::Log,
            index_day,
        );
        text.extend_from_slice(b"\",\"_id\":\"");
        let id = text.len();
        text.extend_from_slice(&[b'-'; ID]);
        text.extend_from_slice(b"\"}}\n");
        let source = text.len();
        text.extend_from_slice(b"{\"@timestamp\":\"");
        rfc3339::write_date(&mut text, calendar::date_of(day), b'-');
        text.push(b'T');
        let clock = text.len();
        text.extend_from_slice(&rfc3339::clock(0));
        text.extend_from_slice(b"Z\",\"message\":\"");
        Self {
            index_day,
            day,
            text,
            id,
            source,
            clock,
        }
    }
}

/// Appends the end of the message and `log`, except its closing bracket.
fn write_log(record: &Record<'_>, offset: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\",\"log\":{");
    if let Some(level) = record.level {
        out.extend_from_slice(b"\"level\":\"");
        out.extend_from_slice(level.as_str().as_bytes());
        out.extend_from_slice(b"\",");
    }
    out.extend_from_slice(b"\"offset\":");
    json::unsigned(out, offset.min(i64::MAX as u64));
    json::string_member(out, "logger", record.logger.as_deref());
}

/// Appends the end of `log` and `lambda`.
fn write_lambda(kind: &Kind<'_>, platform: Option<&Platform<'_>>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"},\"lambda\":{\"type\":\"");
    match kind {
        Kind::Other(name) => json::escaped(out, name),
        known => out.extend_from_slice(known.as_str().as_bytes()),
    }
    out.push(b'"');
    if let Some(platform) = platform {
        write_platform(platform, out);
    }
    out.push(b'}');
}

/// Appends the members of `lambda` behind its type.
#[inline(never)]
fn write_platform(platform: &Platform<'_>, out: &mut Vec<u8>) {
    for (name, value) in [
        ("duration_ms", platform.duration_ms),
        ("billed_duration_ms", platform.billed_duration_ms),
        ("memory_size_mb", platform.memory_size_mb),
        ("max_memory_used_mb", platform.max_memory_used_mb),
        ("init_duration_ms", platform.init_duration_ms),
        ("restore_duration_ms", platform.restore_duration_ms),
        (
            "billed_restore_duration_ms",
            platform.billed_restore_duration_ms,
        ),
        ("produced_bytes", platform.produced_bytes),
        ("timeout_seconds", platform.timeout_seconds),
    ] {
        json::float_member(out, name, value);
    }
    for (name, value) in [
        ("status", &platform.status),
        ("error_type", &platform.error_type),
        ("phase", &platform.phase),
        ("initialization_type", &platform.initialization_type),
        ("runtime_version", &platform.runtime_version),
        ("runtime_version_arn", &platform.runtime_version_arn),
        ("function_arn", &platform.function_arn),
        ("tenant_id", &platform.tenant_id),
    ] {
        json::string_member(out, name, value.as_deref());
    }
    if let Some(durable) = &platform.durable {
        json::object_member(out, "durable", |out| {
            json::string_member(out, "execution_arn", Some(&durable.execution_arn));
            json::string_member(out, "execution_name", durable.execution_name.as_deref());
            json::string_member(out, "operation", durable.operation.as_deref());
            if let Some(attempt) = durable.attempt {
                json::unsigned_member(out, "attempt", u64::from(attempt));
            }
        });
    }
    if let Some(extension) = &platform.extension {
        json::object_member(out, "extension", |out| {
            json::string_member(out, "name", extension.name.as_deref());
            json::string_member(out, "state", extension.state.as_deref());
            json::list_member(out, "events", extension.events.as_deref());
            json::list_member(out, "types", extension.types.as_deref());
        });
    }
    if let Some(dropped) = &platform.dropped {
        json::object_member(out, "dropped", |out| {
            json::float_member(out, "records", dropped.records);
            json::float_member(out, "bytes", dropped.bytes);
            json::string_member(out, "reason", dropped.reason.as_deref());
        });
    }
}

#[inline(never)]
fn write_emf(emf: &Emf<'_>, out: &mut Vec<u8>) {
    json::object_member(out, "emf", |out| {
        json::strings_member(out, "namespaces", &emf.namespaces);
        // `app` has the timestamps that are not dates too.
        if let Some(time) = emf.timestamp
            && rfc3339::WRITABLE.contains(&time)
            && let Ok(millis) = u64::try_from(time)
        {
            json::unsigned_member(out, "timestamp", millis);
        }
    });
}

/// Not inlined, like the other parts that most documents do not have: the code of every document stays short, and in
/// the processor's cache.
#[inline(never)]
fn write_error(error: &ErrorInfo<'_>, out: &mut Vec<u8>) {
    json::object_member(out, "error", |out| {
        json::string_member(out, "type", error.kind.as_deref());
        json::string_member(out, "message", error.message.as_deref());
        json::string_member(out, "stack_trace", error.stack_trace.as_deref());
    });
}
