/*! Plain text goes in; the error that it reports comes out: type, message and stack trace.

The forms are the stack traces of Node, Java, .NET, Ruby and Python, and the panics of Go and Rust. */

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use memchr::memmem;

use crate::parse::record::ErrorInfo;
use crate::parse::text::python;

/// The error that `text` reports with a stack trace or a panic; `None` if there is none.
pub fn find(text: &str) -> Option<ErrorInfo<'_>> {
    if let Some(panic) = panic(text) {
        return Some(panic);
    }
    if memchr::memchr(b'\n', text.as_bytes()).is_none() {
        return thread_died(text).or_else(|| unhandled(text));
    }
    python::traceback(text)
        .or_else(|| with_frames(text))
        .or_else(|| ruby(text))
        .or_else(|| thread_died(text))
}

/// [`find`] for a text that may be owned.
pub fn find_in<'a>(text: &Cow<'a, str>) -> Option<ErrorInfo<'a>> {
    match text {
        Cow::Borrowed(text) => find(text),
        Cow::Owned(text) => find(text).map(ErrorInfo::into_owned),
    }
}

/// The type and message of a stack trace, without the stack trace itself, which the caller has.
pub fn described_by<'a>(stack: &Cow<'a, str>) -> Option<ErrorInfo<'a>> {
    match stack {
        Cow::Borrowed(stack) => find(stack).map(without_stack),
        Cow::Owned(stack) => find(stack).map(without_stack).map(ErrorInfo::into_owned),
    }
}

fn without_stack(error: ErrorInfo<'_>) -> ErrorInfo<'_> {
    ErrorInfo {
        stack_trace: None,
        ..error
    }
}

/// Whether the value of a key such as `stack` or `trace` is a stack trace: it has frames, or it is a string of several
/// lines. `listed` tells that the value was a list.
pub fn is_likely(text: &str, listed: bool) -> bool {
    let framed = || text.contains("File \"") || text.contains(":in ") || text.lines().any(is_frame);
    !listed && text.contains('\n') || framed()
}

/// The error of a text `Type: message` without a stack trace; the text is the message if it begins with no error type.
pub fn header_in(text: Cow<'_, str>) -> ErrorInfo<'_> {
    match text {
        Cow::Borrowed(text) => typed_head(text).unwrap_or_else(|| ErrorInfo {
            message: Some(Cow::Borrowed(text)),
            ..ErrorInfo::default()
        }),
        Cow::Owned(text) => header_in(Cow::Borrowed(&text)).into_owned(),
    }
}

/// The error of `Type: message`, if the type is an error's.
fn typed_head(text: &str) -> Option<ErrorInfo<'_>> {
    let (kind, message) = text
        .split_once(": ")
        .filter(|(kind, _)| is_error_type(kind, true))?;
    Some(ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: Some(Cow::Borrowed(without_inner(message).trim_end())),
        stack_trace: None,
    })
}

/// .NET's prefixes of an unhandled error.
const UNHANDLED: [&str; 2] = ["Unhandled exception. ", "Unhandled Exception: "];

/// The error of .NET's `Unhandled exception. Type: message` without frames.
fn unhandled(text: &str) -> Option<ErrorInfo<'_>> {
    UNHANDLED
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .and_then(typed_head)
}

/// A message of .NET without its inner errors, which stand before the first frame: ` ---> Type: message`.
fn without_inner(message: &str) -> &str {
    const ARROW: &str = "---> ";
    let inner = memmem::find_iter(message.as_bytes(), ARROW).find(|at| {
        let kind = &message[at + ARROW.len()..];
        let kind = kind.split([':', '\n', ' ', '\r']).next().unwrap_or(kind);
        message[..*at].ends_with([' ', '\n']) && is_error_type(kind, true)
    });
    &message[..inner.unwrap_or(message.len())]
}

/// Maximum number of lines of a message above the first frame.
const LONGEST_MESSAGE: usize = 30;

