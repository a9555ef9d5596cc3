/*! `ingest`: local files go in; documents go to OpenSearch or standard output, through the worker's pipeline. */

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::commands::setup::open_prepared;
use crate::config::{IngestConfig, Target};
use crate::observe::Metrics;
use crate::observe::otlp::Telemetry;
use crate::pipeline;
use crate::pipeline::Ends;
use crate::sink::Index;
use crate::sink::ndjson::Ndjson;
use crate::source::files::{Files, LocalStore};
use crate::source::listing::feed::feed;
use crate::source::listing::{ListingQueue, Selection};

pub async fn run(config: IngestConfig, telemetry: Telemetry) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::new());
    telemetry
        .during(&metrics, ingest(config, metrics.clone()))
        .await
}

async fn ingest(config: IngestConfig, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let mut files = Files::default();
    let mut spool = None;
    for path in &config.paths {
        if path.as_os_str() == "-" {
            let file = spool_stdin().context("cannot read standard input")?;
            files.insert("stdin".to_owned(), file.path().to_owned())?;
            spool = Some(file);
        } else {
            files.add(path)?;
        }
    }
    if files.is_empty() {
        bail!("there is no file in {}", shown(&config.paths));
    }
    let index: Arc<dyn Index> = match config.to {
        Target::OpenSearch(target) => {
            Arc::new(open_prepared(target, &config.pipeline, config.setup).await?)
        }
        Target::Ndjson => Arc::new(Ndjson::new(std::io::stdout())),
    };
    let progress = progress(files.len() as u64);
    let files = Arc::new(files);
    // A file that is not settled is reported at once.
    let queue = Arc::new(ListingQueue::new(1));
    let (listing, filling) = (files.clone(), queue.clone());
    tokio::spawn(async move { feed(&*listing, &Selection::default(), &filling).await });
    let stop = CancellationToken::new();
    let ends = Ends {
        queue: queue.clone(),
        store: Arc::new(LocalStore::new(files)),
        index,
        dead_letters: None,
    };
    let interrupted = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let shown_metrics = metrics.clone();
    let bar = progress.clone();
    let showing = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let done = shown_metrics.objects_settled.get() + shown_metrics.objects_skipped.get();
            bar.set_position(done);
            bar.set_message(format!("{} documents", shown_metrics.counts().indexed));
        }
    });
    let ended = pipeline::run(ends, config.pipeline, metrics.clone(), stop.clone()).await;
    showing.abort();
    progress.finish_and_clear();
    drop(spool);
    ended?;
    let (released, first) = queue.given_up();
    let counts = metrics.counts();
    let local_copies = metrics.local_copies.get();
    tracing::info!(
        objects = metrics.objects_settled.get(),
        skipped = metrics.objects_skipped.get(),
        events = metrics.events.get(),
        indexed = counts.indexed,
        already_there = counts.already_there,
        rejected = counts.rejected,
        local_copies = (local_copies > 0).then_some(local_copies),
        "ingested"
    );
    if stop.is_cancelled() {
        bail!(
            "interrupted: not all files were ingested; run it again, what is there already will not double"
        );
    }
    if released > 0 {
        bail!(
            "{released} of the files could not be ingested (see the log): {}",
            first.join(", ")
        );
    }
    Ok(())
}

/// Copies standard input to a temporary file: the object's etag is a hash of its content, which is known only at the
/// end.
pub(crate) fn spool_stdin() -> std::io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new()?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
    file.flush()?;
    Ok(file)
}

fn shown(paths: &[impl AsRef<Path>]) -> String {
    let paths: Vec<_> = paths
        .iter()
        .map(|p| p.as_ref().display().to_string())
        .collect();
    paths.join(", ")
}

/// A progress bar over `files` files; hidden if standard error is no terminal.
fn progress(files: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files  {msg}  {elapsed}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
