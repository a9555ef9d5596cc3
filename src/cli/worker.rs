/*! Flags of `worker`, `check` and `ingest`. */

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use crate::cli::shared::heading;
use crate::cli::shared::opensearch::{IndexArgs, StartArgs};
use crate::cli::shared::pipeline::PipelineArgs;
use crate::cli::shared::s3::S3Args;

#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// URL of the SQS queue that S3 notifies
    #[arg(long, env = "LOGFERRY_QUEUE_URL", value_name = "URL", help_heading = heading::QUEUE)]
    pub queue_url: Option<String>,
    /// Most messages held at once
    ///
    /// Most of the held messages only wait for verdicts of their documents.
    #[arg(
        long,
        env = "LOGFERRY_MESSAGES_IN_FLIGHT",
        value_name = "N",
        default_value = "1000",
        help_heading = heading::QUEUE
    )]
    pub messages_in_flight: String,
    /// Exit when the queue has no visible and no invisible messages
    ///
    /// For jobs, demos and tests. SQS must look empty for 20 seconds, an emulator for one.
    #[arg(
        long,
        env = "LOGFERRY_UNTIL_EMPTY",
        value_parser = BoolishValueParser::new(),
        help_heading = heading::QUEUE
    )]
    pub until_empty: bool,
    /// Time for unfinished work after SIGTERM
    ///
    /// Work that is unfinished then is released to the queue at once. A second signal ends the worker immediately (exit
    /// code 130).
    #[arg(
        long,
        env = "LOGFERRY_DRAIN_TIMEOUT",
        value_name = "DURATION",
        default_value = "25s",
        help_heading = heading::QUEUE
    )]
    pub drain_timeout: String,
    /// Buckets that messages may name, such as logs-* [default: any]
    ///
    /// May be repeated. A message that names another bucket is left to the queue's redrive policy.
    #[arg(
        long,
        env = "LOGFERRY_ALLOW_BUCKET",
        value_name = "PATTERN",
        value_delimiter = ',',
        help_heading = heading::OBJECTS
    )]
    pub allow_bucket: Vec<String>,
    /// AWS account that must own the buckets
    #[arg(
        long,
        env = "LOGFERRY_EXPECTED_BUCKET_OWNER",
        value_name = "ACCOUNT",
        help_heading = heading::OBJECTS
    )]
    pub expected_bucket_owner: Option<String>,
    /// Further region whose buckets are read there
    ///
    /// May be repeated. The notification names the region. Buckets of other regions are read through AWS_REGION.
    #[arg(
        long,
        env = "LOGFERRY_ALLOW_REGION",
        value_name = "REGION",
        value_delimiter = ',',
        help_heading = heading::OBJECTS
    )]
    pub allow_region: Vec<String>,
    #[command(flatten, next_help_heading = heading::OBJECTS)]
    pub s3: S3Args,
    /// Store for rejected documents and broken objects
    ///
    /// s3://bucket/prefix, file:///folder or opensearch:index. Their message is deleted when the dead letter is stored.
    /// Without this flag, the message is left to the queue's redrive policy.
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
    #[arg(
        long,
        env = "LOGFERRY_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:9090",
        help_heading = heading::SERVING
    )]
    pub listen: String,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Bucket that must notify the queue, such as logs or logs/exports/
    ///
    /// May be repeated. Without it: the names in --allow-bucket, else the buckets that the queue's policy names.
    #[arg(
        long,
        value_name = "NAME[/PREFIX]",
        value_delimiter = ',',
        help_heading = heading::CHECK
    )]
    pub bucket: Vec<String>,
    /// Count warnings as faults
    #[arg(long, help_heading = heading::CHECK)]
    pub strict: bool,
    /// Time that one question may take
    #[arg(long, value_name = "DURATION", default_value = "10s", help_heading = heading::CHECK)]
    pub timeout: String,
    /// Print one JSON object
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
    #[command(flatten)]
    pub worker: WorkerArgs,
}

#[derive(Debug, Args)]
pub struct IngestArgs {
    /// Files and folders; - reads standard input
    ///
    /// The path relative to the given folder is the key of an object.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Destination of documents
    ///
    /// Default: opensearch if --opensearch-url is given, else ndjson (standard output).
    #[arg(long, value_enum, help_heading = heading::OPENSEARCH)]
    pub to: Option<To>,
    #[command(flatten)]
    pub index: IndexArgs,
    #[command(flatten)]
    pub start: StartArgs,
    #[command(flatten)]
    pub pipeline: PipelineArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum To {
    Opensearch,
    Ndjson,
}
