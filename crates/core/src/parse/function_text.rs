/*! A text that a function or an extension printed, other than one JSON object, goes in; its record comes out. */

use std::borrow::Cow;

use crate::colours;
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
    if let Some(prefixed) = prefix(start) {
        return behind_prefix(prefixed);
    }
    let usual = has_usual_bytes(text);
    if (!usual || start.starts_with('['))
        && let Cow::Owned(plain) = colours::without(text)
    {
        return without_colours(&plain).into_owned();
    }
    let message = match usual {
        true => Cow::Borrowed(text),
        false => stack_trace::readable(text),
    };
    without_prefix(start, message)
}

/// Completes the record of a runtime's prefix from the text behind the prefix, which the function printed.
#[inline]
pub(crate) fn behind_prefix<'a>((mut record, rest): (Record<'a>, &'a str)) -> Record<'a> {
    if is_json(&mut record, rest) {
        return record;
    }
    if !has_usual_bytes(rest) || rest.starts_with('[') {
        return unusual_behind_prefix(record, rest);
    }
    read_text(&mut record, rest, Cow::Borrowed(rest));
    record
}

/// [`behind_prefix`] for a text in which colours, or other bytes for line breaks, may be.
#[inline(never)]
fn unusual_behind_prefix<'a>(mut record: Record<'a>, rest: &'a str) -> Record<'a> {
    match colours::without(rest) {
        Cow::Borrowed(rest) => {
            read_text(&mut record, rest, stack_trace::readable_lines(rest));
            record
        }
        Cow::Owned(plain) => printed(record, &plain, stack_trace::readable_lines).into_owned(),
    }
}

/// Whether `text` has neither colours nor the bytes that stand for line breaks and blanks in some stack traces: the
/// fast path of [`colours::without`] and [`stack_trace::readable`].
fn has_usual_bytes(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.last_chunk::<BLOCK>() {
        // The last block overlaps the one before it.
        Some(last) => !is_unusual(last) && !bytes.as_chunks::<BLOCK>().0.iter().any(is_unusual),
        None => !bytes.iter().any(|byte| is_unusual(&[*byte])),
    }
}

/// Number of bytes that are looked at together.
const BLOCK: usize = 32;

/// Whether a byte is unusual. The compiler vectorises this fold.
#[inline]
fn is_unusual<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(false, |unusual, byte| {
        unusual | !byte.is_ascii() | (*byte == colours::ESC) | (*byte == b'\r')
    })
}

/// The prefix that the runtime of Node, .NET or Python writes.
fn prefix(start: &str) -> Option<(Record<'_>, &str)> {
    match start.as_bytes().first() {
        Some(b'0'..=b'9') => node::prefix(start),
        Some(b'[') => python::prefix(start),
        _ => None,
    }
}

/// Whether `text` is a JSON object; its fields are then in `record`.
#[inline]
fn is_json<'a>(record: &mut Record<'a>, text: &'a str) -> bool {
    trim_start(text).starts_with('{') && application::behind_prefix(record, text)
}

/// The record of a text whose colours were taken off.
fn without_colours(text: &str) -> Record<'_> {
    let text = text.trim_end_matches(['\n', '\r']);
    let start = trim_start(text);
    match prefix(start) {
        Some((record, rest)) => printed(record, rest, stack_trace::readable_lines),
        None if start.starts_with('{') => printed(Record::default(), text, stack_trace::readable),
        None => without_prefix(start, stack_trace::readable(text)),
    }
}

/// Completes `record` from a text whose colours were taken off; `readable` makes the message of a text that is no JSON.
fn printed<'a>(
    mut record: Record<'a>,
    text: &'a str,
    readable: fn(&'a str) -> Cow<'a, str>,
) -> Record<'a> {
    if !is_json(&mut record, text) {
        read_text(&mut record, text, readable(text));
    }
    record
}

/// The record of a text in which a logger's prefix may be.
fn without_prefix<'a>(text: &'a str, message: Cow<'a, str>) -> Record<'a> {
    let mut record = Record {
        message,
        ..Record::default()
    };
    logger_prefix::read(&mut record, text);
    other_runtimes::read(&mut record, text);
    record.error = error_in(&record.message).map(Box::new).or(record.error);
    record
}

/// Completes the record of a prefix from the text behind it, in which the logger's own prefix may be.
#[inline]
fn read_text<'a>(record: &mut Record<'a>, text: &'a str, message: Cow<'a, str>) {
    if let Some(own) = logger_prefix::behind_channel(text) {
        record.level = own.level;
        record.logger = own.logger.map(Cow::Borrowed);
    }
    record.message = message;
    record.error = error_in(&record.message).map(Box::new);
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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn unusual_bytes_are_found_wherever_they_stand(text in "[a-c\r\u{1b}é]{0,2}[a-c]{0,70}[a-c\r\u{1b}é]{0,2}[a-c]{0,40}") {
            let usual = text.bytes().all(|byte| byte.is_ascii() && byte != colours::ESC && byte != b'\r');
            proptest::prop_assert_eq!(has_usual_bytes(&text), usual);
        }
    }
}
