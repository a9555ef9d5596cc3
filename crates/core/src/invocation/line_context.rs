/*! What the lines around a log event tell of it: the tracker gives this, and the log document shows it. */

/// Context of an event, from the lines around it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineContext<'a> {
    /// Request of a line without a request id; written as `faas.invocation_id` with `faas.invocation_id_inferred`.
    pub request_id_inferred: Option<&'a str>,
    /// Whether the event's invocation is the first of its environment; `None` if the object does not show it.
    pub cold_start: Option<bool>,
    /// Function name: from the stream's platform lines, else from the origin.
    pub function_name: Option<&'a str>,
    /// Function version: from the stream's platform lines, else from the origin.
    pub function_version: Option<&'a str>,
}
