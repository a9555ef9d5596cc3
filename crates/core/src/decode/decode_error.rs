/*! Why the rest of an object cannot be decoded, and from which byte on. */

use std::borrow::Cow;

/// The rest of an object cannot be decoded. The decoder has delivered all events before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    /// Offset in the decompressed object.
    pub offset: u64,
    /// What is wrong there.
    pub reason: Cow<'static, str>,
}
