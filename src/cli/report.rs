/*! Flags of `report`. */

use clap::{Args, ValueEnum};

use crate::cli::shared::heading;
use crate::cli::shared::opensearch::IndexArgs;

#[derive(Debug, Args)]
#[command(next_help_heading = heading::REPORT)]
#[command(after_help = "\
Examples:
  logferry report
  logferry report --since 1h --sort error-rate
  logferry report --compare 24h
  logferry report --by version --function 'orders*' --since 7d --sort p95
  logferry report --by error --since 2026-11-23 --until 2026-11-23

Exit codes: 0 answered, also if nothing was found (a sentence on standard error says so); 1 failed, refused by OpenSearch, \
or an answer that is not whole (failed shards, closed indices); 64 usage, or flags that make no sense together.")]
pub struct ReportArgs {
    /// Only invocations with this text, in query_string syntax
    ///
    /// As in search --slowest: words of the first error, or fields of invocations, such as lambda.duration_ms:>500 or
    /// cloud.region:eu-central-1.
    #[arg(value_name = "TEXT", help_heading = None)]
    pub text: Vec<String>,
    /// Take TEXT as it is, without query syntax
    #[arg(long)]
    pub literal: bool,
    /// Only this function; orders* for all names that begin so
    ///
    /// May be repeated.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub function: Vec<String>,
    /// What each row stands for
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    pub by: GroupByArg,
    /// The figure that rows are sorted by, the greatest first
    #[arg(long, value_enum, value_name = "FIGURE", default_value_t)]
    pub sort: SortArg,
    /// Start of the span: 15m, 7d, 2026-11-23 [default: 24h before its end]
    ///
    /// A duration back from now (15m, 1h, 7d), a date (2026-11-23) or a time (2026-11-23T10:00, UTC, or with an offset
    /// such as +02:00).
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// End of the span, written like --since [default: now]
    ///
    /// A date is included to its end.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Compare with the span of the same length so much earlier
    ///
    /// Without --since the span itself is so long: --compare 24h shows the last 24 hours and the 24 hours before. With
    /// --since 1h --compare 24h the last hour is compared with the same hour a day before.
    #[arg(long, value_name = "DURATION")]
    pub compare: Option<String>,
    /// Most rows to show [default: 20, with --json all]
    #[arg(long, value_name = "N|all")]
    pub limit: Option<String>,
    /// Print the whole report as one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub index: IndexArgs,
}

/// What one row stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum GroupByArg {
    #[default]
    Function,
    /// Function and version
    Version,
    /// Status and error type of failed invocations
    Error,
    Account,
    Region,
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SortArg {
    #[default]
    Invocations,
    /// Errors of all kinds, timeouts and out-of-memory too
    Errors,
    ErrorRate,
    Timeouts,
    /// Invocations that ran out of memory
    Oom,
    /// Rate of cold starts
    Cold,
    P50,
    P95,
    P99,
    Billed,
    Cost,
    /// Share of the configured memory
    Memory,
}
