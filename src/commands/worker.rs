/*! `worker`: SQS and S3 to OpenSearch, until it is told to stop. */

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::class::Class;
use crate::cli::PathStyle;
use crate::config::WorkerConfig;
use crate::observe::Metrics;
use crate::pipeline::{self, Ends};
use crate::serve::{Readiness, serve};
use crate::sink::Index;
use crate::sink::opensearch::OpenSearch;
use crate::source::s3::S3;
use crate::source::sqs::Sqs;

/// How long OpenSearch may take to come up before the worker gives up.
const START_TIMEOUT: Duration = Duration::from_secs(60);

pub async fn run(config: WorkerConfig) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    on_signals(stop.clone())?;
    let metrics = Arc::new(Metrics::new());
    let readiness = Arc::new(Readiness::default());
    let listening = CancellationToken::new();
    let _end_listening = listening.clone().drop_guard();
    let bound = serve(config.listen, metrics.clone(), readiness.clone(), listening)
        .await
        .with_context(|| format!("--listen: cannot listen on {}", config.listen))?;
    tracing::info!(listen = %bound, version = env!("CARGO_PKG_VERSION"), "logferry starts");

    let index = OpenSearch::new(config.index.url, config.index.timeout)?;
    let Some(version) = await_index(&index, &stop).await? else {
        return Ok(());
    };
    tracing::info!(version, "the index answers");
    index
        .put_missing_templates(&config.road.document.index_prefix)
        .await
        .context("--opensearch-url: cannot make the index templates")?;

    let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
    if aws.region().is_none() {
        bail!("no AWS region: set AWS_REGION to the queue's region");
    }
    let wait = Duration::from_secs(if config.road.until_empty { 1 } else { 20 });
    let ends = Ends {
        queue: Arc::new(Sqs::new(sqs_client(&aws, wait), config.queue_url, wait)),
        store: Arc::new(S3::new(s3_client(&aws, config.s3_path_style))),
        index: Arc::new(index),
    };
    let ready = readiness.clone();
    let draining = stop.clone();
    tokio::spawn(async move {
        ready.set(true);
        draining.cancelled().await;
        ready.set(false);
    });
    pipeline::run(ends, config.road, metrics, stop).await?;
    tracing::info!("logferry ends");
    Ok(())
}

/// The first signal starts the drain, the second ends the process at once.
fn on_signals(stop: CancellationToken) -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut int = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::spawn(async move {
        let mut received = 0;
        loop {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            received += 1;
            if received > 1 {
                tracing::warn!(
                    "second signal: ending at once; what is held comes back when its visibility timeout ends"
                );
                #[expect(clippy::disallowed_methods, reason = "this is the second signal")]
                std::process::exit(130);
            }
            tracing::info!("stopping: no more messages are received");
            stop.cancel();
        }
    });
    Ok(())
}

/// The index's version; none when told to stop meanwhile.
async fn await_index(
    index: &dyn Index,
    stop: &CancellationToken,
) -> anyhow::Result<Option<String>> {
    let started = tokio::time::Instant::now();
    loop {
        match index.version().await {
            Ok(version) => return Ok(Some(version)),
            Err(error) if error.class() == Class::Fatal || started.elapsed() > START_TIMEOUT => {
                return Err(error).context("--opensearch-url: the index cannot be used");
            }
            Err(error) => tracing::warn!(%error, "waiting for the index"),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
        }
    }
}

fn sqs_client(aws: &SdkConfig, wait: Duration) -> aws_sdk_sqs::Client {
    // An attempt lasts as long as the long poll and the network need; without a limit a dead connection would hang.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(wait + Duration::from_secs(10))
        .build();
    let config = aws_sdk_sqs::config::Builder::from(aws).timeout_config(timeouts);
    aws_sdk_sqs::Client::from_conf(config.build())
}

fn s3_client(aws: &SdkConfig, path_style: PathStyle) -> aws_sdk_s3::Client {
    let force = match path_style {
        PathStyle::On => true,
        PathStyle::Off => false,
        PathStyle::Auto => endpoint_has_no_subdomains(),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(30))
        .build();
    let config = aws_sdk_s3::config::Builder::from(aws)
        .force_path_style(force)
        .timeout_config(timeouts);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// A custom endpoint that is an IP address, localhost or a bare host name cannot have a bucket before its name.
fn endpoint_has_no_subdomains() -> bool {
    let endpoint =
        std::env::var("AWS_ENDPOINT_URL_S3").or_else(|_| std::env::var("AWS_ENDPOINT_URL"));
    match endpoint.ok().and_then(|e| url::Url::parse(&e).ok()) {
        Some(url) => match url.host() {
            Some(url::Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
            Some(_) => true,
            None => false,
        },
        None => false,
    }
}
