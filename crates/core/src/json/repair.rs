/*! A text that is nearly one JSON object goes in; the valid JSON text of the object comes out.

Python's `json` writes `NaN` and `Infinity`, and hand-made JSON has raw tabs, `undefined`, a comma too many, or text
behind the object. The repair works on tokens only: a strict reader must accept its result. */

use std::fmt::Write as _;

use crate::json::scan::blanks;

/// A repaired object.
#[derive(Debug, PartialEq, Eq)]
pub struct Repaired<'a> {
    /// The object's text.
    pub object: String,
    /// The text behind the object, without white space at its ends.
    pub tail: &'a str,
    /// Whether a program certainly wrote the text as JSON: only numbers that JSON lacks were repaired.
    pub numbers_only: bool,
}

/// Words that are no JSON, each of which becomes a string.
const WORDS: [&str; 4] = ["NaN", "Infinity", "-Infinity", UNDEFINED];
const UNDEFINED: &str = "undefined";

/// Whether `text` begins as a JSON object does: with a brace, and a key or the end of the object behind it.
pub fn begins_object(text: &str) -> bool {
    let bytes = text.as_bytes();
    let behind = |at: usize| bytes.get(blanks(bytes, at)).copied();
    bytes.first() == Some(&b'{') && matches!(behind(1), Some(b'"' | b'}'))
}

/// The object at the start of `text` with these repairs: words such as `NaN` as strings, control characters in strings
/// as escapes, no comma behind the last member or item, no text behind the object. `None` if the object has no end.
pub fn repaired(text: &str) -> Option<Repaired<'_>> {
    if !begins_object(text) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut object = String::with_capacity(text.len() + 16);
    // Bytes from `copied` on are not in `object` yet.
    let (mut at, mut copied, mut depth) = (0, 0, 0_usize);
    let mut numbers_only = true;
    loop {
        let byte = *bytes.get(at)?;
        match byte {
            b'"' => {
                object.push_str(&text[copied..at]);
                let quote = object.len();
                let end = string(text, at, &mut object)?;
                numbers_only &= object.len() - quote == end - at;
                at = end;
                copied = at;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                object.push_str(&text[copied..at]);
                copied = at;
                numbers_only &= !drop_last_comma(&mut object);
                depth -= 1;
                if depth == 0 {
                    object.push('}');
                    let tail = text[at + 1..].trim();
                    return (byte == b'}').then_some(Repaired {
                        object,
                        tail,
                        numbers_only: numbers_only && tail.is_empty(),
                    });
                }
            }
            b'N' | b'I' | b'-' | b'u' => {
                if let Some(word) = WORDS.iter().find(|word| text[at..].starts_with(**word)) {
                    object.push_str(&text[copied..at]);
                    object.extend(["\"", word, "\""]);
                    numbers_only &= *word != UNDEFINED;
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Appends the string that begins at `start`, with escapes for its control characters. Returns the end of the string.
fn string(text: &str, start: usize, out: &mut String) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut copied) = (start + 1, start);
    loop {
        match *bytes.get(at)? {
            b'"' => {
                out.push_str(&text[copied..=at]);
                return Some(at + 1);
            }
            b'\\' => at += 1,
            control @ ..b' ' => {
                out.push_str(&text[copied..at]);
                copied = at + 1;
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{control:04x}");
            }
            _ => {}
        }
        at += 1;
    }
}

/// Removes a comma at the end, if a member or an item stands before it. Returns whether there was one.
fn drop_last_comma(object: &mut String) -> bool {
    let Some(before) = object.trim_ascii_end().strip_suffix(',') else {
        return false;
    };
    let before = before.trim_ascii_end();
    let drops = !before.ends_with(['{', '[', ',', ':']);
    if drops {
        object.truncate(before.len());
    }
    drops
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(text: &str) -> Option<String> {
        repaired(text).map(|repaired| repaired.object)
    }

    #[test]
    fn what_is_nearly_json_becomes_json() {
        for (text, expected) in [
            (
                r#"{"a": NaN, "b":[Infinity,-Infinity , -1], "c":undefined}"#,
                r#"{"a": "NaN", "b":["Infinity","-Infinity" , -1], "c":"undefined"}"#,
            ),
            (
                "{\"a\":\"x\ty\nz\",\"\u{1}\":\"NaN\"}",
                r#"{"a":"x\u0009y\u000az","\u0001":"NaN"}"#,
            ),
            (
                "{\"a\":[1,2, ],\"b\":{\"c\":1 ,\n}, }",
                r#"{"a":[1,2],"b":{"c":1}}"#,
            ),
            (r#"{"a":"\",}"} tail {"#, r#"{"a":"\",}"}"#),
        ] {
            assert_eq!(object(text).as_deref(), Some(expected), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(expected).is_ok());
        }
    }

    #[test]
    fn blanks_are_no_tail() {
        let tail = |text| repaired(text).map(|repaired| repaired.tail);
        assert_eq!(tail("{\"a\":NaN}\n "), Some(""));
        assert_eq!(tail("{\"a\":1} x"), Some("x"));
    }

    #[test]
    fn a_cut_object_and_other_notations_are_refused() {
        for text in [
            r#"{"level":"ERROR","message":"cut"#,
            r#"{"level":"ERROR","a":{"b":1}"#,
            "{'level': 'ERROR'}",
            "{ level: 'error' }",
            "{",
            "",
        ] {
            assert_eq!(object(text), None, "{text}");
        }
        // The strict reader refuses these.
        for text in ["{\"a\":1]", "{\"a\":[1}}"] {
            let strict = object(text).and_then(|object| serde_json::from_str(&object).ok());
            assert_eq!(strict, None::<serde_json::Value>, "{text}");
        }
    }

    proptest! {
        #[test]
        fn valid_json_is_returned_as_it_is(numbers in prop::collection::vec(-9..9_i8, 0..4), text in "[ -~é]{0,8}") {
            let json = serde_json::json!({"numbers": numbers, "text": text, "more": {"null": null}}).to_string();
            prop_assert_eq!(object(&json), Some(json));
        }

        #[test]
        fn any_text_is_survived(text in "\\{\"[NaIu\"{},:\\[\\]\\\\\\t é-]{0,30}") {
            let _ = repaired(&text);
        }
    }
}
