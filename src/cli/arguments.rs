/*! What the operator typed: flags and environment, close to raw. `config` makes sense of it. */

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::builder::Resettable;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::cli::opensearch::IndexArgs;

/// Ferries AWS Lambda logs out of S3 into OpenSearch: nothing lost, nothing twice.
#[derive(Debug, Parser)]
#[command(name = "logferry", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// What to log, as in RUST_LOG: error, warn, info, debug, trace, or logferry=debug,warn.
    #[arg(
        long,
        global = true,
        env = "LOGFERRY_LOG",
        default_value = "info",
        value_name = "FILTER",
        value_parser = log_filter
    )]
    pub log: String,
}

impl Cli {
    /// What was typed, with an empty environment variable as good as an unset one. Ends the process where that is help, or none of ours.
    pub fn read() -> Self {
        let command = without_empty_variables(Self::command());
        match command
            .try_get_matches()
            .and_then(|typed| Self::from_arg_matches(&typed))
        {
            Ok(cli) => cli,
            // Help names every variable.
            Err(error) if !error.use_stderr() => Self::parse(),
            Err(error) => error.exit(),
        }
    }
}

/// Compose files and charts set variables to nothing where they mean to leave them out.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|v| v.is_empty());
    command
        .mut_args(|arg| match arg.get_env() {
            Some(name) if is_empty(name) => arg.env(Resettable::Reset),
            _ => arg,
        })
        .mut_subcommands(without_empty_variables)
}

fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(
            "use error, warn, info, debug, trace, or pairs such as logferry=debug,warn".to_owned(),
        ),
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Work on a queue of S3 notifications: download, parse, load into OpenSearch, delete.
    Worker(WorkerArgs),
    /// Load local files or folders, or print their documents.
    Ingest(IngestArgs),
    /// Make OpenSearch ready: templates, aliases, retention. Shows a plan, then what changed; a second run changes nothing.
    Setup(SetupArgs),
    /// Delete whole daily indices that are older than they are to be kept, after a plan and a confirmation.
    Prune(PruneArgs),
    /// Find log lines, invocations and errors in OpenSearch.
    Search(SearchArgs),
    /// Show what logferry makes of a log file: the first thing to run on one that looks wrong.
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
pub struct SetupArgs {
    #[command(flatten)]
    pub index: IndexArgs,
    /// Primary shards of each daily index. Default: as it is, at first 1.
    #[arg(long, env = "LOGFERRY_SHARDS", value_name = "N")]
    pub shards: Option<String>,
    /// Replicas of each daily index. Default: as it is, at first the cluster's own default.
    #[arg(long, env = "LOGFERRY_REPLICAS", value_name = "N")]
    pub replicas: Option<String>,
    /// How soon documents are found. Default: as it is, at first 5s.
    #[arg(long, env = "LOGFERRY_REFRESH_INTERVAL", value_name = "DURATION")]
    pub refresh_interval: Option<String>,
    #[command(flatten)]
    pub retain: RetainArgs,
    /// Print the plan and its requests, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Overwrite templates and policies of these names that logferry did not make, or a newer logferry did.
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    pub index: IndexArgs,
    #[command(flatten)]
    pub retain: RetainArgs,
    /// Delete without asking.
    #[arg(long)]
    pub yes: bool,
    /// Print the plan and its requests, and delete nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object instead of a table; asks nobody, so with --yes or --dry-run only.
    #[arg(long)]
    pub json: bool,
}

