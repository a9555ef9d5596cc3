/*! A JSON string with escapes goes in; its decoded text comes out.

[`unescaped`] refuses what is not valid JSON. [`escape`] decodes one escape, for readers that keep invalid escapes. */

use crate::json::special_bytes::{special_bits, word_at};

/// An escape of one JSON string, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escape {
    /// A Unicode code point; for an unpaired surrogate, the surrogate.
    code: u32,
    /// Length of the escape in bytes.
    pub len: usize,
}

impl Escape {
    /// Whether the escape is an unpaired surrogate.
    #[inline]
    pub fn is_half_pair(self) -> bool {
        (0xd800..=0xdfff).contains(&self.code)
    }

    /// The character; U+FFFD for an unpaired surrogate.
    #[inline]
    pub fn character(self) -> char {
        char::from_u32(self.code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// The escape at the start of `text`, whose first byte is a backslash; `None` if it is not valid. A surrogate pair is
/// one escape.
pub fn escape(text: &[u8]) -> Option<Escape> {
    match *text.get(1)? {
        b'u' => {
            let Escape { code, len } = unicode_escape(&text[2..])?;
            Some(Escape { code, len: len + 2 })
        }
        letter => {
            let code = u32::from(short_escape(letter)?);
            Some(Escape { code, len: 2 })
        }
    }
}

/// The byte that a backslash and `letter` stand for; `None` if they are not such an escape.
#[inline]
fn short_escape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'"' | b'\\' | b'/' => letter,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

/// The escape whose `\u` stands before `text`; its length does not count that `\u`.
#[inline(never)]
pub fn unicode_escape(text: &[u8]) -> Option<Escape> {
    let unit = hex(text.get(..4)?)?;
    Some(match unit {
        0xd800..=0xdbff if let Some(low) = low_half(&text[4..]) => Escape {
            code: 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
            len: 10,
        },
        code => Escape { code, len: 4 },
    })
}

/// The low surrogate whose escape begins `text`, if there is one.
fn low_half(text: &[u8]) -> Option<u32> {
    let digits = text.get(..6)?.strip_prefix(b"\\u")?;
    hex(digits).filter(|unit| (0xdc00..=0xdfff).contains(unit))
}

/// The value of hexadecimal digits; `None` if one of the bytes is not such a digit.
fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + (*digit as char).to_digit(16)?)
    })
}

/// A decoded JSON string.
#[derive(Debug, PartialEq, Eq)]
pub struct Unescaped {
    pub text: String,
    /// Whether the string had an unpaired surrogate. UTF-8 has no form for one, so U+FFFD replaces it.
    pub half_pair: bool,
}

/// Decodes the text between a string's quotes; `None` if it is not valid there (a bare quote, a control character, a
/// bad escape).
pub fn unescaped(inner: &str) -> Option<Unescaped> {
    let text = inner.as_bytes();
    // Each copy writes a whole word, even if an escape begins inside it: hence eight bytes more.
    let mut out = vec![0; text.len() + 8];
    let mut half_pair = false;
    let (mut at, mut len) = (0, 0);
    while at < text.len() {
        let word = word_at(text, at);
        out.get_mut(len..len + 8)?
            .copy_from_slice(&word.to_le_bytes());
        let special = special_bits(word);
        if special == 0 {
            at += 8;
            len += 8;
            continue;
        }
        let clean = special.trailing_zeros() as usize / 8;
        at += clean;
        len += clean;
        match text.get(at) {
            None => break,
            Some(b'\\') => {}
            Some(_) => return None,
        }
        let escape = *text.get(at + 1)?;
        at += 2;
        if escape == b'u' {
            let escape = unicode_escape(text.get(at..)?)?;
            at += escape.len;
            half_pair |= escape.is_half_pair();
            let decoded = escape.character();
            len += decoded.encode_utf8(out.get_mut(len..)?).len();
            continue;
        }
        *out.get_mut(len)? = short_escape(escape)?;
        len += 1;
    }
    out.truncate(len);
    let text = String::from_utf8(out).ok()?;
    Some(Unescaped { text, half_pair })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strings_are_decoded_as_serde_json_decodes_them(
            text: String,
            escaped in "([a-zé]{0,9}(\\\\([\"\\\\/bfnrtx]|u00[0-9a-fA-F]{2}|ud83d|ude00|ud83d\\\\ude00|u12g4|u20aC)|[\"\u{0}-\u{1f}])?){0,9}",
        ) {
            for inner in [text, escaped] {
                let expected: Option<String> = serde_json::from_str(&format!("\"{inner}\"")).ok();
                let found = unescaped(&inner).filter(|found| !found.half_pair);
                prop_assert_eq!(found.map(|found| found.text), expected, "{}", inner);
            }
        }
    }

    #[test]
    fn unpaired_surrogates_are_replaced() {
        for (inner, text) in [
            (r"x\ud800", "x\u{fffd}"),
            (r"\udc00x", "\u{fffd}x"),
            (r"\ud800\ud83d\ude00", "\u{fffd}😀"),
            (r"\ud800\u0041", "\u{fffd}A"),
        ] {
            let expected = Unescaped {
                text: text.to_owned(),
                half_pair: true,
            };
            assert_eq!(unescaped(inner), Some(expected), "{inner}");
        }
    }
}
