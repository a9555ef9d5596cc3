/*! A line with the prefix `time⇥id⇥LEVEL⇥` goes in; the prefix as fields and the message come out.

Node's console and .NET's logger write the whole prefix. Old Node writes no level, zap's console encoder no id. */

use std::borrow::Cow;

use crate::parse::record::{IdSource, Record};
use crate::parse::request_id;
use crate::parse::{level, timestamp};
use crate::time::iso8601::utc_millis;
use crate::uuid::{UUID_LEN, is_uuid};

/// The fields of the prefix, and the text behind it; `None` if `text` does not begin with such a prefix.
pub fn prefix(text: &str) -> Option<(Record<'_>, &str)> {
    usual(text).or_else(|| lenient(text))
}

/// The fast path for the prefix as Node's runtime writes it, with a UUID. Its result must equal that of `lenient`.
pub fn usual(text: &str) -> Option<(Record<'_>, &str)> {
    let (time, id, rest) = stamped(text)?;
    let (word, message) = rest.split_at_checked(memchr::memchr(b'\t', rest.as_bytes())?)?;
    let record = Record {
        time: Some(time),
        request_id: Some(Cow::Borrowed(id)),
        id_source: IdSource::Runtime,
        level: Some(level::from_capitals(word)?),
        ..Record::default()
    };
    Some((record, &message[1..]))
}

/// Reads `time⇥id⇥`, with milliseconds and a UUID: the time in milliseconds since 1970, the id, and the text behind
/// them.
pub fn stamped(text: &str) -> Option<(i64, &str, &str)> {
    let time = utc_millis(text.as_bytes().first_chunk()?)?;
    let (id, rest) = text[24..].strip_prefix('\t')?.split_at_checked(UUID_LEN)?;
    let rest = rest.strip_prefix('\t')?;
    is_uuid(id).then_some((time, id, rest))
}

/// The prefix in any known form.
fn lenient(text: &str) -> Option<(Record<'_>, &str)> {
    let time = timestamp::scan(text.as_bytes()).filter(|time| time.zoned)?;
    let rest = &text[time.len..];
    let mut record = Record {
        time: Some(time.millis),
        ..Record::default()
    };
    let message = match separator(rest)? {
        (Separator::Tab, rest) => after_tab(&mut record, rest)?,
        (Separator::Blanks, rest) => after_blanks(&mut record, rest)?,
    };
    Some((record, message))
}

enum Separator {
    Tab,
    Blanks,
}

/// The separator at the start of `text`, and the text behind it: one tab, a written-out `\t`, or a run of blanks
/// (text copied from a console has blanks for tabs).
fn separator(text: &str) -> Option<(Separator, &str)> {
    if let Some(rest) = text.strip_prefix('\t').or(text.strip_prefix("\\t")) {
        return Some((Separator::Tab, rest));
    }
    let rest = text.trim_start_matches(' ');
    if rest.len() == text.len() {
        return None;
    }
    match rest.strip_prefix('\t') {
        Some(rest) => Some((Separator::Tab, rest)),
        None => Some((Separator::Blanks, rest)),
    }
}

/// Reads id and level from the columns behind a time and a tab; returns the message.
fn after_tab<'a>(record: &mut Record<'a>, rest: &'a str) -> Option<&'a str> {
    let (first, behind) = column(rest)?;
    if is_uuid(first) || request_id::named(first).is_none() {
        record.request_id = request_id::named(first).map(Cow::Borrowed);
        if record.request_id.is_some() {
            record.id_source = IdSource::Runtime;
        }
        return Some(read_level(record, behind));
    }
    if let Some(level) = level::from_name(first) {
        record.level = Some(level);
        return Some(behind);
    }
    // An id in another form than a UUID counts only before a level.
    let message = read_level(record, behind);
    record.level?;
    record.request_id = Some(Cow::Borrowed(first));
    Some(message)
}

/// Reads id and level behind a time and blanks; returns the message.
fn after_blanks<'a>(record: &mut Record<'a>, rest: &'a str) -> Option<&'a str> {
    let id = match rest.strip_prefix("undefined ") {
        Some(_) => &rest[..9],
        None => request_id::leading_uuid(rest)?,
    };
    record.request_id = request_id::named(id).map(Cow::Borrowed);
    let (_, behind) = separator(&rest[id.len()..])?;
    let message = read_level(record, behind);
    if record.request_id.is_some() && record.level.is_some() {
        record.id_source = IdSource::Logger;
    }
    Some(message)
}

