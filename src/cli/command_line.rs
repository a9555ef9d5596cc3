/*! The command line and the environment go in; the command with its arguments comes out, or clap's message (an error,
help or the version). */

use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::coverage::CoverageArgs;
use crate::cli::dead_letters::DeadLettersCommand;
use crate::cli::explain::ExplainArgs;
use crate::cli::export::ExportArgs;
use crate::cli::maintenance::{PruneArgs, SetupArgs};
use crate::cli::replay::ReplayArgs;
use crate::cli::report::ReportArgs;
use crate::cli::search::SearchArgs;
use crate::cli::serve::ServeArgs;
use crate::cli::shared::heading;
use crate::cli::shell::{CompletionsArgs, HealthcheckArgs, ManArgs};
use crate::cli::worker::{CheckArgs, IngestArgs, WorkerArgs};

/// Move AWS Lambda logs from S3 into OpenSearch: nothing lost, nothing twice
///
/// SQS messages name the objects. A message is deleted only when every document of its objects is indexed, already
/// there or written as a dead letter.
#[derive(Debug, Parser)]
#[command(
    name = "logferry",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 success; 1 failure; 64 usage or configuration."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// Log lines to write: error, warn, info, debug or trace
    ///
    /// Also pairs such as logferry=debug,warn, as in RUST_LOG. Log lines go to standard error.
    #[arg(
        long,
        global = true,
        env = "LOGFERRY_LOG",
        default_value = "info",
        value_name = "FILTER",
        value_parser = log_filter,
        help_heading = heading::SERVING
    )]
    pub log: String,
}

impl Cli {
    /// Reads the arguments and the environment of this process. An empty environment variable counts as unset.
    pub fn read() -> Result<Self, clap::Error> {
        let command = without_empty_variables(Self::command());
        match command.try_get_matches() {
            Ok(matches) => Self::from_arg_matches(&matches),
            // Help is printed with all variables, also the empty ones.
            Err(error) if !error.use_stderr() => Self::try_parse(),
            Err(error) => Err(error),
        }
    }
}

/// The definition of all commands and flags.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Compose files and charts set variables to an empty text to leave them out.
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
    /// Read the objects that an SQS queue names, and index their documents
    Worker(WorkerArgs),
    /// Check everything that `worker` needs, before the first message
    ///
    /// Settings, credentials, clock, queue, buckets, OpenSearch, dead letters. It takes the flags of `worker` and
    /// touches no message. It ends with 1 if the worker could not do its work.
    Check(Box<CheckArgs>),
    /// Index local files and folders, or print their documents
    Ingest(IngestArgs),
    /// Index the objects that a bucket already holds, once each
    ///
    /// Also the objects of a list, and local files. With --checkpoint it can be killed at any time and started again.
    Replay(Box<ReplayArgs>),
    /// Bring log groups to S3 by export tasks, without gaps
    ///
    /// It keeps a checkpoint for each log group. What ends or fails at any step is continued by the next run.
    Export(ExportArgs),
    /// Compare exported windows, objects and documents, and name the gaps
    ///
    /// For each log group: windows without a task between them, objects that were never settled, and the commands that
    /// bring them. It writes nothing. The exit code is 1 if there is a gap.
    Coverage(Box<CoverageArgs>),
    /// Make or update templates, aliases and retention in OpenSearch
    ///
    /// It shows a plan, then what changed. A second run changes nothing.
    Setup(SetupArgs),
    /// Delete expired daily indices, after a plan and a confirmation
    Prune(PruneArgs),
    /// List, show, replay and drop dead letters
    ///
    /// A dead letter is a document that OpenSearch has rejected, or an object that cannot be read to its end.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Find log lines, errors and invocations in OpenSearch
    ///
    /// Lines are printed newest last. Times are UTC.
    Search(SearchArgs),
    /// Show errors, durations and costs of functions over a span of time
    ///
    /// Also of versions, errors, accounts and regions. One request to OpenSearch for each report. Times are UTC.
    Report(ReportArgs),
    /// Serve a page to look at functions, errors, invocations and the pipeline
    ///
    /// It reads OpenSearch and changes nothing. It prints its URL at the start.
    Serve(Box<ServeArgs>),
    /// Show how logferry reads a log file
    ///
    /// Run it first on a file whose documents look wrong.
    Explain(ExplainArgs),
    /// Ask a running command whether it is alive, or ready
    ///
    /// For the health checks of containers: the image has no other program.
    Healthcheck(HealthcheckArgs),
    /// Print completions for bash, zsh or fish
    Completions(CompletionsArgs),
    /// Print the manual page, or write one page for each command
    Man(ManArgs),
}
