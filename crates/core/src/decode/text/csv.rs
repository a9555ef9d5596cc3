/*! A file of the console's "Download as CSV" goes in; its events come out. A row is a time in milliseconds since 1970
and a message, which is quoted if it has commas, quotes or line breaks. */

use memchr::memchr;

use crate::decode::buffer::{Buffer, PREFIX};
use crate::decode::event_span::{EventSpan, IdentityKind};
use crate::decode::text::line_prefix::{LinePrefix, line_prefix};

/// The decoder of one object of rows.
#[derive(Debug, Default)]
pub(crate) struct Csv {
    /// The pending row, once its first bytes were read.
    row: Option<Row>,
    /// The message of the last event, if it has quotes.
    pub unescaped: Vec<u8>,
    /// Number of bytes of the header and of blank lines.
    pub blank: u64,
}

/// What stands before a row's message. A line in another form is a message alone.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    time: Option<i64>,
    prefix: usize,
    quoted: bool,
}

impl Csv {
    /// The next event; `None` if more bytes are needed, or at the end.
    pub fn next(&mut self, buffer: &mut Buffer) -> Option<EventSpan> {
        let row = match self.row {
            Some(row) => row,
            None => self.begin(buffer)?,
        };
        let (end, is_end) = match row.quoted {
            true => closing_quote(buffer),
            false => line_end(buffer),
        };
        buffer.scanned = end;
        if !is_end && !buffer.finished {
            self.row = Some(row);
            buffer.shed(row.prefix);
            return None;
        }
        self.row = None;
        let taken = buffer.take(row.prefix);
        buffer.consume(terminator(buffer.data(), row.quoted));
        let text = buffer.at(taken.text.clone());
        let is_escaped = row.quoted && memchr(b'"', text).is_some();
        if is_escaped {
            unescape(text, &mut self.unescaped);
        }
        let mut event = EventSpan::new(taken, row.time, IdentityKind::Offset);
        event.text = event.text.filter(|_| !is_escaped);
        Some(event)
    }

    /// Reads the first bytes of the next row; `None` if more bytes are needed, or at the end.
    fn begin(&mut self, buffer: &mut Buffer) -> Option<Row> {
        loop {
            let LinePrefix::Line(head) = line_prefix(buffer) else {
                return None;
            };
            if !head.trim_ascii().is_empty() && !head.eq_ignore_ascii_case(HEADER) {
                let row = row(head).unwrap_or_default();
                buffer.scanned = row.prefix;
                return Some(row);
            }
            let rest = &buffer.data()[..buffer.data().len().min(PREFIX)];
            let n = memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
            buffer.consume(n);
            self.blank += n as u64;
        }
    }
}

const HEADER: &[u8] = b"timestamp,message";
/// Number of digits of a time.
const TIME: usize = 13;

/// Whether an object begins so: with the header and a row, or with a row whose message is quoted.
pub(crate) fn begins(content: &[u8]) -> bool {
    let mut lines = content.trim_ascii_start().split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    match first.trim_ascii_end().eq_ignore_ascii_case(HEADER) {
        true => lines.next().and_then(row).is_some(),
        false => row(first).is_some_and(|row| row.quoted),
    }
}

fn row(line: &[u8]) -> Option<Row> {
    let (digits, behind) = line.split_at_checked(TIME)?;
    let is_time = digits.iter().all(u8::is_ascii_digit) && behind.first() == Some(&b',');
    let quoted = behind.get(1) == Some(&b'"');
    is_time.then(|| Row {
        time: str::from_utf8(digits)
            .ok()
            .and_then(|time| time.parse().ok()),
        prefix: TIME + 1 + usize::from(quoted),
        quoted,
    })
}

/// The offset of the line break behind the scanned part, and true; else how far the search came, and false.
fn line_end(buffer: &Buffer) -> (usize, bool) {
    let data = buffer.data();
    match memchr(b'\n', &data[buffer.scanned..]) {
        Some(found) => (buffer.scanned + found, true),
        None => (data.len(), false),
    }
}

/// The same for the quote that ends a message: the end of its line follows it. Another single quote is text.
fn closing_quote(buffer: &Buffer) -> (usize, bool) {
    let data = buffer.data();
    let mut at = buffer.scanned;
    while let Some(found) = data.get(at..).and_then(|rest| memchr(b'"', rest)) {
        let quote = at + found;
        match &data[quote + 1..] {
            [b'"', ..] => at = quote + 2,
            [b'\n', ..] | [b'\r', b'\n', ..] => return (quote, true),
            [] | [b'\r'] => return (quote, buffer.finished),
            _ => at = quote + 1,
        }
    }
    (data.len(), false)
}

/// Number of bytes that end a row, at the start of `rest`.
fn terminator(rest: &[u8], quoted: bool) -> usize {
    let behind = rest.strip_prefix(b"\"").filter(|_| quoted).unwrap_or(rest);
    let line = memchr(b'\n', &behind[..behind.len().min(2)]).map_or(0, |i| i + 1);
    rest.len() - behind.len() + line
}

fn unescape(text: &[u8], unescaped: &mut Vec<u8>) {
    unescaped.clear();
    let mut rest = text;
    while let Some(quote) = memchr(b'"', rest) {
        unescaped.extend_from_slice(&rest[..=quote]);
        let behind = &rest[quote + 1..];
        rest = behind.strip_prefix(b"\"").unwrap_or(behind);
    }
    unescaped.extend_from_slice(rest);
}
