/*! Where messages and objects come from: the queue and the store, and their real implementations. */

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::error_class::ErrorClass;
use logferry_core::notification::ObjectRef;

/// One delivery of a message. A later delivery of the same message has another handle.
#[derive(Debug, Clone)]
pub struct Message {
    /// The queue's id of the message, for logs.
    pub id: String,
    pub handle: Handle,
    pub body: String,
    /// How often it was delivered, this time included.
    pub receive_count: u32,
    /// Time since its first delivery, as the queue states it: the lease cannot outlive twelve hours of it.
    pub held_before: Duration,
}

/// What a delivery is extended, released and deleted by (SQS: the receipt handle).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle(pub String);

/// What became of one entry of a batch call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The handle is no longer valid: the message belongs to someone else or is gone.
    Lost,
    Failed(String),
    /// No waiting cures it: a sentence that names the call, the queue and what is missing.
    Fatal(String),
}

/// What the worker must know of a queue before it starts.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// How long a delivered message stays invisible.
    pub visibility: Duration,
    /// How long after its first delivery a message can be hidden (SQS: twelve hours).
    pub longest_visibility: Duration,
    /// Deliveries before the queue's redrive policy moves a message; none without a policy.
    pub max_receive_count: Option<u32>,
}

/// How many messages a queue holds (SQS: approximately).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

impl Depth {
    pub fn is_zero(self) -> bool {
        self == Depth::default()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct QueueError {
    pub class: ErrorClass,
    /// The call and the queue.
    pub what: String,
    pub reason: String,
}

/// A queue of notifications. All durations are whole seconds on the wire.
#[async_trait]
pub trait Queue: Send + Sync {
    async fn attributes(&self) -> Result<Attributes, QueueError>;

    /// Waits for messages for as long as the implementation sees fit; at most ten at once.
    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError>;

    /// Keeps deliveries invisible for `visibility` from now. One outcome per handle, in order; at most ten.
    async fn extend(
        &self,
        handles: &[Handle],
        visibility: Duration,
    ) -> Result<Vec<Outcome>, QueueError>;

    /// Gives deliveries back: visible again after `delay`. One outcome per handle, in order; at most ten.
    async fn release(
        &self,
        handles: &[Handle],
        delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError>;

    /// One outcome per handle, in order; at most ten.
    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError>;

    async fn depth(&self) -> Result<Depth, QueueError>;
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct StoreError {
    pub class: ErrorClass,
    pub reason: String,
}

/// An object's bytes as they come; ends early with an error when the connection breaks.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

/// An object that was opened.
pub struct Opened {
    pub chunks: Chunks,
    /// Of the version that was opened, without quotes.
    pub etag: Option<String>,
    /// Milliseconds since 1970.
    pub last_modified: Option<i64>,
    /// Bytes as stored, of the whole object.
    pub size: Option<u64>,
}

/// A store of objects.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens an object at an offset of its stored bytes. With `etag`, only that very version.
    async fn open(
        &self,
        object: &ObjectRef,
        from: u64,
        etag: Option<&str>,
    ) -> Result<Opened, OpenError>;
}

/// Why an object could not be opened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// It is not there although the bucket answers.
    #[error("the object is gone")]
    Gone,
    /// It is there with another content than asked for.
    #[error("the object has changed since it was opened")]
    Changed,
    /// Access denied: to this key or to anything in its bucket, which the answer does not tell.
    #[error("{0}")]
    Denied(String),
    #[error(transparent)]
    Other(#[from] StoreError),
}

impl OpenError {
    pub fn class(&self) -> ErrorClass {
        match self {
            OpenError::Gone => ErrorClass::Broken,
            OpenError::Changed => ErrorClass::Retryable,
            OpenError::Denied(_) => ErrorClass::Retryable,
            OpenError::Other(e) => e.class,
        }
    }
}
