/*! Flags of `export` and `export status`. */

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};

use crate::cli::shared::heading;
use crate::cli::shared::s3::S3Args;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ExportArgs {
    #[command(subcommand)]
    pub command: Option<ExportCommand>,
    #[command(flatten)]
    pub scope: ExportScopeArgs,
    /// Export what is due, then end; for cron, EventBridge and CronJobs
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_ONCE",
        value_parser = BoolishValueParser::new(),
        help_heading = heading::EXPORT
    )]
    pub once: bool,
    /// Export what is due, again and again with this interval
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_EVERY",
        value_name = "DURATION",
        help_heading = heading::EXPORT
    )]
    pub every: Option<String>,
    /// Print what the bucket's policy must allow, and end
    #[arg(
        long,
        conflicts_with = "dry_run",
        help_heading = heading::OUTPUT
    )]
    pub print_bucket_policy: bool,
    /// Check the bucket, print the next windows, and change nothing
    #[arg(long, help_heading = heading::OUTPUT)]
    pub dry_run: bool,
    /// Address that serves /livez, /readyz and /metrics with --every
    #[arg(
        long,
        env = "LOGFERRY_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:9090",
        help_heading = heading::SERVING
    )]
    pub listen: String,
}

#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Show how far each log group is exported
    Status(ExportStatusArgs),
}

#[derive(Debug, Args)]
pub struct ExportStatusArgs {
    #[command(flatten)]
    pub scope: ExportScopeArgs,
    /// Print one JSON object instead of a table
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}

/// Which log groups.
#[derive(Debug, Args)]
pub struct GroupArgs {
    /// Log groups by their whole names
    ///
    /// The ways to name groups add up. Only groups of class STANDARD can be exported.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_LOG_GROUP",
        value_name = "NAME",
        value_delimiter = ',',
        num_args = 1..,
        help_heading = heading::GROUPS
    )]
    pub log_group: Vec<String>,
    /// Log groups whose names begin so
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_LOG_GROUP_PREFIX",
        value_name = "P",
        value_delimiter = ',',
        help_heading = heading::GROUPS
    )]
    pub log_group_prefix: Vec<String>,
    /// Log groups in whose names this regular expression is found
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_LOG_GROUP_PATTERN",
        value_name = "RE",
        help_heading = heading::GROUPS
    )]
    pub log_group_pattern: Option<String>,
    /// All log groups below /aws/lambda/
    ///
    /// Without the .local copies of Web Functions' groups, whose events are in the other group too.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_ALL_LAMBDA",
        value_parser = BoolishValueParser::new(),
        help_heading = heading::GROUPS
    )]
    pub all_lambda: bool,
}

/// What is exported, whereto and in which windows.
#[derive(Debug, Args)]
pub struct ExportScopeArgs {
    #[command(flatten)]
    pub groups: GroupArgs,
    /// Of these log groups, only those with this tag; KEY alone: with any value
    ///
    /// May be repeated: a group must have all the tags. Without another way to name groups, all groups with the tags
    /// are exported. The first = ends the key.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_LOG_GROUP_TAG",
        value_name = "KEY[=VALUE]",
        value_delimiter = ',',
        help_heading = heading::GROUPS
    )]
    pub log_group_tag: Vec<String>,
    /// Bucket and prefix for the exported objects
    ///
    /// The bucket must be in the region of the log groups. Below the prefix, the keys name account, region and log
    /// group, so that the worker needs no --log-group-pattern.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_DESTINATION",
        value_name = "s3://BUCKET/PREFIX",
        help_heading = heading::EXPORT
    )]
    pub destination: Option<String>,
    /// Where to keep the checkpoints
    ///
    /// s3://bucket/prefix, or file:///folder for trials with one exporter. The prefix should not be one that notifies
    /// the worker's queue.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_CHECKPOINTS",
        value_name = "WHERE",
        help_heading = heading::EXPORT
    )]
    pub checkpoints: Option<String>,
    /// How far back to begin with a log group that has no checkpoint
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_INITIAL",
        value_name = "DURATION",
        default_value = "24h",
        help_heading = heading::EXPORT
    )]
    pub initial: String,
    /// How much of the last window the next one exports again
    ///
    /// For clocks that differ. Documents have the same ids, so that nothing is indexed twice.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_OVERLAP",
        value_name = "DURATION",
        default_value = "15m",
        help_heading = heading::EXPORT
    )]
    pub overlap: String,
    /// How long before now a window ends
    ///
    /// CloudWatch can take 12 hours until an event can be exported.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_LATENESS",
        value_name = "DURATION",
        default_value = "12h",
        help_heading = heading::EXPORT
    )]
    pub lateness: String,
    #[command(flatten, next_help_heading = heading::EXPORT)]
    pub s3: S3Args,
}
