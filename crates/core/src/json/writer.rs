/*! Strings, numbers, members and arrays go in; their JSON text is appended to a byte buffer.

Commas need no bookkeeping: a comma goes before each member or element unless the buffer ends in `{` or `[`. No complete
value ends in these. A document's optional members are written this way. `constant_keys` is faster for
an object of the same members in each document. */

#[cfg(test)]
mod tests;

use crate::json::special_bytes::{special_at, special_bits};

/// The form of each byte in a JSON string: 0 stands for the byte itself, `u` for `\u00XX`, any other letter for `\` and
/// that letter.
const ESCAPE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

const HEX: [u8; 16] = *b"0123456789abcdef";
/// Appends `text` with JSON's escapes, without quotes.
pub fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut bytes = text.as_bytes();
    loop {
        let (clean, rest) = bytes.split_at(special_at(bytes, 0));
        out.extend_from_slice(clean);
        if rest.is_empty() {
            return;
        }
        bytes = escaped_words(out, rest);
    }
}

/// Appends `bytes` with JSON's escapes, eight bytes at a time, until four words in a row need none: bytes to escape
/// come in clusters. Returns the bytes that remain.
fn escaped_words<'a>(out: &mut Vec<u8>, mut bytes: &'a [u8]) -> &'a [u8] {
    let mut clean_words = 0;
    while clean_words < 4 {
        let Some((word, rest)) = bytes.split_first_chunk::<8>() else {
            for byte in bytes {
                escaped_byte(out, *byte);
            }
            return &[];
        };
        // The whole word is copied and then cut before the byte to escape: a copy of eight bytes is one instruction.
        let start = out.len();
        out.extend_from_slice(word);
        let hits = special_bits(u64::from_le_bytes(*word));
        if hits == 0 {
            clean_words += 1;
            bytes = rest;
        } else {
            clean_words = 0;
            let clean = (hits.trailing_zeros() / 8) as usize;
            out.truncate(start + clean);
            escaped_byte(out, word[clean]);
            bytes = &bytes[clean + 1..];
        }
    }
    bytes
}

#[inline]
fn escaped_byte(out: &mut Vec<u8>, byte: u8) {
    match ESCAPE[byte as usize] {
        0 => out.push(byte),
        b'u' => {
            let digits = [HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digits[0], digits[1]]);
        }
        letter => out.extend_from_slice(&[b'\\', letter]),
    }
}

/// Appends `text` as a JSON string, with quotes and escapes.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// The digits `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The two decimal digits of a number below 100; a larger one panics.
pub fn two_digits(number: u32) -> [u8; 2] {
    PAIRS[number as usize]
}

/// Appends an unsigned integer in decimal.
pub fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    while number >= 100 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    let pair = PAIRS[number as usize];
    at -= 2;
    digits[at..at + 2].copy_from_slice(&pair);
    at += usize::from(number < 10);
    out.extend_from_slice(&digits[at..]);
}

/// Appends a signed integer in decimal.
pub fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// Appends a number given in thousandths, without trailing zeros: `1.5` for 1500.
pub fn thousandths(out: &mut Vec<u8>, number: i64) {
    signed_whole(out, number);
    let fraction = (number % 1000).unsigned_abs() as u16;
    if fraction > 0 {
        let digits = [fraction / 100, fraction / 10 % 10, fraction % 10].map(|d| b'0' + d as u8);
        let zeros = digits.iter().rev().take_while(|d| **d == b'0').count();
        out.push(b'.');
        out.extend_from_slice(&digits[..digits.len() - zeros]);
    }
}

/// Appends the integer part of a number in thousandths, with its sign: `-0` for -5.
fn signed_whole(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs() / 1000);
}

/// A number in thousandths, rounded like `f64::round` (half away from zero), which would be a function call.
pub fn to_thousandths(number: f64) -> i64 {
    let number = number * 1000.0;
    let whole = number as i64;
    let rest = number - whole as f64;
    whole.saturating_add(i64::from(rest >= 0.5) - i64::from(rest <= -0.5))
}

/// Appends a finite number: integers without a fraction, others in their shortest form. JSON has no NaN and no
/// infinity.
pub fn float(out: &mut Vec<u8>, number: f64) {
    const EXACT: f64 = (1u64 << 53) as f64;
    debug_assert!(number.is_finite());
    if number.fract() == 0.0 && number.abs() <= EXACT {
        if number < 0.0 {
            out.push(b'-');
        }
        unsigned(out, number.abs() as u64);
        return;
    }
    // At most 15 digits that read back as the same double are its shortest form.
    let thousand = to_thousandths(number);
    if thousand.unsigned_abs() < 1_000_000_000_000_000 && thousand as f64 / 1000.0 == number {
        thousandths(out, thousand);
    } else {
        serde_json::to_writer(out, &number).expect("writing to memory does not fail");
    }
}

/// Appends `"name":`, with a comma if it is not the first member of its object. Names are logferry's own and need no
/// escapes.
pub fn key(out: &mut Vec<u8>, name: &str) {
    debug_assert_eq!(special_at(name.as_bytes(), 0), name.len());
    comma(out);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a member with a string; nothing for `None`.
pub fn string_member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        key(out, name);
        string(out, value);
    }
}

/// Appends a member with a number; nothing for `None`, NaN or an infinity.
pub fn float_member(out: &mut Vec<u8>, name: &str, value: Option<f64>) {
    if let Some(value) = value.filter(|value| value.is_finite()) {
        key(out, name);
        float(out, value);
    }
}

/// Appends a member with an integer. OpenSearch's `long` is signed, so a larger value is written as `i64::MAX`.
pub fn unsigned_member(out: &mut Vec<u8>, name: &str, value: u64) {
    key(out, name);
    unsigned(out, value.min(i64::MAX as u64));
}

/// Appends a member with a boolean; nothing for `None`.
pub fn bool_member(out: &mut Vec<u8>, name: &str, value: Option<bool>) {
    if let Some(value) = value {
        key(out, name);
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }
}

/// Appends a member with an array of strings; nothing if there are no strings.
pub fn strings_member<S: AsRef<str>>(
    out: &mut Vec<u8>,
    name: &str,
    values: impl IntoIterator<Item = S>,
) {
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        return;
    }
    key(out, name);
    out.push(b'[');
    for value in values {
        comma(out);
        string(out, value.as_ref());
    }
    out.push(b']');
}

/// Appends a member with an array of strings; nothing for `None`, `[]` for an empty list.
pub fn list_member<S: AsRef<str>>(out: &mut Vec<u8>, name: &str, list: Option<&[S]>) {
    match list {
        Some([]) => {
            key(out, name);
            out.extend_from_slice(b"[]");
        }
        list => strings_member(out, name, list.unwrap_or_default()),
    }
}

/// Appends a member with the object whose members `members` writes; nothing if it writes none.
pub fn object_member(out: &mut Vec<u8>, name: &str, members: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    key(out, name);
    out.push(b'{');
    let inner = out.len();
    members(out);
    if out.len() == inner {
        out.truncate(start);
    } else {
        out.push(b'}');
    }
}

/// Appends members that are encoded already (without a leading comma); nothing if there are none.
pub fn encoded_member(out: &mut Vec<u8>, members: &[u8]) {
    if !members.is_empty() {
        comma(out);
        out.extend_from_slice(members);
    }
}

/// Appends a comma unless the buffer is empty or ends in `{` or `[`, before a first member or element.
pub fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), None | Some(b'{' | b'[')) {
        out.push(b',');
    }
}
