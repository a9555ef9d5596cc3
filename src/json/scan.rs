/*! Where JSON values end, by the standard's grammar and in one pass that builds nothing. Who wants to know more of what
it comes across gives a [`Watch`]. */

mod open;
mod plain;
#[cfg(test)]
mod tests;
mod unescape;

use std::num::NonZeroU64;

use open::Open;
pub use plain::{MAX_DEPTH, MAX_NUMBER, Plain};
pub use unescape::{Unescaped, unescaped};

/// Is told what a walk comes across; `()` wants to know nothing.
pub trait Watch {
    /// An object or an array begins.
    fn opened(&mut self, object: bool);
    /// A key of the innermost object, by its hash; none if it has an escape.
    fn key(&mut self, hash: Hash);
    /// The innermost object or array ends.
    fn closed(&mut self, object: bool);
    /// A number of so many characters.
    fn number(&mut self, len: usize);
    /// A string with half a surrogate pair.
    fn half_pair(&mut self);
}

impl Watch for () {
    fn opened(&mut self, _: bool) {}
    fn key(&mut self, _: Hash) {}
    fn closed(&mut self, _: bool) {}
    fn number(&mut self, _: usize) {}
    fn half_pair(&mut self) {}
}

/// Where a value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub at: usize,
    /// Whether it is a string with an escape.
    pub escaped: bool,
}

/// Where the value that begins at `at` ends; none if there is no valid one. Any nesting; half surrogate pairs count as valid.
pub fn value_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    value_from(text, (at, *text.get(at)?), watch).map(|end| end.at)
}

/// The same, for a value whose first byte is known.
#[inline(always)]
pub fn value_from(text: &[u8], (at, first): Token, watch: &mut impl Watch) -> Option<End> {
    let plain = |at| End { at, escaped: false };
    match first {
        b'"' => {
            let odd = odd_at(text, at + 1);
            if text.get(odd) == Some(&b'"') {
                return Some(plain(odd + 1));
            }
            let at = escaped_end(text, odd, watch)?;
            Some(End { at, escaped: true })
        }
        b'{' | b'[' => nested_end(text, (at, first), watch).map(plain),
        _ => word_end(text, (at, first), watch).map(plain),
    }
}

/// Where a number, a boolean or a null ends.
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

/// A place and the byte there.
pub type Token = (usize, u8);

/// What comes first from `at` on that is no blank.
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

/// Reads a colon with blanks on both sides, and gives what follows.
#[inline]
pub fn behind_colon(text: &[u8], at: usize) -> Option<Token> {
    match token(text, at)? {
        (colon, b':') => token(text, colon + 1),
        _ => None,
    }
}

/// Where a key ends, and its [`hash`]; none instead of that if it has an escape.
#[inline]
pub fn key_end(text: &[u8], (start, first): Token) -> Option<(usize, Hash)> {
    if first != b'"' {
        return None;
    }
    let mut hash = SEED;
    let mut at = start + 1;
    loop {
        let word = word_at(text, at);
        let odd = first_odd(word);
        if odd == 0 {
            hash = mixed(hash, word);
            at += 8;
            continue;
        }
        // Each hit is the highest bit of its byte.
        let before = odd.trailing_zeros() & !7;
        at += before as usize / 8 + 1;
        if (word >> before) as u8 != b'"' {
            return Some((string_end(text, start, &mut ())?, None));
        }
        hash = mixed(hash, word & ((1 << before) - 1));
        return Some((at, NonZeroU64::new(hash)));
    }
}

/// Of a key without an escape.
pub type Hash = Option<NonZeroU64>;

/// The hash of a key: its bytes in eights, the last of them filled up with zeros.
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

/// One step of a hash. Of keys of up to seven bytes no two have the same.
#[inline]
const fn mixed(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where the string that begins at `at`, with its quote, ends.
#[inline]
pub fn string_end(text: &[u8], at: usize, watch: &mut impl Watch) -> Option<usize> {
    let odd = odd_at(text, at + 1);
    match text.get(odd)? {
        b'"' => Some(odd + 1),
        _ => escaped_end(text, odd, watch),
    }
}

/// Where a string ends whose first escape begins at `at`.
fn escaped_end(text: &[u8], mut at: usize, watch: &mut impl Watch) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = odd_at(text, escape_end(text, at, watch)?),
            _ => return None,
        }
    }
}

/// Where the first byte from `at` on is that no string has as it is. A function of its own: so its constants stay in registers.
#[inline(never)]
pub(super) fn odd_at(text: &[u8], mut at: usize) -> usize {
    let Some(rest) = text.get(at..) else {
        return at;
    };
    for block in rest.as_chunks().0 {
        if is_odd(block) {
            return at + odd_in(u128::from_le_bytes(*block));
        }
        at += 16;
    }
    odd_in_last(text, at)
}

/// Where the first such byte of a block is that has one.
#[inline]
fn odd_in(block: u128) -> usize {
    match first_odd(block as u64) {
        0 => 8 + first_odd((block >> 64) as u64).trailing_zeros() as usize / 8,
        odd => odd.trailing_zeros() as usize / 8,
    }
}

/// The same for the last bytes of a text, less than a block; its end if there is none.
#[inline(never)]
fn odd_in_last(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let block = match text.last_chunk() {
        // The end of the text, with zeros behind it.
        Some(block) => u128::from_le_bytes(*block).checked_shr(128 - 8 * rest.len() as u32),
        None => Some(
            rest.iter()
                .rev()
                .fold(0, |block, byte| block << 8 | u128::from(*byte)),
        ),
    };
    at + odd_in(block.unwrap_or_default())
}

/// Whether a block has a byte that no string has as it is. The compiler makes vector instructions of it.
#[inline]
fn is_odd(block: &[u8; 16]) -> bool {
    block.iter().fold(false, |odd, byte| {
        let quote = byte ^ b'"';
        let backslash = byte ^ b'\\';
        let control = byte.saturating_sub(0x1f);
        odd | (quote.min(backslash).min(control) == 0)
    })
}

/// Where the escape that begins at `at` ends; that of a whole pair where its second half does.
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

/// The same for an escape of a UTF-16 unit, and whether it is half a pair.
#[inline(never)]
fn unit_end(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let end = at + 6;
    Some(match hex(text.get(at + 2..end)?)? {
        0xd800..=0xdbff if low_half(text, end).is_some() => (end + 6, false),
        unit => (end, (0xd800..=0xdfff).contains(&unit)),
    })
}

/// The second half of a surrogate pair, if one begins at `at`.
fn low_half(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    hex(digits).filter(|unit| (0xdc00..=0xdfff).contains(unit))
}

/// Eight bytes; zeros where the text has ended.
#[inline]
fn word_at(text: &[u8], at: usize) -> u64 {
    match text.get(at..at + 8).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(text, at),
    }
}

/// Less than eight bytes, filled up with zeros.
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
pub(super) fn first_odd(word: u64) -> u64 {
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
