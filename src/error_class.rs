/*! The class of an error: what happens next (design, section 2). */

/// Every error of an edge carries one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// It may pass: back off, try again within the lease.
    Retryable,
    /// One document is refused for good.
    Rejected,
    /// An object cannot be read to its end.
    Broken,
    /// A message is not a notification.
    Invalid,
    /// The worker cannot work: stop receiving, release, exit.
    Fatal,
}
