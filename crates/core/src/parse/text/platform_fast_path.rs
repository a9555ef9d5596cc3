/*! A START, END or REPORT line exactly as the platform writes it goes in; its record comes out.

Most platform lines have this form, which is read without the leniency of
[`platform`](crate::parse::text::platform). The result must equal the lenient reader's. */

use std::borrow::Cow;

use crate::json::values;
use crate::parse::record::{Kind, Platform, Record, Xray};
use crate::uuid::{UUID_LEN, is_uuid};

/// The record of such a line, without its message; `None` for other texts, which may still be platform lines.
pub fn parse(text: &str) -> Option<Record<'_>> {
    let (kind, rest) = match text.as_bytes().first()? {
        b'S' => ("START", text.strip_prefix("START RequestId: ")?),
        b'E' => ("END", text.strip_prefix("END RequestId: ")?),
        b'R' => ("REPORT", text.strip_prefix("REPORT RequestId: ")?),
        _ => return None,
    };
    let (id, rest) = rest.split_at_checked(UUID_LEN)?;
    if !is_uuid(id) {
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

/// The record of a REPORT line from its columns behind the request id. A tab stands before each column, and
/// optionally behind the last; the columns of X-Ray may stand on a line of their own.
fn report(columns: &str) -> Option<Record<'_>> {
    let mut columns = Columns(columns.strip_prefix('\t')?);
    let mut platform = Platform {
        duration_ms: Some(columns.number("Duration: ", " ms")??),
        ..Platform::default()
    };
    platform.billed_duration_ms = columns.number("Billed Duration: ", " ms")?;
    platform.memory_size_mb = columns.number("Memory Size: ", " MB")?;
    platform.max_memory_used_mb = columns.number("Max Memory Used: ", " MB")?;
    platform.init_duration_ms = columns.number("Init Duration: ", " ms")?;
    platform.restore_duration_ms = columns.number("Restore Duration: ", " ms")?;
    platform.billed_restore_duration_ms = columns.number("Billed Restore Duration: ", " ms")?;
    platform.status = columns.word("Status: ")?;
    platform.error_type = columns.word("Error Type: ")?;
    columns.0 = columns.0.strip_prefix('\n').unwrap_or(columns.0);
    let xray = Xray {
        trace_id: columns.word("XRAY TraceId: ")?,
        segment_id: columns.word("SegmentId: ")?,
        sampled: match columns.word("Sampled: ")? {
            Some(word) => Some(word.parse().ok()?),
            None => None,
        },
    };
    // The rest is an unknown column, or a column out of its usual order.
    columns.0.is_empty().then(|| Record {
        kind: Kind::Report,
        platform: Some(Box::new(platform)),
        xray: (xray != Xray::default()).then(|| Box::new(xray)),
        ..Record::default()
    })
}

/// The rest of a report's columns. Each method takes the next column if it has the given name: `Some(None)` if it has
/// another name, `None` if its value is not in the usual form.
struct Columns<'a>(&'a str);

impl<'a> Columns<'a> {
    /// Takes a number such as `12` or `12.34`, followed by `unit`.
    fn number(&mut self, name: &str, unit: &str) -> Option<Option<f64>> {
        let Some(value) = self.0.strip_prefix(name) else {
            return Some(None);
        };
        let in_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let end = value.bytes().take_while(in_number).count();
        let number = values::short_number(&value.as_bytes()[..end])?;
        self.0 = ended(value[end..].strip_prefix(unit)?)?;
        Some(Some(number))
    }

    /// Takes one word that cannot contain another column's name.
    fn word(&mut self, name: &str) -> Option<Option<Cow<'a, str>>> {
        let Some(value) = self.0.strip_prefix(name) else {
            return Some(None);
        };
        let end = memchr::memchr(b'\t', value.as_bytes()).unwrap_or(value.len());
        let word = word(&value[..end])?;
        self.0 = ended(&value[end..])?;
        Some(Some(word))
    }
}

