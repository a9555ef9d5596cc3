/*! Whether a JSON text can be embedded as it is. */

use super::{MAX_DEPTH, MAX_NUMBER};
use crate::json::clean_prefix;
use crate::json::scan::{blanks, hex, literal, number_end};
use xxhash_rust::xxh3::xxh3_64;

/// Up to this many keys of an object are compared one by one; more are sorted.
const FEW: usize = 12;

/// Keeps its memory between texts.
#[derive(Debug, Default)]
pub(super) struct Check {
    /// Hashes of the keys of all objects that are open.
    keys: Vec<u64>,
    open: Vec<Open>,
}

/// An object or array that is open.
#[derive(Debug, Clone, Copy)]
struct Open {
    object: bool,
    /// Where its keys begin.
    keys: usize,
}

impl Check {
    /// True only for a JSON object without duplicate keys, without half surrogate pairs, not nested too deep, and
    /// without over-long numbers. May be false for one that is fine after all.
    pub(super) fn is_plain(&mut self, text: &[u8]) -> bool {
        self.keys.clear();
        self.open.clear();
        let first = blanks(text, 0);
        text.get(first) == Some(&b'{') && self.value(text, first) == Some(text.len())
    }

    /// Reads the value that begins at `at`, and blanks after it; gives where that ends.
    fn value(&mut self, text: &[u8], mut at: usize) -> Option<usize> {
        loop {
            match text.get(at)? {
                bracket @ (b'{' | b'[') => {
                    let object = *bracket == b'{';
                    if self.open.len() == MAX_DEPTH {
                        return None;
                    }
                    self.open.push(Open {
                        object,
                        keys: self.keys.len(),
                    });
                    at = blanks(text, at + 1);
                    let empty = *text.get(at)? == if object { b'}' } else { b']' };
                    if !empty {
                        if object {
                            at = self.key(text, at)?;
                        }
                        continue;
                    }
                }
                b'"' => at = string(text, at + 1)?,
                b'-' | b'0'..=b'9' => at = number(text, at)?,
                b't' => at = literal(text, at, b"true")?,
                b'f' => at = literal(text, at, b"false")?,
                b'n' => at = literal(text, at, b"null")?,
                _ => return None,
            }
            loop {
                at = blanks(text, at);
                let Some(open) = self.open.last().copied() else {
                    return Some(at);
                };
                match (*text.get(at)?, open.object) {
                    (b',', true) => {
                        at = self.key(text, blanks(text, at + 1))?;
                        break;
                    }
                    (b',', false) => {
                        at = blanks(text, at + 1);
                        break;
                    }
                    (b'}', true) => {
                        if has_equal(&mut self.keys[open.keys..]) {
                            return None;
                        }
                        self.keys.truncate(open.keys);
                        self.open.pop();
                        at += 1;
                    }
                    (b']', false) => {
                        self.open.pop();
                        at += 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// Reads a key, its colon and blanks. A key with an escape might equal one without: left to the rewriter.
    fn key(&mut self, text: &[u8], at: usize) -> Option<usize> {
        if *text.get(at)? != b'"' {
            return None;
        }
        let key = &text[at + 1..];
        let key = &key[..clean_prefix(key)];
        let end = at + 1 + key.len();
        if *text.get(end)? != b'"' {
            return None;
        }
        self.keys.push(xxh3_64(key));
        let colon = blanks(text, end + 1);
        (*text.get(colon)? == b':').then(|| blanks(text, colon + 1))
    }
}

/// Sorts if it has to.
fn has_equal(keys: &mut [u64]) -> bool {
    if keys.len() <= FEW {
        let later = |at: usize| &keys[at + 1..];
        return keys
            .iter()
            .enumerate()
            .any(|(at, key)| later(at).contains(key));
    }
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

/// Reads a string from after its opening quote to after its closing one.
fn string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += clean_prefix(text.get(at..)?);
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match text.get(at + 1)? {
                b'u' => {
                    let unit = hex(text.get(at + 2..at + 6)?)?;
                    at += 6;
                    match unit {
                        0xd800..=0xdbff => {
                            let low = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
                            if !(0xdc00..=0xdfff).contains(&hex(low)?) {
                                return None;
                            }
                            at += 6;
                        }
                        0xdc00..=0xdfff => return None,
                        _ => {}
                    }
                }
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// Reads a number of bearable length.
fn number(text: &[u8], at: usize) -> Option<usize> {
    number_end(text, at).filter(|end| end - at <= MAX_NUMBER)
}
