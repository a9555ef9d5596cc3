/*! Flags of `coverage`. */

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::cli::export::GroupArgs;
use crate::cli::shared::heading;
use crate::cli::shared::opensearch::IndexArgs;
use crate::cli::shared::s3::S3Args;

#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// Objects without checkpoints: all below s3://bucket/prefix
    ///
    /// For logs that no export task brought: their objects are compared with their documents.
    #[arg(value_name = "s3://BUCKET/PREFIX")]
    pub source: Option<String>,
    /// Checkpoints of logferry export, which tell the windows
    ///
    /// s3://bucket/prefix or file:///folder, as given to the exporter.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_CHECKPOINTS",
        value_name = "WHERE",
        help_heading = heading::COVERAGE
    )]
    pub checkpoints: Option<String>,
    /// Only checkpoints of exports to this bucket and prefix
    ///
    /// Without --checkpoints, the objects below it are compared with their documents.
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_DESTINATION",
        value_name = "s3://BUCKET/PREFIX",
        help_heading = heading::COVERAGE
    )]
    pub destination: Option<String>,
    #[command(flatten)]
    pub groups: GroupArgs,
    /// Only windows that end after this time: 7d, 2026-11-23
    ///
    /// A duration back from now, a date or a time (UTC). Objects of no known window count by when S3 stored them.
    #[arg(long, value_name = "TIME", help_heading = heading::COVERAGE)]
    pub since: Option<String>,
    /// Only windows that begin before this time; a date includes its day
    #[arg(long, value_name = "TIME", help_heading = heading::COVERAGE)]
    pub until: Option<String>,
    /// How long an object may wait for a worker before it is missing
    #[arg(
        long,
        env = "LOGFERRY_COVERAGE_GRACE",
        value_name = "DURATION",
        default_value = "15m",
        help_heading = heading::COVERAGE
    )]
    pub grace: String,
    /// How long before now a window of the exporter ends
    #[arg(
        long,
        env = "LOGFERRY_EXPORT_LATENESS",
        value_name = "DURATION",
        default_value = "12h",
        help_heading = heading::COVERAGE
    )]
    pub lateness: String,
    /// Time that log documents are kept, as given to setup or prune
    ///
    /// Documents of older days are then in doubt, and not missing.
    #[arg(
        long,
        env = "LOGFERRY_RETAIN_LOGS",
        value_name = "DAYS",
        help_heading = heading::COVERAGE
    )]
    pub retain_logs: Option<String>,
    /// Read every object and look up each of its documents
    ///
    /// Without this flag an object counts as settled if one document names it, and only the others are read.
    #[arg(
        long,
        env = "LOGFERRY_COVERAGE_VERIFY",
        value_parser = BoolishValueParser::new(),
        help_heading = heading::COVERAGE
    )]
    pub verify: bool,
    /// Store of dead letters, as given to the worker
    ///
    /// s3://bucket/prefix, file:///folder or opensearch:index. Objects and documents in it are settled.
    #[arg(
        long,
        env = "LOGFERRY_DEAD_LETTERS",
        value_name = "WHERE",
        help_heading = heading::COVERAGE
    )]
    pub dead_letters: Option<String>,
    /// Look again and again with this interval, and serve metrics
    #[arg(
        long,
        env = "LOGFERRY_COVERAGE_EVERY",
        value_name = "DURATION",
        help_heading = heading::SERVING
    )]
    pub every: Option<String>,
    /// Address that serves /livez, /readyz and /metrics with --every
    #[arg(
        long,
        env = "LOGFERRY_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:9090",
        help_heading = heading::SERVING
    )]
    pub listen: String,
    /// Most objects of a log group that are named
    #[arg(
        long,
        value_name = "N",
        default_value = "20",
        help_heading = heading::OUTPUT
    )]
    pub limit: String,
    /// Print one JSON object instead of a table
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
    #[command(flatten, next_help_heading = heading::OBJECTS)]
    pub s3: S3Args,
    #[command(flatten)]
    pub index: IndexArgs,
}
