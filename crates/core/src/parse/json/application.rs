/*! A JSON line of a function or an extension goes in; its record comes out.

The keys are those of Lambda's own JSON format, of Powertools, and of common loggers. */

use std::borrow::Cow;

use crate::json::repair;
use crate::json::repair::Repaired;
use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::json::keys::{Fields, Slot, Slots};
use crate::parse::json::{durable, emf, errors, levels, nested, typed_values};
use crate::parse::record::{App, IdSource, Kind, Platform, Record};
use crate::parse::stack_trace;

/// Adds the fields of the JSON object behind a runtime's prefix to the prefix's record, whose own time and request id
/// are kept. False if `text` is not one JSON object. A platform event is recognised only as a whole line
/// (see [`line::parse`](crate::parse::json::line::parse)).
#[inline(never)]
pub fn behind_prefix<'a>(record: &mut Record<'a>, text: &'a str) -> bool {
    let object = text.trim();
    if !object.starts_with('{') {
        return false;
    }
    let (logged, logged_app) = match Fields::read(object) {
        Some(fields) => (app(&fields), App::seen(object, fields.is_plain())),
        None => match repaired(object, app) {
            Some(repaired) => repaired,
            None => return false,
        },
    };
    record.app = Some(logged_app);
    record.message = logged.message;
    if record.message.is_empty() {
        // An indented object that a runtime wrote with `\r` for its line breaks.
        record.message = match object[1..].starts_with('\r') {
            true => stack_trace::readable_lines(text),
            false => Cow::Borrowed(text),
        };
    }
    record.time = record.time.or(logged.time);
    // The logger's own level counts (see `parse::level`).
    record.level = logged.level.or(record.level);
    if record.request_id.is_none() {
        record.request_id = logged.request_id;
        record.id_source = logged.id_source;
    }
    record.function_name = logged.function_name;
    record.version = logged.version;
    record.logger = logged.logger;
    record.platform = logged.platform;
    record.xray = logged.xray;
    record.error = logged.error;
    record.emf = logged.emf;
    true
}

const IDS: Slots = Slots::of(&[
    Slot::AwsRequestId,
    Slot::FunctionRequestId,
    Slot::LambdaRequestId,
    Slot::RequestId,
    Slot::SnakeRequestId,
]);

/// Keys of which an object has one if a logger wrote it.
const LOGGED: Slots = Slots::of(&[
    Slot::Level,
    Slot::AtL,
    Slot::LevelNumber,
    Slot::Message,
    Slot::Msg,
    Slot::AtM,
    Slot::AtMt,
]);

/// The record (by `read`) and the repaired text of an object that is nearly JSON; `None` if it cannot be repaired.
/// Except for numbers such as `NaN`, only an object of a logger is repaired, and only if no other object follows it.
#[cold]
pub fn repaired(
    text: &str,
    read: impl for<'o> Fn(&Fields<'o>) -> Record<'o>,
) -> Option<(Record<'static>, App<'static>)> {
    let Repaired {
        object,
        tail,
        numbers_only,
    } = repair::repaired(text)?;
    let fields = Fields::read(&object)?;
    if !numbers_only && (!fields.has(LOGGED) || repair::begins_object(tail)) {
        return None;
    }
    let app = App::seen(&object, fields.is_plain()).into_owned();
    Some((read(&fields).into_owned(), app.into_repaired()))
}

const TRACES: Slots = Slots::of(&[Slot::XrayTraceId, Slot::TraceId]);
/// Powertools writes the function's name beside one of these keys. Without them, `function_name` may mean anything.
const FUNCTIONS: Slots = Slots::of(&[Slot::FunctionRequestId, Slot::FunctionArn]);

/// The record of an object's fields; its message is empty if no field is a message.
pub fn app<'a>(fields: &Fields<'a>) -> Record<'a> {
    // Rust's tracing nests its keys in `fields`, Python's loguru in `record`.
    let inner = fields
        .get(Slot::Fields)
        .or_else(|| fields.get(Slot::Record))
        .and_then(|inner| Fields::read(inner.text()));
    let message_text = errors::message(fields);
    let error = errors::find(fields, message_text.as_ref()).or_else(|| {
        let inner = inner.as_ref()?;
        errors::find(inner, errors::message(inner).as_ref())
    });
    let (request_id, id_source) = request_id(fields);
    let mut record = Record {
        kind: Kind::Function,
        time: time(fields),
        request_id,
        id_source,
        level: levels::of(fields, inner.as_ref()),
        logger: logger(fields),
        message: message(fields, message_text)
            .or_else(|| message(inner.as_ref()?, None))
            .unwrap_or_default(),
        xray: fields.find(TRACES, typed_values::trace).map(Box::new),
        error: error.map(Box::new),
        emf: fields.get(Slot::EmfRoot).and_then(emf::read).map(Box::new),
        ..Record::default()
    };
    nested::complete(&mut record, fields);
    let tenant_id = text(fields, Slot::TenantId);
    let durable = durable::read(fields).map(Box::new);
    if tenant_id.is_some() || durable.is_some() {
        record.platform = Some(Box::new(Platform {
            tenant_id,
            durable,
            ..Platform::default()
        }));
    }
    if fields.has(FUNCTIONS) {
        record.function_name = text(fields, Slot::FunctionName);
        record.version = text(fields, Slot::FunctionVersion);
    }
    record
}

