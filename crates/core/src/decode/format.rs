/*! The first bytes of an object and its key go in; the format of the object comes out. */

use std::fmt;
use std::str::FromStr;

use crate::decode::container;
use crate::decode::key::KeyInfo;
use crate::decode::text::{csv, tail};
use crate::time::iso8601::{EXPORT_PREFIX, export_time};
use crate::uuid::is_uuid;

/// The format of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// CloudWatch export: lines that begin with a time and a blank.
    Export,
    /// CloudWatch subscription, as Firehose stores it: `DATA_MESSAGE` envelopes. Also other JSON that holds many events
    /// in one value: arrays, the output of `aws logs get-log-events`, records that Firehose could not process.
    Subscription,
    /// JSON objects, one after another, optionally with lines of text between them.
    JsonLines,
    /// The output of `aws logs tail` or `sam logs`; the console's table of events, copied or downloaded as CSV.
    Tail,
    /// Lines of text.
    Text,
}

impl Format {
    /// All formats and their names.
    pub const NAMES: [(Format, &'static str); 5] = [
        (Format::Export, "export"),
        (Format::Subscription, "subscription"),
        (Format::JsonLines, "json-lines"),
        (Format::Tail, "tail"),
        (Format::Text, "text"),
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Format::NAMES.iter().find(|(format, _)| format == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// No format has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no format is called {0:?}; there are export, subscription, json-lines, tail and text")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Format::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(format, _)| *format)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Detects the format of an object from its first bytes and its key. If they disagree, the bytes decide.
pub(crate) fn detect(window: &[u8], key: &KeyInfo) -> Format {
    let blanks = window.len() - window.trim_ascii_start().len();
    let content = &window[blanks..];
    if container::begins(content) && !container::is_torn(content) {
        return Format::Subscription;
    }
    if content.first() == Some(&b'{')
        && let Some(b'"' | b'}') = content[1..].trim_ascii_start().first()
    {
        return Format::JsonLines;
    }
    let begin = memchr::memrchr(b'\n', &window[..blanks]).map_or(0, |i| i + 1);
    let first = lines(&window[begin..]).next().unwrap_or_default();
    if export_time(first).is_some() && (key.is_export() || !is_own_head(first)) {
        return Format::Export;
    }
    let is_console = || {
        tail::may_be_console(first)
            && lines(window).find_map(tail::style) == Some(tail::Style::Console)
    };
    if tail::style(first).is_some() || is_console() || csv::begins(content) {
        return Format::Tail;
    }
    // A file of an export may begin in the middle of an event.
    if key.is_export() && lines(window).any(|line| export_time(line).is_some()) {
        return Format::Export;
    }
    Format::Text
}

/// The form of the prefixes in the output of `tail`.
pub(crate) fn tail_style(window: &[u8]) -> tail::Style {
    lines(window)
        .find_map(tail::style)
        .unwrap_or(tail::Style::Stream)
}

fn lines(window: &[u8]) -> impl Iterator<Item = &[u8]> {
    window
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Whether the time at the start of a line belongs to the message: Lambda and loggers write such lines too.
fn is_own_head(line: &[u8]) -> bool {
    let message = &line[EXPORT_PREFIX..];
    is_timeout(message) || is_node(message) || is_logger(message)
}

/// `<request id> Task timed out after …`
fn is_timeout(message: &[u8]) -> bool {
    memchr::memchr(b' ', message).is_some_and(|i| message[i..].starts_with(b" Task timed out"))
}

/// `<request id> LEVEL …`: Node's prefix with blanks for tabs.
fn is_node(message: &[u8]) -> bool {
    let (id, rest) = word(message);
    let id = id == b"undefined" || str::from_utf8(id).is_ok_and(is_uuid);
    id && LEVELS.contains(&word(rest.trim_ascii_start()).0)
}

/// ` INFO …`, `ERROR 8 --- [main] …`, `ERROR my_crate::mod: …`: Spring and Rust pad levels to five letters.
fn is_logger(message: &[u8]) -> bool {
    let (level, rest) = word(message.trim_ascii_start());
    if !LEVELS.contains(&level) || rest.is_empty() {
        return false;
    }
    if message[0] == b' ' && level.len() == 4 {
        return true;
    }
    let (first, behind) = word(rest.trim_ascii_start());
    let pid = first.iter().all(u8::is_ascii_digit) && behind.starts_with(b" --- [");
    let path = first.ends_with(b":") && memchr::memmem::find(first, b"::").is_some();
    pid || path
}

const LEVELS: [&[u8]; 6] = [b"TRACE", b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL"];

/// The text before the first blank, and the rest with that blank.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(memchr::memchr(b' ', text).unwrap_or(text.len()))
}
