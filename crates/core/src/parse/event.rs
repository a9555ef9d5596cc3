/*! The text of one log event goes in; a `Record` comes out.

Parsing is pure and never fails: a text that only resembles a known form is a function's text, and unknown values are
kept. */

use std::borrow::Cow;

use crate::parse::function_text;
use crate::parse::json::line;
use crate::parse::record::Record;
use crate::parse::text::{node, platform};

/// Parses the text of one event, without the timestamp that CloudWatch adds. The text may have several lines and
/// trailing line breaks. Never fails: text in no known form becomes the message of a
/// [`Kind::Function`](crate::parse::Kind::Function) record.
pub fn parse(text: &str) -> Record<'_> {
    let text = text.trim_end_matches(['\n', '\r']);
    let start = function_text::trim_start(text);
    let record = match start.as_bytes().first() {
        Some(b'{') => line::parse(text),
        Some(b'0'..=b'9') => match node::usual(start) {
            Some(prefixed) => return function_text::behind_prefix(prefixed),
            None => platform(text, start),
        },
        Some(b'A'..=b'Z') => platform(text, start),
        // The first byte of a byte order mark
        Some(0xEF) => line::behind_mark(start),
        _ => None,
    };
    record.unwrap_or_else(|| function_text::parse(text))
}

/// A platform line, whose message is the whole `text`; `start` is `text` without white space at its start.
fn platform<'a>(text: &'a str, start: &'a str) -> Option<Record<'a>> {
    let mut record = platform::parse(start)?;
    record.message = Cow::Borrowed(text);
    Some(record)
}
