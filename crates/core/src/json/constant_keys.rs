/*! Values go in; JSON members are appended to a byte buffer, each with a constant key that includes its quotes and
colon (`"name":`, or `"name":"` before a text).

Every member and element ends in a comma, and the closing bracket overwrites the last comma. No function has to ask
whether its member is the first: a member costs a third of one by [`writer`], which writes all JSON but that of
summaries. */

use crate::json::writer;

#[inline]
pub(crate) fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends a number; `key` is `"name":`.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, key: &str, number: i64) {
    put(out, key);
    match number {
        // Half of all numbers have one digit.
        0..=9 => out.extend_from_slice(&[b'0' + number as u8, b',']),
        _ => {
            writer::signed(out, number);
            out.push(b',');
        }
    }
}

/// Appends an escaped text; `key` is `"name":"`.
#[inline]
pub(crate) fn text(out: &mut Vec<u8>, key: &str, text: &str) {
    put(out, key);
    writer::escaped(out, text);
    put(out, "\",");
}

/// Appends an escaped text if there is one; `key` is `"name":"`.
#[inline]
pub(crate) fn text_if(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(out, key, value);
    }
}

/// Appends a constant text, which needs no escapes; `key` is `"name":"`.
#[inline]
pub(crate) fn word(out: &mut Vec<u8>, key: &str, word: &str) {
    put(out, key);
    put(out, word);
    put(out, "\",");
}

/// Closes an object or an array: `bracket` overwrites the last comma, and a new comma follows.
#[inline]
pub(crate) fn end(out: &mut Vec<u8>, bracket: u8) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = bracket,
        _ => out.push(bracket),
    }
    out.push(b',');
}
