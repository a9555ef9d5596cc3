/*! Asks everything at the same time, prints the report, and fails if there is a fault. */

use anyhow::bail;

use crate::check::Report;
use crate::commands::check::aws::AwsSide;
use crate::commands::check::{aws, cluster, dead_letters, print, settings};
use crate::config::CheckConfig;

pub async fn run(config: CheckConfig) -> anyhow::Result<()> {
    let otlp = crate::config::otlp();
    let (aws, cluster, otlp) = tokio::join!(
        aws::check(&config),
        cluster::check(&config),
        settings::check_otlp(&otlp, config.timeout)
    );
    let mut findings = settings::check(&config);
    findings.extend(otlp);
    findings.extend(dead_letters::check(&config, &aws, cluster.usable).await);
    let AwsSide {
        findings: of_aws, ..
    } = aws;
    findings.extend(of_aws);
    findings.extend(cluster.findings);
    let report = Report::new(findings, config.strict);
    print::print(&report, config.json)?;
    match report.ok {
        true => Ok(()),
        false => bail!("check: {}", report.summary()),
    }
}
