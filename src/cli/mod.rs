/*! Flags and environment variables go in; one struct of their values as typed comes out for each command. `config`
checks them. */

pub mod command_line;
pub mod coverage;
pub mod dead_letters;
pub mod explain;
pub mod export;
pub mod maintenance;
pub mod replay;
pub mod report;
pub mod search;
pub mod serve;
pub mod shared;
pub mod shell;
#[cfg(test)]
mod tests;
pub mod worker;

pub use command_line::{Cli, Command, definition};
pub use coverage::CoverageArgs;
pub use dead_letters::{
    DeadLettersCommand, DropArgs, KindArg, ListArgs, RedriveArgs, ReplayLettersArgs, SelectArgs,
    ShowArgs, StoreArgs,
};
pub use explain::{ExplainArgs, ExplainCommand};
pub use export::{ExportArgs, ExportCommand, ExportScopeArgs, ExportStatusArgs, GroupArgs};
pub use maintenance::{ApiKeyFor, CodecArg, PruneArgs, ReplicationArg, RetainArgs, SetupArgs};
pub use replay::{ByArg, ReplayArgs};
pub use report::{GroupByArg, ReportArgs, SortArg};
pub use search::SearchArgs;
pub use serve::ServeArgs;
pub use shared::opensearch::{AwsServiceArg, IndexArgs, StartArgs};
pub use shared::pipeline::{DecodeArgs, PipelineArgs, PlatformArgs};
pub use shared::s3::{PathStyle, S3Args};
pub use shell::{CompletionsArgs, HealthcheckArgs, ManArgs, ShellArg};
pub use worker::{CheckArgs, IngestArgs, To, WorkerArgs};
