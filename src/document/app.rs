/*! The JSON object that a function logged, as the value of `app`.

Embedded as it was written, wherever OpenSearch takes it so. What would get the whole document refused is mended,
and flagged: see [`rewrite`]. The pass of the parser over a line tells most often that it is plain. */

mod rewrite;
#[cfg(test)]
mod tests;

use super::{Flag, Flags};
use crate::json::scan::Plain;
use crate::lambda::App;

/// Writes `app` values; keeps its memory between documents.
#[derive(Debug, Default)]
pub struct AppWriter {
    plain: Plain,
}

impl AppWriter {
    /// Appends what a function logged; the parser may have seen already that it is plain.
    pub fn write_logged(&mut self, out: &mut Vec<u8>, app: &App<'_>) -> Flags {
        if app.is_plain() {
            one_line(out, app);
            return Flags::default();
        }
        self.write(out, app)
    }

    /// Appends `text`, a JSON object, as one line. If it is no JSON at all, nothing is appended.
    pub fn write(&mut self, out: &mut Vec<u8>, text: &str) -> Flags {
        if self.plain.is_plain(text.as_bytes()) {
            one_line(out, text);
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
fn one_line(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    let mut at = start;
    while let Some(found) = memchr::memchr2(b'\n', b'\r', &out[at..]) {
        out[at + found] = b' ';
        at += found + 1;
    }
}
