/*! Flags that `worker`, `ingest` and `explain` share. */

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::cli::shared::heading;

/// Flags that `worker` and `ingest` share.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::LIMITS)]
pub struct PipelineArgs {
    /// Memory shared by everything in flight
    #[arg(
        long,
        env = "LOGFERRY_MEMORY",
        value_name = "BYTES",
        default_value = "48MiB"
    )]
    pub memory: String,
    /// Most objects read at once [default: 32, fewer where --memory has no room]
    ///
    /// A small object, of at most 8 KiB, counts as an eighth.
    #[arg(long, env = "LOGFERRY_OBJECTS_IN_FLIGHT", value_name = "N")]
    pub objects_in_flight: Option<String>,
    /// Size at which a bulk is sent [default: 5MB, less where --memory has no room]
    #[arg(long, env = "LOGFERRY_BULK_SIZE", value_name = "BYTES")]
    pub bulk_size: Option<String>,
    /// Time that a bulk waits for more documents
    #[arg(
        long,
        env = "LOGFERRY_BULK_LINGER",
        value_name = "DURATION",
        default_value = "500ms"
    )]
    pub bulk_linger: String,
    /// Most bulk requests at once
    ///
    /// Fewer are sent while OpenSearch refuses documents or answers slowly.
    #[arg(
        long,
        env = "LOGFERRY_BULKS_IN_FLIGHT",
        value_name = "N",
        default_value = "4"
    )]
    pub bulks_in_flight: String,
    /// Compression of bulks on their way to OpenSearch: none, gzip, zstd or auto
    ///
    /// gzip sends about a seventh of the bytes. zstd sends a twelfth and takes less CPU, but needs OpenSearch 3.4 or
    /// newer on all nodes. auto chooses what the cluster takes, zstd first. The cluster is asked at the start.
    #[arg(
        long,
        env = "LOGFERRY_BULK_COMPRESSION",
        value_name = "HOW",
        default_value = "none"
    )]
    pub bulk_compression: String,
    /// Attempts for the unsettled documents of a bulk
    ///
    /// Attempts start anew when some documents of the bulk are settled. Afterwards the messages are released.
    #[arg(
        long,
        env = "LOGFERRY_BULK_ATTEMPTS",
        value_name = "N",
        default_value = "12"
    )]
    pub bulk_attempts: String,
    /// Time that one bulk request may take
    #[arg(
        long,
        env = "LOGFERRY_BULK_TIMEOUT",
        value_name = "DURATION",
        default_value = "60s"
    )]
    pub bulk_timeout: String,
    /// Most decompressed bytes of an object
    ///
    /// An object with more is broken: it becomes a dead letter, or is left to the redrive policy.
    #[arg(
        long,
        env = "LOGFERRY_MAX_OBJECT_BYTES",
        value_name = "BYTES",
        default_value = "16GiB"
    )]
    pub max_object_bytes: String,
    /// Most decompressed bytes for each stored byte of an object
    ///
    /// An object with more is broken.
    #[arg(
        long,
        env = "LOGFERRY_MAX_RATIO",
        value_name = "N",
        default_value = "1000"
    )]
    pub max_ratio: String,
    #[command(flatten)]
    pub decode: DecodeArgs,
    #[command(flatten)]
    pub platform: PlatformArgs,
    /// Skip the local copies of the logs of Web Functions
    ///
    /// Each event of a Web Function is in two log groups: /aws/lambda/web/NAME and /aws/lambda/web/NAME.local.
    #[arg(
        long,
        env = "LOGFERRY_SKIP_LOCAL_COPIES",
        value_parser = BoolishValueParser::new(),
        help_heading = heading::OBJECTS
    )]
    pub skip_local_copies: bool,
    /// Store the untouched text of each event in event.original
    #[arg(
        long,
        env = "LOGFERRY_KEEP_ORIGINAL",
        value_parser = BoolishValueParser::new(),
        help_heading = heading::OBJECTS
    )]
    pub keep_original: bool,
}

/// The flag that `worker`, `ingest`, `replay` and `explain` share: which lines are documents.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::OBJECTS)]
pub struct PlatformArgs {
    /// Lines of the platform that are documents: all, folded
    ///
    /// With folded, START, END, REPORT and the lines of an init stand in the summary of their invocation instead. A
    /// line that no summary holds whole, or that reports a failure, is a document all the same.
    #[arg(
        long,
        env = "LOGFERRY_PLATFORM_LINES",
        value_name = "LINES",
        default_value = "all"
    )]
    pub platform_lines: String,
}

/// Flags that `worker`, `ingest` and `explain` share: how objects are read.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::OBJECTS)]
pub struct DecodeArgs {
    /// Longest event; a longer one is cut and flagged
    #[arg(
        long,
        env = "LOGFERRY_MAX_EVENT_BYTES",
        value_name = "BYTES",
        default_value = "1MiB",
        help_heading = heading::LIMITS
    )]
    pub max_event_bytes: String,
    /// Format of all objects [default: recognised by content]
    ///
    /// One of export, subscription, json-lines, tail, text.
    #[arg(long, env = "LOGFERRY_FORMAT", value_name = "FORMAT")]
    pub format: Option<String>,
    /// Position of the log group in keys: exports/{log_group}/
    ///
    /// May be repeated. Placeholders: {log_group}, {function}, {account}, {region}, and * for any text without a slash.
    /// The pattern matches everything before an export's task id. The log group takes no part in ids.
    #[arg(
        long,
        env = "LOGFERRY_LOG_GROUP_PATTERN",
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub log_group_pattern: Vec<String>,
}
