/*! Where JSON values end, by the standard's grammar and in one pass that builds nothing. */

use super::clean_prefix;

/// Where the value that begins at `at` ends; none if there is no valid one. Any nesting; half surrogate pairs count as valid.
pub fn value_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut open = Open::default();
    loop {
        match text.get(at)? {
            bracket @ (b'{' | b'[') => {
                let object = *bracket == b'{';
                open.push(object);
                at = blanks(text, at + 1);
                let empty = *text.get(at)? == if object { b'}' } else { b']' };
                if !empty {
                    if object {
                        at = behind_key(text, at)?;
                    }
                    continue;
                }
            }
            b'"' => at = string_end(text, at)?,
            b'-' | b'0'..=b'9' => at = number_end(text, at)?,
            b't' => at = literal(text, at, b"true")?,
            b'f' => at = literal(text, at, b"false")?,
            b'n' => at = literal(text, at, b"null")?,
            _ => return None,
        }
        loop {
            let Some(object) = open.innermost() else {
                return Some(at);
            };
            at = blanks(text, at);
            match (*text.get(at)?, object) {
                (b',', true) => {
                    at = behind_key(text, blanks(text, at + 1))?;
                    break;
                }
                (b',', false) => {
                    at = blanks(text, at + 1);
                    break;
                }
                (b'}', true) | (b']', false) => {
                    open.pop();
                    at += 1;
                }
                _ => return None,
            }
        }
    }
}

/// Objects and arrays that are open: one bit a level, set for objects.
#[derive(Default)]
struct Open {
    /// The innermost levels, the very innermost lowest.
    bits: u64,
    depth: usize,
    /// Of 64 levels each, the outermost first.
    outer: Vec<u64>,
}

impl Open {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.bits >>= 1;
        self.depth -= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn innermost(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }
}

/// Reads a key, its colon and the blanks behind it.
fn behind_key(text: &[u8], at: usize) -> Option<usize> {
    if *text.get(at)? != b'"' {
        return None;
    }
    behind_colon(text, string_end(text, at)?)
}

/// Reads a colon with blanks on both sides.
pub fn behind_colon(text: &[u8], at: usize) -> Option<usize> {
    let colon = blanks(text, at);
    (*text.get(colon)? == b':').then(|| blanks(text, colon + 1))
}

/// Where the string that begins at `at`, with its quote, ends.
pub fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += clean_prefix(text.get(at..)?);
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match text.get(at + 1)? {
                b'u' => {
                    hex(text.get(at + 2..at + 6)?)?;
                    at += 6;
                }
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// Where the JSON blanks from `at` on end.
#[inline]
pub fn blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// The value of hexadecimal digits.
pub fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + (*digit as char).to_digit(16)?)
    })
}

/// Where the number that begins at `at` ends.
pub fn number_end(text: &[u8], at: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        let start = at;
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at > start).then_some(at)
    };
    let first = at + usize::from(text.get(at) == Some(&b'-'));
    let mut end = if text.get(first) == Some(&b'0') {
        first + 1
    } else {
        digits(first)?
    };
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = matches!(text.get(end + 1), Some(b'+' | b'-'));
        end = digits(end + 1 + usize::from(sign))?;
    }
    Some(end)
}

/// Reads `word`.
pub fn literal(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Where serde_json ends, skipping a value.
    fn oracle(text: &str) -> Option<usize> {
        let mut values =
            serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
        values.next()?.ok()?;
        Some(values.byte_offset())
    }

    #[test]
    fn values_of_any_nesting_end_where_they_do() {
        for depth in [1, 63, 64, 65, 128, 129, 1000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                let more = format!("{text}]");
                assert_eq!(value_end(more.as_bytes(), 0), Some(text.len()), "{depth}");
                assert_eq!(value_end(&text.as_bytes()[..text.len() - 1], 0), None);
            }
            let mixed = format!("{}{}", "[{\"a\":".repeat(depth) + "1", "}]".repeat(depth));
            assert_eq!(value_end(mixed.as_bytes(), 0), Some(mixed.len()));
            let crossed = format!("{}{}", "[{\"a\":".repeat(depth) + "1", "]}".repeat(depth));
            assert_eq!(value_end(crossed.as_bytes(), 0), None);
        }
    }

    proptest! {
        #[test]
        fn values_end_where_serde_json_ends_them(
            text in "([\\[{\\]}:, \n]|\"[a\\\\\"u0-9d/n\t]{0,6}\"|-?[0-9]{1,3}(\\.[0-9]?)?(e[+-]?[0-9]?)?|true|false|null|nul|\"k\":){1,12}",
        ) {
            // A scalar that more of a word follows is an error to serde_json's stream, and somebody else's matter here.
            let ours = value_end(text.as_bytes(), blanks(text.as_bytes(), 0));
            if let Some(end) = oracle(&text) {
                prop_assert_eq!(ours, Some(end), "{}", text);
            } else if let Some(end) = ours {
                prop_assert!(oracle(&text[..end]) == Some(end), "{}", text);
            }
        }
    }
}
