/*! A JSON log's fields go in; its level comes out.

Each logger has its own key, and its own names or numbers. A number is a level only beside its logger's other keys. */

use std::borrow::Cow;

use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::json::keys::{Fields, Slot, Slots, slot_of};
use crate::parse::json::typed_values;
use crate::parse::level;
use crate::parse::record::Level;
use crate::parse::text::logger_prefix;

/// What a line of pino or bunyan has beside its level.
const LOGGED: Slots = Slots::of(&[
    Slot::Message,
    Slot::Msg,
    Slot::Time,
    Slot::Timestamp,
    Slot::AtTimestamp,
    Slot::Ts,
]);
/// What the compact format of Serilog has beside its level.
const COMPACT: Slots = Slots::of(&[Slot::AtM, Slot::AtMt]);

/// The level of an object; `inner` is the object in which loguru nests its keys, if there is one.
pub fn of(fields: &Fields<'_>, inner: Option<&Fields<'_>>) -> Option<Level> {
    if is_channel(fields) {
        let message = fields.get(Slot::Message)?;
        return in_message(message).or_else(|| named(fields));
    }
    let loguru = || inner.filter(|_| fields.get(Slot::Record).is_some());
    stated(fields).or_else(|| named(loguru()?))
}

/// The level that the object itself states, in the form of any logger.
fn stated(fields: &Fields<'_>) -> Option<Level> {
    named(fields)
        .or_else(|| compact(fields))
        .or_else(|| numbered(fields))
        .or_else(|| in_log(fields))
}

/// The level of a key that holds its name, or the number of pino.
fn named(fields: &Fields<'_>) -> Option<Level> {
    let numbers = fields.has(LOGGED);
    let level = |raw: RawValue<'_>| {
        let number = raw.as_bytes().first().is_some_and(u8::is_ascii_digit);
        (numbers || !number)
            .then(|| typed_values::named_level(raw))
            .flatten()
    };
    let severity = |raw: RawValue<'_>| {
        raw.starts_with('"')
            .then(|| typed_values::named_level(raw))
            .flatten()
    };
    fields
        .find_one(Slot::Level, level)
        .or_else(|| fields.find_one(Slot::Severity, severity))
}

fn compact(fields: &Fields<'_>) -> Option<Level> {
    let at_l = fields.get(Slot::AtL).map(typed_values::named_level);
    // Serilog omits the level Information.
    at_l.unwrap_or_else(|| {
        let compact = fields.get(Slot::AtT).is_some() && fields.has(COMPACT);
        compact.then_some(Level::Info)
    })
}

/// The level of a number: of Python's `levelno`, of OpenTelemetry's `severityNumber`, or of a message in GELF.
fn numbered(fields: &Fields<'_>) -> Option<Level> {
    let number = |slot| values::number(fields.get(slot)?);
    let python = || level::from_python(number(Slot::LevelNumber)?);
    let opentelemetry = || level::from_opentelemetry(number(Slot::SeverityNumber)?);
    let gelf = || {
        fields.get(Slot::ShortMessage)?;
        level::from_syslog(number(Slot::Level)?)
    };
    python().or_else(opentelemetry).or_else(gelf)
}

/// The level in the inner object of ECS (`log`) or tslog (`_meta`).
fn in_log(fields: &Fields<'_>) -> Option<Level> {
    let mut level = None;
    values::each_member(fields.get(Slot::Log)?.text(), &mut (), |key, value| {
        if slot_of(key) == Some(Slot::Level) {
            level = Some(value.raw());
        }
    });
    typed_values::named_level(level?)
}

/// Whether the object is an envelope of Node's or Java's runtime in JSON format, which has the level of the channel:
/// exactly its keys, and none of a logger.
fn is_channel(fields: &Fields<'_>) -> bool {
    const KEYS: Slots = Slots::of(&[Slot::Timestamp, Slot::Level, Slot::Message]);
    const IDS: Slots = Slots::of(&[Slot::RequestId, Slot::AwsRequestId]);
    const TENANT: Slots = Slots::of(&[Slot::TenantId]);
    let tenant = usize::from(fields.has(TENANT));
    fields.members() == 4 + tenant && fields.has(IDS) && fields.has_all(KEYS)
}

/// The level that a logger wrote into the message of such an envelope: in an object, in the text of an object, or in
/// the prefix of a line.
fn in_message(raw: RawValue<'_>) -> Option<Level> {
    if raw.starts_with('{') {
        return of_text(raw.text());
    }
    let message: Cow<'_, str> = values::string(raw)?;
    if message.starts_with('{') {
        return of_text(&message);
    }
    logger_prefix::behind_channel(&message)?.level
}

fn of_text(object: &str) -> Option<Level> {
    stated(&Fields::read(object)?)
}
