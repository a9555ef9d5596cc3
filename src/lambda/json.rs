/*! Borrowed looks into JSON: a pass over an object's keys, and its values as the text they are written in. */

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `field` with each key of an object and its value's JSON text. False if `text` is not wholly one valid object.
pub fn each_field<'a>(text: &'a str, field: impl FnMut(&str, &'a str)) -> bool {
    struct Fields<F>(F);
    impl<'de, F: FnMut(&str, &'de str)> Visitor<'de> for Fields<F> {
        type Value = ();
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some(Key(key)) = map.next_key()? {
                (self.0)(&key, map.next_value::<&'de RawValue>()?.get());
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Fields(field)).is_ok() && deserializer.end().is_ok()
}

/// Calls `item` with the JSON text of each item of an array; not at all for anything else.
pub fn each_item<'a>(text: &'a str, item: impl FnMut(&'a str)) {
    struct Items<F>(F);
    impl<'de, F: FnMut(&'de str)> Visitor<'de> for Items<F> {
        type Value = ();
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
            while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                (self.0)(raw.get());
            }
            Ok(())
        }
    }
    if text.starts_with('[') {
        // The text comes from a RawValue, so it is valid.
        let _ = serde_json::Deserializer::from_str(text).deserialize_seq(Items(item));
    }
}

/// A key, borrowed unless it holds an escape.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The string that a JSON text is, borrowed unless it holds an escape.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw).ok().map(Cow::Owned)
}

/// As [`string`], without the empty one.
pub fn filled(raw: &str) -> Option<Cow<'_, str>> {
    string(raw).filter(|text| !text.trim().is_empty())
}

/// The number that a JSON text is, or holds as a string.
pub fn number(raw: &str) -> Option<f64> {
    raw.trim_matches('"')
        .parse()
        .ok()
        .filter(|n: &f64| n.is_finite())
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
