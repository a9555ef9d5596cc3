/*! A text line of a further runtime or logger goes in; its fields come out: Rust's spans, logfmt, java.util.logging,
Bref. */

use std::borrow::Cow;

use memchr::memmem;

use crate::parse::record::{IdSource, Record};
use crate::parse::text::logfmt;
use crate::parse::{level, request_id, xray};
use crate::uuid::UUID_LEN;

/// Reads the fields of `text`, if it has one of these forms, into `record`.
pub fn read<'a>(record: &mut Record<'a>, text: &'a str) {
    if logfmt::is_logfmt(text) {
        logfmt::read(record, text);
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

/// Reads the id of Bref, a runtime for PHP: `<id>⇥Invoke Error⇥{"errorType":…}`.
fn bref<'a>(record: &mut Record<'a>, text: &'a str) {
    let id = request_id::leading_uuid(text);
    record.request_id = id
        .filter(|id| text[id.len()..].starts_with("\tInvoke Error\t"))
        .map(Cow::Borrowed)
        .or(record.request_id.take());
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
    use crate::parse::record::Level;

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
