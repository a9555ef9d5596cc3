/*! A line of Python's runtime goes in; its prefix as fields, or its error, comes out.

Lambda's formatter writes `[LEVEL]⇥time⇥id⇥message`. The runtime itself writes errors as `[ERROR] Type: message` with a
traceback. */

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem;

use crate::parse::record::{ErrorInfo, IdSource, Record};
use crate::parse::text::node;
use crate::parse::{level, request_id, timestamp};
use crate::uuid::is_uuid;

/// The first line of a Python traceback.
pub const TRACEBACK: &str = "Traceback (most recent call last):";
/// The finder is made once, because making it takes longer than searching a line.
static TRACEBACKS: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new(TRACEBACK));

/// The fields of the prefix, and the text behind it; `None` if `text` does not begin with such a prefix.
pub fn prefix(text: &str) -> Option<(Record<'_>, &str)> {
    usual(text).or_else(|| lenient(text))
}

/// The fast path for a prefix with three digits of milliseconds and a UUID. Its result must equal that of [`lenient`].
fn usual(text: &str) -> Option<(Record<'_>, &str)> {
    let text = text.strip_prefix('[')?;
    let head = &text.as_bytes()[..text.len().min(LONGEST_LEVEL + 1)];
    let (name, rest) = text.split_at_checked(memchr::memchr(b']', head)?)?;
    let (time, id, message) = node::stamped(rest.strip_prefix("]\t")?)?;
    let record = Record {
        level: level::from_capitals(name).or_else(|| level::from_name(name)),
        time: Some(time),
        request_id: Some(Cow::Borrowed(id)),
        id_source: IdSource::Runtime,
        ..Record::default()
    };
    Some((record, message))
}

/// Longest name of a level, in bytes.
const LONGEST_LEVEL: usize = 16;

/// The prefix in any known form.
fn lenient(text: &str) -> Option<(Record<'_>, &str)> {
    let (name, rest) = text.strip_prefix('[')?.split_once(']')?;
    let rest = separator(rest)?;
    let time = timestamp::scan(rest.as_bytes()).filter(|time| time.zoned)?;
    let mut record = Record {
        level: level::from_name(name),
        time: Some(millis(time)),
        ..Record::default()
    };
    let rest = &rest[time.len..];
    if let Some(columns) = rest.strip_prefix('\t').or(rest.strip_prefix("\\t")) {
        // The id column is empty while the function is being loaded.
        let end = columns.find(['\t', '\\', ' ', '\n'])?;
        record.request_id = request_id::named(&columns[..end]).map(Cow::Borrowed);
        if is_uuid(&columns[..end]) {
            record.id_source = IdSource::Runtime;
        }
        let message = &columns[end..];
        let message = message
            .strip_prefix("\\t")
            .or(message.strip_prefix(['\t', ' ']));
        return Some((record, message?));
    }
    // Text copied from a console has blanks for tabs.
    let rest = separator(rest)?;
    let Some(id) = request_id::leading_uuid(rest) else {
        return Some((record, rest));
    };
    record.request_id = Some(Cow::Borrowed(id));
    record.id_source = IdSource::Logger;
    Some((record, separator(&rest[id.len()..])?))
}

/// The time in milliseconds since 1970. Python writes `%(msecs)d`, so `.98Z` means 98 milliseconds, not 980.
fn millis(time: timestamp::Scanned) -> i64 {
    let scale = match time.fraction_digits {
        1 => 100,
        2 => 10,
        _ => return time.millis,
    };
    let fraction = time.millis.rem_euclid(1_000);
    time.millis - fraction + fraction / scale
}

/// The text behind the tabs (real or written out) and blanks at the start of `text`; `None` if there are none.
fn separator(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(['\t', ' ']);
    let rest = rest.strip_prefix("\\t").unwrap_or(rest);
    (rest.len() < text.len()).then_some(rest)
}

/// Whether the text has a traceback.
pub fn has_traceback(text: &str) -> bool {
    TRACEBACKS.find(text.as_bytes()).is_some()
}

/// The error of `[ERROR] Type: message`, if a traceback follows or the type is clearly an error's.
pub fn runtime_error<'a>(text: &'a str) -> Option<ErrorInfo<'a>> {
    let rest = text.strip_prefix("[ERROR] ")?;
    let traceback = TRACEBACKS.find(rest.as_bytes());
    let head = rest[..traceback.unwrap_or(rest.len())].trim_end();
    let (kind, message) = type_and_message(head)?;
    let plain = kind.starts_with("Runtime.")
        || ["Error", "Exception"].iter().any(|end| kind.ends_with(end));
    (traceback.is_some() || plain).then(|| ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: message.map(Cow::Borrowed),
        stack_trace: traceback.map(|at| Cow::Borrowed(&rest[at..])),
    })
}

