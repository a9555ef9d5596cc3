/*! One JSON value goes in; what it means as a time, a level, a request id or a trace comes out. */

use std::borrow::Cow;

use crate::colours;
use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::record::{Level, Xray};
use crate::parse::{level, request_id, timestamp, xray};
use crate::uuid::is_uuid;

/// The time of a JSON value in milliseconds since 1970: a string with a zone, a number since 1970, or log4j2's instant.
pub fn instant(raw: RawValue<'_>) -> Option<i64> {
    if raw.starts_with('"') {
        return values::string(raw).and_then(|text| timestamp::instant(&text));
    }
    if raw.starts_with('{') {
        let (mut seconds, mut nanos) = (None, 0.0);
        values::each_field(raw.text(), |key, value| match key {
            b"epochSecond" => seconds = values::number(value),
            b"nanoOfSecond" => nanos = values::number(value).unwrap_or(0.0),
            _ => {}
        });
        // log4j2 writes less than a second; any other number is ignored.
        let millis = if (0.0..1e9).contains(&nanos) {
            nanos / 1e6
        } else {
            0.0
        };
        return timestamp::from_number(seconds?).map(|time| time + millis as i64);
    }
    values::number(raw).and_then(timestamp::from_number)
}

/// The level of a JSON value: a name, a number of pino, or log4j2's object.
pub fn named_level(raw: RawValue<'_>) -> Option<Level> {
    match raw.as_bytes().first()? {
        b'"' => {
            let name = values::string(raw)?;
            level::from_capitals(&name)
                .or_else(|| level_in(&name))
                .or_else(|| level_in(&colours::without(&name)))
        }
        b'{' => {
            let mut name = None;
            values::each_field(raw.text(), |key, value| {
                if key == b"name" && value.starts_with('"') {
                    name = Some(value);
                }
            });
            named_level(name?)
        }
        _ => values::number(raw).and_then(level::from_pino),
    }
}

/// The level of a name in any case, with optional blanks around it, or of a number of pino as a string.
fn level_in(text: &str) -> Option<Level> {
    let name = text.trim();
    level::from_name(name).or_else(|| name.parse().ok().and_then(level::from_pino))
}

/// The request id of a JSON value; `None` for other values and placeholders such as `undefined`.
pub fn request_id(raw: RawValue<'_>) -> Option<Cow<'_, str>> {
    values::filled(raw).filter(|id| is_long(id) || request_id::named(id).is_some())
}

/// Whether `text` is longer than any placeholder for an id, and has no blanks around it: a fast path of
/// [`request_id()`].
fn is_long(text: &str) -> bool {
    match text.as_bytes() {
        [first, .., last] if text.len() > 9 => first.is_ascii_graphic() && last.is_ascii_graphic(),
        _ => false,
    }
}

/// The request id of a JSON value if it is a UUID. Functions use the key `request_id` for other ids too.
pub fn uuid(raw: RawValue<'_>) -> Option<Cow<'_, str>> {
    values::string(raw).filter(|id| is_uuid(id))
}

/// The X-Ray trace of a JSON value: a trace id or a trace header.
pub fn trace(raw: RawValue<'_>) -> Option<Xray<'_>> {
    xray::from_header(&values::string(raw)?)
}
