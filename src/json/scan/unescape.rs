//! JSON strings without their escapes.

use super::{first_odd, hex, low_half, word_at};

/// A string whose escapes are undone.
#[derive(Debug, PartialEq, Eq)]
pub struct Unescaped {
    pub text: String,
    /// Whether it had half a surrogate pair, which no UTF-8 can hold; U+FFFD stands for it.
    pub half_pair: bool,
}

/// Undoes the escapes of what stands between a string's quotes; none if it cannot stand there.
pub fn unescaped(inner: &str) -> Option<Unescaped> {
    let text = inner.as_bytes();
    // Whole words are copied, wherever in them an escape begins.
    let mut out = vec![0; text.len() + 8];
    let mut half_pair = false;
    let (mut at, mut len) = (0, 0);
    while at < text.len() {
        let word = word_at(text, at);
        out.get_mut(len..len + 8)?
            .copy_from_slice(&word.to_le_bytes());
        let odd = first_odd(word);
        if odd == 0 {
            at += 8;
            len += 8;
            continue;
        }
        let clean = odd.trailing_zeros() as usize / 8;
        at += clean;
        len += clean;
        match text.get(at) {
            None => break,
            Some(b'\\') => {}
            Some(_) => return None,
        }
        let letter = *text.get(at + 1)?;
        at += 2;
        let one = match letter {
            b'"' | b'\\' | b'/' => letter,
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
                // Only halves are no characters.
                half_pair |= char::from_u32(code).is_none();
                let decoded = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                len += decoded.encode_utf8(out.get_mut(len..)?).len();
                continue;
            }
            _ => return None,
        };
        *out.get_mut(len)? = one;
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
        fn strings_are_those_of_serde_json(
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
    fn halves_of_pairs_are_replaced() {
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
