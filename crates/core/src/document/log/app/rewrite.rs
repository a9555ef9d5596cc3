/*! A JSON object that OpenSearch would reject goes in; a repaired object comes out, with flags.

Too long strings are cut. Later duplicate keys are renamed. Parts that are nested too deep, and too long numbers, become
JSON strings. Unpaired surrogates are replaced.

A `flat_object` indexes `path=value` of each leaf as one term, so path and value share Lucene's limit of 32,766 bytes.
*/

use crate::document::{Flag, Flags};
use crate::json;
use crate::json::plain::{MAX_DEPTH, MAX_NUMBER};
use crate::json::scan::{blanks, literal, number_end, string_end};
use crate::json::unescape::unescaped;
use std::collections::HashMap;

/// Maximum length of a path and its value together, in bytes.
const MAX_TERM: usize = 32_000;
/// Maximum length of a key in bytes.
const MAX_KEY: usize = 4_096;
/// Maximum path length, in bytes, of an object or array that keeps its members; a deeper one becomes a string.
const MAX_PATH: usize = 8_192;

/// Appends `text`, a JSON object, repaired. `None` if `text` is not a JSON object; `out` may then hold a part of it.
pub(crate) fn rewrite(out: &mut Vec<u8>, text: &str, flags: &mut Flags) -> Option<()> {
    let mut rewriter = Rewriter {
        text,
        at: blanks(text.as_bytes(), 0),
        out,
        flags,
    };
    if rewriter.peek()? != b'{' {
        return None;
    }
    rewriter.value(1, 0)?;
    rewriter.skip_blanks();
    (rewriter.at == text.len()).then_some(())
}

struct Rewriter<'a> {
    text: &'a str,
    at: usize,
    out: &'a mut Vec<u8>,
    flags: &'a mut Flags,
}

impl Rewriter<'_> {
    /// Reads and writes a value; `path` is the length of its path in bytes.
    fn value(&mut self, depth: usize, path: usize) -> Option<()> {
        let start = self.at;
        match self.peek()? {
            b'{' | b'[' if depth > MAX_DEPTH || path > MAX_PATH => {
                self.skip_nested()?;
                self.flags.set(Flag::AppAsText);
                self.cut_string(&self.text[start..self.at], path);
            }
            b'{' => self.object(depth, path)?,
            b'[' => self.array(depth, path)?,
            b'"' => self.string(path)?,
            b't' => self.copy_to(literal(self.text.as_bytes(), start, b"true")?),
            b'f' => self.copy_to(literal(self.text.as_bytes(), start, b"false")?),
            b'n' => self.copy_to(literal(self.text.as_bytes(), start, b"null")?),
            _ => {
                let end = number_end(self.text.as_bytes(), start)?;
                if end - start <= MAX_NUMBER {
                    self.copy_to(end);
                } else {
                    self.at = end;
                    self.flags.set(Flag::AppAsText);
                    self.cut_string(&self.text[start..end], path);
                }
            }
        }
        Some(())
    }

    fn object(&mut self, depth: usize, path: usize) -> Option<()> {
        self.open(b'{');
        let mut taken = HashMap::new();
        if self.peek()? == b'}' {
            return self.close(b'}');
        }
        loop {
            let key = self.unique_key(&mut taken)?;
            json::string(self.out, &key);
            self.skip_blanks();
            self.expect(b':')?;
            self.out.push(b':');
            self.skip_blanks();
            self.value(depth + 1, path + key.len() + 1)?;
            self.skip_blanks();
            if self.peek()? == b'}' {
                return self.close(b'}');
            }
            self.comma()?;
        }
    }

    fn array(&mut self, depth: usize, path: usize) -> Option<()> {
        self.open(b'[');
        if self.peek()? == b']' {
            return self.close(b']');
        }
        loop {
            self.value(depth + 1, path)?;
            self.skip_blanks();
            if self.peek()? == b']' {
                return self.close(b']');
            }
            self.comma()?;
        }
    }

    /// Reads a key; cuts it if it is too long, and numbers it if the object has it already. `taken` holds the last
    /// number of each key, so that `n` equal keys cost `n` lookups, not `n²`.
    fn unique_key(&mut self, taken: &mut HashMap<String, u32>) -> Option<String> {
        let key = self.decoded()?;
        let kept = cut(&key, MAX_KEY);
        if kept.len() < key.len() {
            self.flags.set(Flag::AppTruncated);
        }
        let mut free = kept.to_owned();
        let mut number = taken.get(kept).copied().unwrap_or(1);
        while taken.contains_key(&free) {
            self.flags.set(Flag::AppDuplicateKeys);
            number += 1;
            free = format!("{kept} ({number})");
        }
        taken.insert(free.clone(), 1);
        taken.insert(kept.to_owned(), number);
        Some(free)
    }

    fn string(&mut self, path: usize) -> Option<()> {
        let text = self.decoded()?;
        self.cut_string(&text, path);
        Some(())
    }

    fn cut_string(&mut self, text: &str, path: usize) {
        let kept = cut(text, MAX_TERM - path);
        if kept.len() < text.len() {
            self.flags.set(Flag::AppTruncated);
        }
        json::string(self.out, kept);
    }

    /// Reads a string and decodes its escapes.
    fn decoded(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.at = string_end(self.text.as_bytes(), start, &mut ())?;
        let decoded = unescaped(&self.text[start + 1..self.at - 1])?;
        if decoded.half_pair {
            self.flags.set(Flag::AppSurrogates);
        }
        Some(decoded.text)
    }

    /// Skips an object or array of any depth, without recursion. Only brackets and strings are checked, because the
    /// skipped text becomes a JSON string.
    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => {
                    self.decoded()?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        let matches = self.peek()? == byte;
        self.at += usize::from(matches);
        matches.then_some(())
    }

    fn skip_blanks(&mut self) {
        self.at = blanks(self.text.as_bytes(), self.at);
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.at += 1;
        self.skip_blanks();
    }

    fn close(&mut self, bracket: u8) -> Option<()> {
        self.out.push(bracket);
        self.at += 1;
        Some(())
    }

    fn comma(&mut self) -> Option<()> {
        self.expect(b',')?;
        self.out.push(b',');
        self.skip_blanks();
        Some(())
    }

    fn copy_to(&mut self, end: usize) {
        self.out
            .extend_from_slice(&self.text.as_bytes()[self.at..end]);
        self.at = end;
    }
}

/// The longest prefix of at most `limit` bytes that ends between characters.
fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
