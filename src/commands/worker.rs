/*! `worker`: SQS messages and S3 objects go in; documents go to OpenSearch, until a signal or an empty queue ends it.
*/

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::commands::setup::{Prepared, UNUSABLE, prepare};
use crate::commands::shared::aws_clients::{aws_config, has_own_endpoint, s3_client, sqs_client};
use crate::commands::shared::probes::serve_probes;
use crate::commands::shared::signals::drain_at_signal;
use crate::config::WorkerConfig;
use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::observe::otlp::Telemetry;
use crate::pipeline;
use crate::pipeline::Ends;
use crate::sink::dead_letters::file::DeadLetterFolder;
use crate::sink::dead_letters::index::DeadLetterIndex;
use crate::sink::dead_letters::s3::DeadLetterBucket;
use crate::sink::dead_letters::{DeadLetterTarget, DeadLetters};
use crate::sink::opensearch::OpenSearch;
use crate::sink::{BulkCompression, Index};
use crate::source::s3::S3;
use crate::source::sqs::Sqs;

pub async fn run(config: WorkerConfig, telemetry: Telemetry) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::new());
    telemetry
        .during(&metrics, work(config, metrics.clone()))
        .await
}

async fn work(mut config: WorkerConfig, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    on_signals(&stop)?;
    let _listening = serve_probes(config.listen, &metrics, "logferry starts").await?;

    let index = OpenSearch::new(config.index, config.pipeline.bulk_timeout)
        .await
        .context(UNUSABLE)?
        .shown_in(&metrics);
    let prefix = &config.pipeline.read.document.index_prefix;
    let compression = config.pipeline.bulk.compression;
    let prepared = await_index(&index, prefix, config.setup, compression, &stop).await?;
    let Some(Prepared { version, encoding }) = prepared else {
        return Ok(());
    };
    tracing::info!(version, "the index answers");
    let index = index.compressing(encoding);

    let aws = aws_config("the queue's region").await?;
    if config.pipeline.receive.until_empty.is_some() && !has_own_endpoint() {
        // SQS itself counts with a delay; emulators do not.
        config.pipeline.receive.until_empty = Some(Duration::from_secs(20));
    }
    let wait = Duration::from_secs(if config.pipeline.receive.until_empty.is_some() {
        1
    } else {
        20
    });
    let index: Arc<dyn Index> = Arc::new(index);
    let s3 = s3_client(&aws, config.s3.path_style, None);
    let regional = config.s3.regions.into_iter().map(|region| {
        let client = s3_client(&aws, config.s3.path_style, Some(region.clone()));
        (region, client)
    });
    let dead_letters = match config.dead_letters {
        Some(target) => Some(dead_letter_store(target, || Ok(s3.clone()), &index)?),
        None => None,
    };
    if dead_letters.is_none() {
        tracing::warn!(
            "no store for dead letters: messages of rejected documents and broken objects are left to the queue's redrive policy; see --dead-letters"
        );
    }
    if config.pipeline.read.allowed_buckets.is_open() {
        tracing::warn!(
            "any bucket is accepted: everyone who can send to the queue decides which objects are read; see --allow-bucket"
        );
    }
    let ends = Ends {
        queue: Arc::new(Sqs::new(
            sqs_client(&aws, wait + Duration::from_secs(10)),
            sqs_client(&aws, Duration::from_secs(5)),
            config.queue_url,
            wait,
        )),
        store: Arc::new(S3::new(
            s3.clone(),
            regional.collect(),
            config.s3.expected_owner,
        )),
        index,
        dead_letters,
    };
    pipeline::run(ends, config.pipeline, metrics, stop).await?;
    tracing::info!("logferry ends");
    Ok(())
}

/// The first signal starts the drain, the second ends the process at once.
pub(crate) fn on_signals(stop: &CancellationToken) -> anyhow::Result<()> {
    drain_at_signal(
        stop,
        "stopping: no more messages are received",
        Some(
            "second signal: ending at once; held messages become visible when their visibility timeout ends",
        ),
    )
}

pub(crate) fn dead_letter_store(
    target: DeadLetterTarget,
    s3: impl FnOnce() -> anyhow::Result<aws_sdk_s3::Client>,
    index: &Arc<dyn Index>,
) -> anyhow::Result<Arc<dyn DeadLetters>> {
    Ok(match target {
        DeadLetterTarget::S3 { bucket, prefix } => {
            Arc::new(DeadLetterBucket::new(s3()?, bucket, &prefix))
        }
        DeadLetterTarget::Folder(folder) => Arc::new(DeadLetterFolder::new(folder)),
        DeadLetterTarget::Index(name) => Arc::new(DeadLetterIndex::new(index.clone(), name)),
    })
}

/// Waits until the index responds and has its templates. `None` after a signal to stop.
pub(crate) async fn await_index(
    index: &OpenSearch,
    prefix: &str,
    setup: bool,
    compression: BulkCompression,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Prepared>> {
    let started = tokio::time::Instant::now();
    loop {
        let prepared = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            prepared = prepare(index, prefix, setup, compression) => prepared,
        };
        match prepared {
            Ok(prepared) => return Ok(Some(prepared)),
            Err(error)
                if error.class() == ErrorClass::Fatal
                    || started.elapsed() > pipeline::START_TIMEOUT =>
            {
                return Err(error).context(UNUSABLE);
            }
            Err(error) => tracing::warn!(%error, "waiting for the index"),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
        }
    }
}