/// Reads a level at the start of `text`, if there is one; returns the text behind it.
fn read_level<'a>(record: &mut Record<'a>, text: &'a str) -> &'a str {
    let end = memchr::memchr3(b'\t', b' ', b'\\', text.as_bytes()).unwrap_or(text.len());
    let word = &text[..end];
    let is_level = matches!(word, "info" | "warn" | "fail" | "crit" | "dbug" | "trce");
    let level =
        level::from_capitals(word).or_else(|| is_level.then(|| level::from_name(word)).flatten());
    match (level, separator(&text[end..])) {
        (Some(level), Some((_, message))) => {
            record.level = Some(level);
            message
        }
        (Some(level), None) if end == text.len() => {
            record.level = Some(level);
            ""
        }
        _ => text,
    }
}

/// The column at the start of `text`, which has no blanks and ends in a tab, and the text behind the tab.
fn column(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr3(b'\t', b' ', b'\\', text.as_bytes())?;
    match separator(&text[end..]) {
        Some((Separator::Tab, rest)) => Some((&text[..end], rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::record::Level;
    use crate::parse::text::platform;
    use proptest::prelude::*;

    const ID: &str = "152453e0-3bcf-46b2-9e9a-3a03079395db";

    fn read(text: &str) -> Option<(Option<String>, Option<Level>, &str)> {
        prefix(text).map(|(record, message)| {
            (
                record.request_id.map(Cow::into_owned),
                record.level,
                message,
            )
        })
    }

    #[test]
    fn prefixes_in_every_form_are_read() {
        let id = Some(ID.to_owned());
        for (text, expected) in [
            (
                format!("\t{ID}\tINFO\tmsg"),
                (id.clone(), Some(Level::Info), "msg"),
            ),
            (
                format!("\t{ID}\tfail\tmsg"),
                (id.clone(), Some(Level::Error), "msg"),
            ),
            (
                format!("\t{ID}\tmsg\tmore"),
                (id.clone(), None, "msg\tmore"),
            ),
            (
                format!(" {ID} ERROR msg"),
                (id.clone(), Some(Level::Error), "msg"),
            ),
            (
                format!("    {ID}    WARN    msg"),
                (id, Some(Level::Warn), "msg"),
            ),
            (
                "\tundefined\tERROR\tmsg".to_owned(),
                (None, Some(Level::Error), "msg"),
            ),
            ("\t\tinfo\tmsg".to_owned(), (None, Some(Level::Info), "msg")),
            (
                "\tinfo\tmain.go:3\tmsg".to_owned(),
                (None, Some(Level::Info), "main.go:3\tmsg"),
            ),
            (
                "\tid-1\tINFO\t msg".to_owned(),
                (Some("id-1".into()), Some(Level::Info), " msg"),
            ),
        ] {
            let text = format!("2020-10-07T00:12:32.573Z{text}");
            assert_eq!(read(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_text_behind_a_time_is_no_prefix() {
        for text in [
            "2020-10-07T00:12:32.573Z INFO lambda: msg",
            "2020-10-07T00:12:32.573Z\tsome\ttext",
            "2020-10-07T00:12:32.573Z",
            "2020-10-07 00:12:32.573\t152453e0-3bcf-46b2-9e9a-3a03079395db\tINFO\tmsg",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_path_agrees_with_the_lenient_reader(
            time in "20[0-9]{2}-1[0-2]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9]{3}Z",
            level in "(INFO|WARN|ERROR|FATAL|CRITICAL|Task|INFOS|)",
            message in "[a\t ]{0,3}(Task timed out after 3.00 seconds|Process exited before completing request)?",
            cut in 0..90_usize,
            inserted in "[\t 0a\n\\\\é]?",
        ) {
            let mut text = format!("{time}\t{ID}\t{level}\t{message}");
            let position = text.floor_char_boundary(cut % (text.len() + 1));
            text.insert_str(position, &inserted);
            if let Some(found) = usual(&text) {
                prop_assert_eq!(Some(found), lenient(&text));
                prop_assert_eq!(platform::parse(&text), None);
            }
        }
    }
}
