/*! Documents on their way to `_bulk`: parcels of one object, bulks of many parcels, and what the answer says of each document. */

/// What `_bulk` said of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx.
    Indexed,
    /// A version conflict on `create`: an earlier delivery brought it.
    AlreadyThere,
    /// 429, 5xx, and a 409 that is no version conflict.
    Retryable { status: u16, reason: String },
    /// The index is closed or blocked, or there are too many shards for a new one. Nothing is wrong with the document.
    Unavailable { status: u16, reason: String },
    /// The index takes no document before an operator mends an alias, a pipeline, a template or a cluster setting.
    Misconfigured { status: u16, reason: String },
    /// 401 and 403: no permission. Nothing will get in before somebody grants it.
    Forbidden { status: u16, reason: String },
    /// The index takes new documents only; this one would have changed a document.
    AppendOnly { status: u16, reason: String },
    /// Any other status: OpenSearch will never take this document as it is, unless the index is at fault.
    Rejected { status: u16, reason: String },
}
