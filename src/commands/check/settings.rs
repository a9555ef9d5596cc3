/*! A valid configuration goes in; the risks in it come out. */

use std::time::Duration;

use crate::check::{Area, Finding};
use crate::config::CheckConfig;
use crate::observe::otlp::{OtlpSettings, ProbedReceiver, probe};
use crate::sink::opensearch::{Auth, is_unencrypted};

pub(super) fn check(config: &CheckConfig) -> Vec<Finding> {
    let (area, worker) = (Area::Settings, &config.worker);
    let mut findings = vec![Finding::ok(
        area,
        "flags",
        "all flags and variables are valid",
    )];
    if worker.pipeline.read.allowed_buckets.is_open() {
        let text = "messages may name any bucket: everyone who can send to the queue decides which objects are read";
        findings
            .push(Finding::warning(area, "allowed buckets", text).remedy("give --allow-bucket"));
    }
    if worker.dead_letters.is_none() {
        let text = "there is no store for dead letters: messages of rejected documents and broken objects are left to the redrive policy";
        findings.push(Finding::warning(area, "dead letters", text).remedy("give --dead-letters"));
    }
    let secret = matches!(worker.index.auth, Auth::Basic { .. } | Auth::ApiKey { .. });
    let open = worker.index.urls.iter().find(|url| is_unencrypted(url));
    if let Some(url) = open.filter(|_| secret) {
        let text = format!("the password or the key goes to {url} unencrypted");
        findings.push(Finding::warning(area, "encryption", text).remedy("take https://"));
    }
    if worker.index.tls.accept_invalid {
        let text = "any certificate of OpenSearch is accepted: anyone on the connection can read and change everything";
        findings.push(
            Finding::warning(area, "certificates", text).remedy("give --opensearch-ca instead"),
        );
    }
    findings
}

/// The variables of OTLP, and whether the receivers answer. The worker works without them.
pub(super) async fn check_otlp(settings: &OtlpSettings, limit: Duration) -> Vec<Finding> {
    let (area, check) = (Area::Settings, "otlp");
    let warnings = settings.warnings.iter();
    let mut findings: Vec<Finding> = warnings
        .map(|warning| Finding::warning(area, check, warning))
        .collect();
    for ProbedReceiver {
        signal,
        url,
        result,
    } in probe(settings, limit).await
    {
        findings.push(match result {
            Ok(()) => Finding::ok(area, check, format!("{url} takes {signal}")),
            Err(reason) => {
                Finding::warning(area, check, format!("{url} takes no {signal}: {reason}"))
                    .remedy("check OTEL_EXPORTER_OTLP_ENDPOINT; the worker works without it")
            }
        });
    }
    findings
}
