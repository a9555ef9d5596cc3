/*! Borrowed looks into JSON: a pass over an object's keys, and its values as the text they are written in. */

use std::borrow::Cow;

use crate::json::scan::{self, Watch, blanks};

/// A key of an object.
#[derive(Debug, Clone, Copy)]
pub struct Key<'k> {
    pub text: &'k str,
    /// The hash of its text: [`scan::hash`].
    pub hash: u64,
}

/// Calls `field` with each key of an object and its value's JSON text. False if `text` is not wholly one valid object.
pub fn each_field<'a>(text: &'a str, mut field: impl FnMut(&str, &'a str)) -> bool {
    each_member(text, &mut (), |key, value| field(key.text, value))
}

/// The same, with somebody who watches the whole walk.
#[inline]
pub fn each_member<'a>(
    text: &'a str,
    watch: &mut impl Watch,
    mut member: impl FnMut(Key<'_>, &'a str),
) -> bool {
    members(text, watch, &mut member) == Some(text.len())
}

/// Gives the end of the object and the blanks behind it.
#[inline]
fn members<'a>(
    text: &'a str,
    watch: &mut impl Watch,
    member: &mut impl FnMut(Key<'_>, &'a str),
) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = blanks(bytes, 0);
    if *bytes.get(at)? != b'{' {
        return None;
    }
    watch.opened(true);
    at = blanks(bytes, at + 1);
    if *bytes.get(at)? == b'}' {
        watch.closed(true);
        return Some(blanks(bytes, at + 1));
    }
    loop {
        let (end, hash) = scan::key_end(bytes, at)?;
        watch.key(hash);
        let value = scan::behind_colon(bytes, end)?;
        let value_end = scan::value_end(bytes, value, watch)?;
        let value = &text[value..value_end];
        let key = match hash {
            Some(_) => Cow::Borrowed(&text[at + 1..end - 1]),
            None => string(&text[at..end])?,
        };
        let hash = hash.unwrap_or_else(|| scan::hash(key.as_bytes()));
        member(Key { text: &key, hash }, value);
        at = blanks(bytes, value_end);
        match bytes.get(at)? {
            b',' => at = blanks(bytes, at + 1),
            b'}' => {
                watch.closed(true);
                return Some(blanks(bytes, at + 1));
            }
            _ => return None,
        }
    }
}

/// Calls `item` with the JSON text of each item of an array, as far as it is valid; not at all for anything else.
pub fn each_item<'a>(text: &'a str, mut item: impl FnMut(&'a str)) {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'[') {
        return;
    }
    let mut at = blanks(bytes, 1);
    while let Some(end) = scan::value_end(bytes, at, &mut ()) {
        item(&text[at..end]);
        at = blanks(bytes, end);
        match bytes.get(at) {
            Some(b',') => at = blanks(bytes, at + 1),
            _ => return,
        }
    }
}

/// The string that a JSON text is, borrowed unless it holds an escape.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    scan::unescaped(inner)
        .filter(|found| !found.half_pair)
        .map(|found| Cow::Owned(found.text))
}

/// As [`string`], without the empty one.
pub fn filled(raw: &str) -> Option<Cow<'_, str>> {
    string(raw).filter(|text| !text.trim_start().is_empty())
}

/// The number that a JSON text is, or holds as a string.
pub fn number(raw: &str) -> Option<f64> {
    short_number(raw.as_bytes()).or_else(|| {
        raw.trim_matches('"')
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite())
    })
}

/// Digits with or without a fraction, as many as a double holds exactly: then one division rounds as a parser would.
fn short_number(raw: &[u8]) -> Option<f64> {
    if raw.len() > 16 {
        return None;
    }
    let (mut whole, mut scale) = (0u64, None);
    for byte in raw {
        match (byte, &mut scale) {
            (b'0'..=b'9', scale) => {
                whole = whole * 10 + u64::from(byte - b'0');
                if let Some(scale) = scale {
                    *scale *= 10.0;
                }
            }
            (b'.', None) => scale = Some(1.0),
            _ => return None,
        }
    }
    let bare = raw.first()? != &b'.' && raw.last()? != &b'.';
    (bare && whole < 1_000_000_000_000_000).then(|| whole as f64 / scale.unwrap_or(1.0))
}

/// The strings of an array; other items are left out.
pub fn strings(raw: &str) -> Vec<Cow<'_, str>> {
    let mut all = Vec::new();
    each_item(raw, |item| all.extend(string(item)));
    all
}

/// A string, or an array of strings as lines.
pub fn lines(raw: &str) -> Option<Cow<'_, str>> {
    if raw.starts_with('[') {
        let mut lines = String::new();
        let mut any = false;
        each_item(raw, |item| {
            let Some(line) = string(item) else { return };
            if any {
                lines.push('\n');
            }
            any = true;
            lines.push_str(line.trim_end_matches(['\n', '\r']));
        });
        return any.then_some(Cow::Owned(lines));
    }
    filled(raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_whole_valid_object_counts() {
        assert!(each_field(" {\"a\": 1}\n", |_, _| ()));
        for text in [
            "{\"a\":1",
            "{\"a\":1}}",
            "{\"a\":1} x",
            "[1]",
            "1",
            "",
            "{'a': 1}",
            "{\"a\":\"\n\"}",
        ] {
            assert!(!each_field(text, |_, _| ()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(
            text in "\"?-?[0-9]{0,9}[.]?[0-9]{0,9}(e-?[0-9]{1,3})?\"?", decimal in "[0-9]{1,8}([.][0-9]{1,8})?",
        ) {
            for text in [text, decimal] {
                let expected = text.trim_matches('"').parse().ok().filter(|number: &f64| number.is_finite());
                prop_assert_eq!(number(&text).map(f64::to_bits), expected.map(f64::to_bits), "{}", text);
            }
        }
    }

    #[test]
    fn keys_are_given_without_escapes() {
        let mut keys = Vec::new();
        let whole = each_member(r#"{"a":1,"\u0061b":[],"":{}}"#, &mut (), |key, value| {
            assert_eq!(key.hash, scan::hash(key.text.as_bytes()));
            keys.push((key.text.to_owned(), value));
        });
        let expected = [("a", "1"), ("ab", "[]"), ("", "{}")];
        assert_eq!(keys, expected.map(|(key, value)| (key.to_owned(), value)));
        assert!(whole && !each_field(r#"{"\ud800":1}"#, |_, _| ()));
    }

    #[test]
    fn depth_is_no_matter() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(9_999), "]".repeat(9_999));
        assert!(each_field(&text, |_, _| ()));
    }

    #[test]
    fn strings_are_borrowed_unless_escaped() {
        assert!(matches!(string("\"plain\""), Some(Cow::Borrowed("plain"))));
        assert_eq!(string(r#""a\nb""#).as_deref(), Some("a\nb"));
        assert_eq!(lines(r#"["a\n","b"]"#).as_deref(), Some("a\nb"));
    }
}
