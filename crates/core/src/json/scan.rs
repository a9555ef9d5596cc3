/*! JSON text and the position of a value go in; the end of the value comes out, or `None` if the value is invalid (by
RFC 8259).

One pass over the bytes finds the end, without a tree. A [`Watch`] is told of the objects, keys and numbers on the way.
Positions are byte offsets; an end is the offset behind the value's last byte. */

mod open;
mod plain;
#[cfg(test)]
mod tests;
mod unescape;

use std::num::NonZeroU64;

use crate::json::scan::open::Open;
pub use crate::json::scan::plain::{MAX_DEPTH, MAX_NUMBER, Plain};
pub use crate::json::scan::unescape::{Unescaped, unescaped};

/// An observer of a walk over a value. `()` ignores everything.
pub trait Watch {
    /// An object or an array begins.
    fn opened(&mut self, object: bool);
    /// A key of the innermost object, by its hash; `None` if the key has an escape.
    fn key(&mut self, hash: Hash);
    /// The innermost object or array ends.
    fn closed(&mut self, object: bool);
    /// A number of `len` characters.
    fn number(&mut self, len: usize);
    /// A string holds an unpaired surrogate.
    fn half_pair(&mut self);
}

impl Watch for () {
    fn opened(&mut self, _: bool) {}
    fn key(&mut self, _: Hash) {}
    fn closed(&mut self, _: bool) {}
    fn number(&mut self, _: usize) {}
    fn half_pair(&mut self) {}
}

/// The end of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The offset behind its last byte.
    pub at: usize,
    /// Whether the value is a string with an escape.
    pub escaped: bool,
}

/// The end of the value that begins at `at`; `None` if no valid value begins there. Nesting is unlimited, and unpaired
/// surrogates count as valid.
pub fn value_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    value_from(text, (at, *text.get(at)?), watch).map(|end| end.at)
}

/// [`value_end`] for a value whose first byte is known; also tells whether the value is a string with an escape.
#[inline(always)]
pub fn value_from(text: &[u8], (at, first): Token, watch: &mut impl Watch) -> Option<End> {
    let plain = |at| End { at, escaped: false };
    match first {
        b'"' => {
            let special = special_at(text, at + 1);
            if text.get(special) == Some(&b'"') {
                return Some(plain(special + 1));
            }
            let at = escaped_end(text, special, watch)?;
            Some(End { at, escaped: true })
        }
        b'{' | b'[' => nested_end(text, (at, first), watch).map(plain),
        _ => word_end(text, (at, first), watch).map(plain),
    }
}

/// The end of a number, a boolean or a null.
fn word_end(text: &[u8], (at, first): Token, watch: &mut impl Watch) -> Option<usize> {
    match first {
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

/// The end of an object or array, without recursion.
#[inline(never)]
fn nested_end(text: &[u8], mut value: Token, watch: &mut impl Watch) -> Option<usize> {
    let mut open = Open::default();
    loop {
        let next = 'next: {
            let mut end = match value.1 {
                bracket @ (b'{' | b'[') => {
                    let object = bracket == b'{';
                    open.push(object);
                    watch.opened(object);
                    let inner = token(text, value.0 + 1)?;
                    if inner.1 != if object { b'}' } else { b']' } {
                        break 'next inner;
                    }
                    inner.0
                }
                b'"' => string_end(text, value.0, watch)?,
                _ => word_end(text, value, watch)?,
            };
            loop {
                let (at, byte) = token(text, end)?;
                let object = open.is_object();
                match byte {
                    b',' => break 'next token(text, at + 1)?,
                    b'}' if object => {}
                    b']' if !object => {}
                    _ => return None,
                }
                watch.closed(object);
                end = at + 1;
                if open.pop() {
                    return Some(end);
                }
            }
        };
        value = match open.is_object() {
            true => {
                let (end, hash) = key_end(text, next)?;
                watch.key(hash);
                behind_colon(text, end)?
            }
            false => next,
        };
    }
}

/// An offset and the byte there.
pub type Token = (usize, u8);

/// The first byte from `at` on that is not a blank; `None` at the end of the text.
#[inline]
pub fn token(text: &[u8], at: usize) -> Option<Token> {
    match *text.get(at)? {
        byte if byte > b' ' => Some((at, byte)),
        _ => behind_blanks(text, at),
    }
}

#[inline(never)]
fn behind_blanks(text: &[u8], at: usize) -> Option<Token> {
    let at = blanks(text, at);
    Some((at, *text.get(at)?))
}

/// Reads a colon with optional blanks around it, and returns the token behind them; `None` if there is no colon.
#[inline]
pub fn behind_colon(text: &[u8], at: usize) -> Option<Token> {
    match token(text, at)? {
        (colon, b':') => token(text, colon + 1),
        _ => None,
    }
}

/// The end of the key that begins at `start`, and its [`hash`], which is `None` if the key has an escape.
#[inline]
pub fn key_end(text: &[u8], (start, first): Token) -> Option<(usize, Hash)> {
    if first != b'"' {
        return None;
    }
    let mut hash = SEED;
    let mut at = start + 1;
    loop {
        let word = word_at(text, at);
        let special = special_bits(word);
        if special == 0 {
            hash = mixed(hash, word);
            at += 8;
            continue;
        }
        // Each special byte is marked by its highest bit.
        let before = special.trailing_zeros() & !7;
        at += before as usize / 8 + 1;
        if (word >> before) as u8 != b'"' {
            return Some((string_end(text, start, &mut ())?, None));
        }
        hash = mixed(hash, word & ((1 << before) - 1));
        return Some((at, NonZeroU64::new(hash)));
    }
}

/// The hash of a key; `None` for a key with an escape.
pub type Hash = Option<NonZeroU64>;

/// The hash of a key, over its bytes in words of eight; the last word is padded with zeros.
pub const fn hash(key: &[u8]) -> Hash {
    let (words, rest) = key.as_chunks::<8>();
    let mut hash = SEED;
    let mut at = 0;
    while at < words.len() {
        hash = mixed(hash, u64::from_le_bytes(words[at]));
        at += 1;
    }
    let mut last = 0;
    let mut at = rest.len();
    while at > 0 {
        at -= 1;
        last = last << 8 | rest[at] as u64;
    }
    NonZeroU64::new(mixed(hash, last))
}

const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// One step of the hash. Keys of up to seven bytes have no collisions.
#[inline]
const fn mixed(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The end of the string whose opening quote is at `at`.
#[inline]
pub fn string_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    let special = special_at(text, at + 1);
    match text.get(special)? {
        b'"' => Some(special + 1),
        _ => escaped_end(text, special, watch),
    }
}

/// The end of a string whose first special byte is at `at`.
fn escaped_end(text: &[u8], mut at: usize, watch: &mut impl Watch) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = special_at(text, escape_end(text, at, watch)?),
            _ => return None,
        }
    }
}

