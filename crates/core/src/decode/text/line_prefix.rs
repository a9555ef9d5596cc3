/*! The buffer goes in; the first bytes of its next line come out. */

use memchr::memchr;

use crate::decode::buffer::{Buffer, PREFIX};

/// The first bytes of the line behind the scanned part of the buffer.
pub(crate) enum LinePrefix<'a> {
    /// The line without its line break, or the first [`PREFIX`] bytes of a longer line.
    Line(&'a [u8]),
    /// More bytes are needed.
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
