/*! Where JSON values end, by the standard's grammar and in one pass that builds nothing. Who wants to know more of what
it comes across gives a [`Watch`]. */

mod open;
mod plain;
mod unescape;

use open::Open;
pub use plain::{MAX_DEPTH, MAX_NUMBER, Plain};
pub use unescape::{Unescaped, unescaped};

/// Is told what a walk comes across; `()` wants to know nothing.
pub trait Watch {
    /// An object or an array begins.
    fn opened(&mut self, object: bool);
    /// A key of the innermost object, by its hash; none if it has an escape.
    fn key(&mut self, hash: Option<u64>);
    /// The innermost object or array ends.
    fn closed(&mut self, object: bool);
    /// A number of so many characters.
    fn number(&mut self, len: usize);
    /// A string with half a surrogate pair.
    fn half_pair(&mut self);
}

impl Watch for () {
    fn opened(&mut self, _: bool) {}
    fn key(&mut self, _: Option<u64>) {}
    fn closed(&mut self, _: bool) {}
    fn number(&mut self, _: usize) {}
    fn half_pair(&mut self) {}
}

/// Where the value that begins at `at` ends; none if there is no valid one. Any nesting; half surrogate pairs count as valid.
#[inline]
pub fn value_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    match text.get(at)? {
        b'{' | b'[' => nested_end(text, at, watch),
        _ => leaf_end(text, at, watch),
    }
}

/// Where a value that is neither object nor array ends.
#[inline]
fn leaf_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    match text.get(at)? {
        b'"' => string_end(text, at, watch),
        b'-' | b'0'..=b'9' => {
            let end = number_end(text, at)?;
            watch.number(end - at);
            Some(end)
        }
        b't' => literal(text, at, b"true"),
        b'f' => literal(text, at, b"false"),
        b'n' => literal(text, at, b"null"),
        _ => None,
    }
}

fn nested_end(text: &[u8], mut at: usize, watch: &mut impl Watch) -> Option<usize> {
    let mut open = Open::default();
    loop {
        match text.get(at)? {
            bracket @ (b'{' | b'[') => {
                let object = *bracket == b'{';
                open.push(object);
                watch.opened(object);
                at = blanks(text, at + 1);
                let empty = *text.get(at)? == if object { b'}' } else { b']' };
                if !empty {
                    if object {
                        at = behind_key(text, at, watch)?;
                    }
                    continue;
                }
            }
            _ => at = leaf_end(text, at, watch)?,
        }
        loop {
            let Some(object) = open.innermost() else {
                return Some(at);
            };
            at = blanks(text, at);
            match (*text.get(at)?, object) {
                (b',', true) => {
                    at = behind_key(text, blanks(text, at + 1), watch)?;
                    break;
                }
                (b',', false) => {
                    at = blanks(text, at + 1);
                    break;
                }
                (b'}', true) | (b']', false) => {
                    open.pop();
                    watch.closed(object);
                    at += 1;
                }
                _ => return None,
            }
        }
    }
}

/// Reads a key, its colon and the blanks behind it.
#[inline]
fn behind_key(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    let (end, hash) = key_end(text, at)?;
    watch.key(hash);
    behind_colon(text, end)
}

/// Reads a colon with blanks on both sides.
#[inline]
pub fn behind_colon(text: &[u8], at: usize) -> Option<usize> {
    let colon = blanks(text, at);
    (*text.get(colon)? == b':').then(|| blanks(text, colon + 1))
}

/// Where the key that begins at `at` ends, and its [`hash`]; none instead of that if it has an escape.
#[inline]
pub fn key_end(text: &[u8], at: usize) -> Option<(usize, Option<u64>)> {
    if *text.get(at)? != b'"' {
        return None;
    }
    let start = at;
    let mut at = at + 1;
    let mut hash = 0;
    loop {
        let word = word_at(text, at);
        let hits = first_hit(word);
        if hits == 0 {
            hash = mixed(hash, word);
            at += 8;
            continue;
        }
        // Each hit is the highest bit of its byte.
        let before = hits.trailing_zeros() & !7;
        at += before as usize / 8;
        return match text.get(at)? {
            b'"' => Some((at + 1, Some(mixed(hash, word & ((1 << before) - 1))))),
            _ => Some((string_end(text, start, &mut ())?, None)),
        };
    }
}

/// The hash of a key: its bytes in eights, the last of them filled up with zeros.
pub const fn hash(key: &[u8]) -> u64 {
    let mut hash = 0;
    let mut word = 0;
    let mut at = 0;
    while at < key.len() {
        word |= (key[at] as u64) << (at % 8 * 8);
        at += 1;
        if at.is_multiple_of(8) {
            hash = mixed(hash, word);
            word = 0;
        }
    }
    mixed(hash, word)
}