/// The text behind the end of a column, which is a tab or the end of the text.
fn ended(rest: &str) -> Option<&str> {
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('\t')
    }
}

/// `value` if it is one word that cannot contain another column's name.
fn word(value: &str) -> Option<Cow<'_, str>> {
    let in_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'$');
    (!value.is_empty() && value.bytes().all(in_word)).then_some(Cow::Borrowed(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::text::platform::lenient;
    use proptest::prelude::*;

    const ID: &str = "405bb962-f57b-521d-81a1-e7272fbf6077";

    /// Names and units of the columns with numbers, then names of those with words, in the usual order. `Phase` is
    /// unknown.
    const NUMBERS: [(&str, &str); 7] = [
        ("Duration", " ms"),
        ("Billed Duration", " ms"),
        ("Memory Size", " MB"),
        ("Max Memory Used", " MB"),
        ("Init Duration", " ms"),
        ("Restore Duration", " ms"),
        ("Billed Restore Duration", " ms"),
    ];
    const WORDS: [&str; 6] = [
        "Status",
        "Phase",
        "Error Type",
        "\nXRAY TraceId",
        "SegmentId",
        "Sampled",
    ];

    #[test]
    fn lines_of_the_platform_are_read_as_by_the_lenient_reader() {
        for text in [
            format!("START RequestId: {ID} Version: $LATEST"),
            format!("END RequestId: {ID}"),
            format!(
                "REPORT RequestId: {ID}\tDuration: 1711.87 ms\tBilled Duration: 1712 ms\tMemory Size: 128 MB\tMax Memory Used: 80 MB\tInit Duration: 150.5 ms\t"
            ),
            format!(
                "REPORT RequestId: {ID}\tDuration: 2 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 80 MB\tRestore Duration: 500.795 ms\tBilled Restore Duration: 53 ms\tStatus: error\tError Type: Runtime.ExitError\tXRAY TraceId: 1-5e34a614-10bdxxxxf1fb44f07bc535a1\tSegmentId: 07f5xxxx2e5c9d7f\tSampled: true"
            ),
            format!(
                "REPORT RequestId: {ID}\tDuration: 0.50 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 80 MB\t\nXRAY TraceId: 1-5e34a614-10bd\tSegmentId: 07f5\tSampled: false\t"
            ),
        ] {
            let record = parse(&text);
            assert!(record.is_some(), "{text}");
            assert_eq!(record, lenient(&text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn the_fast_path_agrees_with_the_lenient_reader(
            kind in "(REPORT|REPORT|REPORT|START|END)",
            version in "( Version: [$A-Z0-9_.-]{1,8})?",
            numbers in proptest::collection::vec(proptest::option::of("[0-9]{1,9}(\\.[0-9]{1,7})?"), NUMBERS.len()),
            words in proptest::collection::vec(proptest::option::weighted(0.15, "[A-Za-z0-9.:-]{1,9}|true|false"), WORDS.len()),
            late in proptest::bool::weighted(0.2),
            tail in "[\t ]?",
            cut in 0..1000_usize,
            odd in "[\t :a\n\\\\]?",
        ) {
            let numbers = NUMBERS.iter().zip(numbers).filter_map(|((name, unit), number)| Some(format!("\t{name}: {}{unit}", number?)));
            let words = WORDS.iter().zip(words).filter_map(|(name, word)| Some(format!("\t{name}: {}", word?)));
            let mut columns: Vec<String> = numbers.chain(words).collect();
            if late && !columns.is_empty() {
                let first = columns.remove(0);
                columns.push(first);
            }
            let rest = if kind == "REPORT" { columns.concat() } else { version };
            let mut text = format!("{kind} RequestId: {ID}{rest}{tail}");
            // Most cuts lie beyond the end of the text.
            if cut <= text.len() {
                text.insert_str(cut, &odd);
            }
            // The caller removes the final line breaks.
            let text = text.trim_end_matches(['\n', '\r']);
            if let Some(record) = parse(text) {
                prop_assert_eq!(Some(record), lenient(text));
            }
        }
    }
}
