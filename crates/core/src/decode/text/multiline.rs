/*! Lines of plain text go in; whether a line continues the pending event comes out.

Plain text has no envelope, so this is a heuristic: a line continues the event if runtimes print such lines only as a
part of a longer text. */

use crate::time::iso8601::iso_time;

/// The state of the pending event, from its lines so far.
#[derive(Debug)]
pub(crate) struct Multiline {
    first: FirstLine,
    /// In a Python traceback, before the line that names the exception; or behind the first line of a panic of Rust,
    /// before the line with its message.
    traceback: bool,
    /// A line has announced another traceback.
    chained: bool,
}

/// The kind of the first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstLine {
    /// A platform line, which is a whole event.
    Platform,
    /// A report. A copy from the console has each field on a line of its own.
    Report,
    /// `INIT_START`. A copy from the console has its fields on lines of their own too.
    InitStart,
    /// The panic of a Go program.
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
/// Starts of lines that continue any event but a platform line.
const CONTINUATIONS: [&[u8]; 10] = [
    b"Caused by:",
    b"Suppressed:",
    b"... ",
    b"Require stack:",
    b"- /",
    b"--- End of ",
    b"Stack trace:",
    b"[stacktrace]",
    b"note: run with `RUST_BACKTRACE",
    "\u{a0}".as_bytes(),
];

impl Multiline {
    /// The state of an event that begins with this line.
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
            traceback: line.starts_with(TRACEBACK) || is_rust_panic(line),
            chained: false,
        }
    }

    /// Whether `line` continues `event`. In an object of JSON lines (`json`), every `{` begins an event.
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
            || (is_php_frame(line) && is_trouble(event))
            || ((is_error_type(line) || is_exception(line)) && is_trouble(event))
            || (is_word(line) && event.starts_with(b"Unknown application error"))
    }
}

fn starts_with_any(line: &[u8], heads: &[&[u8]]) -> bool {
    heads.iter().any(|head| line.starts_with(head))
}

/// Whether a Go program prints such a line below `panic:`.
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

/// Whether the line is that of a panic of Rust, whose message is on the next line.
fn is_rust_panic(line: &[u8]) -> bool {
    line.starts_with(b"thread '")
        && line.trim_ascii_end().ends_with(b":")
        && memchr::memmem::find(line, b" panicked at ").is_some()
}

/// Whether the line is a frame of PHP: `#0 /var/task/index.php(3): f()`.
fn is_php_frame(line: &[u8]) -> bool {
    let digits = line.iter().skip(1).take_while(|byte| byte.is_ascii_digit());
    line[0] == b'#' && line.get(1 + digits.count()) == Some(&b' ') && line[1] != b' '
}

/// Whether the line is an error type alone, such as `Runtime.ExitError`.
fn is_error_type(line: &[u8]) -> bool {
    starts_with_any(line, &ERROR_FAMILIES) && is_word(line)
}

/// Whether the line begins with an exception, such as `java.lang.IllegalStateException: no`.
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

/// Whether the first line of an event reports a problem, so that a stack trace may follow.
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