/// One step of a hash. Of keys of up to seven bytes no two have the same.
#[inline]
const fn mixed(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where the string that begins at `at`, with its quote, ends.
#[inline]
pub fn string_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let hits = first_hit(word_at(text, at));
        if hits == 0 {
            at += 8;
            continue;
        }
        at += hits.trailing_zeros() as usize / 8;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = escape_end(text, at, watch)?,
            _ => return None,
        }
    }
}

/// Where the escape that begins at `at` ends; that of a whole pair where its second half does.
#[inline]
fn escape_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    match text.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => {
            let end = at + 6;
            match hex(text.get(at + 2..end)?)? {
                0xd800..=0xdbff if low_half(text, end).is_some() => return Some(end + 6),
                0xd800..=0xdfff => watch.half_pair(),
                _ => {}
            }
            Some(end)
        }
        _ => None,
    }
}

/// The second half of a surrogate pair, if one begins at `at`.
fn low_half(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    hex(digits).filter(|unit| (0xdc00..=0xdfff).contains(unit))
}

/// Eight bytes; zeros where the text has ended.
#[inline]
fn word_at(text: &[u8], at: usize) -> u64 {
    match text.get(at..at + 8) {
        Some(word) => u64::from_le_bytes(word.try_into().unwrap_or_default()),
        None => last_word(text, at),
    }
}

#[cold]
#[inline(never)]
fn last_word(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Bits of which the lowest is the highest bit of the first byte that no string has as it is; 0 if there is none.
#[inline]
fn first_hit(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quotes = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslashes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // All three borrow into the highest bit, which ASCII does not have. False hits lie only above a true one.
    (word.wrapping_sub(ONES * 0x20) | quotes | backslashes) & !word & HIGH
}

/// Where the JSON blanks from `at` on end.
#[inline]
pub fn blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at)
        && *byte <= b' '
        && matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
    {
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
#[inline]
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
                assert_eq!(
                    value_end(more.as_bytes(), 0, &mut ()),
                    Some(text.len()),
                    "{depth}"
                );
                assert_eq!(
                    value_end(&text.as_bytes()[..text.len() - 1], 0, &mut ()),
                    None
                );
            }
            let mixed = format!("{}{}", "[{\"a\":".repeat(depth) + "1", "}]".repeat(depth));
            assert_eq!(value_end(mixed.as_bytes(), 0, &mut ()), Some(mixed.len()));
            let crossed = format!("{}{}", "[{\"a\":".repeat(depth) + "1", "]}".repeat(depth));
            assert_eq!(value_end(crossed.as_bytes(), 0, &mut ()), None);
        }
    }

    #[test]
    fn keys_have_the_hash_of_their_text() {
        for len in 0..30 {
            for text in ["k".repeat(len), "é".repeat(len)] {
                for rest in ["", ":1,\"x\":2"] {
                    let quoted = format!("\"{text}\"{rest}");
                    let expected = Some((text.len() + 2, Some(hash(text.as_bytes()))));
                    assert_eq!(key_end(quoted.as_bytes(), 0), expected, "{quoted}");
                }
            }
            let escaped = format!("\"{}\\n\"", "k".repeat(len));
            assert_eq!(key_end(escaped.as_bytes(), 0), Some((len + 4, None)));
            assert_eq!(key_end(&escaped.as_bytes()[..len + 3], 0), None);
        }
    }

    #[test]
    fn every_byte_is_found_in_every_place() {
        for byte in 0..=255u8 {
            for place in 0..8 {
                let mut word = *b"x\x7f\x80\xffz! ~";
                word[place] = byte;
                let clean = byte >= 0x20 && byte != b'"' && byte != b'\\';
                let expected = if clean { 8 } else { place as u32 };
                let found = first_hit(u64::from_le_bytes(word)).trailing_zeros() / 8;
                assert_eq!(found, expected, "{byte} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn values_end_where_serde_json_ends_them(
            text in "([\\[{\\]}:, \n]|\"[a\\\\\"u0-9d/n\t]{0,6}\"|-?[0-9]{1,3}(\\.[0-9]?)?(e[+-]?[0-9]?)?|true|false|null|nul|\"k\":){1,12}",
        ) {
            // A scalar that more of a word follows is an error to serde_json's stream, and somebody else's matter here.
            let ours = value_end(text.as_bytes(), blanks(text.as_bytes(), 0), &mut ());
            if let Some(end) = oracle(&text) {
                prop_assert_eq!(ours, Some(end), "{}", text);
            } else if let Some(end) = ours {
                prop_assert!(oracle(&text[..end]) == Some(end), "{}", text);
            }
        }
    }
}
