/*! Flags as typed (`cli`) → one validated configuration for each command, with all errors reported at once. */

mod coverage;
mod dead_letters;
mod explain;
mod export;
mod healthcheck;
mod ingest;
mod maintenance;
mod replay;
mod report;
mod search;
mod serve;
mod shared;
mod worker;

pub use coverage::{CoverageConfig, CoverageRun, CoverageSource, coverage};
pub use dead_letters::{
    DropLettersConfig, LetterSelection, LetterStoreConfig, ListLettersConfig, RedriveConfig,
    ReplayLettersConfig, ShowLetterConfig, drop_letters, list_letters, redrive, replay_letters,
    show_letter,
};
pub use explain::{ExplainConfig, explain};
pub use export::{CheckpointTarget, ExportCommandConfig, ExportMode, export};
pub use healthcheck::{HealthcheckConfig, healthcheck};
pub use ingest::{IngestConfig, Target, ingest};
pub use maintenance::{
    ApiKeyConfig, PruneConfig, Retention, SetupConfig, SetupTask, Wanted, prune, setup,
};
pub use replay::{CheckpointPlace, ReplayConfig, ReplayDestination, ReplaySource, replay};
pub use report::{ReportConfig, report};
pub use search::{SearchConfig, search};
pub use serve::{ServeConfig, serve};
pub use shared::errors::ConfigErrors;
pub use shared::otlp::{OTLP_VARIABLES, otlp};
pub use worker::{BucketPrefix, CheckConfig, S3Config, WorkerConfig, check, worker};
