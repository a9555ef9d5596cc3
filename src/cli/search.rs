/*! Flags of `search`. */

use clap::Args;

use crate::cli::shared::heading;
use crate::cli::shared::opensearch::IndexArgs;

#[derive(Debug, Args)]
#[command(next_help_heading = heading::SEARCH)]
#[command(after_help = "\
Examples:
  logferry search --errors --since 1h
  logferry search --request-id 8f14e45f
  logferry search --execution order-4711
  logferry search --function 'orders*' --since 2026-11-23 'payment AND (declined OR refused)'
  logferry search --literal 'Error: connect ECONNREFUSED 10.0.0.1:5432 (orders)'
  logferry search --follow --errors

Exit codes: 0 answered, also if nothing was found (a sentence on standard error says so); 1 failed, refused by OpenSearch, \
or an answer that is not whole (failed shards, closed indices); 64 usage, or flags that make no sense together.")]
pub struct SearchArgs {
    /// Text to find in log lines, in query_string syntax
    ///
    /// All words must be in one field; with AND between them each may be in another. Also OR, NOT, ( ), "a phrase",
    /// begin*, log.level:WARN, app.order:"A-1", lambda.duration_ms:>500.
    #[arg(value_name = "TEXT", help_heading = None)]
    pub text: Vec<String>,
    /// Take TEXT as it is, without query syntax
    ///
    /// TEXT may be pasted from a log. All its words must be in one field, in their order.
    #[arg(long)]
    pub literal: bool,
    /// Show one invocation from start to end
    ///
    /// The first characters of the id suffice.
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Show the invocations of an X-Ray trace from start to end
    #[arg(long, value_name = "TRACE")]
    pub trace: Option<String>,
    /// Show a durable execution over all its invocations
    ///
    /// Its name (order-7, order-* for all that begin so) or its whole ARN.
    #[arg(long, value_name = "NAME|ARN")]
    pub execution: Option<String>,
    /// Only this function; orders* for all names that begin so
    ///
    /// May be repeated.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub function: Vec<String>,
    /// Only failures
    ///
    /// Lines of level ERROR or FATAL, lines with an exception, timeouts, crashes, and reports whose status is not
    /// success. With --slowest or --cold-starts: only invocations that failed.
    #[arg(long)]
    pub errors: bool,
    /// List invocations, the longest first
    #[arg(long)]
    pub slowest: bool,
    /// List cold starts, the longest init first
    #[arg(long)]
    pub cold_starts: bool,
    /// Start of the time range: 15m, 7d, 2026-11-23
    ///
    /// A duration back from now (15m, 1h, 7d), a date (2026-11-23) or a time (2026-11-23T10:00, UTC, or with an offset
    /// such as +02:00).
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// End of the time range, written like --since
    ///
    /// A date is included to its end.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Most lines or invocations to show
    ///
    /// The newest lines, or the first invocations in their order. Default: 50 lines, 20 invocations, 10 lines before
    /// --follow, all lines of an invocation.
    #[arg(long, value_name = "N|all")]
    pub limit: Option<String>,
    /// Print lines as they arrive, until Ctrl-C
    ///
    /// A late line is printed if it is not older than --since (default 15m).
    #[arg(short, long)]
    pub follow: bool,
    /// Print documents as they are stored, one JSON object a line
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub index: IndexArgs,
}
