/*! The text of one log event goes in; a `Record` comes out.

Parsing is pure and never fails: a text that only resembles a known form is a function's text, and unknown values are
kept. */

use crate::parse::json::application;
use crate::parse::json::errors;
use crate::parse::stack_trace;
use crate::parse::text::logger_prefix;
use crate::parse::text::node;
use crate::parse::text::other_runtimes;
use crate::parse::text::platform;
use crate::parse::text::python;
use std::borrow::Cow;

use crate::parse::record::{ErrorInfo, Record};

/// Parses the text of one event, without the timestamp that CloudWatch adds. The text may have several lines and
/// trailing line breaks. Never fails: text in no known form becomes the message of a `Kind::Function` record.
pub fn parse(text: &str) -> Record<'_> {
    let text = text.trim_end_matches(['\n', '\r']);
    let start = trim_start(text);
    let record = match start.as_bytes().first() {
        Some(b'{') => application::parse(text),
        Some(b'0'..=b'9') => match node::usual(start) {
            Some(prefixed) => return behind_prefix(prefixed),
            None => platform(text, start),
        },
        Some(b'A'..=b'Z') => platform(text, start),
        _ => None,
    };
    record.unwrap_or_else(|| function(text))
}

/// A platform line, whose message is the whole `text`; `start` is `text` without white space at its start.
fn platform<'a>(text: &'a str, start: &'a str) -> Option<Record<'a>> {
    let mut record = platform::parse(start)?;
    record.message = Cow::Borrowed(text);
    Some(record)
}

/// `str::trim_start`, with a fast path for text that begins with a printable ASCII character.
fn trim_start(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'!'..=b'~') => text,
        _ => text.trim_start(),
    }
}

/// A text that a function or an extension printed, other than one JSON object.
pub(crate) fn function(text: &str) -> Record<'_> {
    let start = trim_start(text);
    let prefixed = match start.as_bytes().first() {
        Some(b'0'..=b'9') => node::prefix(start),
        Some(b'[') => python::prefix(start),
        _ => None,
    };
    if let Some(prefixed) = prefixed {
        return behind_prefix(prefixed);
    }
    let mut record = Record {
        message: python::readable(text),
        ..Record::default()
    };
    logger_prefix::read(&mut record, start);
    other_runtimes::read(&mut record, start);
    record.error = error_in(&record.message).map(Box::new).or(record.error);
    record
}

/// Completes the record of a runtime's prefix from the text behind the prefix, which the function printed.
fn behind_prefix<'a>((mut record, rest): (Record<'a>, &'a str)) -> Record<'a> {
    let is_json =
        trim_start(rest).starts_with('{') && application::behind_prefix(&mut record, rest);
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
        .or_else(|| errors::at_end(text))
        .or_else(|| stack_trace::find(text))
}