/// The error of Node, Java or .NET: a header line above frames, which begin with `at`.
fn with_frames(text: &str) -> Option<ErrorInfo<'_>> {
    let mut at = 0;
    let frame = text.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        (start > 0 && is_frame(line)).then_some(start)
    })?;
    let mut end = frame;
    let mut cause = None;
    for _ in 0..LONGEST_MESSAGE {
        let above = text[..end].trim_end_matches(['\n', '\r']);
        let start = above.rfind('\n').map_or(0, |at| at + 1);
        if let Some((kind_start, kind)) = header(&above[start..]) {
            let found = (start + kind_start, kind);
            if !above[start..].trim_start().starts_with(CAUSE) {
                return Some(described(text, found.0, found.1, frame));
            }
            // Java omits the frames of an error whose cause has them.
            cause = cause.or(Some(found));
        }
        if start == 0 {
            break;
        }
        end = start;
    }
    cause.map(|(start, kind)| described(text, start, kind, frame))
}

/// Java's prefix of the error that caused another one.
const CAUSE: &str = "Caused by: ";

/// The error whose type is at `start` in `text` and whose first frame is at `frame`.
fn described<'a>(text: &'a str, start: usize, kind: &'a str, frame: usize) -> ErrorInfo<'a> {
    let behind = &text[start + kind.len()..frame];
    // Node puts a code behind the type: `Error [ERR_X]: message`.
    let behind = match behind
        .strip_prefix(" [")
        .and_then(|code| code.split_once(']'))
    {
        Some((_, behind)) => behind,
        None => behind,
    };
    let message = behind.strip_prefix(':').map(|message| {
        let message = without_inner(message);
        let cause = message.find("\nCaused by: ").unwrap_or(message.len());
        message[..cause].trim()
    });
    ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: message
            .filter(|message| !message.is_empty())
            .map(Cow::Borrowed),
        stack_trace: Some(Cow::Borrowed(text[start..].trim_end())),
    }
}

/// Whether a line is a frame, indented or not: `at name(file:line)`, `at /file:line:column` or
/// `at Name() in /file:line 3`.
fn is_frame(line: &str) -> bool {
    line.trim_start().strip_prefix("at ").is_some_and(|frame| {
        let first = frame.as_bytes().first();
        let named = first.is_some_and(|b| b.is_ascii_alphanumeric() || b"/<[_$*.".contains(b));
        named && (frame.contains(['(', ':']) || frame.starts_with('<'))
    })
}

/// Number of bytes at the start of a line, and at the end of a long line, in which the error's type is searched.
const HEAD: usize = 512;
const TAIL: usize = 256;
/// Longest code behind a type of Node's, such as ` [ERR_X]`, in bytes.
const CODE: usize = 64;

/// The error type of a header line: its offset and its name.
fn header(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_end();
    let from = line.len() - line.trim_start().len();
    if line[from..].starts_with("--->") {
        return None;
    }
    let from = UNHANDLED
        .iter()
        .find(|start| line[from..].starts_with(**start))
        .map_or(0, |start| from + start.len());
    if line.len() <= HEAD + TAIL {
        return header_within(line, from, line.len(), true);
    }
    header_within(line, from, line.floor_char_boundary(HEAD), true).or_else(|| {
        let tail = line.ceil_char_boundary(line.len() - TAIL);
        // The first word of the tail may be cut in two, so the search begins behind it.
        let word = tail + line[tail..].find([' ', '\t'])? + 1;
        header_within(line, word, line.len(), false)
    })
}

