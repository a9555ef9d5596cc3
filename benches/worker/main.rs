/*! The built worker on real servers, and the cost of its documents in the index. `make bench-worker`, `make
bench-mapping`.

The bench starts its servers with the scripts of `stack/` and stops them at the end. If servers and worker share two
cores, the CPU seconds of the worker's process are a better measure than the clock. */
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

mod bodies;
#[path = "../data/mod.rs"]
#[allow(dead_code, reason = "the stages use the rest of it")]
mod data;
mod far;
mod load;
mod loads;
mod mapping;
mod node;
mod node_bench;
mod process;
mod replicas;
mod servers;
mod soak;
#[path = "../stack/server.rs"]
mod stack_server;
mod start;
mod stub;
mod table;
mod variants;

/// Odd, so that the median is a measured value.
const ROUNDS: usize = 3;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
    /// Cargo passes it.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Args)]
struct Options {
    /// Part of the full size: 0.02 for a quick run.
    #[arg(long, env = "SCALE", default_value_t = 1.0, global = true)]
    scale: f64,
    /// Print one JSON object instead of tables.
    #[arg(long, global = true)]
    json: bool,
    /// First of the three ports of the servers: queue, store, index.
    #[arg(long, env = "BENCH_PORT", default_value_t = 19_400, global = true)]
    port: u16,
    /// Measure this binary instead of the one that was built with the bench.
    #[arg(long, env = "LOGFERRY_BIN", default_value = env!("CARGO_BIN_EXE_logferry"), global = true)]
    worker: String,
}

#[derive(Subcommand)]
enum Command {
    /// Three loads through queue, store and a stub of the index. Without a command: this, `far`, `start` and `node`.
    Loads {
        /// Only these.
        #[arg(value_name = "LOAD", value_parser = ["large", "typical", "tiny"])]
        only: Vec<String>,
    },
    /// Tiny objects, with queue and store 20 ms away.
    Far,
    /// From the process's start to its first ReceiveMessage; size of the binary.
    Start,
    /// Feeds objects of all sizes and watches the worker's memory.
    Soak {
        #[arg(default_value_t = 30.0)]
        minutes: f64,
    },
    /// A real OpenSearch: the worker against a bare loader of the same bodies.
    Node {
        #[arg(long, default_value_t = ROUNDS)]
        rounds: usize,
    },
    /// What a replica costs two nodes, with document and with segment replication.
    Replicas {
        #[arg(long, default_value_t = ROUNDS)]
        rounds: usize,
    },
    /// What documents cost the index with our template and with others.
    Mapping {
        /// Which variants, by the beginning of their names; ours and dynamic mapping if there are none.
        only: Vec<String>,
        #[arg(long, default_value_t = ROUNDS)]
        rounds: usize,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli {
        command, options, ..
    } = Cli::parse();
    match run(command, &options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Option<Command>, options: &Options) -> Result<()> {
    match command {
        None => {
            loads::run(options, &[]).await?;
            far::run(options).await?;
            start::run(options).await?;
            node_bench::run(options, ROUNDS).await
        }
        Some(Command::Loads { only }) => loads::run(options, &only).await,
        Some(Command::Far) => far::run(options).await,
        Some(Command::Start) => start::run(options).await,
        Some(Command::Soak { minutes }) => soak::run(options, minutes).await,
        Some(Command::Node { rounds }) => node_bench::run(options, rounds).await,
        Some(Command::Replicas { rounds }) => replicas::run(options, rounds).await,
        Some(Command::Mapping { only, rounds }) => mapping::run(options, &only, rounds).await,
    }
}

/// The folder of the bench's data and logs.
fn folder() -> Result<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
