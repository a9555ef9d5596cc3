/*! JSON text and the position of a value go in; the end of the value comes out, or `None` if the value is invalid (by
RFC 8259).

One pass over the bytes finds the end, without a tree. A [`Watch`] observes the objects, keys and numbers on the way.
Positions are byte offsets; an end is the offset behind the value's last byte. */

mod open;
#[cfg(test)]
mod tests;

use std::num::NonZeroU64;

use crate::json::scan::open::Open;
use crate::json::special_bytes::{special_at, special_bits, word_at};
use crate::json::unescape::unicode_escape;

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

/// The end of the escape that begins at `at`. A surrogate pair is one escape.
#[inline]
fn escape_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    match text.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => {
            let escape = unicode_escape(text.get(at + 2..)?)?;
            if escape.is_half_pair() {
                watch.half_pair();
            }
            Some(at + 2 + escape.len)
        }
        _ => None,
    }
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
