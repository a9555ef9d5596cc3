/*! JSON text goes in; the keys of an object, and its values as slices of the text, come out. Nothing is copied unless
it has an escape. */

use std::borrow::Cow;
use std::ops::Deref;

use crate::colours;
use crate::json::scan;
use crate::json::scan::{End, Token, Watch, blanks};
use crate::json::unescape::unescaped;

/// A key of an object, without escapes.
#[derive(Debug, Clone, Copy)]
pub struct Key<'k> {
    pub text: &'k [u8],
    /// The [`scan::hash`] of `text`.
    pub hash: scan::Hash,
}

impl<'k> Key<'k> {
    /// The key with this text.
    pub fn of(text: &'k [u8]) -> Self {
        let hash = scan::hash(text);
        Self { text, hash }
    }
}

/// The JSON text of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawValue<'a> {
    text: &'a str,
    /// Whether the value may be a string with an escape.
    escaped: bool,
}

impl<'a> RawValue<'a> {
    #[inline]
    pub fn text(self) -> &'a str {
        self.text
    }
}

impl Deref for RawValue<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.text
    }
}

impl<'a> From<&'a str> for RawValue<'a> {
    fn from(text: &'a str) -> Self {
        Self {
            text,
            escaped: true,
        }
    }
}

/// A value by its offsets. Its text is sliced only on demand, since most values are not needed.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    text: &'a str,
    start: usize,
    end: End,
}

impl<'a> Value<'a> {
    /// Reads the value that begins at `start`; `None` if it is invalid.
    #[inline]
    pub fn read(text: &'a str, start: Token, watch: &mut impl Watch) -> Option<Self> {
        Some(Self {
            text,
            start: start.0,
            end: scan::value_from(text.as_bytes(), start, watch)?,
        })
    }

    /// The offset behind the value.
    pub fn end(self) -> usize {
        self.end.at
    }

    #[inline]
    pub fn raw(self) -> RawValue<'a> {
        RawValue {
            text: &self.text[self.start..self.end.at],
            escaped: self.end.escaped,
        }
    }
}

/// Calls `field` with each key of an object and its value. False if `text` is not one valid object; `field` may have
/// been called for its valid start.
#[inline]
pub fn each_field<'a>(text: &'a str, mut field: impl FnMut(&[u8], RawValue<'a>)) -> bool {
    each_member(text, &mut (), |key, value| field(key.text, value.raw()))
}

/// [`each_field`] with a [`Watch`] for the whole walk.
#[inline]
pub fn each_member<'a>(
    text: &'a str,
    watch: &mut impl Watch,
    mut member: impl FnMut(Key<'_>, Value<'a>),
) -> bool {
    whole(text, watch, |key, start, watch| {
        let value = Value::read(text, start, watch)?;
        member(key, value);
        Some(value.end.at)
    })
}

