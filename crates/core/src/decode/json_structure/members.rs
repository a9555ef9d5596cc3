/*! The bytes of an object, whole or cut, go in; its members and the texts of its strings come out. */

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use crate::decode::json_structure::scanner::{Progress, Scanner};
use crate::json::scan::blanks;
use crate::json::unescape::escape;

/// The next token of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// A key without its quotes, and the offset of its value.
    Key(&'a [u8], usize),
    /// The object ends before this offset.
    End(usize),
    /// More bytes are needed.
    More,
    /// The JSON is invalid at this offset.
    Broken(usize),
}

/// Reads the next key of an object; `at` is the offset behind its `{` or behind a member.
pub(crate) fn next_key(data: &[u8], mut at: usize) -> Next<'_> {
    at = blanks(data, at);
    if data.get(at) == Some(&b',') {
        at = blanks(data, at + 1);
    }
    match data.get(at) {
        None => return Next::More,
        Some(b'}') => return Next::End(at + 1),
        Some(b'"') => {}
        Some(_) => return Next::Broken(at),
    }
    let Progress::Done(len) = value_end(data, at) else {
        return Next::More;
    };
    let key = &data[at + 1..len - 1];
    at = blanks(data, len);
    match data.get(at) {
        None => return Next::More,
        Some(b':') => {}
        Some(_) => return Next::Broken(at),
    }
    at = blanks(data, at + 1);
    if at == data.len() {
        return Next::More;
    }
    Next::Key(key, at)
}

/// The end of the value that begins at `at`.
pub(crate) fn value_end(data: &[u8], at: usize) -> Progress {
    match Scanner::value().run(&data[at..]) {
        Progress::More => Progress::More,
        Progress::Done(n) => Progress::Done(at + n),
        Progress::Broken(n) => Progress::Broken(at + n),
    }
}

/// The members of an object: the key without its quotes, and the range of the value. The iterator ends before the first
/// member that is invalid or cut.
pub(crate) fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], Range<usize>)> {
    let mut at = if object.first() == Some(&b'{') {
        1
    } else {
        object.len()
    };
    std::iter::from_fn(move || {
        let Next::Key(key, value) = next_key(object, at) else {
            return None;
        };
        let Progress::Done(end) = value_end(object, value) else {
            return None;
        };
        at = end;
        Some((key, value..end))
    })
}

/// If an object's end is missing: the offset behind its last whole member. `None` for a whole object and for other
/// text.
pub(crate) fn end_of_whole_members(data: &[u8]) -> Option<usize> {
    if data.first() != Some(&b'{') || value_end(data, 0) != Progress::More {
        return None;
    }
    Some(members(data).last().map_or(1, |(_, at)| at.end))
}

/// The text of a string value, with U+FFFD for invalid UTF-8; `None` for other values.
pub(crate) fn string(value: &[u8]) -> Option<Cow<'_, str>> {
    let raw = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if !raw.contains(&b'\\') {
        return Some(String::from_utf8_lossy(raw));
    }
    let mut text = Vec::new();
    unescape(raw, usize::MAX, &mut text);
    Some(Cow::Owned(String::from_utf8_lossy(&text).into_owned()))
}

