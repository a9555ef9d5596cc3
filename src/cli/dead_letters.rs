/*! Flags of `dead-letters`. */

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::shared::heading;
use crate::cli::shared::opensearch::{IndexArgs, StartArgs};
use crate::cli::shared::pipeline::PipelineArgs;
use crate::cli::shared::s3::S3Args;

#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// List the letters by reason, index and field
    List(ListArgs),
    /// Show one letter with its document
    Show(ShowArgs),
    /// Index the documents and objects of letters again
    ///
    /// Run it when their cause is mended. A letter is removed when its document is indexed or already there, or its
    /// object is settled. Letters that are refused again stay.
    Replay(Box<ReplayLettersArgs>),
    /// Remove letters for good, after a plan and a confirmation
    Drop(DropArgs),
    /// Move the messages of the SQS dead-letter queue back
    ///
    /// SQS moves them as a task. It goes on when this command is interrupted; --cancel ends it.
    Redrive(RedriveArgs),
}

/// The store of the letters.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// Store of the letters, as given to the worker
    ///
    /// s3://bucket/prefix, file:///folder or opensearch:index.
    #[arg(
        long,
        env = "LOGFERRY_DEAD_LETTERS",
        value_name = "WHERE",
        help_heading = heading::LETTERS
    )]
    pub dead_letters: Option<String>,
    #[command(flatten, next_help_heading = heading::OBJECTS)]
    pub s3: S3Args,
    #[command(flatten)]
    pub index: IndexArgs,
}

/// Flags that select letters. All must apply.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = heading::LETTERS)]
pub struct SelectArgs {
    /// Only letters whose reason contains this text
    ///
    /// Also a reason as `dead-letters list` prints it. Upper and lower case are the same.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only documents of this index; logs-* for all that begin so
    #[arg(long = "index", value_name = "NAME")]
    pub only_index: Option<String>,
    /// Only letters of this kind
    #[arg(long, value_enum)]
    pub kind: Option<KindArg>,
    /// Only letters that are older, such as 30d
    #[arg(long, value_name = "DURATION")]
    pub older_than: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    Document,
    Object,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    /// Print one JSON object instead of a table
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Id of the letter, as in the list; its first characters suffice
    ///
    /// Default: the first letter that the flags select.
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    /// Print the letter as one JSON object
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ReplayLettersArgs {
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    /// Buckets that letters may name, such as logs-* [default: any]
    ///
    /// May be repeated.
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
    #[command(flatten)]
    pub start: StartArgs,
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Print what would be replayed, and change nothing
    #[arg(long, help_heading = heading::OUTPUT)]
    pub dry_run: bool,
    /// Print one JSON object
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct DropArgs {
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    /// Drop every letter
    #[arg(long, help_heading = heading::LETTERS)]
    pub all: bool,
    /// Drop without asking
    #[arg(long, help_heading = heading::LETTERS)]
    pub yes: bool,
    /// Print the plan, and drop nothing
    #[arg(long, help_heading = heading::OUTPUT)]
    pub dry_run: bool,
    /// Print one JSON object instead of a table; needs --yes or --dry-run
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RedriveArgs {
    /// URL of the worker's queue, or of its dead-letter queue
    #[arg(long, env = "LOGFERRY_QUEUE_URL", value_name = "URL", help_heading = heading::QUEUE)]
    pub queue_url: Option<String>,
    /// Most messages to move in a second [default: as many as SQS can]
    #[arg(long, value_name = "N", help_heading = heading::QUEUE)]
    pub rate: Option<String>,
    /// Cancel the task that is running
    ///
    /// Messages that were moved already stay moved.
    #[arg(long, conflicts_with_all = ["rate", "dry_run"], help_heading = heading::QUEUE)]
    pub cancel: bool,
    /// Print how many messages would be moved, and move none
    #[arg(long, help_heading = heading::OUTPUT)]
    pub dry_run: bool,
    /// Print one JSON object at the end
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}
