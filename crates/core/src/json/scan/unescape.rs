//! A JSON string with escapes goes in; its decoded text comes out.

use crate::json::scan::{hex, low_half, special_bits, word_at};

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
        let byte = match escape {
            b'"' | b'\\' | b'/' => escape,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let unit = hex(text.get(at..at + 4)?)?;
                at += 4;
                let mut code = unit;
                if (0xd800..=0xdbff).contains(&unit)
                    && let Some(low) = low_half(text, at)
                {
                    code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    at += 6;
                }
                // Only unpaired surrogates are not characters.
                half_pair |= char::from_u32(code).is_none();
                let decoded = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                len += decoded.encode_utf8(out.get_mut(len..)?).len();
                continue;
            }
            _ => return None,
        };
        *out.get_mut(len)? = byte;
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