/// The error of a text with tracebacks: that of the last traceback, from the first line below its heading that is not
/// indented. The stack trace begins at the first traceback. The tracebacks inside an exception group do not count.
pub fn traceback(text: &str) -> Option<ErrorInfo<'_>> {
    let first = TRACEBACKS.find(text.as_bytes())?;
    let last = memmem::rfind_iter(text.as_bytes(), TRACEBACK.as_bytes())
        .find(|at| !is_in_group(line_before(text, *at)))
        .unwrap_or(first);
    let is_group = |at: usize| text[..at].ends_with(GROUP);
    let start = first - if is_group(first) { GROUP.len() } else { 0 };
    let mut error = ErrorInfo {
        stack_trace: Some(Cow::Borrowed(&text[start..])),
        ..ErrorInfo::default()
    };
    let header = if is_group(last) {
        group_header(&text[last..])
    } else {
        header(text, last)
    };
    if let Some((kind, message)) = header.and_then(type_and_message) {
        error.kind = Some(Cow::Borrowed(kind));
        error.message = message.map(Cow::Borrowed);
    }
    Some(error)
}

/// What stands before [`TRACEBACK`] in the heading of an exception group.
const GROUP: &str = "+ Exception Group ";

/// The part of a line before the offset `at`.
fn line_before(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
    &text[line..at]
}

/// Whether a line that begins so is a part of an exception group, which has a margin.
fn is_in_group(line: &str) -> bool {
    line.trim_start().starts_with('|')
}

/// The line of an exception group's type and message, from its heading on: the first one that is not indented behind
/// the margin.
fn group_header(text: &str) -> Option<&str> {
    text.lines()
        .skip(1)
        .map_while(|line| line.trim_start().strip_prefix("| "))
        .find(|line| !line.starts_with(' '))
}

/// The text from the first line on that is not indented, below the heading at the offset `at`.
fn header(text: &str, at: usize) -> Option<&str> {
    // Text before the traceback on its line also stands before each of its frames.
    let before = line_before(text, at);
    let indent = if before.trim().is_empty() {
        before.len()
    } else {
        0
    };
    let mut start = at;
    for (index, line) in text[at..].split_inclusive('\n').enumerate() {
        let begins = start;
        start += line.len();
        let line = line.get(indent..).unwrap_or(line);
        let indented = line.starts_with([' ', '\t', '|', '\n', '\r']) || line.is_empty();
        if index > 0 && !indented {
            return Some(text[begins + indent.min(text.len() - begins)..].trim_end());
        }
    }
    None
}

/// Type and message of `Type: message` or `Type`, if the type is a dotted name.
fn type_and_message(text: &str) -> Option<(&str, Option<&str>)> {
    let end = text.find([':', '\n']).unwrap_or(text.len());
    let kind = text[..end].trim_end();
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'<' | b'>');
    if kind.is_empty() || !kind.bytes().all(name) {
        return None;
    }
    let message = text[end..].strip_prefix(':').map(str::trim);
    Some((kind, message.filter(|message| !message.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn milliseconds_without_leading_zeros_are_read() {
        let (record, message) = prefix("[INFO]\t2019-01-05T04:45:58.98Z\tid\tx").expect("a prefix");
        assert_eq!(record.time, Some(1_546_663_558_098));
        assert_eq!(message, "x");
    }

    #[test]
    fn the_last_of_chained_tracebacks_counts() {
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'a'\n\n\
            During handling of the above exception, another exception occurred:\n\n\
            Traceback (most recent call last):\n  File \"a.py\", line 2\nmod.MyError: two\nlines";
        let error = traceback(text).expect("a traceback");
        assert_eq!(error.kind.as_deref(), Some("mod.MyError"));
        assert_eq!(error.message.as_deref(), Some("two\nlines"));
    }

    #[test]
    fn an_error_prefix_without_an_error_type_is_no_error() {
        assert_eq!(runtime_error("[ERROR] something: went wrong"), None);
        assert!(runtime_error("[ERROR] KeyError: 'x'").is_some());
    }

    proptest! {
        #[test]
        fn the_fast_path_agrees_with_the_lenient_reader(
            level in "(INFO|WARNING|ERROR|Level 25|info|)",
            time in "20[0-9]{2}-1[0-2]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9]{3}Z",
            message in "[a\t \\\\]{0,4}",
            cut in 0..90_usize,
            inserted in "[\t 0a\n\\\\é]?",
        ) {
            let mut text = format!("[{level}]\t{time}\t405bb962-f57b-521d-81a1-e7272fbf6077\t{message}");
            let position = text.floor_char_boundary(cut % (text.len() + 1)).max(1);
            text.insert_str(position, &inserted);
            if let Some(found) = usual(&text) {
                prop_assert_eq!(Some(found), lenient(&text));
            }
        }
    }
}
