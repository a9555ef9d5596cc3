/*! Lines of the platform that make no documents of their own go in; the set of them that a summary holds comes out. A
summary holds each of them whole: its text, its time, its object and the id of its document. */

use std::sync::Arc;

/// Most folded lines of one request in one object. Further ones stay documents.
const PER_OBJECT: usize = 32;
/// Most folded lines that a stored summary may hold.
pub(crate) const MOST: usize = 1024;

/// Bytes of an entry of a set of lines.
const ENTRY: usize = 8;

/// Length of an `_id` in characters.
pub(crate) const ID: usize = 22;

/// The `_id` of the document that a line would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoldedId {
    /// It follows from the stream, the time and the text.
    Content,
    Stated([u8; ID]),
}

/// A line of the platform with all that its document would show, except for what the whole request shares.
///
/// The order of the fields counts: the first three are the event's identity, and of two equal events the lesser is
/// kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoldedLine {
    /// `@timestamp`, milliseconds since 1970.
    pub at: i64,
    pub id: FoldedId,
    /// The event's text.
    pub text: Box<str>,
    /// The object, and the position in it.
    pub bucket: Arc<str>,
    pub key: Arc<str>,
    pub offset: u64,
    /// The event's time as its file states it.
    pub time: Option<i64>,
    /// Day of the document's index, in days since 1970-01-01.
    pub day: i64,
    /// `faas.name`, `faas.version` and `faas.coldstart` of the line.
    pub name: Option<Arc<str>>,
    pub version: Option<Arc<str>>,
    pub cold: Option<bool>,
    /// The line names no request; it lies in the request's invocation.
    pub inferred: bool,
    /// The operator asked for `event.original`.
    pub original: bool,
    /// The line's origin names no account, no region: the summary may know them from another line.
    pub no_account: bool,
    pub no_region: bool,
}

impl FoldedLine {
    fn identity(&self) -> (i64, FoldedId, &str) {
        (self.at, self.id, &self.text)
    }
}

/// Folded lines by time. The set merges like any: of two lines that are one event in two objects, the least is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FoldedLines {
    lines: Vec<FoldedLine>,
    /// What the lines take in memory, in entries of a set of lines.
    held: usize,
}

impl FoldedLines {
    pub fn all(&self) -> &[FoldedLine] {
        &self.lines
    }

    pub fn into_all(self) -> Vec<FoldedLine> {
        self.lines
    }

    /// What the lines take in memory, in entries of a [`LineSet`](super::line_set::LineSet).
    pub fn held(&self) -> usize {
        self.held
    }

    /// Whether an object may add a line.
    pub fn has_room(&self) -> bool {
        self.lines.len() < PER_OBJECT
    }

    pub fn add(&mut self, line: FoldedLine) {
        let identity = |old: &FoldedLine| old.identity().cmp(&line.identity());
        match self.lines.binary_search_by(identity) {
            Ok(index) if line < self.lines[index] => self.lines[index] = line,
            Ok(_) => {}
            Err(index) => {
                self.held += (size_of::<FoldedLine>() + line.text.len()).div_ceil(ENTRY);
                self.lines.insert(index, line);
            }
        }
    }

    pub fn merge(&mut self, other: &FoldedLines) {
        for line in &other.lines {
            self.add(line.clone());
        }
    }
}

impl FromIterator<FoldedLine> for FoldedLines {
    fn from_iter<I: IntoIterator<Item = FoldedLine>>(all: I) -> Self {
        let mut lines = FoldedLines::default();
        all.into_iter().for_each(|line| lines.add(line));
        lines
    }
}
