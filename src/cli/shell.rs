/*! Flags of `healthcheck`, and arguments of `completions` and `man`. */

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::shared::heading;

#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// Ask whether it is ready for work, not only whether it is alive
    ///
    /// A worker is not ready while OpenSearch is down. Do not restart it for that.
    #[arg(long, help_heading = heading::SERVING)]
    pub ready: bool,
    /// Address at which the running command serves /livez and /readyz
    #[arg(
        long,
        env = "LOGFERRY_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:9090",
        help_heading = heading::SERVING
    )]
    pub listen: String,
    /// Time to wait for the answer
    #[arg(long, value_name = "TIME", default_value = "3s", help_heading = heading::SERVING)]
    pub timeout: String,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell whose completions are printed
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: ShellArg,
}

/// The shells that have completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShellArg {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for one page for each command; without it, one page is printed
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}
