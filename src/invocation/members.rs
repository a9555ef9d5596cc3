/*! JSON whose keys are constants, written in one piece with what surrounds them. Every member and element ends in a comma; the end of its
object or array takes the last one's place. So nothing asks whether it is the first, and a member costs a third. */

use crate::json;

#[inline]
pub(super) fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// `key` is `"name":`.
#[inline]
pub(super) fn number(out: &mut Vec<u8>, key: &str, number: i64) {
    put(out, key);
    match number {
        // Half of them are.
        0..=9 => out.extend_from_slice(&[b'0' + number as u8, b',']),
        _ => {
            json::signed(out, number);
            out.push(b',');
        }
    }
}

/// `key` is `"name":"`.
#[inline]
pub(super) fn text(out: &mut Vec<u8>, key: &str, text: &str) {
    put(out, key);
    json::escaped(out, text);
    put(out, "\",");
}

/// `key` is `"name":"`.
#[inline]
pub(super) fn text_if(out: &mut Vec<u8>, key: &str, text_: Option<&str>) {
    if let Some(value) = text_ {
        text(out, key, value);
    }
}

/// A text of ours, which needs no escapes; `key` is `"name":"`.
#[inline]
pub(super) fn word(out: &mut Vec<u8>, key: &str, word: &str) {
    put(out, key);
    put(out, word);
    put(out, "\",");
}

/// Ends an object or an array as a member: `bracket` in the last comma's place, then a comma of its own.
#[inline]
pub(super) fn end(out: &mut Vec<u8>, bracket: u8) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = bracket,
        _ => out.push(bracket),
    }
    out.push(b',');
}
