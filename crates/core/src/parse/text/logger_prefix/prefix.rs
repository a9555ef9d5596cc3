//! What the prefix of a line says.

use crate::parse::record::{IdSource, Level};

/// The parts of a logger's prefix, and where the message begins behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefix<'a> {
    pub level: Option<Level>,
    pub logger: Option<&'a str>,
    /// Milliseconds since 1970; none if the time has no zone.
    pub time: Option<i64>,
    pub id: Option<&'a str>,
    /// An id before the level, or Ruby's, is the logger's; behind the level, the message may begin with one.
    pub id_source: IdSource,
    /// Offset of the message; 0 if the text has no level.
    pub message: usize,
}
