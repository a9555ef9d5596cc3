/*! What an encoder needs besides log events: their object and the operator's options. Its output is a span of lines. */

/// The object that events are read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    pub bucket: String,
    /// The object's key, URL-decoded.
    pub key: String,
    /// Entity tag without its quotes.
    pub etag: Option<String>,
    /// LastModified in milliseconds since 1970. For standard input, the start of the run.
    pub last_modified: Option<i64>,
    /// The key's prefix before the export task's id. It is a part of ids if a stream's name is not globally unique.
    pub id_scope: String,
}

/// Which lines of the platform are documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PlatformLines {
    /// Every line.
    #[default]
    All,
    /// Those that no summary holds whole: START, END, REPORT and the lines of an init stand in the summary.
    Folded,
}

/// An operator's options for documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentOptions {
    /// First part of index names. The configuration validates it.
    pub index_prefix: String,
    /// Add `event.original`, the untouched text, to every log document.
    pub keep_original: bool,
    pub platform_lines: PlatformLines,
}

/// The position of a document's two lines in a buffer: `start..source` is the action line and `source..end` the source
/// line, each with its line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentSpan {
    pub start: usize,
    pub source: usize,
    pub end: usize,
}
