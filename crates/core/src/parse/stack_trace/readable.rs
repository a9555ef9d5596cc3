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
    match memchr::memchr3(b'\r', NBSP[0], SEPARATOR[2], text.as_bytes()) {
        Some(at) => readable_from(text, at),
        None => Cow::Borrowed(text),
    }
}

/// [`readable`] for a text behind a runtime's own prefix, where each lone `\r` stands for a line break.
pub fn readable_lines(text: &str) -> Cow<'_, str> {
    let has_return = || {
        memchr::memchr_iter(b'\r', text.as_bytes())
            .any(|at| text.as_bytes().get(at + 1) != Some(&b'\n'))
    };
    match readable(text) {
        Cow::Borrowed(_) if has_return() => {
            Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
        }
        message => message,
    }
}

/// U+00A0 and U+2028 in UTF-8. The last byte of U+2028 is searched, because dashes and quotes begin like it.
const NBSP: [u8; 2] = [0xC2, 0xA0];
const SEPARATOR: [u8; 3] = [0xE2, 0x80, 0xA8];

/// [`readable`] for a text whose first `at` bytes are usual.
#[inline(never)]
fn readable_from(text: &str, at: usize) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let (mut breaks, mut others) = (false, false);
    for found in memchr::memchr3_iter(b'\r', NBSP[0], SEPARATOR[2], &bytes[at..]) {
        let (before, here) = bytes.split_at(at + found);
        match here[0] {
            b'\r' if here.get(1) == Some(&b'\n') => others = true,
            b'\r' => breaks = true,
            _ => {
                others |= here.starts_with(&NBSP);
                breaks |= here[0] == SEPARATOR[2] && before.ends_with(&SEPARATOR[..2]);
            }
        }
    }
    if !breaks && !others {
        return Cow::Borrowed(text);
    }
    if python::has_traceback(text) {
        return Cow::Owned(usual(text).replace('\u{a0}', " "));
    }
    if breaks {
        let usual = usual(text);
        let error = find(usual.trim_start());
        if error.is_some_and(|error| error.stack_trace.is_some()) {
            return Cow::Owned(usual);
        }
    }
    Cow::Borrowed(text)
}

fn usual(text: &str) -> String {
    let usual = text.replace("\r\n", "\n").replace('\r', "\n");
    match usual.contains('\u{2028}') {
        true => usual.replace('\u{2028}', "\n"),
        false => usual,
    }
}