/// How long daily indices are kept.
#[derive(Debug, Args)]
pub struct RetainArgs {
    /// How long log documents are kept, such as 30d or 8weeks.
    #[arg(long, env = "LOGFERRY_RETAIN_LOGS", value_name = "DAYS")]
    pub retain_logs: Option<String>,
    /// How long summaries of invocations are kept, such as 365d.
    #[arg(long, env = "LOGFERRY_RETAIN_INVOCATIONS", value_name = "DAYS")]
    pub retain_invocations: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ExplainArgs {
    #[command(subcommand)]
    pub command: Option<ExplainCommand>,
    /// A log file as it lies in the bucket, compressed or not; - reads standard input.
    #[arg(required = true, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
    /// The object's key in its bucket, which names stream and group. Default: the file's path.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub decode: DecodeArgs,
}

#[derive(Debug, Subcommand)]
pub enum ExplainCommand {
    /// The objects that one message body names, a JSON line each, or why there are none. (A file of this name: ./notification.)
    Notification {
        /// A file with the body; - reads standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// The SQS queue that S3 notifies.
    #[arg(long, env = "LOGFERRY_QUEUE_URL", value_name = "URL")]
    pub queue_url: Option<String>,
    #[command(flatten)]
    pub index: IndexArgs,
    /// Do what `logferry setup` does at the start, instead of stopping where templates are missing.
    #[arg(long, env = "LOGFERRY_SETUP", value_parser = BoolishValueParser::new())]
    pub setup: bool,
    /// Serve /livez, /readyz and /metrics here.
    #[arg(
        long,
        env = "LOGFERRY_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:9090"
    )]
    pub listen: String,
    /// Work until the queue has neither visible nor invisible messages, then exit.
    #[arg(long, env = "LOGFERRY_UNTIL_EMPTY", value_parser = BoolishValueParser::new())]
    pub until_empty: bool,
    /// How long work in hand may take after SIGTERM before it is given back to the queue.
    #[arg(
        long,
        env = "LOGFERRY_DRAIN_TIMEOUT",
        value_name = "DURATION",
        default_value = "25s"
    )]
    pub drain_timeout: String,
    /// Messages held at once; most of them only wait for verdicts.
    #[arg(
        long,
        env = "LOGFERRY_MESSAGES_IN_FLIGHT",
        value_name = "N",
        default_value = "1000"
    )]
    pub messages_in_flight: String,
    /// Address buckets in the path instead of the host name. auto: when the S3 endpoint is an IP address or localhost.
    #[arg(
        long,
        env = "LOGFERRY_S3_PATH_STYLE",
        value_enum,
        default_value = "auto"
    )]
    pub s3_path_style: PathStyle,
    /// Where rejected documents and broken objects go: s3://bucket/prefix, file:///folder or opensearch:index.
    /// Without it their messages are left to the queue's redrive policy.
    #[arg(long, env = "LOGFERRY_DEAD_LETTERS", value_name = "WHERE")]
    pub dead_letters: Option<String>,
    /// Buckets that messages may name, such as logs-* (may be given several times). Default: any.
    #[arg(
        long,
        env = "LOGFERRY_ALLOW_BUCKET",
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub allow_bucket: Vec<String>,
    /// Account that the buckets must belong to.
    #[arg(long, env = "LOGFERRY_EXPECTED_BUCKET_OWNER", value_name = "ACCOUNT")]
    pub expected_bucket_owner: Option<String>,
    /// Regions whose buckets are read there if the notification says so (may be given several times). Default: only AWS_REGION.
    #[arg(
        long,
        env = "LOGFERRY_ALLOW_REGION",
        value_name = "REGION",
        value_delimiter = ','
    )]
    pub allow_region: Vec<String>,
    #[command(flatten)]
    pub road: PipelineArgs,
}

#[derive(Debug, Args)]
pub struct IngestArgs {
    /// Files and folders (their relative paths are keys); - reads standard input.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where documents go. Default: opensearch when --opensearch-url is given, else ndjson (standard output).
    #[arg(long, value_enum)]
    pub to: Option<To>,
    #[command(flatten)]
    pub index: IndexArgs,
    /// Do what `logferry setup` does at the start, instead of stopping where templates are missing.
    #[arg(long, env = "LOGFERRY_SETUP", value_parser = BoolishValueParser::new())]
    pub setup: bool,
    #[command(flatten)]
    pub road: PipelineArgs,
}

/// Newest last, as in a log. Times are UTC.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logferry search --errors --since 1h
  logferry search --request-id 8f14e45f
  logferry search --function 'orders*' --since 2026-11-23 'payment AND (declined OR refused)'
  logferry search --literal 'Error: connect ECONNREFUSED 10.0.0.1:5432 (orders)'
  logferry search --follow --errors

