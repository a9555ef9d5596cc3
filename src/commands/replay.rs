/*! `replay`: a listing of objects goes in; their documents go to OpenSearch through the worker's pipeline, or their
notifications to a queue. A checkpoint remembers which objects are settled. */

mod dry_run;
mod inputs;
mod progress;
mod send;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

use crate::commands::replay::inputs::{Checkpoints, Clients, Inputs};
use crate::commands::replay::progress::Progress;
use crate::commands::setup::Prepared;
use crate::commands::shared::probes::serve_probes;
use crate::commands::worker::{await_index, dead_letter_store, on_signals};
use crate::config::{ReplayConfig, ReplayDestination};
use crate::observe::Metrics;
use crate::observe::otlp::Telemetry;
use crate::pipeline;
use crate::pipeline::{Ends, PipelineConfig};
use crate::sink::Index;
use crate::sink::opensearch::{OpenSearch, OpenSearchConfig};
use crate::source::Store;
use crate::source::listing::feed::{feed, next_page};
use crate::source::listing::refused::WatchedStore;
use crate::source::listing::{Lister, ListingQueue, Selection};
use crate::source::sqs::send::Sender;

/// Deliveries of an object before it is given up: a sick server has half a minute to recover.
const DELIVERIES: u32 = 5;

pub async fn run(config: ReplayConfig, telemetry: Telemetry) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::new());
    match config.dry_run {
        true => replay(config, metrics).await,
        false => {
            telemetry
                .during(&metrics, replay(config, metrics.clone()))
                .await
        }
    }
}

async fn replay(config: ReplayConfig, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    on_signals(&stop)?;
    metrics.readiness.receiving(true);
    (metrics.readiness).hold(Some("the listing is not read yet".to_owned()));
    let _listening = match config.listen {
        Some(address) if !config.dry_run => {
            Some(serve_probes(address, &metrics, "replay starts").await?)
        }
        _ => None,
    };
    let clients = Clients::of(&config).await?;
    let inputs = Inputs::open(&config.source, &config.s3, &clients).await?;
    let mut selection = config.selection;
    let checkpoints = match &config.checkpoint {
        Some(place) => {
            Some(Checkpoints::open(place, config.identity, &mut selection, &clients).await?)
        }
        None => None,
    };
    let selection = Arc::new(selection);
    if config.dry_run {
        let start = checkpoints.map(|c| c.checkpoint).unwrap_or_default();
        let to_queue = matches!(config.destination, ReplayDestination::Queue(_));
        return dry_run::run(inputs, &selection, start, config.pipeline, to_queue, &stop).await;
    }
    let through = checkpoints
        .as_ref()
        .and_then(|c| c.checkpoint.through.clone());
    // Before anything else is asked for: most mistakes show here.
    let listing = next_page(&*inputs.lister, &selection, through.as_deref());
    let Some(first) = stop.run_until_cancelled(listing).await else {
        bail!("interrupted before the first object");
    };
    let first = first?;
    if config.checkpoint.is_none() {
        tracing::info!("no --checkpoint: an interrupted replay will begin again");
    }
    let queue = match checkpoints {
        Some(Checkpoints { checkpoint, store }) => {
            let (settled, open) = (checkpoint.settled, checkpoint.open.len());
            tracing::info!(settled, open, "the checkpoint was read");
            let (queue, keep) = ListingQueue::continuing(DELIVERIES, checkpoint, store);
            tokio::spawn(keep);
            queue
        }
        None => Arc::new(ListingQueue::new(DELIVERIES)),
    };
    queue.add(first);
    let replay = Replay {
        queue,
        lister: inputs.lister,
        selection,
        stop,
    };
    match config.destination {
        ReplayDestination::Queue(url) => {
            let sender = Sender::new(clients.sqs()?, url);
            metrics.readiness.hold(None);
            let sent = send::send_all(replay.queue.clone(), Arc::new(sender), replay.stop.clone());
            replay.watch(metrics, "sent", sent).await
        }
        ReplayDestination::Index { index, setup } => {
            let to = IndexEnds {
                index: *index,
                setup,
                store: inputs.store,
                dead_letters: config.dead_letters,
                clients,
            };
            replay.index_documents(to, config.pipeline, metrics).await
        }
        ReplayDestination::Nothing => bail!("--opensearch-url: give the URL of OpenSearch"),
    }
}