/// Decodes `raw`, the text between a string's quotes, and appends at most `max` bytes of it, whole characters. Returns
/// the number of bytes of `raw` that were decoded. Invalid escapes are kept as they are.
pub(crate) fn unescape(raw: &[u8], max: usize, out: &mut Vec<u8>) -> usize {
    let limit = out.len().saturating_add(max);
    let mut at = 0;
    loop {
        let plain = memchr(b'\\', &raw[at..]).map_or(raw.len(), |i| at + i);
        let room = limit - out.len();
        if plain - at > room {
            let end = crate::decode::buffer::boundary(&raw[at..], room);
            out.extend_from_slice(&raw[at..at + end]);
            return at + end;
        }
        out.extend_from_slice(&raw[at..plain]);
        at = plain;
        if at == raw.len() {
            return at;
        }
        let mut utf8 = [0; 4];
        let (text, len) = match escape(&raw[at..]) {
            Some(escape) => (
                escape.character().encode_utf8(&mut utf8).as_bytes(),
                escape.len,
            ),
            None => {
                let len = if raw[at..].starts_with(b"\\u") { 2 } else { 1 };
                (&raw[at..at + len], len)
            }
        };
        if out.len() + text.len() > limit {
            return at;
        }
        out.extend_from_slice(text);
        at += len;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn end(text: &str) -> Progress {
        value_end(text.as_bytes(), 0)
    }

    #[test]
    fn where_values_end() {
        assert_eq!(
            end(r#"{"a":[1,{"b":"}]\""}],"c":null} x"#),
            Progress::Done(31)
        );
        assert_eq!(end(r#""a\\""b"#), Progress::Done(5));
        assert_eq!(end("[] "), Progress::Done(2));
        assert_eq!(end("12,"), Progress::Done(2));
        assert_eq!(end("12"), Progress::More);
        assert_eq!(end(r#"{"a":"#), Progress::More);
        assert_eq!(end(r#"{"a" 1}"#), Progress::Broken(5));
        assert_eq!(end(r#"{"a":1]"#), Progress::Broken(6));
        assert_eq!(end("{,}"), Progress::Broken(1));
        assert_eq!(end("[1,]"), Progress::Broken(3));
        assert_eq!(end("{a}"), Progress::Broken(1));
        assert_eq!(end(&"[".repeat(200)), Progress::Broken(127));
        assert_eq!(end("{\"a\":\"x\ny\"}"), Progress::Done(11));
        let broken = Scanner::one_line_strings().run(b"{\"a\":\"x\ny\"}");
        assert_eq!(broken, Progress::Broken(7));
    }

    #[test]
    fn what_strings_say() {
        assert_eq!(
            string(br#""a\n\t\"\\\/\u00e9\ud83d\udea2\ud83d!\q""#).as_deref(),
            Some("a\n\t\"\\/é🚢\u{fffd}!\\q")
        );
        assert_eq!(string(b"12"), None);
        let mut out = Vec::new();
        assert_eq!(unescape(br"ab\u00e9", 3, &mut out), 2);
        assert_eq!(unescape("aé".as_bytes(), 2, &mut out), 1);
        assert_eq!(out, b"aba");
        for broken in ["\\", "\\u", "\\u12", "\\u12g4", "x\\"] {
            let mut out = Vec::new();
            assert_eq!(unescape(broken.as_bytes(), 99, &mut out), broken.len());
            assert_eq!(out, broken.as_bytes());
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}|[\"\\\\\n{}\\[\\]]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,4}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_end_where_serde_says(value in json(), pretty in any::<bool>(), cut in 0usize..200, after in "[ ,\\]}\n]") {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let all = format!("{text}{after}");
            prop_assert_eq!(value_end(all.as_bytes(), 0), Progress::Done(text.len()));
            let cut = cut.min(text.len() - 1);
            let mut scanner = Scanner::value();
            let first = scanner.run(&all.as_bytes()[..cut]);
            prop_assert_eq!(first, Progress::More);
            prop_assert_eq!(scanner.run(all.as_bytes()), Progress::Done(text.len()));
            if let Value::Object(map) = &value {
                for (key, at) in members(text.as_bytes()) {
                    let raw = &text.as_bytes()[at];
                    let key: String = serde_json::from_slice(&[b"\"", key, b"\""].concat()).unwrap();
                    prop_assert_eq!(&serde_json::from_slice::<Value>(raw).unwrap(), &map[&key]);
                }
                prop_assert_eq!(members(text.as_bytes()).count(), map.len());
            }
            if let Value::String(said) = &value {
                let read = string(text.as_bytes());
                prop_assert_eq!(read.as_deref(), Some(said.as_str()));
            }
        }

        #[test]
        fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..60), max in 0usize..40) {
            let _ = value_end(&data, 0);
            let _ = members(&data).count();
            let mut out = Vec::new();
            prop_assert!(unescape(&data, max, &mut out) <= data.len());
            prop_assert!(out.len() <= max);
        }
    }
}
