/*! `export`: log groups go in; export tasks bring their events to S3, once or again and again. */

mod status;

use std::io::Write;

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

use crate::commands::export::status::ExportStatus;
use crate::commands::shared::aws_clients::{aws_config, s3_client};
use crate::commands::shared::exporter::exporter;
use crate::commands::shared::passes::repeat;
use crate::commands::shared::signals::stop_at_signal;
use crate::config::{ExportCommandConfig, ExportMode};
use crate::export::bucket::{check_region, missing_permissions};
use crate::export::{ExportConfig, Exporter, PassError, PassReport};
use crate::observe::otlp::Telemetry;
use logferry_core::export::{BucketPolicy, Destination};

pub async fn run(config: ExportCommandConfig, telemetry: Telemetry) -> anyhow::Result<()> {
    let aws = aws_config("the region of the log groups and of the bucket").await?;
    let region = aws.region().map(ToString::to_string).unwrap_or_default();
    let s3 = s3_client(&aws, config.path_style, None);
    let exporter = exporter(config.export, config.checkpoints, &aws, &s3);
    let destination = &exporter.config.destination;
    match config.mode {
        ExportMode::PrintBucketPolicy => print_policy(&exporter, &region).await,
        ExportMode::Status { json } => {
            let status = ExportStatus::read(&exporter).await?;
            print(&if json { status.json() } else { status.table() })?;
            status.result()
        }
        ExportMode::DryRun => {
            check_region(&s3, destination, &region)
                .await
                .map_err(in_flag)?;
            let status = ExportStatus::read(&exporter).await?;
            print(&status.table())?;
            let lacks = lacking(&s3, destination, status.account(), &region).await?;
            print("Dry run: nothing was exported.\n")?;
            status.result()?;
            match lacks.is_empty() {
                true => Ok(()),
                false => bail!(
                    "--destination: the policy of the bucket {} does not allow {}; see --print-bucket-policy",
                    destination.bucket,
                    lacks.join(" and ")
                ),
            }
        }
        ExportMode::Once => {
            check_region(&s3, destination, &region)
                .await
                .map_err(in_flag)?;
            let stop = CancellationToken::new();
            stop_at_signal(&stop)?;
            let pass = exporter.pass(&stop);
            let report = telemetry.during(&exporter.metrics, pass).await?;
            tracing::info!(
                groups = report.groups,
                windows = report.windows,
                lost = report.lost.len(),
                "export ends"
            );
            result_of(&report)
        }
        ExportMode::Every { interval, listen } => {
            check_region(&s3, destination, &region)
                .await
                .map_err(in_flag)?;
            let stop = CancellationToken::new();
            stop_at_signal(&stop)?;
            let metrics = exporter.metrics.clone();
            let pass = async || {
                let report = exporter.pass(&stop).await?;
                tracing::info!(
                    groups = report.groups,
                    windows = report.windows,
                    failed = report.failures.len(),
                    "pass ends"
                );
                Ok::<(), PassError>(())
            };
            let passes = repeat(interval, listen, metrics.clone(), &stop, pass);
            telemetry.during(&metrics, passes).await?;
            tracing::info!("export ends; the next run adopts a task that still runs");
            Ok(())
        }
    }
}

fn in_flag(reason: String) -> anyhow::Error {
    anyhow::anyhow!("--destination: {reason}")
}

/// Failures to print; the log has all of them.
const SHOWN: usize = 20;

fn result_of(report: &PassReport) -> anyhow::Result<()> {
    let failed = report.failures.len();
    if failed == 0 {
        return Ok(());
    }
    let mut text = format!("{failed} log groups were not exported, and lost nothing:");
    if failed == 1 {
        text = "1 log group was not exported, and lost nothing:".to_owned();
    }
    for failure in report.failures.iter().take(SHOWN) {
        text.push_str(&format!("\n  {}: {}", failure.group, failure.reason));
    }
    if failed > SHOWN {
        text.push_str(&format!("\n  and {} more", failed - SHOWN));
    }
    bail!(text)
}

/// The permissions that the bucket's policy lacks; none, with a warning, if the policy may not be read.
async fn lacking(
    s3: &aws_sdk_s3::Client,
    destination: &Destination,
    account: Option<&str>,
    region: &str,
) -> anyhow::Result<Vec<String>> {
    let needed = BucketPolicy {
        destination,
        account: account.unwrap_or_default(),
        region,
    };
    match missing_permissions(s3, &needed).await {
        Ok(missing) => Ok(missing),
        Err(reason) => {
            tracing::warn!(reason, "the bucket's policy is not checked");
            Ok(Vec::new())
        }
    }
}

async fn print_policy(exporter: &Exporter, region: &str) -> anyhow::Result<()> {
    let ExportConfig { destination, .. } = &exporter.config;
    let page = exporter.api.groups("", None).await;
    let page = page.context("the account's id is in the ARN of any of its log groups")?;
    let Some(group) = page.items.first() else {
        bail!(
            "the account's id is in the ARN of any of its log groups, and there is none in {region}"
        );
    };
    let policy = BucketPolicy {
        destination,
        account: &group.account,
        region: &group.region,
    };
    print(&format!("{}\n", policy.write()))?;
    Ok(())
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
