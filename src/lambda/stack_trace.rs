/*! Errors in plain text: stack traces of Node, Java, .NET, Ruby, Python, and panics of Go and Rust. */

use std::borrow::Cow;

use super::python;
use super::record::ErrorInfo;

/// The error that a text tells of by a stack trace or a panic.
pub fn find(text: &str) -> Option<ErrorInfo<'_>> {
    if let Some(panic) = panic(text) {
        return Some(panic);
    }
    if memchr::memchr(b'\n', text.as_bytes()).is_none() {
        return thread_died(text);
    }
    python::traceback(text)
        .or_else(|| with_frames(text))
        .or_else(|| ruby(text))
        .or_else(|| thread_died(text))
}

/// As [`find`], for a text that may be owned.
pub fn find_in(text: Cow<'_, str>) -> Option<ErrorInfo<'_>> {
    match text {
        Cow::Borrowed(text) => find(text),
        Cow::Owned(text) => find(&text).map(ErrorInfo::into_owned),
    }
}

/// `Type: message` without a stack; a message alone if no type begins it.
pub fn header_in(text: Cow<'_, str>) -> ErrorInfo<'_> {
    match text {
        Cow::Borrowed(text) => match text.split_once(": ") {
            Some((kind, message)) if is_error_type(kind, true) => ErrorInfo {
                kind: Some(Cow::Borrowed(kind)),
                message: Some(Cow::Borrowed(message)),
                stack_trace: None,
            },
            _ => ErrorInfo {
                message: Some(Cow::Borrowed(text)),
                ..ErrorInfo::default()
            },
        },
        Cow::Owned(text) => header_in(Cow::Borrowed(&text)).into_owned(),
    }
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
    for _ in 0..LONGEST_MESSAGE {
        let above = text[..end].trim_end_matches(['\n', '\r']);
        let start = above.rfind('\n').map_or(0, |at| at + 1);
        if let Some((kind_start, kind)) = header(&above[start..]) {
            return Some(described(text, start + kind_start, kind, frame));
        }
        if start == 0 {
            break;
        }
        end = start;
    }
    None
}

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
        // .NET tells of inner errors before the first frame.
        let inner = message.find("\n ---> ").unwrap_or(message.len());
        message[..inner].trim()
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

/// The error type in a header line, and where it stands.
fn header(line: &str) -> Option<(usize, &str)> {
    if line.trim_start().starts_with("--->") {
        return None;
    }
    let mut at = 0;
    line.split_inclusive([' ', '\t'])
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
            let ends = behind.trim().is_empty()
                || behind.starts_with(": ")
                || behind.trim_end() == ":"
                || behind.starts_with(":\n")
                || behind.starts_with(" [") && behind.contains("]:");
            (ends && is_error_type(kind, index == 0)).then_some((start + opening, kind))
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
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String)> {
        let error = find(text)?;
        Some((
            error.kind?.into_owned(),
            error.message.unwrap_or_default().into_owned(),
        ))
    }

    #[test]
    fn errors_of_every_runtime() {
        for (text, kind, message) in [
            (
                "TypeError: x is no y\n    at f (/a.js:1:2)",
                "TypeError",
                "x is no y",
            ),
            ("Error [ERR_X]: boom\n    at /a.js:1:2", "Error", "boom"),
            (
                "failed: Error: boom\n    at async f (/a.js:1:2)",
                "Error",
                "boom",
            ),
            (
                "java.lang.Throwable: Demo\n\tat a.B.c(B.java:3)\nCaused by: java.io.X: y",
                "java.lang.Throwable",
                "Demo",
            ),
            (
                "Exception in thread \"main\" java.lang.OutOfMemoryError: heap",
                "java.lang.OutOfMemoryError",
                "heap",
            ),
            (
                "com.a.B: one\ntwo\n\tat a.B.c(B.java:3)",
                "com.a.B",
                "one\ntwo",
            ),
            (
                "System.AggregateException: many\n ---> System.Exception: one\n   at A.B() in /a.cs:line 3",
                "System.AggregateException",
                "many",
            ),
            (
                "panic: runtime error: oops\ngoroutine 1 [running]:",
                "panic",
                "runtime error: oops",
            ),
            (
                "thread 'main' panicked at src/main.rs:3:5:\nno luck\nnote: run",
                "panic",
                "no luck",
            ),
            (
                "thread 'main' panicked at 'no luck', src/main.rs:3:5",
                "panic",
                "no luck",
            ),
            (
                "a.rb:3:in `first': no conversion (TypeError)\n\tfrom a.rb:1",
                "TypeError",
                "no conversion",
            ),
        ] {
            assert_eq!(
                read(text),
                Some((kind.to_owned(), message.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn prose_is_no_error() {
        for text in [
            "Meet me\nat noon: today",
            "look:\n at (home)",
            "Error: boom",
            "{\n  at: 'x'\n}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