/// [`header`] within `line[from..to]`; `begins` tells that `from` is the start of the line.
fn header_within(line: &str, from: usize, to: usize, begins: bool) -> Option<(usize, &str)> {
    let mut at = from;
    line[from..to]
        .split_inclusive([' ', '\t'])
        .enumerate()
        .find_map(|(index, word)| {
            let start = at;
            at += word.len();
            let opening = word.len() - word.trim_start_matches(['{', '[', '(', '\'', '"']).len();
            let word = &word[opening..];
            let end = word
                .find(|c: char| {
                    !c.is_alphanumeric() && !matches!(c, '_' | '.' | '$' | '+' | '`' | '/')
                })
                .unwrap_or(word.len());
            let kind = &word[..end];
            let behind = &line[start + opening + end..];
            let coded = || {
                let near = &behind.as_bytes()[..behind.len().min(CODE)];
                behind.starts_with(" [") && memmem::find(near, b"]:").is_some()
            };
            let ends = behind.is_empty() || behind == ":" || behind.starts_with(": ") || coded();
            (ends && is_error_type(kind, begins && index == 0)).then_some((start + opening, kind))
        })
}

/// Whether `name` is an error's type, such as `TypeError` or `java.lang.X`. A dotted name in another form counts only
/// where a line begins (`begins`).
fn is_error_type(name: &str, begins: bool) -> bool {
    let last = name.rsplit(['.', '/', '$', '+']).next().unwrap_or(name);
    let capital = last.starts_with(|first: char| first.is_uppercase());
    let named = ["Error", "Exception", "Throwable", "Failure"]
        .iter()
        .any(|end| last.ends_with(end));
    capital && (named || begins && name.contains('.') && !name.contains('/'))
}

/// The error of Java's `Exception in thread "main" java.lang.X: message`, without frames.
fn thread_died(text: &str) -> Option<ErrorInfo<'_>> {
    let rest = text.strip_prefix("Exception in thread ")?;
    let line = rest.lines().next()?;
    let (_, named) = line.rsplit_once('"').filter(|_| line.starts_with('"'))?;
    let (kind, message) = named.trim().split_once(": ").unwrap_or((named.trim(), ""));
    is_error_type(kind, true).then(|| ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: (!message.is_empty()).then_some(Cow::Borrowed(message)),
        stack_trace: None,
    })
}

/// The panic of Go's `panic: message` or of Rust's `thread 'main' panicked at file:line:column:`.
fn panic(text: &str) -> Option<ErrorInfo<'_>> {
    let (message, stack) = match text.as_bytes().first()? {
        b'p' | b'f' => {
            let message = text.strip_prefix("panic: ").or_else(|| {
                text.strip_prefix("fatal error: ")
                    .filter(|_| text.contains("goroutine "))
            })?;
            let message = message.lines().next().unwrap_or(message);
            (message, text.find("goroutine ").map(|at| &text[at..]))
        }
        b't' | b'\n' => {
            let (_, location) = text
                .trim_start()
                .strip_prefix("thread ")?
                .split_once(" panicked at ")?;
            let (first, rest) = location.split_once('\n').unwrap_or((location, ""));
            // Before Rust 1.73 the message came first: `'message', file:line:column`.
            let old = first
                .strip_prefix('\'')
                .and_then(|quoted| quoted.rsplit_once("', "));
            let message = old.map_or_else(|| rest.lines().next().unwrap_or(first), |old| old.0);
            (message, text.find("stack backtrace:").map(|at| &text[at..]))
        }
        _ => return None,
    };
    Some(ErrorInfo {
        kind: Some(Cow::Borrowed("panic")),
        message: Some(Cow::Borrowed(message.trim())),
        stack_trace: stack.map(Cow::Borrowed),
    })
}

/// The error of Ruby's `file.rb:3:in 'name': message (Type)` above `from` lines.
fn ruby(text: &str) -> Option<ErrorInfo<'_>> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end();
    let from = rest.trim_start().starts_with("from ");
    let (_, description) = line
        .split_once(":in ")
        .filter(|_| from)?
        .1
        .split_once("': ")?;
    let (message, kind) = description.strip_suffix(')')?.rsplit_once(" (")?;
    Some(ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: Some(Cow::Borrowed(message)),
        stack_trace: Some(Cow::Borrowed(text)),
    })
}
