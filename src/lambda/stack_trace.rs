/*! Errors in plain text: stack traces of Node, Java, .NET, Ruby, Python, and panics of Go and Rust. */

use std::borrow::Cow;

use memchr::memmem;

use super::python;
use super::record::ErrorInfo;

/// The error that a text tells of by a stack trace or a panic.
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

/// As [`find`], for a text that may be owned.
pub fn find_in<'a>(text: &Cow<'a, str>) -> Option<ErrorInfo<'a>> {
    match text {
        Cow::Borrowed(text) => find(text),
        Cow::Owned(text) => find(text).map(ErrorInfo::into_owned),
    }
}

/// Type and message alone, for a stack trace that is kept already.
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

/// Whether a text that is called a trace or a stack is one: it has frames, or several lines that no list made.
pub fn is_likely(text: &str, listed: bool) -> bool {
    let framed = || text.contains("File \"") || text.contains(":in ") || text.lines().any(is_frame);
    !listed && text.contains('\n') || framed()
}

/// `Type: message` without a stack; a message alone if no type begins it.
pub fn header_in(text: Cow<'_, str>) -> ErrorInfo<'_> {
    match text {
        Cow::Borrowed(text) => typed_head(text).unwrap_or_else(|| ErrorInfo {
            message: Some(Cow::Borrowed(text)),
            ..ErrorInfo::default()
        }),
        Cow::Owned(text) => header_in(Cow::Borrowed(&text)).into_owned(),
    }
}

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

/// What .NET puts before an error that nothing caught.
const UNHANDLED: [&str; 2] = ["Unhandled exception. ", "Unhandled Exception: "];

/// `Unhandled exception. Type: message`, without frames.
fn unhandled(text: &str) -> Option<ErrorInfo<'_>> {
    UNHANDLED
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .and_then(typed_head)
}

/// A message of .NET without the inner errors, which it tells of before the first frame: ` ---> Type: message`.
fn without_inner(message: &str) -> &str {
    const ARROW: &str = "---> ";
    let inner = memmem::find_iter(message.as_bytes(), ARROW).find(|at| {
        let kind = &message[at + ARROW.len()..];
        let kind = kind.split([':', '\n', ' ', '\r']).next().unwrap_or(kind);
        message[..*at].ends_with([' ', '\n']) && is_error_type(kind, true)
    });
    &message[..inner.unwrap_or(message.len())]
}

/// How many lines a message may have above the first frame.
const LONGEST_MESSAGE: usize = 30;

/// A header above lines that begin with `at`: Node, Java, .NET.
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
            // Java leaves out the frames of an error that has those of its cause.
            cause = cause.or(Some(found));
        }
        if start == 0 {
            break;
        }
        end = start;
    }
    cause.map(|(start, kind)| described(text, start, kind, frame))
}

/// What Java writes before the error behind another one.
const CAUSE: &str = "Caused by: ";

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

/// `at name(file:line)`, `at /file:line:column`, `at Name() in /file:line 3`, indented or not.
fn is_frame(line: &str) -> bool {
    line.trim_start().strip_prefix("at ").is_some_and(|frame| {
        let first = frame.as_bytes().first();
        let named = first.is_some_and(|b| b.is_ascii_alphanumeric() || b"/<[_$*.".contains(b));
        named && (frame.contains(['(', ':']) || frame.starts_with('<'))
    })
}

/// Bytes of a line in which its error's type is looked for: those at its start, and of a long line those at its end.
const HEAD: usize = 512;
const TAIL: usize = 256;
/// Longest code of Node's behind a type, in bytes.
const CODE: usize = 64;

/// The error type in a header line, and where it stands.
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
        // The word that is cut in two is none.
        let word = tail + line[tail..].find([' ', '\t'])? + 1;
        header_within(line, word, line.len(), false)
    })
}

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

/// `TypeError`, `java.lang.X`; a dotted name counts only where a line begins.
fn is_error_type(name: &str, begins: bool) -> bool {
    let last = name.rsplit(['.', '/', '$', '+']).next().unwrap_or(name);
    let capital = last.starts_with(|first: char| first.is_uppercase());
    let named = ["Error", "Exception", "Throwable", "Failure"]
        .iter()
        .any(|end| last.ends_with(end));
    capital && (named || begins && name.contains('.') && !name.contains('/'))
}

/// `Exception in thread "main" java.lang.X: message`, without frames.
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

/// Go's `panic: message` and Rust's `thread 'main' panicked at file:line:column:`.
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
            let (_, place) = text
                .trim_start()
                .strip_prefix("thread ")?
                .split_once(" panicked at ")?;
            let (first, rest) = place.split_once('\n').unwrap_or((place, ""));
            // Until Rust 1.73 the message stood first: `'message', file:line:column`.
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

/// Ruby: `file.rb:3:in 'name': message (Type)` above `from` lines.
fn ruby(text: &str) -> Option<ErrorInfo<'_>> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end();
    let from = rest.trim_start().starts_with("from ");
    let (_, said) = line
        .split_once(":in ")
        .filter(|_| from)?
        .1
        .split_once("': ")?;
    let (message, kind) = said.strip_suffix(')')?.rsplit_once(" (")?;
    Some(ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: Some(Cow::Borrowed(message)),
        stack_trace: Some(Cow::Borrowed(text)),
    })
}

#[cfg(test)]
mod tests;
