/*! The other road: log groups and checkpoints go in; export tasks of CloudWatch Logs bring their events to S3.

The plan is pure (`logferry_core::export`); this folder asks CloudWatch and stores checkpoints. */

pub mod bucket;
pub mod bucket_checkpoints;
pub mod cloudwatch;
mod exporter;
pub mod folder_checkpoints;
mod groups;
mod position;
mod task_run;
mod traits;

pub use exporter::{ExportConfig, Exporter, GroupFailure, PassError, PassReport};
pub use groups::list_groups;
pub use position::GroupPosition;
pub use traits::{
    CheckpointError, Checkpoints, Condition, LogsApi, LogsError, LogsErrorKind, Page, PutOutcome,
    Stored,
};
