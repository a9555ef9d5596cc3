//! The stack trace of Node, Java or .NET goes in; the error above its frames comes out.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use crate::parse::record::ErrorInfo;
use crate::parse::stack_trace::error_type::{UNHANDLED, is_error_type, without_inner};

/// Whether the value of a key such as `stack` or `trace` is a stack trace: it has frames, or it is a string of several
/// lines. `listed` tells that the value was a list.
pub fn is_likely(text: &str, listed: bool) -> bool {
    let framed = || text.contains("File \"") || text.contains(":in ") || text.lines().any(is_frame);
    !listed && text.contains('\n') || framed()
}

/// Maximum number of lines of a message above the first frame.
const LONGEST_MESSAGE: usize = 30;

/// The error of Node, Java or .NET: a header line above frames, which begin with `at`.
pub fn with_frames(text: &str) -> Option<ErrorInfo<'_>> {
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
    if let Some((start, kind)) = cause {
        return Some(described(text, start, kind, frame));
    }
    let above = text[..frame].trim_end();
    let start = above.rfind('\n').map_or(0, |at| at + 1);
    let (kind_start, kind) = named_header(&above[start..])?;
    Some(described(text, start + kind_start, kind, frame))
}

/// The type of a header line whose only proof is the frame directly below it: the AWS SDK's `NoSuchKey: message`, a
/// function's own `PaymentFailed: message`, Java's `Orders$Declined`.
fn named_header(line: &str) -> Option<(usize, &str)> {
    // `console.trace` writes frames without an error.
    if line.trim_start().starts_with("Trace: ") {
        return None;
    }
    header_of(line, |kind, word| match word.behind {
        "" | ":" => word.begins && kind.contains('$') && is_code_name(kind),
        _ => is_code_name(kind),
    })
}

/// Whether code, not prose, has such a name: a class inside a package or class, or a word with several capitals.
fn is_code_name(name: &str) -> bool {
    let last = name.rsplit(['.', '$']).next().unwrap_or(name);
    let capitals = last.bytes().filter(u8::is_ascii_uppercase).count();
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_$.".contains(&byte))
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && last.starts_with(|first: char| first.is_ascii_uppercase())
        && last.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_value = ["Warning", "Id", "ID"]
        .iter()
        .any(|ending| last.ends_with(ending));
    is_name && !is_value && (capitals >= 2 || last.len() < name.len())
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
    header_of(line, |kind, word| is_error_type(kind, word.begins))
}

/// Where a name stands in its line.
struct Place<'a> {
    /// The name is the first word.
    begins: bool,
    /// The rest of the line behind the name.
    behind: &'a str,
}

/// The first name in a header line that may be a type by its place, and is one by `is_type`.
fn header_of<'a>(
    line: &'a str,
    is_type: impl Fn(&str, Place<'a>) -> bool,
) -> Option<(usize, &'a str)> {
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
        return header_within(line, from..line.len(), true, &is_type);
    }
    let head = from..line.floor_char_boundary(HEAD);
    header_within(line, head, true, &is_type).or_else(|| {
        let tail = line.ceil_char_boundary(line.len() - TAIL);
        // The first word of the tail may be cut in two, so the search begins behind it.
        let word = tail + line[tail..].find([' ', '\t'])? + 1;
        header_within(line, word..line.len(), false, &is_type)
    })
}

/// [`header_of`] within a range of the line; `begins` tells that the line starts there.
fn header_within<'a>(
    line: &'a str,
    range: Range<usize>,
    begins: bool,
    is_type: impl Fn(&str, Place<'a>) -> bool,
) -> Option<(usize, &'a str)> {
    let mut at = range.start;
    line[range]
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
            let begins = begins && index == 0;
            (ends && is_type(kind, Place { begins, behind })).then_some((start + opening, kind))
        })
}
