/*! The JSON object that a function logged, as the value of `app`.

Embedded as it was written, wherever OpenSearch takes it so. What would get the whole document refused is mended,
and flagged: see [`rewrite`]. The check for that is one pass that allocates nothing. */

mod check;
mod rewrite;
#[cfg(test)]
mod tests;

use super::{Flag, Flags};
use check::Check;

/// Texts up to this many bytes cannot hold a term that is too long for Lucene (32,766 bytes with its path).
const SHORT: usize = 32_000;
/// Levels of objects and arrays that `app` may have.
const MAX_DEPTH: usize = 50;
/// Characters of a number: beyond a thousand OpenSearch's parser refuses it.
const MAX_NUMBER: usize = 500;

/// Writes `app` values; keeps its memory between documents.
#[derive(Debug, Default)]
pub struct AppWriter {
    check: Check,
}

impl AppWriter {
    /// Appends `text`, a JSON object, as one line. If it is no JSON at all, nothing is appended.
    pub fn write(&mut self, out: &mut Vec<u8>, text: &str) -> Flags {
        if text.len() <= SHORT && self.check.is_plain(text.as_bytes()) {
            one_line(out, text.as_bytes());
            return Flags::default();
        }
        let start = out.len();
        let mut flags = Flags::default();
        if rewrite::rewrite(out, text, &mut flags).is_none() {
            out.truncate(start);
            flags = Flags::default();
            flags.set(Flag::AppInvalid);
        }
        flags
    }
}

/// In valid JSON, line breaks stand between tokens only: blanks do as well there.
fn one_line(out: &mut Vec<u8>, text: &[u8]) {
    let start = out.len();
    out.extend_from_slice(text);
    let mut at = start;
    while let Some(found) = memchr::memchr2(b'\n', b'\r', &out[at..]) {
        out[at + found] = b' ';
        at += found + 1;
    }
}