/// The offset of the first special byte from `at` on; the end of the text if there is none. A special byte is a
/// quote, a backslash or a control byte: it cannot stand unescaped in a JSON string. The function is not inlined, so
/// that its constants stay in registers.
#[inline(never)]
pub(crate) fn special_at(text: &[u8], mut at: usize) -> usize {
    let Some(rest) = text.get(at..) else {
        return at;
    };
    for block in rest.as_chunks().0 {
        if has_special(block) {
            return at + special_in_block(u128::from_le_bytes(*block));
        }
        at += 16;
    }
    special_in_tail(text, at)
}

/// The index of the first special byte of a block that has one.
#[inline]
fn special_in_block(block: u128) -> usize {
    match special_bits(block as u64) {
        0 => 8 + special_bits((block >> 64) as u64).trailing_zeros() as usize / 8,
        special => special.trailing_zeros() as usize / 8,
    }
}

/// [`special_at`] for the last bytes of a text, fewer than a block.
#[inline(never)]
fn special_in_tail(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let block = match text.last_chunk() {
        // The last 16 bytes of the text, shifted so that they begin at `at` and end in zeros.
        Some(block) => u128::from_le_bytes(*block).checked_shr(128 - 8 * rest.len() as u32),
        None => Some(
            rest.iter()
                .rev()
                .fold(0, |block, byte| block << 8 | u128::from(*byte)),
        ),
    };
    at + special_in_block(block.unwrap_or_default())
}

/// Whether a block has a special byte. The compiler vectorises this fold.
#[inline]
fn has_special(block: &[u8; 16]) -> bool {
    block.iter().fold(false, |special, byte| {
        let quote = byte ^ b'"';
        let backslash = byte ^ b'\\';
        let control = byte.saturating_sub(0x1f);
        special | (quote.min(backslash).min(control) == 0)
    })
}

/// The end of the escape that begins at `at`. A surrogate pair is one escape.
#[inline]
fn escape_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    match text.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => {
            let (end, half) = unit_end(text, at)?;
            if half {
                watch.half_pair();
            }
            Some(end)
        }
        _ => None,
    }
}

/// The end of the `\u` escape that begins at `at`, and whether it is an unpaired surrogate.
#[inline(never)]
fn unit_end(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let end = at + 6;
    Some(match hex(text.get(at + 2..end)?)? {
        0xd800..=0xdbff if low_half(text, end).is_some() => (end + 6, false),
        unit => (end, (0xd800..=0xdfff).contains(&unit)),
    })
}

/// The low surrogate whose escape begins at `at`, if there is one.
fn low_half(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    hex(digits).filter(|unit| (0xdc00..=0xdfff).contains(unit))
}

/// The eight bytes from `at` on, little-endian, padded with zeros behind the end of the text.
#[inline]
fn word_at(text: &[u8], at: usize) -> u64 {
    match text.get(at..at + 8).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(text, at),
    }
}

/// [`word_at`] for fewer than eight bytes.
#[cold]
#[inline(never)]
fn last_word(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Marks the special bytes of a word by their highest bits; 0 if there is none. Only the lowest mark is exact: marks
/// above it may be false.
#[inline]
pub(crate) fn special_bits(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quotes = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslashes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // Each subtraction borrows into the highest bit, which is clear in ASCII. A false mark lies only above a true one.
    (word.wrapping_sub(ONES * 0x20) | quotes | backslashes) & !word & HIGH
}

/// The offset of the first byte from `at` on that is not a JSON blank.
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

/// The value of hexadecimal digits; `None` if one of the bytes is not such a digit.
pub fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + (*digit as char).to_digit(16)?)
    })
}

/// The end of the number that begins at `at`; `None` if no valid number begins there.
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

/// The end of `word` at `at`; `None` if the text has other bytes there.
pub fn literal(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}
