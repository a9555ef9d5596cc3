/*! A parsed command line goes in; its command runs to the end, in a tokio runtime if it needs one. The exit code comes
out. */

use std::process::ExitCode;

use crate::cli::{Cli, Command, DeadLettersCommand, ExplainCommand};
use crate::commands::binary::{healthcheck, manual};
use crate::commands::{
    api_key, check, coverage, dead_letters, explain, export, ingest, prune, replay, report, search,
    serve, setup, worker,
};
use crate::config;
use crate::config::{ConfigErrors, SetupTask};
use crate::observe::otlp::Telemetry;

/// Exit code of mistakes on the command line and in the configuration (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;

/// Reason why a command failed.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

/// Runs the command that the arguments of this process name. Messages go to standard error.
pub fn run() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(message) => {
            // Nobody reads the message if the terminal or the pipe is closed.
            let _ = message.print();
            return match message.use_stderr() {
                true => ExitCode::from(USAGE),
                false => ExitCode::SUCCESS,
            };
        }
    };
    match run_command(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("logferry: {error}");
            match error {
                CommandError::Config(_) => ExitCode::from(USAGE),
                CommandError::Failed(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn run_command(cli: Cli) -> Result<(), CommandError> {
    match cli.command {
        Command::Worker(args) => {
            let config = config::worker(args)?;
            let telemetry = Telemetry::install(&cli.log, config::otlp());
            block_on(worker::run(config, telemetry))
        }
        Command::Check(args) => block_on(check::run(config::check(*args)?)),
        Command::Ingest(args) => {
            let config = config::ingest(args)?;
            let telemetry = Telemetry::install(&cli.log, config::otlp());
            block_on(ingest::run(config, telemetry))
        }
        Command::Replay(args) => {
            let config = config::replay(*args)?;
            let telemetry = Telemetry::install(&cli.log, config::otlp());
            block_on(replay::run(config, telemetry))
        }
        Command::Export(args) => {
            let config = config::export(args)?;
            let telemetry = Telemetry::install(&cli.log, config::otlp());
            block_on(export::run(config, telemetry))
        }
        Command::Coverage(args) => {
            let config = config::coverage(*args)?;
            let telemetry = Telemetry::install(&cli.log, config::otlp());
            block_on(coverage::run(config, telemetry))
        }
        Command::Setup(args) => {
            let task = config::setup(args)?;
            crate::observe::log_to_stderr(&cli.log);
            match task {
                SetupTask::Apply(config) => block_on(setup::run(*config)),
                SetupTask::PrintApiKey(config) => Ok(api_key::print(&config)?),
            }
        }
        Command::Prune(args) => {
            let config = config::prune(args)?;
            crate::observe::log_to_stderr(&cli.log);
            block_on(prune::run(config))
        }
        Command::DeadLetters(command) => run_dead_letters(command, &cli.log),
        Command::Search(args) => block_on(search::run(config::search(args)?)),
        Command::Serve(args) => {
            let config = config::serve(*args)?;
            crate::observe::log_to_stderr(&cli.log);
            block_on(serve::run(config))
        }
        Command::Report(args) => block_on(report::run(config::report(args)?)),
        Command::Explain(args) => match args.command {
            Some(ExplainCommand::Notification { file }) => Ok(explain::notification::print(&file)?),
            None => block_on(explain::file::run(config::explain(args)?)),
        },
        Command::Healthcheck(args) => block_on(healthcheck::run(config::healthcheck(&args)?)),
        Command::Completions(args) => Ok(manual::completions(args.shell)?),
        Command::Man(args) => Ok(manual::pages(args.folder.as_deref())?),
    }
}

fn run_dead_letters(command: DeadLettersCommand, log: &str) -> Result<(), CommandError> {
    match command {
        DeadLettersCommand::List(args) => {
            block_on(dead_letters::list::run(config::list_letters(args)?))
        }
        DeadLettersCommand::Show(args) => {
            block_on(dead_letters::show::run(config::show_letter(args)?))
        }
        DeadLettersCommand::Replay(args) => {
            let config = config::replay_letters(*args)?;
            crate::observe::log_to_stderr(log);
            block_on(dead_letters::replay::run(config))
        }
        DeadLettersCommand::Drop(args) => {
            let config = config::drop_letters(args)?;
            crate::observe::log_to_stderr(log);
            block_on(dead_letters::drop::run(config))
        }
        DeadLettersCommand::Redrive(args) => {
            let config = config::redrive(args)?;
            crate::observe::log_to_stderr(log);
            block_on(dead_letters::redrive::run(config))
        }
    }
}

fn block_on(command: impl Future<Output = anyhow::Result<()>>) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(anyhow::Error::from)?;
    Ok(runtime.block_on(command)?)
}
