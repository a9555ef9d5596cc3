/*! The JSON object that a function logged goes in; the value of the field `app` comes out, with flags for its changes.

An object that OpenSearch accepts is embedded as it is written. An object that would get the whole document rejected is
repaired and flagged: see [`rewrite`]. The parser usually knows already that an object is plain (needs no repair). */

mod rewrite;
#[cfg(test)]
mod tests;

use crate::document::{Flag, Flags};
use crate::json::plain::Plain;
use crate::parse::App;

/// Writes `app` values. It reuses its memory from document to document.
#[derive(Debug, Default)]
pub struct AppWriter {
    plain: Plain,
}

impl AppWriter {
    /// Appends the object that a function logged. An object that the parser found plain is not checked again.
    pub fn write_logged(&mut self, out: &mut Vec<u8>, app: &App<'_>) -> Flags {
        if app.is_plain() {
            append_as_one_line(out, app);
            return Flags::default();
        }
        self.write(out, app)
    }

    /// Appends `text`, a JSON object, as one line, and returns the flags of its changes. If `text` is not a JSON
    /// object, nothing is appended and the flag is `app_invalid`.
    pub fn write(&mut self, out: &mut Vec<u8>, text: &str) -> Flags {
        if self.plain.is_plain(text.as_bytes()) {
            append_as_one_line(out, text);
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

/// Appends `text` with blanks for its line breaks: valid JSON has line breaks between tokens only.
fn append_as_one_line(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    let mut at = start;
    while let Some(offset) = memchr::memchr2(b'\n', b'\r', &out[at..]) {
        out[at + offset] = b' ';
        at += offset + 1;
    }
}
