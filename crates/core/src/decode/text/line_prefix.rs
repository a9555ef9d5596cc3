/*! Looking at the head of a line. */

use memchr::memchr;

use crate::decode::buffer::{Buffer, PREFIX};

/// What is to be seen of the line that begins where the buffer was scanned to.
pub(crate) enum LinePrefix<'a> {
    /// The line without its break, or the first [`PREFIX`] bytes of a longer one.
    Line(&'a [u8]),
    More,
    /// No line is left.
    End,
}

pub(crate) fn line_prefix(buffer: &Buffer) -> LinePrefix<'_> {
    let rest = &buffer.data()[buffer.scanned..];
    let head = &rest[..rest.len().min(PREFIX)];
    match memchr(b'\n', head) {
        Some(i) => LinePrefix::Line(head[..i].strip_suffix(b"\r").unwrap_or(&head[..i])),
        None if head.len() == PREFIX => LinePrefix::Line(head),
        None if !buffer.finished => LinePrefix::More,
        None if head.is_empty() => LinePrefix::End,
        None => LinePrefix::Line(head),
    }
}
