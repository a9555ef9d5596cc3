//! Text goes in; the form of error that it has decides which reader gives the error.

use std::borrow::Cow;

use crate::parse::record::ErrorInfo;
use crate::parse::stack_trace::frames::with_frames;
use crate::parse::stack_trace::{head, last_words, php, ruby};
use crate::parse::text::python;

/// The error that `text` reports with a stack trace, with last words, or with its type at the start; `None` if there
/// is none.
pub fn find(text: &str) -> Option<ErrorInfo<'_>> {
    if memchr::memchr(b'\n', text.as_bytes()).is_none() {
        return in_line(text);
    }
    if let Some(error) = last_words::find(text).or_else(|| php::find(text)) {
        return Some(error);
    }
    python::traceback(text)
        .or_else(|| with_frames(text))
        .or_else(|| ruby::find(text))
        .or_else(|| last_words::of_thread(text))
        .or_else(|| in_lines(text))
}

/// The error of a single line. The first and last bytes decide for most lines.
fn in_line(text: &str) -> Option<ErrorInfo<'_>> {
    if text.ends_with(')')
        && let Some(error) = ruby::find(text)
    {
        return Some(error);
    }
    if begins_with_prose(text) {
        return None;
    }
    match text.as_bytes().first()? {
        b'A'..=b'Z' | b'[' | b'p' | b'f' | b't' => last_words::find(text)
            .or_else(|| php::find(text))
            .or_else(|| last_words::of_thread(text))
            .or_else(|| head::of_line(text)),
        b'a'..=b'z' => head::of_line(text),
        _ => None,
    }
}

/// Whether the first word of a line ends with a blank and begins no error's form: nearly all lines of functions.
fn begins_with_prose(line: &str) -> bool {
    let bytes = line.as_bytes();
    // A word is short: a loop is faster than a search in blocks.
    let Some(end) = bytes.iter().position(|byte| matches!(byte, b' ' | b':')) else {
        return false;
    };
    let (word, behind) = bytes.split_at(end);
    let begins_error = matches!(
        word,
        b"Exception"
            | b"FATAL"
            | b"Fatal"
            | b"NOTICE"
            | b"PHP"
            | b"Parse"
            | b"Process"
            | b"Recoverable"
            | b"Stack"
            | b"Terminating"
            | b"Unhandled"
            | b"fatal"
            | b"thread"
    );
    // A code follows a type of Node's in brackets.
    let has_code = behind.starts_with(b" [");
    behind[0] == b' ' && !begins_error && !has_code && bytes[0] != b'['
}

/// The error without frames that one of several lines begins with.
fn in_lines(text: &str) -> Option<ErrorInfo<'_>> {
    let first = match text.strip_prefix("Unhandled exception:\n") {
        // Dart
        Some(below) => head::of_line(below.lines().next()?),
        None => head::at_line(text, 0),
    };
    // The first goroutine decides, so that the search is linear in the length of the text.
    let mut goroutines = false;
    first.or_else(|| {
        memchr::memchr_iter(b'\n', text.as_bytes()).find_map(|end| {
            let (above, line) = text.split_at(end + 1);
            match line.as_bytes().first()? {
                b'g' if !goroutines && line.starts_with("goroutine ") => {
                    goroutines = true;
                    last_words::above_goroutines(above, line)
                }
                b't' if line.starts_with("thread ") => last_words::rust_panic(line),
                _ => head::at_line(text, end + 1),
            }
        })
    })
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

/// The error of a text `Type: message` without a stack trace; the text is the message if it begins with no error type.
pub fn header_in(text: Cow<'_, str>) -> ErrorInfo<'_> {
    match text {
        Cow::Borrowed(text) => head::any_type(text).unwrap_or_else(|| ErrorInfo {
            message: Some(Cow::Borrowed(text)),
            ..ErrorInfo::default()
        }),
        Cow::Owned(text) => header_in(Cow::Borrowed(&text)).into_owned(),
    }
}
