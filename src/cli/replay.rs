/*! Flags of `replay`. */

use clap::{Args, ValueEnum};

use crate::cli::shared::heading;
use crate::cli::shared::opensearch::{IndexArgs, StartArgs};
use crate::cli::shared::pipeline::PipelineArgs;
use crate::cli::shared::s3::S3Args;

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// s3://bucket/prefix, files and folders, or - for a list on standard input
    ///
    /// A list has a key or s3://bucket/key in each line, or is an S3 inventory: its manifest.json, or its CSV.
    #[arg(required = true, value_name = "SOURCE")]
    pub source: Vec<String>,
    /// Only objects from this time on: 7d, 2026-11-23, 2026-11-23T10:00
    ///
    /// A duration back from now, a date or a time (UTC). A checkpoint keeps the time that the first run has read.
    #[arg(long, value_name = "TIME", help_heading = heading::REPLAY)]
    pub since: Option<String>,
    /// Only objects before this time; a date includes its day
    #[arg(long, value_name = "TIME", help_heading = heading::REPLAY)]
    pub until: Option<String>,
    /// Time of an object that --since and --until look at
    ///
    /// last-modified: when S3 stored it. key-day: the last day that the key names, such as 2026/11/23 or 2026-11-23.
    #[arg(long, value_enum, default_value = "last-modified", help_heading = heading::REPLAY)]
    pub by: ByArg,
    /// Only objects whose key matches this glob, such as '*/orders/*.gz'
    ///
    /// May be repeated. The glob matches the whole key; * also matches slashes.
    #[arg(long, value_name = "GLOB", help_heading = heading::REPLAY)]
    pub include: Vec<String>,
    /// No objects whose key matches this glob
    ///
    /// May be repeated. It wins over --include.
    #[arg(long, value_name = "GLOB", help_heading = heading::REPLAY)]
    pub exclude: Vec<String>,
    /// Bucket of the lines that are keys only
    #[arg(long, value_name = "NAME", help_heading = heading::REPLAY)]
    pub bucket: Option<String>,
    /// File or s3://bucket/key that remembers what is settled
    ///
    /// The same command continues where the last run ended, however it ended.
    #[arg(long, value_name = "WHERE", help_heading = heading::REPLAY)]
    pub checkpoint: Option<String>,
    /// Count the objects, estimate documents and time, and end
    #[arg(long, help_heading = heading::REPLAY)]
    pub dry_run: bool,
    /// Send notifications to this SQS queue and read no object
    ///
    /// Workers of that queue then read the objects.
    #[arg(long, value_name = "URL", help_heading = heading::REPLAY)]
    pub to_queue: Option<String>,
    /// AWS account that must own the bucket
    #[arg(
        long,
        env = "LOGFERRY_EXPECTED_BUCKET_OWNER",
        value_name = "ACCOUNT",
        help_heading = heading::OBJECTS
    )]
    pub expected_bucket_owner: Option<String>,
    #[command(flatten, next_help_heading = heading::OBJECTS)]
    pub s3: S3Args,
    /// Store for rejected documents and broken objects
    ///
    /// s3://bucket/prefix, file:///folder or opensearch:index. Without this flag, their objects are not settled, and
    /// the command fails at its end.
    #[arg(
        long,
        env = "LOGFERRY_DEAD_LETTERS",
        value_name = "WHERE",
        help_heading = heading::OBJECTS
    )]
    pub dead_letters: Option<String>,
    #[command(flatten)]
    pub index: IndexArgs,
    #[command(flatten)]
    pub start: StartArgs,
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Address that serves /livez, /readyz and /metrics
    ///
    /// Without this flag, nothing is served: a replay may run beside a worker.
    #[arg(
        long,
        env = "LOGFERRY_LISTEN",
        value_name = "ADDR:PORT",
        help_heading = heading::SERVING
    )]
    pub listen: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ByArg {
    LastModified,
    KeyDay,
}
