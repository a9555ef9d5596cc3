/*! The context of a log event from its neighbour lines: the tracker's output, and an input of the log document. */

/// Context of an event, from the lines before and after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineContext<'a> {
    /// The request id of the line's own text names another request than the line's: an id that the function logged.
    pub foreign_id: bool,
    /// Request of a line without a request id, or with a foreign one; written as `faas.invocation_id` with
    /// `faas.invocation_id_inferred`.
    pub request_id_inferred: Option<&'a str>,
    /// Whether the event's invocation is the first of its environment; `None` if the object does not show it.
    pub cold_start: Option<bool>,
    /// Function name: from the stream's platform lines, else from the origin.
    pub function_name: Option<&'a str>,
    /// Function version: from the stream's platform lines, else from the origin.
    pub function_version: Option<&'a str>,
    /// Where a summary can take the line instead of a document.
    pub place: LinePlace,
}

/// Where a summary can take a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinePlace {
    /// A request that the tracker follows, by its number.
    Request(u64),
    /// An init. The invocation that waits for it may follow.
    Init,
    /// The line belongs to no invocation, or there is no room for it.
    #[default]
    Nowhere,
}
