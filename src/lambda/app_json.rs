/*! JSON logs of functions and extensions: Lambda's own format, Powertools, and the JSON forms of the usual loggers. */

use std::borrow::Cow;

use super::json::Raw;
use super::json_keys::{Fields, Slot, Slots};
use super::record::{App, Kind, Level, Platform, Record};
use super::{emf, json, json_error, json_inner, level, platform_json, timestamp};

/// A text that is wholly one JSON object, blanks around it allowed; none for any other.
pub fn parse(text: &str) -> Option<Record<'_>> {
    let object = match text.as_bytes() {
        [b'{', .., b'}'] => text,
        _ => text.trim(),
    };
    let (mut record, plain) = match platform_json::usual(object) {
        Some(usual) => usual,
        None => {
            let fields = Fields::read(object)?;
            let record = platform_json::record(&fields).unwrap_or_else(|| app(&fields));
            (record, fields.is_plain())
        }
    };
    record.app = Some(App::seen(object, plain));
    if record.message.is_empty() {
        record.message = Cow::Borrowed(text);
    }
    Some(record)
}

/// As [`parse`], without what only a whole line says: for a JSON object behind a runtime's prefix.
pub fn behind_prefix<'a>(record: &mut Record<'a>, text: &'a str) -> bool {
    let object = text.trim();
    let Some(fields) = object
        .starts_with('{')
        .then(|| Fields::read(object))
        .flatten()
    else {
        return false;
    };
    let said = app(&fields);
    record.app = Some(App::seen(object, fields.is_plain()));
    record.message = said.message;
    if record.message.is_empty() {
        record.message = Cow::Borrowed(text);
    }
    record.time = record.time.or(said.time);
    record.level = record.level.or(said.level);
    record.request_id = record.request_id.take().or(said.request_id);
    record.function_name = said.function_name;
    record.version = said.version;
    record.logger = said.logger;
    record.platform = said.platform;
    record.xray = said.xray;
    record.error = said.error;
    record.emf = said.emf;
    true
}

const TRACES: Slots = Slots::of(&[Slot::XrayTraceId, Slot::TraceId]);
/// Powertools' name of the function stands beside them; elsewhere its key may mean anything.
const FUNCTIONS: Slots = Slots::of(&[Slot::FunctionRequestId, Slot::FunctionArn]);