Exit codes: 0 answered, also where nothing was found (a sentence on standard error says so); 1 an error: no answer, an answer \
that is not whole (shards that failed, closed indices), a question that makes no sense; 2 unknown arguments.")]
pub struct SearchArgs {
    /// What lines say, in query_string syntax; all words must be in one field, or with AND between them in any: OR NOT ( ),
    /// "a phrase", begin*, log.level:WARN, app.order:"A-1", lambda.duration_ms:>500.
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Search for TEXT as it stands, as pasted from a log: all its words in their order in one field, without fields and operators.
    #[arg(long)]
    pub literal: bool,
    /// One invocation from start to end. The beginning of the id will do.
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// The invocations of an X-Ray trace from start to end.
    #[arg(long, value_name = "TRACE")]
    pub trace: Option<String>,
    /// Only of this function; orders* for all that begin so (may be given several times).
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub function: Vec<String>,
    /// Only what tells of a failure: lines of level ERROR or FATAL or with an exception, timeouts, crashes, reports that
    /// are no success. With --slowest or --cold-starts: only invocations that failed.
    #[arg(long)]
    pub errors: bool,
    /// Invocations, the longest first.
    #[arg(long)]
    pub slowest: bool,
    /// Invocations that were the first of their environment, the longest init first.
    #[arg(long)]
    pub cold_starts: bool,
    /// From here on: 15m, 1h, 7d back from now, a date (2026-11-23) or a time (2026-11-23T10:00, UTC, or with an offset such as +02:00).
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Before then; written like --since. A date is included to its end.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// At most this many: lines, the newest; invocations, the first in their order; all for no limit.
    /// Default: 50 lines, 20 invocations, 10 lines before --follow, all of an invocation's.
    #[arg(long, value_name = "N")]
    pub limit: Option<String>,
    /// Print lines as they arrive, until Ctrl-C. One that is late is printed if it is not older than --since (default 15m).
    #[arg(short, long)]
    pub follow: bool,
    /// Print documents as they are stored, one JSON object a line, instead of tables.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub index: IndexArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum To {
    Opensearch,
    Ndjson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PathStyle {
    Auto,
    On,
    Off,
}

/// What worker and ingest share.
#[derive(Debug, Args)]
pub struct PipelineArgs {
    /// Objects read at the same time.
    #[arg(
        long,
        env = "LOGFERRY_OBJECTS_IN_FLIGHT",
        value_name = "N",
        default_value = "32"
    )]
    pub objects_in_flight: String,
    /// Size at which a bulk is sent.
    #[arg(
        long,
        env = "LOGFERRY_BULK_SIZE",
        value_name = "BYTES",
        default_value = "5MB"
    )]
    pub bulk_size: String,
    /// How long a bulk waits for more documents.
    #[arg(
        long,
        env = "LOGFERRY_BULK_LINGER",
        value_name = "DURATION",
        default_value = "500ms"
    )]
    pub bulk_linger: String,
    /// Bulk requests at the same time.
    #[arg(
        long,
        env = "LOGFERRY_BULKS_IN_FLIGHT",
        value_name = "N",
        default_value = "4"
    )]
    pub bulks_in_flight: String,
    /// How often a bulk is sent for its unsettled documents before its messages are released.
    #[arg(
        long,
        env = "LOGFERRY_BULK_ATTEMPTS",
        value_name = "N",
        default_value = "12"
    )]
    pub bulk_attempts: String,
    /// How long one bulk request may take.
    #[arg(
        long,
        env = "LOGFERRY_BULK_TIMEOUT",
        value_name = "DURATION",
        default_value = "60s"
    )]
    pub bulk_timeout: String,
    /// An object with more decompressed bytes is broken.
    #[arg(
        long,
        env = "LOGFERRY_MAX_OBJECT_BYTES",
        value_name = "BYTES",
        default_value = "16GiB"
    )]
    pub max_object_bytes: String,
    /// An object with more decompressed bytes for each stored one is broken.
    #[arg(
        long,
        env = "LOGFERRY_MAX_RATIO",
        value_name = "N",
        default_value = "1000"
    )]
    pub max_ratio: String,
    /// Memory that everything in flight shares.
    #[arg(
        long,
        env = "LOGFERRY_MEMORY",
        value_name = "BYTES",
        default_value = "48MiB"
    )]
    pub memory: String,
    #[command(flatten)]
    pub decode: DecodeArgs,
    /// Keep the untouched text of each event in event.original.
    #[arg(long, env = "LOGFERRY_KEEP_ORIGINAL", value_parser = BoolishValueParser::new())]
    pub keep_original: bool,
}

/// What worker, ingest and explain share: how objects are read.
#[derive(Debug, Args)]
pub struct DecodeArgs {
    /// Longer events are cut and flagged.
    #[arg(
        long,
        env = "LOGFERRY_MAX_EVENT_BYTES",
        value_name = "BYTES",
        default_value = "1MiB"
    )]
    pub max_event_bytes: String,
    /// Take objects to be of this format instead of telling by content: export, subscription, json-lines, tail, text.
    #[arg(long, env = "LOGFERRY_FORMAT", value_name = "FORMAT")]
    pub format: Option<String>,
    /// How the key tells the log group, such as exports/{log_group}/ (may be given several times).
    #[arg(
        long,
        env = "LOGFERRY_LOG_GROUP_PATTERN",
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub log_group_pattern: Vec<String>,
}
