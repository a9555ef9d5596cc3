/*! One file a command: each only joins ends to the one road. */

pub mod explain;
pub mod ingest;
pub mod worker;

use crate::cli::{Cli, Command, ExplainCommand};

/// Runs a command to its end, in a runtime of its own where it needs one.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Worker(args) => {
            let config = crate::config::worker(args)?;
            crate::observe::log_to_stderr(&cli.log);
            runtime()?.block_on(worker::run(config))
        }
        Command::Ingest(args) => {
            let config = crate::config::ingest(args)?;
            crate::observe::log_to_stderr(&cli.log);
            runtime()?.block_on(ingest::run(config))
        }
        Command::Explain(ExplainCommand::Notification { file }) => explain::notification(&file),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
