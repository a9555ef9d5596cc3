/*! `coverage`: checkpoints or a listing go in; what was exported and never settled is printed, or served as metrics. */

mod evidence;
mod progress;
mod report;

use std::io::Write;
use std::sync::Arc;

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use crate::commands::coverage::evidence::Evidence;
use crate::commands::coverage::report::CoverageReport;
use crate::commands::shared::passes::repeat;
use crate::commands::shared::signals::stop_at_signal;
use crate::config::{CoverageConfig, CoverageRun};
use crate::observe::Metrics;
use crate::observe::otlp::Telemetry;

pub async fn run(mut config: CoverageConfig, telemetry: Telemetry) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_at_signal(&stop)?;
    let run = std::mem::replace(&mut config.run, CoverageRun::Once { json: false });
    let evidence = Evidence::new(config).await?;
    match run {
        CoverageRun::Once { json } => {
            let Some(report) = stop.run_until_cancelled(evidence.gather()).await else {
                bail!("interrupted: nothing was printed");
            };
            let report = report?;
            let text = if json { report.json() } else { report.text() };
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            report.result()
        }
        CoverageRun::Every { interval, listen } => {
            let metrics = Arc::new(Metrics::new());
            let shown = metrics.clone();
            let pass = async || match stop.run_until_cancelled(evidence.gather()).await {
                Some(Ok(report)) => {
                    shown.coverage.show(report.groups(), report.now());
                    log(&report);
                    Ok(())
                }
                Some(Err(error)) => {
                    shown.coverage.failures.inc();
                    Err(format!("{error:#}"))
                }
                None => Err("interrupted".to_owned()),
            };
            let passes = repeat(interval, listen, metrics.clone(), &stop, pass);
            telemetry.during(&metrics, passes).await?;
            tracing::info!("coverage ends");
            Ok(())
        }
    }
}

/// Names the gaps in the log, so that an alert leads to the objects.
fn log(report: &CoverageReport) {
    for gap in report.gaps() {
        tracing::warn!("{gap}");
    }
    tracing::info!(
        groups = report.groups().len(),
        gaps = report.gaps().len(),
        "pass ends"
    );
}
