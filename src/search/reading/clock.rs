/*! The times of lines go in, one after the other; the time since the start and since the line before come out. Pure. */

use jiff::Timestamp;

use crate::search::reading::amounts::parse_time;
use logferry_core::document::stored::StoredInvocation;

/// The clock of one timeline.
#[derive(Debug, Default)]
pub struct Clock {
    start: Option<Timestamp>,
    /// Time of the line before.
    before: Option<Timestamp>,
}

/// When a line was written, in milliseconds. `None` if a time cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Since the start; negative before it.
    pub at: Option<i64>,
    /// Since the line before.
    pub after: Option<i64>,
}

impl Clock {
    /// Starts with the first of the summaries: one for each log stream in which the request was tried, or none.
    pub fn new(summaries: &[StoredInvocation<'_>]) -> Self {
        let starts = summaries.iter().filter_map(|s| parse_time(&s.timestamp));
        Self::since(starts.min())
    }

    /// Starts at this time; without one at the first line.
    pub fn since(start: Option<Timestamp>) -> Self {
        Self {
            start,
            before: None,
        }
    }

    /// Whether no line was read yet.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    pub fn read(&mut self, timestamp: &str) -> Reading {
        let at = parse_time(timestamp);
        let start = *self.start.get_or_insert(at.unwrap_or_default());
        let since = |from: Option<Timestamp>| {
            let from = from?.as_millisecond();
            Some(at?.as_millisecond() - from)
        };
        let reading = Reading {
            at: since(Some(start)),
            after: since(self.before),
        };
        self.before = at.or(self.before);
        reading
    }
}

/// `+62.345 s`.
pub fn signed_seconds(milliseconds: i64) -> String {
    let sign = if milliseconds < 0 { "-" } else { "+" };
    let ms = milliseconds.unsigned_abs();
    format!("{sign}{}.{:03} s", ms / 1000, ms % 1000)
}
