/*! START, END and REPORT lines exactly as the platform writes them. Most platform lines are such: reading these needs none of the leniency
of [`platform_text`](super::platform_text), which must come to the same. */

use std::borrow::Cow;

use super::record::{Kind, Platform, Record, Xray};
use super::request_id;

/// Reads such a line; none for any other text, of which nothing is said by that.
pub fn parse(text: &str) -> Option<Record<'_>> {
    let (kind, rest) = match text.as_bytes().first()? {
        b'S' => ("START", text.strip_prefix("START RequestId: ")?),
        b'E' => ("END", text.strip_prefix("END RequestId: ")?),
        b'R' => ("REPORT", text.strip_prefix("REPORT RequestId: ")?),
        _ => return None,
    };
    let (id, rest) = rest.split_at_checked(36)?;
    if !request_id::is_uuid(id) {
        return None;
    }
    let mut record = match kind {
        "START" => Record {
            kind: Kind::Start,
            version: Some(word(rest.strip_prefix(" Version: ")?)?),
            ..Record::default()
        },
        "END" if rest.is_empty() => Record {
            kind: Kind::End,
            ..Record::default()
        },
        "REPORT" => report(rest)?,
        _ => return None,
    };
    record.request_id = Some(Cow::Borrowed(id));
    Some(record)
}

/// The columns behind a REPORT's request id, a tab before each and perhaps one behind the last.
fn report(columns: &str) -> Option<Record<'_>> {
    let mut platform = Platform::default();
    let mut xray = None;
    let mut rest = columns.strip_prefix('\t')?;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\t', rest.as_bytes()).unwrap_or(rest.len());
        let column = &rest[..end];
        let colon = memchr::memchr(b':', column.as_bytes())?;
        let (name, value) = (&column[..colon], column[colon..].strip_prefix(": ")?);
        rest = rest.get(end + 1..).unwrap_or_default();
        match name {
            "Duration" => platform.duration_ms = Some(amount(value, " ms")?),
            "Billed Duration" => platform.billed_duration_ms = Some(amount(value, " ms")?),
            "Memory Size" => platform.memory_size_mb = Some(amount(value, " MB")?),
            "Max Memory Used" => platform.max_memory_used_mb = Some(amount(value, " MB")?),
            "Init Duration" => platform.init_duration_ms = Some(amount(value, " ms")?),
            "Restore Duration" => platform.restore_duration_ms = Some(amount(value, " ms")?),
            "Billed Restore Duration" => {
                platform.billed_restore_duration_ms = Some(amount(value, " ms")?);
            }
            "Status" => platform.status = Some(word(value)?),
            "Error Type" => platform.error_type = Some(word(value)?),
            "XRAY TraceId" => xray_part(&mut xray).trace_id = Some(word(value)?),
            "SegmentId" => xray_part(&mut xray).segment_id = Some(word(value)?),
            "Sampled" => xray_part(&mut xray).sampled = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    // A report that states nothing is none of the platform's.
    platform.duration_ms?;
    Some(Record {
        kind: Kind::Report,
        platform: Some(Box::new(platform)),
        xray,
        ..Record::default()
    })
}

fn xray_part<'r, 'a>(xray: &'r mut Option<Box<Xray<'a>>>) -> &'r mut Xray<'a> {
    xray.get_or_insert_default()
}

/// `12` or `12.34`, then the unit.
fn amount(value: &str, unit: &str) -> Option<f64> {
    let number = value.strip_suffix(unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // As many digits as a double holds exactly: then one division rounds as a parser would.
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.is_empty() || whole.len() + fraction.len() > 15 {
        return None;
    }
    if !plain(whole) || !plain(fraction) {
        return None;
    }
    let digits = |sum: u64, byte: u8| sum * 10 + u64::from(byte - b'0');
    let sum = whole.bytes().chain(fraction.bytes()).fold(0, digits);
    let scale = (0..fraction.len()).fold(1.0, |scale, _| scale * 10.0);
    Some(sum as f64 / scale)
}

/// A value of one word that can hold no key of another value.
fn word(value: &str) -> Option<Cow<'_, str>> {
    let in_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'$');
    (!value.is_empty() && value.bytes().all(in_word)).then_some(Cow::Borrowed(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::platform_text::lenient;
    use proptest::prelude::*;

    const ID: &str = "405bb962-f57b-521d-81a1-e7272fbf6077";

    #[test]
    fn lines_as_the_platform_writes_them() {
        for text in [
            format!("START RequestId: {ID} Version: $LATEST"),
            format!("END RequestId: {ID}"),
            format!(
                "REPORT RequestId: {ID}\tDuration: 1711.87 ms\tBilled Duration: 1712 ms\tMemory Size: 128 MB\tMax Memory Used: 80 MB\tInit Duration: 150.5 ms\t"
            ),
            format!(
                "REPORT RequestId: {ID}\tDuration: 2 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 80 MB\tRestore Duration: 500.795 ms\tBilled Restore Duration: 53 ms\tStatus: error\tError Type: Runtime.ExitError\tXRAY TraceId: 1-5e34a614-10bdxxxxf1fb44f07bc535a1\tSegmentId: 07f5xxxx2e5c9d7f\tSampled: true"
            ),
        ] {
            let record = parse(&text);
            assert!(record.is_some(), "{text}");
            assert_eq!(record, lenient(&text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_lenient_reader_comes_to_the_same(
            kind in "(START|END|REPORT)",
            version in "( Version: [$A-Z0-9_.-]{1,8})?",
            columns in proptest::collection::vec(
                "\t(Duration|Billed Duration|Memory Size|Max Memory Used|Init Duration|Status|Error Type|XRAY TraceId|SegmentId|Sampled|Phase|Error): ([0-9]{1,9}(\\.[0-9]{0,6})? (ms|MB)|[A-Za-z.:-]{1,9}|true)",
                0..8,
            ),
            tail in "[\t ]?",
            cut in 0..400_usize,
            odd in "[\t :a\n\\\\]?",
        ) {
            let mut text = format!("{kind} RequestId: {ID}{version}{}{tail}", columns.concat());
            let place = cut % (text.len() + 1);
            text.insert_str(place, &odd);
            // As the caller hands it over.
            let text = text.trim_end_matches(['\n', '\r']);
            if let Some(record) = parse(text) {
                prop_assert_eq!(Some(record), lenient(text));
            }
        }
    }
}