/// Calls `member` with each key of an object and the start of its value; `member` returns the end of the value, or
/// `None` to stop. False if the walk stopped, or `text` is not one valid object.
#[inline]
pub fn whole<W: Watch>(
    text: &str,
    watch: &mut W,
    member: impl FnMut(Key<'_>, Token, &mut W) -> Option<usize>,
) -> bool {
    let bytes = text.as_bytes();
    let end = scan::token(bytes, 0).and_then(|start| members(text, start, watch, member));
    end.is_some_and(|end| blanks(bytes, end) == bytes.len())
}

/// [`whole`] for the object that begins at `start`; returns the end of the object.
#[inline]
pub fn members<W: Watch>(
    text: &str,
    start: Token,
    watch: &mut W,
    mut member: impl FnMut(Key<'_>, Token, &mut W) -> Option<usize>,
) -> Option<usize> {
    let bytes = text.as_bytes();
    if start.1 != b'{' {
        return None;
    }
    watch.opened(true);
    let mut next = scan::token(bytes, start.0 + 1)?;
    if next.1 != b'}' {
        loop {
            let (key_end, hash) = scan::key_end(bytes, next)?;
            watch.key(hash);
            let value = scan::behind_colon(bytes, key_end)?;
            let unescaped;
            let key = match hash {
                Some(_) => Key {
                    text: &bytes[next.0 + 1..key_end - 1],
                    hash,
                },
                None => {
                    unescaped = string(RawValue::from(&text[next.0..key_end]))?;
                    Key::of(unescaped.as_bytes())
                }
            };
            let end = member(key, value, watch)?;
            next = scan::token(bytes, end)?;
            match next.1 {
                b',' => next = scan::token(bytes, next.0 + 1)?,
                b'}' => break,
                _ => return None,
            }
        }
    }
    watch.closed(true);
    Some(next.0 + 1)
}

/// Calls `item` with each item of an array, up to the first invalid item. A value other than an array has no items.
pub fn each_item<'a>(text: &'a str, mut item: impl FnMut(RawValue<'a>)) {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'[') {
        return;
    }
    let mut before = 0;
    while let Some(start) = scan::token(bytes, before + 1)
        && let Some(value) = Value::read(text, start, &mut ())
    {
        item(value.raw());
        match scan::token(bytes, value.end.at) {
            Some((comma, b',')) => before = comma,
            _ => return,
        }
    }
}

/// The string of a JSON value, without a terminal's colours, borrowed unless it has an escape; `None` for other values
/// and unpaired surrogates.
#[inline]
pub fn string(raw: RawValue<'_>) -> Option<Cow<'_, str>> {
    let inner = raw.text.strip_prefix('"')?.strip_suffix('"')?;
    if !raw.escaped || memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    unescaped(inner)
        .filter(|decoded| !decoded.half_pair)
        // Valid JSON has a colour's ESC only as an escape.
        .map(|decoded| colours::without_in(Cow::Owned(decoded.text)))
}

/// [`string`], but `None` for a string that is empty or blank.
pub fn filled(raw: RawValue<'_>) -> Option<Cow<'_, str>> {
    string(raw).filter(|text| {
        let printable = text.as_bytes().first().is_some_and(u8::is_ascii_graphic);
        printable || !text.trim_start().is_empty()
    })
}

/// The finite number of a JSON value: a number, or a string that holds one.
pub fn number(raw: RawValue<'_>) -> Option<f64> {
    short_number(raw.as_bytes()).or_else(|| {
        raw.trim_matches('"')
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite())
    })
}

/// The fast path for digits with or without a fraction, as many as a double holds exactly: one division then rounds
/// as a parser would. `None` for numbers in another form.
pub(crate) fn short_number(raw: &[u8]) -> Option<f64> {
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

/// The strings of an array; other items are omitted.
pub fn strings(raw: RawValue<'_>) -> Vec<Cow<'_, str>> {
    let mut all = Vec::new();
    each_item(raw.text, |item| all.extend(string(item)));
    all
}

/// A string, or the strings of an array joined by line breaks. `None` for other values, blank strings, and arrays
/// without strings.
pub fn lines(raw: RawValue<'_>) -> Option<Cow<'_, str>> {
    if raw.starts_with('[') {
        let mut lines = String::new();
        let mut any = false;
        each_item(raw.text, |item| {
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
    fn only_one_whole_valid_object_is_accepted() {
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
        fn numbers_are_read_as_the_standard_library_reads_them(
            text in "\"?-?[0-9]{0,9}[.]?[0-9]{0,9}(e-?[0-9]{1,3})?\"?", decimal in "[0-9]{1,8}([.][0-9]{1,8})?",
        ) {
            for text in [text, decimal] {
                let expected = text.trim_matches('"').parse().ok().filter(|number: &f64| number.is_finite());
                prop_assert_eq!(number(RawValue::from(&*text)).map(f64::to_bits), expected.map(f64::to_bits), "{}", text);
            }
        }
    }

    #[test]
    fn keys_are_decoded() {
        let mut keys = Vec::new();
        let whole = each_member(r#"{"a":1,"\u0061b":[],"":{}}"#, &mut (), |key, value| {
            assert_eq!(key.hash, scan::hash(key.text));
            keys.push((key.text.to_owned(), value.raw().text()));
        });
        let expected = [("a", "1"), ("ab", "[]"), ("", "{}")];
        assert_eq!(keys, expected.map(|(key, value)| (key.into(), value)));
        assert!(whole && !each_field(r#"{"\ud800":1}"#, |_, _| ()));
    }

    #[test]
    fn nesting_is_unlimited() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(9_999), "]".repeat(9_999));
        assert!(each_field(&text, |_, _| ()));
    }

    #[test]
    fn strings_are_borrowed_unless_escaped() {
        assert!(matches!(
            string("\"plain\"".into()),
            Some(Cow::Borrowed("plain"))
        ));
        assert_eq!(string(r#""a\nb""#.into()).as_deref(), Some("a\nb"));
        assert_eq!(lines(r#"["a\n","b"]"#.into()).as_deref(), Some("a\nb"));
    }
}
