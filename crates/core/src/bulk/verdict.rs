/*! The verdict of `_bulk` on one document: what happens to the document next. */

/// The result of `_bulk` for one document. `status` is the item's HTTP status, `reason` its error in at most 1 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx.
    Indexed,
    /// A version conflict on `create`: an earlier delivery has indexed the document.
    AlreadyThere,
    /// 408, 429, 5xx, and a 409 other than a version conflict: send the document again later.
    Retryable { status: u16, reason: String },
    /// The index is closed or blocked, or the cluster has too many shards for a new index. The document is valid.
    Unavailable { status: u16, reason: String },
    /// The index accepts no document until an operator corrects an alias, a pipeline, a template or a cluster setting.
    Misconfigured { status: u16, reason: String },
    /// 401 or 403: logferry lacks a permission. OpenSearch accepts no document until an operator grants it.
    Forbidden { status: u16, reason: String },
    /// The index accepts only new documents, and this one would have changed a stored document.
    AppendOnly { status: u16, reason: String },
    /// Any other status: OpenSearch will never accept this document unchanged, unless the index is at fault.
    Rejected { status: u16, reason: String },
}
