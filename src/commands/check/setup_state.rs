/*! Templates and settings, by what `worker` checks at its start and by the plan of `setup`. */

use crate::check::{Area, Finding, cluster};
use crate::commands::setup::{Review, SetupError, review};
use crate::config::CheckConfig;
use crate::sink::opensearch::OpenSearch;

const AREA: Area = Area::Opensearch;
/// Most changes that are listed.
const SHOWN: usize = 3;

pub(super) async fn check(config: &CheckConfig, index: &OpenSearch) -> Vec<Finding> {
    let prefix = &config.worker.pipeline.read.document.index_prefix;
    let review = review(index, prefix).await;
    let mut findings = match config.worker.setup {
        true => with_setup(&review),
        false => without_setup(&review),
    };
    findings.push(match &review.settings {
        Ok(settings) => {
            let fault = settings.columnar.as_ref().or(settings.forbidden.as_ref());
            match fault {
                Some(sentence) => fault_of(sentence, "auto-create"),
                None => Finding::ok(AREA, "auto-create", "OpenSearch may make the daily indices"),
            }
        }
        Err(error) => cluster::unseen(
            "auto-create",
            "whether OpenSearch may make the daily indices (action.auto_create_index)",
            &error.to_string(),
        ),
    });
    findings
}

/// The worker makes and updates templates at its start.
fn with_setup(review: &Review) -> Vec<Finding> {
    match &review.plan {
        Ok(plan) => {
            let text = match plan.changes.len() {
                0 => "nothing to change".to_owned(),
                _ => format!("the worker will do it at its start (--setup): {}", shown(&plan.changes)),
            };
            let done = Finding::ok(AREA, "templates", text);
            std::iter::once(done).chain(noted(&plan.notes)).collect()
        }
        Err(SetupError::Refused(why)) => vec![fault_of(why, "templates")],
        Err(error) => vec![
            Finding::fault(AREA, "templates", error.to_string())
                .remedy("--setup needs the role logferry-setup too (docs/access.md); or leave it out, and run `logferry setup` once"),
        ],
    }
}

fn without_setup(review: &Review) -> Vec<Finding> {
    if let Err(error) = &review.templates {
        return vec![
            fault_of(&error.to_string(), "templates"),
            Finding::not_checked(AREA, "setup", "the templates are not as they must be"),
        ];
    }
    let there = Finding::ok(
        AREA,
        "templates",
        "the index templates are there, and new enough",
    );
    let rest = match &review.plan {
        Ok(plan) if plan.changes.is_empty() => {
            vec![Finding::ok(
                AREA,
                "setup",
                "`logferry setup` has nothing to change",
            )]
        }
        Ok(plan) => {
            let text = format!(
                "`logferry setup` would change something: {}",
                shown(&plan.changes)
            );
            vec![Finding::warning(AREA, "setup", text).remedy("run it")]
        }
        Err(error) => vec![cluster::unseen(
            "setup",
            "whether `logferry setup` has something to change",
            &error.to_string(),
        )],
    };
    let notes = review
        .plan
        .as_ref()
        .map(|plan| noted(&plan.notes))
        .unwrap_or_default();
    std::iter::once(there).chain(rest).chain(notes).collect()
}

fn noted(notes: &[String]) -> Vec<Finding> {
    notes
        .iter()
        .map(|note| Finding::warning(AREA, "setup", note))
        .collect()
}

fn shown(changes: &[String]) -> String {
    match changes.len().saturating_sub(SHOWN) {
        0 => changes.join(", "),
        more => format!("{} and {more} more", changes[..SHOWN].join(", ")),
    }
}

/// Sentences of setup name the fault, and after a colon what to do.
fn fault_of(sentence: &str, check: &'static str) -> Finding {
    match sentence.rsplit_once(": ") {
        Some((text, remedy)) => Finding::fault(AREA, check, text).remedy(remedy),
        None => Finding::fault(AREA, check, sentence),
    }
}
