/*! A text that a function or an extension printed, other than one JSON object, goes in; its record comes out. */

use std::borrow::Cow;

use crate::parse::json::{application, errors};
use crate::parse::record::{ErrorInfo, Record};
use crate::parse::stack_trace;
use crate::parse::text::{logger_prefix, node, other_runtimes, python};

/// `str::trim_start`, with a fast path for text that begins with a printable ASCII character.
pub(crate) fn trim_start(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'!'..=b'~') => text,
        _ => text.trim_start(),
    }
}

/// The record of the text, without or with a prefix of its runtime or logger.
pub(crate) fn parse(text: &str) -> Record<'_> {
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
        message: stack_trace::readable(text),
        ..Record::default()
    };
    logger_prefix::read(&mut record, start);
    other_runtimes::read(&mut record, start);
    record.error = error_in(&record.message).map(Box::new).or(record.error);
    record
}

/// Completes the record of a runtime's prefix from the text behind the prefix, which the function printed.
pub(crate) fn behind_prefix<'a>((mut record, rest): (Record<'a>, &'a str)) -> Record<'a> {
    let start = trim_start(rest);
    let is_json = start.starts_with('{') && application::behind_prefix(&mut record, rest);
    if !is_json {
        if let Some(own) = logger_prefix::behind_channel(start) {
            record.level = own.level;
            record.logger = own.logger.map(Cow::Borrowed);
        }
        record.message = stack_trace::readable(rest);
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
