/*! The times that a report is about. */

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

/// Times from `since` (inclusive) to `until` (exclusive), in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    #[serde(serialize_with = "as_text")]
    pub since: Timestamp,
    #[serde(serialize_with = "as_text")]
    pub until: Timestamp,
}

impl Span {
    pub fn duration(self) -> SignedDuration {
        self.until.duration_since(self.since)
    }

    /// The span of the same length that begins earlier; `None` outside of the range of timestamps.
    pub fn earlier(self, by: SignedDuration) -> Option<Self> {
        Some(Self {
            since: self.since.checked_sub(by).ok()?,
            until: self.until.checked_sub(by).ok()?,
        })
    }
}

/// RFC 3339, as in documents.
pub(super) fn as_text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
