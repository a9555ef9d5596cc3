/*! Who sends to a queue, as the conditions of a policy see it. */

/// A service that sends to the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Such as `s3.amazonaws.com`.
    pub service: String,
    pub source: Source,
    /// Account of the source, if it is known.
    pub account: Option<String>,
}

/// The resource for which a service sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Arn(String),
    /// Its ARN begins so; the rest is not known.
    Begins(String),
}