/// What the pipeline is connected to.
struct IndexEnds {
    index: OpenSearchConfig,
    setup: bool,
    store: Arc<dyn Store>,
    dead_letters: Option<crate::sink::dead_letters::DeadLetterTarget>,
    clients: Clients,
}

/// A replay that is under way.
struct Replay {
    queue: Arc<ListingQueue>,
    lister: Arc<dyn Lister>,
    selection: Arc<Selection>,
    stop: CancellationToken,
}

impl Replay {
    async fn index_documents(
        self,
        to: IndexEnds,
        config: PipelineConfig,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<()> {
        (metrics.readiness).hold(Some("OpenSearch has not answered yet".to_owned()));
        let index = OpenSearch::new(to.index, config.bulk_timeout)
            .await
            .context("the index cannot be used")?
            .shown_in(&metrics);
        let prefix = &config.read.document.index_prefix;
        let compression = config.bulk.compression;
        let prepared = await_index(&index, prefix, to.setup, compression, &self.stop).await?;
        let Some(Prepared { version, encoding }) = prepared else {
            bail!("interrupted before the first object");
        };
        tracing::info!(version, "the index answers");
        metrics.readiness.hold(None);
        let index: Arc<dyn Index> = Arc::new(index.compressing(encoding));
        let dead_letters = match to.dead_letters {
            Some(target) => Some(dead_letter_store(target, || to.clients.s3(), &index)?),
            None => None,
        };
        let store = Arc::new(WatchedStore::new(to.store, self.stop.clone()));
        let ends = Ends {
            queue: self.queue.clone(),
            store: store.clone(),
            index,
            dead_letters,
        };
        let (measured, stop) = (metrics.clone(), self.stop.clone());
        let work = async move {
            pipeline::run(ends, config, measured, stop).await?;
            match store.refusal() {
                Some(reason) => bail!(reason),
                None => Ok(()),
            }
        };
        self.watch(metrics, "replayed", work).await
    }

    /// Fills the queue and shows the progress while `work` empties it; then says how it ended.
    async fn watch(
        self,
        metrics: Arc<Metrics>,
        done: &'static str,
        work: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let Self {
            queue,
            lister,
            selection,
            stop,
        } = self;
        let progress = Progress::start(queue.clone(), metrics.clone(), lister.clone(), &selection);
        let (filled, chosen) = (queue.clone(), selection.clone());
        let feeding = tokio::spawn(async move { feed(&*lister, &chosen, &filled).await });
        let ended = work.await;
        feeding.abort();
        progress.end();
        let saved = queue.saved().await;
        let now = queue.progress();
        let counts = metrics.counts();
        tracing::info!(
            objects = now.settled,
            bytes = now.settled_bytes,
            left = now.open,
            events = metrics.events.get(),
            indexed = counts.indexed,
            already_there = counts.already_there,
            rejected = counts.rejected,
            "{done}"
        );
        let without_day = selection.without_day.load(Ordering::Relaxed);
        if without_day > 0 {
            tracing::warn!(objects = without_day, "left out: their keys name no day");
        }
        ended?;
        saved.map_err(|reason| anyhow::anyhow!("the checkpoint: {reason}"))?;
        if stop.is_cancelled() {
            bail!(
                "interrupted: {} objects are settled; run it again to continue at its --checkpoint",
                now.settled
            );
        }
        let (given_up, first) = queue.given_up();
        if given_up > 0 {
            bail!(
                "{given_up} objects could not be settled (see the log): {}; another run tries them again",
                first.join(", ")
            );
        }
        Ok(())
    }
}
