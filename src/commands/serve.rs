/*! `serve`: OpenSearch, the queue, workers, stores and checkpoints are connected; the page is served until a signal. */

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::cli::PathStyle;
use crate::commands::dead_letters::store;
use crate::commands::shared::aws_clients::{aws_config, s3_client, sqs_client};
use crate::commands::shared::exporter::exporter;
use crate::commands::shared::signals::drain_at_signal;
use crate::config::{CheckpointTarget, ServeConfig};
use crate::export::ExportConfig;
use crate::serve::page::{Access, Guard, PageServer, PipelineSources, Shared, WorkerMetrics};
use crate::sink::opensearch::OpenSearch;
use crate::source::sqs::Sqs;

/// The longest answer of OpenSearch that is read. A thousand lines have some hundred thousand bytes.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

pub async fn run(config: ServeConfig) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let stopping = "stopping: requests that are under way are answered";
    drain_at_signal(&stop, stopping, None)?;
    let pipeline = pipeline_sources(
        config.queue_url,
        config.worker_metrics,
        config.dead_letters,
        config.export,
        config.path_style,
    )
    .await?;
    // The page's own limit comes first and says so.
    let limit = config.timeout + Duration::from_secs(1);
    let opensearch = OpenSearch::new(config.index, limit).await?;
    if !config.listen.ip().is_loopback() && matches!(config.access, Access::Open) {
        tracing::warn!(
            listen = %config.listen,
            "everyone who reaches this address sees all logs: --insecure-no-auth"
        );
    }
    let shared = Shared {
        opensearch: Arc::new(opensearch.with_longest_answer(LONGEST_ANSWER)),
        index_prefix: config.index_prefix,
        curl: config.curl,
        dashboards: config.dashboards,
        timeout: config.timeout,
        pipeline,
        // Questions that are under way are answered when a signal comes.
        stop: CancellationToken::new(),
    };
    let guard = Guard::new(config.access, config.listen, &config.hosts);
    let server = PageServer::bind(config.listen, guard, shared)
        .await
        .with_context(|| format!("--listen: cannot listen on {}", config.listen))?;
    println!("http://{}/", server.address()?);
    server.serve(stop).await;
    Ok(())
}

async fn pipeline_sources(
    queue_url: Option<String>,
    worker_metrics: Vec<url::Url>,
    dead_letters: Option<crate::config::LetterStoreConfig>,
    export: Option<(ExportConfig, CheckpointTarget)>,
    path_style: PathStyle,
) -> anyhow::Result<PipelineSources> {
    let mut sources = PipelineSources::default();
    if let Some(url) = queue_url {
        let aws = aws_config("the queue's region").await?;
        let client = || sqs_client(&aws, Duration::from_secs(5));
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        let queue = Sqs::new(client(), client(), url, Duration::ZERO);
        sources.queue = Some((name, Arc::new(queue)));
    }
    if !worker_metrics.is_empty() {
        let metrics = WorkerMetrics::new(worker_metrics);
        sources.workers = Some(metrics.context("--worker-metrics: no HTTP client")?);
    }
    if let Some(config) = dead_letters {
        let name = config.name.clone();
        let store = store::open(config).await?;
        sources.letters = Some((name, store.archive));
    }
    if let Some((config, checkpoints)) = export {
        let aws = aws_config("the region of the log groups").await?;
        let s3 = s3_client(&aws, path_style, None);
        sources.export = Some(exporter(config, checkpoints, &aws, &s3));
    }
    Ok(sources)
}
