/*! One event's text → what it says. Pure and total: parsing never fails, a look-alike is text, unknown things are kept. */

use std::borrow::Cow;

pub mod app_json;
pub mod emf;
pub mod head;
pub mod json;
pub mod json_error;
mod json_inner;
pub mod json_keys;
pub mod key_values;
pub mod level;
pub mod node;
pub mod other_runtimes;
mod owned;
pub mod platform_json;
pub mod platform_text;
mod platform_usual;
#[cfg(test)]
mod properties;
pub mod python;
pub mod record;
pub mod request_id;
pub mod stack_trace;
#[cfg(test)]
mod tests;
pub mod timestamp;
pub mod xray;

pub use record::{App, Dropped, Emf, ErrorInfo, Extension, Kind, Level, Platform, Record, Xray};

/// Reads one event: CloudWatch's own time is gone already; there may be several lines and trailing line breaks.
pub fn parse(text: &str) -> Record<'_> {
    let said = text.trim_end_matches(['\n', '\r']);
    let start = trim_start(said);
    let whole = match start.as_bytes().first() {
        Some(b'{') => app_json::parse(said),
        Some(b'0'..=b'9') => match node::usual(start) {
            Some(prefixed) => return behind_prefix(prefixed),
            None => platform(said, start),
        },
        Some(b'A'..=b'Z') => platform(said, start),
        _ => None,
    };
    whole.unwrap_or_else(|| function(said))
}

fn platform<'a>(said: &'a str, start: &'a str) -> Option<Record<'a>> {
    let mut record = platform_text::parse(start)?;
    record.message = Cow::Borrowed(said);
    Some(record)
}

/// As `str::trim_start`, at once where nothing is to be trimmed.
fn trim_start(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'!'..=b'~') => text,
        _ => text.trim_start(),
    }
}

/// What a function or an extension printed, not wholly JSON.
fn function(said: &str) -> Record<'_> {
    let start = trim_start(said);
    let prefixed = match start.as_bytes().first() {
        Some(b'0'..=b'9') => node::prefix(start),
        Some(b'[') => python::prefix(start),
        _ => None,
    };
    if let Some(prefixed) = prefixed {
        return behind_prefix(prefixed);
    }
    let mut record = Record {
        message: python::readable(said),
        ..Record::default()
    };
    head::read(&mut record, start);
    other_runtimes::read(&mut record, start);
    record.error = error_in(&record.message).map(Box::new).or(record.error);
    record
}

/// A runtime's prefix is read; the rest is what the function printed.
fn behind_prefix<'a>((mut record, rest): (Record<'a>, &'a str)) -> Record<'a> {
    let is_json = trim_start(rest).starts_with('{') && app_json::behind_prefix(&mut record, rest);
    if !is_json {
        record.message = python::readable(rest);
        record.error = error_in(&record.message).map(Box::new);
    }
    record
}

fn error_in<'a>(message: &Cow<'a, str>) -> Option<ErrorInfo<'a>> {
    match message {
        Cow::Borrowed(text) => error(text),
        Cow::Owned(text) => error(text).map(ErrorInfo::into_owned),
    }
}

fn error(text: &str) -> Option<ErrorInfo<'_>> {
    let text = trim_start(text);
    python::runtime_error(text)
        .or_else(|| json_error::at_end(text))
        .or_else(|| stack_trace::find(text))
}
