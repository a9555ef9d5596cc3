//! An element that is longer than the limit loses the middle of its message; what cannot lose it is an error.

use std::borrow::Cow;

use crate::decode::buffer::Buffer;
use crate::decode::decode_error::DecodeError;
use crate::decode::json_structure::scanner::Scanner;

/// Number of bytes before a cut in an element's message that are overwritten, so that no escape spans the cut.
pub(super) const SEAM: usize = 12;

/// Drops a part of a message that is far above the limit. The members behind the message are still read. Fails if the
/// element is too long outside of a string.
pub(super) fn shed(
    buffer: &mut Buffer,
    scanner: &mut Scanner,
    hold: usize,
    offset: u64,
) -> Result<(), DecodeError> {
    if !is_in_held_string(scanner, hold) {
        return Err(DecodeError {
            offset,
            reason: Cow::Borrowed("an element of logEvents that is too long"),
        });
    }
    cut(buffer, scanner, hold);
    Ok(())
}

/// Whether the scanned bytes behind `hold` are in a string that began before them.
pub(super) fn is_in_held_string(scanner: &Scanner, hold: usize) -> bool {
    scanner.string.is_some_and(|start| start <= hold - SEAM)
}

/// Drops the scanned bytes behind `hold`.
pub(super) fn cut(buffer: &mut Buffer, scanner: &mut Scanner, hold: usize) {
    let to = scanner.pos - usize::from(scanner.escape);
    buffer.blot(hold - SEAM..hold);
    buffer.cut(hold, to);
    scanner.pos = hold + usize::from(scanner.escape);
}

pub(super) fn error<T>(offset: u64, reason: &'static str) -> Result<T, DecodeError> {
    Err(DecodeError {
        offset,
        reason: Cow::Borrowed(reason),
    })
}
