//! A text with a stack trace in unusual line breaks goes in; the text with usual ones comes out.
//!
//! Without framing, each line break ends a log event. Python's runtime therefore writes `\r` and indents by U+00A0, old
//! Node runtimes write `\r`, and so do the usual work-arounds in Java and .NET; some write U+2028.

use std::borrow::Cow;

use crate::parse::stack_trace::find::find;
use crate::parse::text::python;

/// `text` with line breaks and blanks in place of `\r`, U+2028 and U+00A0, if it has a stack trace. Any other text is
/// returned as it is.
pub fn readable(text: &str) -> Cow<'_, str> {
    match memchr::memchr3(b'\r', 0xC2, 0xE2, text.as_bytes()) {
        Some(at) => readable_from(text, at),
        None => Cow::Borrowed(text),
    }
}

/// [`readable`] for a text whose first `at` bytes are usual.
fn readable_from(text: &str, at: usize) -> Cow<'_, str> {
    let rest = &text[at..];
    let unusual_break = is_unusual_break(rest.as_bytes()) || rest.contains('\u{2028}');
    if python::has_traceback(text) {
        if unusual_break || rest.contains(['\r', '\u{a0}']) {
            return Cow::Owned(usual(text).replace('\u{a0}', " "));
        }
    } else if unusual_break {
        let usual = usual(text);
        let error = find(usual.trim_start());
        if error.is_some_and(|error| error.stack_trace.is_some()) {
            return Cow::Owned(usual);
        }
    }
    Cow::Borrowed(text)
}

/// Whether `text` has a `\r` that is no part of `\r\n`.
fn is_unusual_break(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', text).any(|at| text.get(at + 1) != Some(&b'\n'))
}

fn usual(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', '\u{2028}'], "\n")
}