fn text<'a>(fields: &Fields<'a>, slot: Slot) -> Option<Cow<'a, str>> {
    fields.find_one(slot, values::filled)
}

fn time(fields: &Fields<'_>) -> Option<i64> {
    const TIMES: Slots = Slots::of(&[
        Slot::Timestamp,
        Slot::AtTimestamp,
        Slot::Time,
        Slot::Ts,
        Slot::AtT,
        Slot::TimeMillis,
        Slot::Instant,
        Slot::DateTime,
        Slot::AscTime,
    ]);
    fields.find(TIMES, typed_values::instant)
}

/// The message of an object. `first` comes before all other candidates: the result of [`errors::message`], if the
/// caller has one.
fn message<'a>(fields: &Fields<'a>, first: Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    const MESSAGES: Slots = Slots::of(&[
        Slot::Message,
        Slot::Msg,
        Slot::ShortMessage,
        Slot::AtM,
        Slot::RenderedMessage,
        Slot::MessageTemplate,
        Slot::AtMt,
    ]);
    const LOGGED: Slots = Slots::of(&[Slot::Level, Slot::Timestamp]);
    let any = |raw: RawValue<'a>| match raw.starts_with('"') {
        true => values::string(raw),
        false => Some(Cow::Borrowed(raw.text())),
    };
    // structlog writes the message as "event". A function's own "event" is an object, or has neither level nor
    // timestamp beside it.
    let structlog = || {
        let event = fields.get(Slot::Event).filter(|_| fields.has(LOGGED))?;
        values::filled(event)
    };
    first
        .or_else(|| fields.find(MESSAGES, any))
        .map(trimmed)
        .or_else(structlog)
}

/// `text` without its final line breaks.
pub fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(['\n', '\r'])),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            Cow::Owned(text)
        }
    }
}

fn logger<'a>(fields: &Fields<'a>) -> Option<Cow<'a, str>> {
    // "name" is the logger's name in lines of bunyan and pino (numeric level) and of Python (`levelno` or `asctime`).
    let named = || {
        let numbered = fields
            .get(Slot::Level)
            .is_some_and(|level| level.as_bytes()[0].is_ascii_digit())
            || fields.get(Slot::LevelNumber).is_some()
            || fields.get(Slot::AscTime).is_some();
        numbered.then(|| text(fields, Slot::Name)).flatten()
    };
    // Powertools for .NET writes the logger as "name"; with Powertools for Python, "name" is the function's own key.
    let powertools = || {
        fields.get(Slot::FunctionRequestId)?;
        text(fields, Slot::Name).filter(|name| name.contains('.') && !name.contains(' '))
    };
    let tracing = || {
        let tracing = fields.get(Slot::Fields).is_some() || fields.get(Slot::Span).is_some();
        tracing.then(|| text(fields, Slot::Target)).flatten()
    };
    text(fields, Slot::Logger)
        .or_else(|| text(fields, Slot::Category))
        .or_else(tracing)
        .or_else(named)
        .or_else(powertools)
}

/// The object's request id, and who wrote it. Functions use `requestId` for other ids too.
fn request_id<'a>(fields: &Fields<'a>) -> (Option<Cow<'a, str>>, IdSource) {
    const OF_LAMBDA: Slots = Slots::of(&[
        Slot::AwsRequestId,
        Slot::FunctionRequestId,
        Slot::LambdaRequestId,
    ]);
    if !fields.has(IDS) {
        return (None, IdSource::Function);
    }
    if let Some(id) = fields.find(OF_LAMBDA, typed_values::request_id) {
        return (Some(id), IdSource::Logger);
    }
    if let Some(id) = fields.find_one(Slot::RequestId, typed_values::request_id) {
        let by_runtime = fields.get(Slot::Level).is_some() && fields.begins_with(Slot::Timestamp);
        let source = match by_runtime {
            true => IdSource::Logger,
            false => IdSource::Function,
        };
        return (Some(id), source);
    }
    let id = fields.find_one(Slot::SnakeRequestId, typed_values::uuid);
    (id, IdSource::Function)
}
