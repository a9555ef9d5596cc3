/*! What a record becomes: an index, an id and the bytes of a document, as two lines of a `_bulk` body.

A document is a pure function of the event, its object and the options: no clock, no chance, no state but the
[`ordinal`]s of equal events. That is what makes redelivery end in the same documents (design: guarantee G2). */

/// What is known of the object that events are read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    pub bucket: String,
    /// Decoded, as the store knows it.
    pub key: String,
    pub etag: Option<String>,
    /// Milliseconds since 1970. Where a store does not tell (standard input), the caller gives the start of the run.
    pub last_modified: Option<i64>,
    /// The key's prefix before the export task's id: a part of ids where a stream's name is not unique by itself.
    pub id_scope: String,
}

/// What an operator chooses about documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentOptions {
    /// First part of index names; validated by the configuration.
    pub index_prefix: String,
    /// Add `event.original`, the untouched text, to every log document.
    pub keep_original: bool,
}

/// Where a document's two lines stand in a buffer: `start..source` is the action line and `source..end` the source line, each
/// with its line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentSpan {
    pub start: usize,
    pub source: usize,
    pub end: usize,
}
