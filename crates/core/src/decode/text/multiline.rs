/*! Which lines of plain text belong together. Without an envelope that is a guess: a line goes on with the event before if runtimes print such
lines only as a part of something longer. */

use crate::time::iso8601::iso_time;

/// What the lines of the pending event tell about the next one.
#[derive(Debug)]
pub(crate) struct Multiline {
    first: FirstLine,
    /// In a Python traceback, before the line that names the exception.
    traceback: bool,
    /// Another traceback is announced.
    chained: bool,
}

/// What the first line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstLine {
    /// A line of the platform that stands alone.
    Platform,
    /// A report, whose fields a console's copy has in lines of their own.
    Report,
    /// `INIT_START`, likewise.
    InitStart,
    /// A Go program's panic.
    Panic,
    Text,
}

const PLATFORM: [&[u8]; 6] = [
    b"START RequestId:",
    b"END RequestId:",
    b"XRAY TraceId:",
    b"EXTENSION\t",
    b"TELEMETRY\t",
    b"LOGS\t",
];
const REPORTS: [&[u8]; 3] = [b"REPORT ", b"INIT_REPORT ", b"RESTORE_REPORT "];
const STARTS: [&[u8]; 2] = [b"INIT_START ", b"RESTORE_START "];
const FIELDS: [&[u8]; 14] = [
    b"RequestId:",
    b"Duration:",
    b"Billed Duration:",
    b"Memory Size:",
    b"Max Memory Used:",
    b"Init Duration:",
    b"Restore Duration:",
    b"Billed Restore Duration:",
    b"Phase:",
    b"Status:",
    b"Error Type:",
    b"XRAY TraceId:",
    b"SegmentId:",
    b"Sampled:",
];
const ERROR_FAMILIES: [&[u8]; 5] = [
    b"Runtime.",
    b"Extension.",
    b"Sandbox.",
    b"Function.",
    b"Lambda.",
];
const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
/// Goes on with anything but the platform's lines.
const CONTINUATIONS: [&[u8]; 8] = [
    b"Caused by:",
    b"Suppressed:",
    b"... ",
    b"Require stack:",
    b"- /",
    b"--- End of ",
    b"note: run with `RUST_BACKTRACE",
    "\u{a0}".as_bytes(),
];

impl Multiline {
    /// Of an event that begins with this line.
    pub fn of(line: &[u8]) -> Self {
        let line = line.trim_ascii_start();
        let first = if starts_with_any(line, &PLATFORM) {
            FirstLine::Platform
        } else if starts_with_any(line, &REPORTS) {
            FirstLine::Report
        } else if starts_with_any(line, &STARTS) {
            FirstLine::InitStart
        } else if line.starts_with(b"panic: ") || line.starts_with(b"fatal error: ") {
            FirstLine::Panic
        } else {
            FirstLine::Text
        };
        Multiline {
            first,
            traceback: line.starts_with(TRACEBACK),
            chained: false,
        }
    }

    /// Whether `line` goes on with `event`. In an object of JSON lines every `{` begins an event.
    pub fn goes_on(&mut self, event: &[u8], line: &[u8], json: bool) -> bool {
        if line.trim_ascii().is_empty() {
            return true;
        }
        match self.first {
            FirstLine::Platform => return false,
            FirstLine::Report => return starts_with_any(line.trim_ascii_start(), &FIELDS),
            FirstLine::InitStart => {
                return line.trim_ascii_start().starts_with(b"Runtime Version ARN:");
            }
            FirstLine::Panic if is_panic_line(line) => return true,
            FirstLine::Panic | FirstLine::Text => {}
        }
        match line[0] {
            b' ' | b'\t' | b'}' | b']' | b')' => return true,
            b'{' => {
                return !json && !matches!(line[1..].trim_ascii_start().first(), Some(b'"' | b'}'));
            }
            _ => {}
        }
        if starts_with_any(line, &PLATFORM)
            || starts_with_any(line, &REPORTS)
            || starts_with_any(line, &STARTS)
            || iso_time(line).is_some()
        {
            return false;
        }
        if line.starts_with(TRACEBACK) {
            self.traceback = self.chained || is_trouble(event);
            return std::mem::take(&mut self.chained) || self.traceback;
        }
        if std::mem::take(&mut self.traceback) {
            return true;
        }
        if line.starts_with(b"During handling of the above exception")
            || line.starts_with(b"The above exception was the direct cause")
        {
            self.chained = true;
            return true;
        }
        starts_with_any(line, &CONTINUATIONS)
            || (line.starts_with(b"at ") && line.contains(&b'('))
            || ((is_error_type(line) || is_exception(line)) && is_trouble(event))
            || (is_word(line) && event.starts_with(b"Unknown application error"))
    }
}

fn starts_with_any(line: &[u8], heads: &[&[u8]]) -> bool {
    heads.iter().any(|head| line.starts_with(head))
}

/// What a Go program prints below `panic:`.
fn is_panic_line(line: &[u8]) -> bool {
    const HEADS: [&[u8]; 5] = [
        b"goroutine ",
        b"[signal ",
        b"created by ",
        b"exit status ",
        b"panic: ",
    ];
    let call = line.ends_with(b")") && line.split(|b| *b == b'(').next().is_some_and(is_word);
    starts_with_any(line, &HEADS) || call
}

/// Such as `Runtime.ExitError`, alone in its line.
fn is_error_type(line: &[u8]) -> bool {
    starts_with_any(line, &ERROR_FAMILIES) && is_word(line)
}

/// Such as `java.lang.IllegalStateException: no`.
fn is_exception(line: &[u8]) -> bool {
    let end = line.iter().position(|b| matches!(b, b':' | b' '));
    let name = &line[..end.unwrap_or(line.len())];
    line[0].is_ascii_lowercase()
        && name.contains(&b'.')
        && [b"Exception".as_slice(), b"Error", b"Throwable"]
            .iter()
            .any(|ending| name.ends_with(ending))
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'))
}

fn is_word(line: &[u8]) -> bool {
    !line.is_empty() && !line.iter().any(u8::is_ascii_whitespace)
}

/// Whether the first line of an event speaks of something that a stack trace may follow.
fn is_trouble(event: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"error",
        b"exception",
        b"warn",
        b"severe",
        b"critical",
        b"fatal",
        b"fail",
        b"throwable",
        b"exited",
    ];
    let line = event.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = &line[..line.len().min(crate::decode::buffer::PREFIX)];
    WORDS.iter().any(|word| {
        line.windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word))
    })
}
