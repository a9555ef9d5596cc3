/*! `search` over five million lines of thirty days on a real node: `make bench-search`.

The lines are loaded once, by `ingest` with the templates of `setup`; the node's data stay in `target/bench/search`.
Each question is asked once, so that no cache of answers helps. */
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[path = "../data/mod.rs"]
#[allow(dead_code, reason = "other benches use the rest of it")]
mod data;
mod days;
mod measure;
mod node;
mod questions;
#[path = "../data/seeder.rs"]
mod seeder;
#[path = "../stack/server.rs"]
#[allow(dead_code, reason = "other benches use the rest of it")]
mod stack_server;

use days::{DAYS, Sample};
use node::Node;

pub const PREFIX: &str = "bench-search";

#[derive(Parser)]
struct Options {
    /// Number of lines; another number is loaded anew.
    #[arg(long, env = "LINES", default_value_t = 5_000_000)]
    lines: u64,
    /// Number of questions of each kind.
    #[arg(long, default_value_t = 250)]
    questions: usize,
    #[arg(long, env = "BENCH_PORT", default_value_t = 19_430)]
    port: u16,
    /// Measure this binary instead of the one that was built with the bench.
    #[arg(long, env = "LOGFERRY_BIN", default_value = env!("CARGO_BIN_EXE_logferry"))]
    logferry: PathBuf,
    /// Cargo passes it.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench/search");
    std::fs::create_dir_all(&folder)?;
    let node = Node::start(options.port, &folder.join("data"))?;
    let samples = load(options, &node, &folder.join("loaded.json")).await?;
    let documents = node.documents().await?;
    ensure!(
        documents > 0,
        "no document is there: remove {}",
        folder.display()
    );
    println!(
        "{documents} documents, {:.2} GB, {} samples",
        node.gigabytes().await?,
        samples.len()
    );
    measure::run(options, &node, &samples).await
}

/// What the node holds: written after each day, so that an interrupted load goes on where it was.
#[derive(Default, Serialize, Deserialize)]
struct Loaded {
    /// The number of lines that was asked for.
    lines: u64,
    days: u32,
    samples: Vec<Sample>,
}

/// Loads the days that the node does not hold yet. Returns samples of what all days say.
async fn load(options: &Options, node: &Node, progress: &Path) -> Result<Vec<Sample>> {
    let start = Instant::now();
    let known = std::fs::read(progress).ok();
    let known: Option<Loaded> = known.and_then(|known| serde_json::from_slice(&known).ok());
    let mut loaded = match known.filter(|known| known.lines == options.lines) {
        Some(known) => known,
        None => {
            node.forget().await?;
            Loaded {
                lines: options.lines,
                ..Loaded::default()
            }
        }
    };
    while loaded.days < DAYS {
        let folder = tempfile::tempdir()?;
        let lines = options.lines / u64::from(DAYS);
        let lines = days::write(loaded.days, lines, folder.path(), &mut loaded.samples)?;
        let mut ingest = Command::new(&options.logferry);
        ingest
            .args([
                "ingest",
                "--setup",
                "--log-group-pattern",
                "exports/{log_group}/",
            ])
            .env("LOGFERRY_OPENSEARCH_URL", node.url())
            .env("LOGFERRY_INDEX_PREFIX", PREFIX);
        seeder::ingest(ingest, folder.path());
        loaded.days += 1;
        std::fs::write(progress, serde_json::to_vec(&loaded)?)?;
        let seconds = start.elapsed().as_secs();
        eprintln!(
            "bench: day {} of {DAYS}, {lines} lines, after {seconds} s",
            loaded.days
        );
    }
    node.refresh().await?;
    Ok(loaded.samples)
}

/// A number in an answer of OpenSearch.
fn number(answer: &Value, pointer: &str) -> Result<u64> {
    let number = answer.pointer(pointer).and_then(Value::as_u64);
    number.with_context(|| format!("no number {pointer} in {answer}"))
}
