/*! The traits of a queue of messages and of a store of objects, with their data and errors. */

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::error_class::ErrorClass;
use logferry_core::notification::ObjectRef;

/// One delivery of a message. A later delivery of the same message has another handle.
#[derive(Debug, Clone)]
pub struct Message {
    /// The message's id in the queue, for logs.
    pub id: String,
    pub handle: Handle,
    pub body: String,
    /// How often it was delivered, this time included.
    pub receive_count: u32,
    /// When it was sent, by the queue's clock, if the queue tells it.
    pub sent: Option<SystemTime>,
    /// Time since its first delivery, by the queue's clock: the lease ends twelve hours after that delivery.
    pub held_before: Duration,
}

/// The handle by which a delivery is extended, released and deleted (SQS: the receipt handle).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle(pub String);

/// The outcome of one entry of a batch call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The handle is no longer valid: the message was delivered again or is gone.
    Lost,
    Failed(String),
    /// A retry cannot help. The sentence names the call, the queue and what is missing.
    Fatal(String),
}

/// What the worker must know about a queue before it starts.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// How long a delivered message stays invisible.
    pub visibility: Duration,
    /// How long after its first delivery a message can be kept invisible (SQS: twelve hours).
    pub longest_visibility: Duration,
    /// Deliveries before the queue's redrive policy moves a message. None: there is no policy.
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

#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct QueueError {
    pub class: ErrorClass,
    /// HTTP status of the response, if there was one.
    pub status: Option<u16>,
    /// The service's error code, if the response had one.
    pub code: Option<String>,
    /// The call and the queue.
    pub what: String,
    pub reason: String,
}

impl QueueError {
    /// An error without a response.
    pub fn new(class: ErrorClass, what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            class,
            status: None,
            code: None,
            what: what.into(),
            reason: reason.into(),
        }
    }
}

/// A queue of notifications. Durations are sent as whole seconds.
#[async_trait]
pub trait Queue: Send + Sync {
    async fn attributes(&self) -> Result<Attributes, QueueError>;

    /// Waits for messages, as long as the implementation likes. Returns at most ten.
    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError>;

    /// Keeps at most ten deliveries invisible for `visibility` from now. One outcome per handle, in order.
    async fn extend(
        &self,
        handles: &[Handle],
        visibility: Duration,
    ) -> Result<Vec<Outcome>, QueueError>;

    /// Gives at most ten deliveries back: visible again after `delay`. One outcome per handle, in order.
    async fn release(
        &self,
        handles: &[Handle],
        delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError>;

    /// Deletes at most ten messages. One outcome per handle, in order.
    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError>;

    async fn depth(&self) -> Result<Depth, QueueError>;
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct StoreError {
    pub class: ErrorClass,
    /// HTTP status of the response, if there was one.
    pub status: Option<u16>,
    /// The service's error code, if the response had one.
    pub code: Option<String>,
    pub reason: String,
}

impl StoreError {
    /// An error without a response.
    pub fn new(class: ErrorClass, reason: impl Into<String>) -> Self {
        Self {
            class,
            status: None,
            code: None,
            reason: reason.into(),
        }
    }
}

/// An object's bytes as they arrive; ends early with an error when the connection breaks.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

/// An object that was opened.
pub struct Opened {
    pub chunks: Chunks,
    /// The ETag of the version that was opened, without quotes.
    pub etag: Option<String>,
    /// Milliseconds since 1970.
    pub last_modified: Option<i64>,
    /// Stored bytes of the whole object.
    pub size: Option<u64>,
}

/// A store of objects.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens an object at an offset of its stored bytes. With `etag`, only the version that has it.
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
    /// There is no such object, although the bucket answers.
    #[error("the object is gone")]
    Gone,
    /// The object has another version than the request names.
    #[error("the object has changed since it was opened")]
    Changed,
    /// Access denied, to this key or to the whole bucket: the response does not tell which.
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
