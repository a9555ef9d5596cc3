/*! One file a command: each only joins ends to the one road. */

pub mod explain;
pub mod explain_file;
pub mod ingest;
pub mod prune;
pub mod search;
pub mod setup;
mod table;
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
        Command::Setup(args) => {
            let config = crate::config::setup(args)?;
            crate::observe::log_to_stderr(&cli.log);
            runtime()?.block_on(setup::run(config))
        }
        Command::Prune(args) => {
            let config = crate::config::prune(args)?;
            crate::observe::log_to_stderr(&cli.log);
            runtime()?.block_on(prune::run(config))
        }
        Command::Search(args) => {
            let config = crate::config::search(args)?;
            runtime()?.block_on(search::run(config))
        }
        Command::Explain(args) => match args.command {
            Some(ExplainCommand::Notification { file }) => explain::notification(&file),
            None => {
                let config = crate::config::explain(args)?;
                runtime()?.block_on(explain_file::run(config))
            }
        },
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
