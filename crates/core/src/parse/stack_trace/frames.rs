//! The stack trace of Node, Java or .NET goes in; the error above its frames comes out.

use std::borrow::Cow;

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
    let kind = code_name(&above[start..])?;
    Some(described(text, start, kind, frame))
}

/// The name at the start of a line directly above a frame, such as the AWS SDK's `NoSuchKey: message`: it has several
/// capitals, unlike the first word of prose.
fn code_name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(": ")?;
    let capitals = name.bytes().filter(u8::is_ascii_uppercase).count();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().any(|byte| byte.is_ascii_lowercase());
    (is_name && capitals >= 2 && !name.ends_with("Warning")).then_some(name)
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
