/*! Borrowed looks into JSON: a pass over an object's keys, and its values as the text they are written in. */

use std::borrow::Cow;

use crate::json::scan::{self, blanks};

/// Calls `field` with each key of an object and its value's JSON text. False if `text` is not wholly one valid object.
pub fn each_field<'a>(text: &'a str, mut field: impl FnMut(&str, &'a str)) -> bool {
    fields(text, &mut field) == Some(text.len())
}

/// Gives the end of the object and the blanks behind it.
fn fields<'a>(text: &'a str, field: &mut impl FnMut(&str, &'a str)) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = blanks(bytes, 0);
    if *bytes.get(at)? != b'{' {
        return None;
    }
    at = blanks(bytes, at + 1);
    if *bytes.get(at)? == b'}' {
        return Some(blanks(bytes, at + 1));
    }
    loop {
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let end = scan::string_end(bytes, at)?;
        let key = string(&text[at..end])?;
        let value = scan::behind_colon(bytes, end)?;
        let end = scan::value_end(bytes, value)?;
        field(&key, &text[value..end]);
        at = blanks(bytes, end);
        match bytes.get(at)? {
            b',' => at = blanks(bytes, at + 1),
            b'}' => return Some(blanks(bytes, at + 1)),
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
    while let Some(end) = scan::value_end(bytes, at) {
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
