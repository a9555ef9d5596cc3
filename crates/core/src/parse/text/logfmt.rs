/*! A line of logfmt goes in (`level=info msg="order accepted"`); its fields come out. slog, logrus, go-kit and
structlog write it. */

use std::borrow::Cow;

use crate::parse::record::{IdSource, Level, Record};
use crate::parse::{level, request_id, timestamp};
use crate::uuid::is_uuid;

/// Whether `text` begins with a key of logfmt, or with any key of a line that is logfmt throughout. The first word
/// decides for prose.
pub fn is_logfmt(text: &str) -> bool {
    const KEYS: [&str; 9] = [
        "time",
        "level",
        "ts",
        "timestamp",
        "t",
        "lvl",
        "msg",
        "caller",
        "severity",
    ];
    let head = &text.as_bytes()[..text.len().min(LONGEST_KEY + 1)];
    let end = head.iter().position(|byte| !is_in_key(*byte));
    match end {
        Some(end) if end > 0 && head[end] == b'=' => {
            KEYS.contains(&&text[..end]) || is_throughout(text)
        }
        _ => false,
    }
}

/// Longest key at the start of a line, in bytes.
const LONGEST_KEY: usize = 64;

fn is_in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.@/".contains(&byte)
}

/// Whether the first line of `text` is pairs throughout, one of which is a level. structlog writes the key of a true
/// value alone, so single words may stand between pairs.
fn is_throughout(text: &str) -> bool {
    let (mut pairs, mut words, mut after_word, mut has_level) = (0, 0, false, false);
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(' ');
        if rest.is_empty() || rest.starts_with(['\n', '\r']) {
            break;
        }
        let key = rest.bytes().take_while(|byte| is_in_key(*byte)).count();
        let (name, behind) = rest.split_at(key);
        let Some(behind) = behind.strip_prefix('=').filter(|_| key > 0) else {
            if key == 0 || after_word || !behind.is_empty() && !behind.starts_with([' ', '\n']) {
                return false;
            }
            (words, after_word, rest) = (words + 1, true, behind);
            continue;
        };
        let (value, behind) = value(behind);
        if !behind.is_empty() && !behind.starts_with([' ', '\n', '\r']) {
            return false;
        }
        has_level |= is_level(name) && level::from_name(value).is_some();
        (pairs, after_word, rest) = (pairs + 1, false, behind);
    }
    has_level && (pairs > 2 || pairs == 2 && words == 0)
}

fn is_level(key: &str) -> bool {
    matches!(key, "level" | "lvl" | "severity")
}

/// The value at the start of `text`, in quotes or not, and the text behind it.
fn value(text: &str) -> (&str, &str) {
    match text.strip_prefix('"') {
        Some(quoted) => {
            let end = closing_quote(quoted);
            (&quoted[..end], quoted.get(end + 1..).unwrap_or(""))
        }
        None => text.split_at(text.find([' ', '\n']).unwrap_or(text.len())),
    }
}

/// The level of a line of logfmt; `None` for other texts and without a level.
pub fn level(text: &str) -> Option<Level> {
    let mut record = Record::default();
    is_logfmt(text).then(|| read(&mut record, text));
    record.level
}

/// Reads a line of slog or logrus: `time=2023-04-10T12:00:00.000Z level=INFO msg="hello there"`.
pub fn read<'a>(record: &mut Record<'a>, text: &'a str) {
    let (mut rest, mut level) = (text, None);
    while let Some((key, behind)) = rest.split_once('=') {
        let (value, behind) = value(behind);
        let filled = (!value.is_empty()).then_some(Cow::Borrowed(value));
        match key {
            "time" | "ts" | "timestamp" => record.time = timestamp::instant(value),
            key if is_level(behind_word(key)) => {
                level = level.or_else(|| level::from_name(value));
            }
            "logger" => record.logger = filled,
            "requestId" | "awsRequestId" | "aws_request_id" | "lambdaRequestId" => {
                record.request_id = request_id::named(value).map(Cow::Borrowed);
                record.id_source = match key {
                    "requestId" => IdSource::Function,
                    _ => IdSource::Logger,
                };
            }
            "request_id" if is_uuid(value) => record.request_id = filled,
            "error" | "err" => record.error.get_or_insert_default().message = filled,
            _ => {}
        }
        rest = behind.trim_start();
    }
    record.level = level.or(record.level);
}

/// A key without the single word before it.
fn behind_word(key: &str) -> &str {
    key.split_once(' ').map_or(key, |(_, key)| key)
}

/// The index of the closing quote; the length of `quoted` if there is none.
fn closing_quote(quoted: &str) -> usize {
    let mut escaped = false;
    quoted
        .bytes()
        .position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        })
        .unwrap_or(quoted.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logfmt_fields_are_read() {
        let mut record = Record::default();
        read(
            &mut record,
            r#"time=2023-04-10T12:00:00.5Z level=ERROR msg="a \"b\" level=INFO" error="no luck" requestId=r-1"#,
        );
        assert_eq!(record.time, Some(1_681_128_000_500));
        assert_eq!(record.level, Some(Level::Error));
        assert_eq!(record.request_id.as_deref(), Some("r-1"));
        assert_eq!(
            record.error.and_then(|error| error.message).as_deref(),
            Some("no luck")
        );
    }

    #[test]
    fn pairs_throughout_with_a_level_are_logfmt() {
        for (line, expected) in [
            (
                "event=\"cache is empty\" level=debug timestamp=2026-11-23T10:11:12Z",
                Level::Debug,
            ),
            (
                "order=17 event=\"a=b \\\" level=info\" level=error",
                Level::Error,
            ),
            ("order=17 paid level=warning event=late", Level::Warn),
            ("http.status=500 severity=critical\nTraceback", Level::Fatal),
        ] {
            assert_eq!(level(line), Some(expected), "{line}");
        }
        for line in [
            "x=1",
            "order=17 failed at level=error",
            "order=17 failed level=error",
            "order=17 level=high",
            "https://example.com/?a=1 level=error",
            "order=17 event=\"level=error",
            "e = 2 level=error",
        ] {
            assert_eq!(level(line), None, "{line}");
        }
    }
}
