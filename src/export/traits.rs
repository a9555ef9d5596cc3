/*! The traits of CloudWatch Logs and of a store of checkpoints, with their data and errors. */

use async_trait::async_trait;

use logferry_core::export::{ExportTask, LogGroup, Tags, Target, TaskStatus, Window};

/// A part of a list, and where the next part begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogsErrorKind {
    /// Another task takes the one place of the account and region.
    LimitExceeded,
    /// Throttled, unavailable or without an answer: a later request may succeed. It may have had its effect.
    Retryable,
    /// The identity has no permission.
    Denied,
    /// A retry cannot help: no such group, a bucket that cannot be written.
    Refused,
}

impl LogsErrorKind {
    pub fn may_succeed_later(self) -> bool {
        match self {
            Self::LimitExceeded | Self::Retryable => true,
            Self::Denied | Self::Refused => false,
        }
    }
}

/// A failed request. `reason` is CloudWatch's.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{call}: {reason}")]
pub struct LogsError {
    pub kind: LogsErrorKind,
    /// The name of the call, which is also the name of the permission.
    pub call: &'static str,
    pub reason: String,
}

/// The calls of CloudWatch Logs that an export needs.
#[async_trait]
pub trait LogsApi: Send + Sync {
    /// Log groups whose names begin with `prefix`. `page` is the `next` of the page before.
    async fn groups(&self, prefix: &str, page: Option<&str>) -> Result<Page<LogGroup>, LogsError>;

    /// The tags of a group; `None`: there is no such group any more.
    async fn tags(&self, group: &LogGroup) -> Result<Option<Tags>, LogsError>;

    /// Creates the task that exports a window, and returns its id.
    async fn create(&self, target: &Target, window: Window) -> Result<String, LogsError>;

    async fn task(&self, id: &str) -> Result<Option<ExportTask>, LogsError>;

    /// Tasks of this status, or all.
    async fn tasks(
        &self,
        status: Option<TaskStatus>,
        page: Option<&str>,
    ) -> Result<Page<ExportTask>, LogsError>;

    async fn cancel(&self, id: &str) -> Result<(), LogsError>;
}

/// A stored checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    /// Changes with each write.
    pub etag: String,
}

/// A checkpoint is written only under a condition, so that one of two writers loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// There is none.
    New,
    /// It is the one with this etag.
    Unchanged(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// Written, with its etag.
    Written(String),
    /// The condition does not hold; nothing was written.
    Lost,
}

/// The reason names the place of the checkpoint.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct CheckpointError(pub String);

/// Whether a name below the operator's prefix may be that of a checkpoint.
pub(super) fn is_name(name: &str) -> bool {
    name.matches('/').count() == 2 && name.ends_with(".json")
}

/// A store of checkpoints by name.
#[async_trait]
pub trait Checkpoints: Send + Sync {
    async fn get(&self, name: &str) -> Result<Option<Stored>, CheckpointError>;

    async fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<PutOutcome, CheckpointError>;

    /// The names of all checkpoints: `<account>/<region>/<group>.json`.
    async fn names(&self) -> Result<Vec<String>, CheckpointError>;

    /// The place of a checkpoint, for messages; of all of them, if the name is empty.
    fn place(&self, name: &str) -> String;
}
