/*! A text line of a further runtime or logger goes in; its fields come out: Rust's spans, Go's logfmt,
java.util.logging. */

use std::borrow::Cow;

use memchr::memmem;

use crate::parse::record::{IdSource, Level, Record};
use crate::parse::{level, request_id, timestamp, xray};
use crate::uuid::{UUID_LEN, is_uuid};

/// Reads the fields of `text`, if it has one of these forms, into `record`.
pub fn read<'a>(record: &mut Record<'a>, text: &'a str) {
    if is_logfmt(text) {
        logfmt(record, text);
    } else if text.as_bytes().first().is_some_and(u8::is_ascii_uppercase) {
        java_util_logging(record, text);
    } else if text.as_bytes().get(UUID_LEN) == Some(&b'\t') {
        bref(record, text);
    }
    rust_span(record, text);
}

/// Reads the span of the Rust runtime: `Lambda runtime invoke{requestId="…" xrayTraceId="Root=…"}`.
fn rust_span<'a>(record: &mut Record<'a>, text: &'a str) {
    const SPAN: &str = "Lambda runtime invoke{";
    // The search for a byte is cheap, and most lines have no brace.
    let Some(brace) = memchr::memchr(b'{', text.as_bytes()) else {
        return;
    };
    let from = text.floor_char_boundary(brace.saturating_sub(SPAN.len()));
    let Some(at) = memmem::find(&text.as_bytes()[from..], SPAN.as_bytes()) else {
        return;
    };
    let at = from + at;
    let span = &text[at + SPAN.len()..];
    let span = &span[..span.find('}').unwrap_or(span.len())];
    for field in span.split_whitespace() {
        let Some((key, value)) = field.split_once('=') else {
            continue;
        };
        let value = value.trim_matches('"');
        match key {
            "requestId" => {
                record.request_id = request_id::named(value).map(Cow::Borrowed);
                record.id_source = IdSource::Logger;
            }
            "xrayTraceId" => record.xray = xray::from_header(&Cow::Borrowed(value)).map(Box::new),
            _ => {}
        }
    }
}

/// Whether `text` begins with a key of logfmt.
fn is_logfmt(text: &str) -> bool {
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
    let head = &text.as_bytes()[..text.len().min(10)];
    memchr::memchr(b'=', head).is_some_and(|end| KEYS.contains(&&text[..end]))
}

/// The level of a line of logfmt; `None` for other texts and without a level.
pub fn logfmt_level(text: &str) -> Option<Level> {
    let mut record = Record::default();
    is_logfmt(text).then(|| logfmt(&mut record, text));
    record.level
}

/// Reads a line of slog or logrus: `time=2023-04-10T12:00:00.000Z level=INFO msg="hello there"`.
fn logfmt<'a>(record: &mut Record<'a>, text: &'a str) {
    let mut rest = text;
    while let Some((key, behind)) = rest.split_once('=') {
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted);
                (&quoted[..end], quoted.get(end + 1..).unwrap_or(""))
            }
            None => behind.split_at(behind.find([' ', '\n']).unwrap_or(behind.len())),
        };
        let filled = (!value.is_empty()).then_some(Cow::Borrowed(value));
        match key {
            "time" | "ts" | "timestamp" => record.time = timestamp::instant(value),
            "level" | "lvl" | "severity" => record.level = level::from_name(value),
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
}

/// Reads the id of Bref, a runtime for PHP: `<id>⇥Invoke Error⇥{"errorType":…}`.
fn bref<'a>(record: &mut Record<'a>, text: &'a str) {
    let id = request_id::leading_uuid(text);
    record.request_id = id
        .filter(|id| text[id.len()..].starts_with("\tInvoke Error\t"))
        .map(Cow::Borrowed)
        .or(record.request_id.take());
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

/// Reads the two lines of java.util.logging: `Jan 01, 2020 12:00:00 AM com.example.Handler handle` and `INFO: message`.
fn java_util_logging<'a>(record: &mut Record<'a>, text: &'a str) {
    let Some((first, second)) = text.split_once('\n') else {
        return;
    };
    let (Some((word, _)), mut words) = (second.split_once(": "), first.split(' ')) else {
        return;
    };
    let month = words.next().is_some_and(|word| word.len() == 3);
    let meridiem = words
        .any(|word| matches!(word, "AM" | "PM") || word.ends_with("AM") || word.ends_with("PM"));
    if month && meridiem && record.level.is_none() {
        record.level = level::from_name(word);
        record.logger = words
            .next()
            .map(Cow::Borrowed)
            .filter(|_| record.level.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_span_has_request_id_and_trace() {
        let mut record = Record::default();
        read(
            &mut record,
            "INFO Lambda runtime invoke{requestId=\"24a7b71b-01be-4b4d-baa4-a21c06e902f4\" xrayTraceId=\"Root=1-69478edf-2bff254d74cf089970b605ff;Sampled=0\"}: x",
        );
        assert_eq!(
            record.request_id.as_deref(),
            Some("24a7b71b-01be-4b4d-baa4-a21c06e902f4")
        );
        assert_eq!(record.xray.and_then(|xray| xray.sampled), Some(false));
    }

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
    fn java_util_logging_has_its_level_on_the_second_line() {
        let mut record = Record::default();
        read(
            &mut record,
            "Jan 01, 2020 12:00:00 AM com.example.Handler handle\nSEVERE: boom",
        );
        assert_eq!(record.level, Some(Level::Error));
        assert_eq!(record.logger.as_deref(), Some("com.example.Handler"));
    }
}
