/*! Looking at the head of a line. */

use memchr::memchr;

use super::buffer::{Buffer, PREFIX};

/// What is to be seen of the line that begins where the buffer was scanned to.
pub(super) enum Head<'a> {
    /// The line without its break, or the first [`PREFIX`] bytes of a longer one.
    Line(&'a [u8]),
    More,
    /// No line is left.
    End,
}

pub(super) fn line_head(buffer: &Buffer) -> Head<'_> {
    let rest = &buffer.data()[buffer.scanned..];
    let head = &rest[..rest.len().min(PREFIX)];
    match memchr(b'\n', head) {
        Some(i) => Head::Line(head[..i].strip_suffix(b"\r").unwrap_or(&head[..i])),
        None if head.len() == PREFIX => Head::Line(head),
        None if !buffer.finished => Head::More,
        None if head.is_empty() => Head::End,
        None => Head::Line(head),
    }
}