/// The record of an object's fields; an empty message if none of them is one.
pub fn app<'a>(fields: &Fields<'a>) -> Record<'a> {
    let inner = fields
        .get(Slot::Fields)
        .and_then(|inner| Fields::read(inner.text()));
    let said = json_error::said(fields);
    let error = json_error::find(fields, said.as_ref()).or_else(|| {
        let inner = inner.as_ref()?;
        json_error::find(inner, json_error::said(inner).as_ref())
    });
    let mut record = Record {
        kind: Kind::Function,
        time: time(fields),
        request_id: request_id(fields),
        level: level(fields),
        logger: logger(fields),
        message: message(fields, said)
            .or_else(|| message(inner.as_ref()?, None))
            .unwrap_or_default(),
        xray: fields.find(TRACES, json_inner::trace).map(Box::new),
        error: error.map(Box::new),
        emf: fields.get(Slot::EmfRoot).and_then(emf::read).map(Box::new),
        ..Record::default()
    };
    json_inner::complete(&mut record, fields);
    if let Some(tenant_id) = text(fields, Slot::TenantId) {
        record.platform = Some(Box::new(Platform {
            tenant_id: Some(tenant_id),
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
    fields.find_one(slot, json::filled)
}

/// The time that a JSON text states: a string with a zone, a number since 1970, or log4j2's instant.
pub fn instant(raw: Raw<'_>) -> Option<i64> {
    if raw.starts_with('"') {
        return json::string(raw).and_then(|text| timestamp::instant(&text));
    }
    if raw.starts_with('{') {
        let (mut seconds, mut nanos) = (None, 0.0);
        json::each_field(raw.text(), |key, value| match key {
            b"epochSecond" => seconds = json::number(value),
            b"nanoOfSecond" => nanos = json::number(value).unwrap_or(0.0),
            _ => {}
        });
        // A second has no more; anything else is no log4j2's.
        let millis = if (0.0..1e9).contains(&nanos) {
            nanos / 1e6
        } else {
            0.0
        };
        return timestamp::from_number(seconds?).map(|time| time + millis as i64);
    }
    json::number(raw).and_then(timestamp::from_number)
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
    fields.find(TIMES, instant)
}

fn level(fields: &Fields<'_>) -> Option<Level> {
    const COMPACT: Slots = Slots::of(&[Slot::AtM, Slot::AtMt]);
    let number = || {
        let number = json::number(fields.get(Slot::LevelNumber)?)?;
        level::from_python(number)
    };
    let compact = || {
        let at_l = fields.get(Slot::AtL).map(named_level);
        // Serilog leaves Information out.
        at_l.unwrap_or_else(|| {
            let compact = fields.get(Slot::AtT).is_some() && fields.has(COMPACT);
            compact.then_some(Level::Info)
        })
    };
    fields
        .find_one(Slot::Level, named_level)
        .or_else(compact)
        .or_else(number)
}

/// A level by its name, as a number of pino, or as log4j2's object.
pub fn named_level(raw: Raw<'_>) -> Option<Level> {
    match raw.as_bytes().first()? {
        b'"' => {
            let name = json::string(raw)?;
            level::from_capitals(&name).or_else(|| level_in(&name))
        }
        b'{' => {
            let mut name = None;
            json::each_field(raw.text(), |key, value| {
                if key == b"name" && value.starts_with('"') {
                    name = Some(value);
                }
            });
            named_level(name?)
        }
        _ => json::number(raw).and_then(level::from_pino),
    }
}

/// A level in any case, blanks around it allowed, or a number of pino as a string.
fn level_in(text: &str) -> Option<Level> {
    let name = text.trim();
    level::from_name(name).or_else(|| name.parse().ok().and_then(level::from_pino))
}

/// `said` is what [`json_error::said`] gives, if that was asked: no message is believed before it.
fn message<'a>(fields: &Fields<'a>, said: Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    const MESSAGES: Slots = Slots::of(&[
        Slot::Message,
        Slot::Msg,
        Slot::AtM,
        Slot::RenderedMessage,
        Slot::MessageTemplate,
        Slot::AtMt,
    ]);
    const LOGGED: Slots = Slots::of(&[Slot::Level, Slot::Timestamp]);
    let any = |raw: Raw<'a>| match raw.starts_with('"') {
        true => json::string(raw),
        false => Some(Cow::Borrowed(raw.text())),
    };
    // structlog's key; a function's own "event" is an object, or stands in something that is no log.
    let structlog = || {
        let event = fields.get(Slot::Event).filter(|_| fields.has(LOGGED))?;
        json::filled(event)
    };
    said.or_else(|| fields.find(MESSAGES, any))
        .map(trimmed)
        .or_else(structlog)
}

/// Without its final line breaks.
fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(['\n', '\r'])),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            Cow::Owned(text)
        }
    }
}

fn logger<'a>(fields: &Fields<'a>) -> Option<Cow<'a, str>> {
    // "name" is a logger's with bunyan, pino and Python, whose levels are numbers or named so.
    let named = || {
        let numbered = fields
            .get(Slot::Level)
            .is_some_and(|level| level.as_bytes()[0].is_ascii_digit())
            || fields.get(Slot::LevelNumber).is_some()
            || fields.get(Slot::AscTime).is_some();
        numbered.then(|| text(fields, Slot::Name)).flatten()
    };
    // Powertools for .NET; with that for Python "name" is a key of the function's own.
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

/// The function's request id; never one that a function logged from somebody else's event.
fn request_id<'a>(fields: &Fields<'a>) -> Option<Cow<'a, str>> {
    fields
        .find(json_inner::CERTAIN, json_inner::id)
        .or_else(|| fields.find_one(Slot::SnakeRequestId, json_inner::uuid))
}
