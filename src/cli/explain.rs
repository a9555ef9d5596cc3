/*! Flags of `explain` and `explain notification`. */

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::shared::heading;
use crate::cli::shared::pipeline::{DecodeArgs, PlatformArgs};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ExplainArgs {
    #[command(subcommand)]
    pub command: Option<ExplainCommand>,
    /// Log file as stored in the bucket, compressed or not; - reads stdin
    #[arg(required = true, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print one JSON object instead of tables
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
    /// Key of the object in its bucket [default: path of the file]
    ///
    /// The key names the log group and the log stream.
    #[arg(long, value_name = "KEY", help_heading = heading::OBJECTS)]
    pub key: Option<String>,
    #[command(flatten)]
    pub decode: DecodeArgs,
    #[command(flatten)]
    pub platform: PlatformArgs,
}

#[derive(Debug, Subcommand)]
pub enum ExplainCommand {
    /// Print the objects that a message body names, one JSON object a line
    ///
    /// If the body names no object, one line says why. A file called "notification" is given as ./notification.
    Notification {
        /// File with the message body; - reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
