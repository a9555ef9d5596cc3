/*! Flags as typed (`cli`) → one validated configuration for each command, with all errors reported at once. */

mod access;
mod errors;
mod maintenance;
mod search;
mod when;
/// One validated config per command.
pub mod worker;

pub use errors::ConfigErrors;
pub use maintenance::{PruneConfig, Retention, SetupConfig, Wanted, prune, setup};
pub use search::{SearchConfig, search};
pub use worker::{
    DeadLetterTarget, ExplainConfig, IngestConfig, S3Config, Target, WorkerConfig, explain, ingest,
    worker,
};
