/*! The class of an error decides what happens next. */

/// Every error of a source or a sink carries a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The error may pass: back off and retry within the lease.
    Retryable,
    /// OpenSearch will never take the document.
    Rejected,
    /// An object cannot be read to its end.
    Broken,
    /// A message is not a notification.
    Invalid,
    /// The worker cannot go on: it stops receiving, releases its messages and exits.
    Fatal,
}
