/*! A configuration of `setup` goes in; its plan is printed and, unless it is a dry run, applied. */

use std::io::Write;

use anyhow::{Context, bail};

use crate::commands::setup::apply;
use crate::commands::setup::apply::FailedStep;
use crate::commands::setup::current_state;
use crate::commands::setup::dashboards;
use crate::commands::setup::dashboards::{DashboardsPlan, Imported};
use crate::commands::setup::plan;
use crate::commands::setup::print;
use crate::commands::setup::print::width;
use crate::commands::setup::request::TIMEOUT;
use crate::commands::setup::setup_error::SetupError;
use crate::commands::setup::version::unsupported;
use crate::config::SetupConfig;
use crate::sink::Index;
use crate::sink::opensearch::{Accepted, Encoding, OpenSearch};

pub async fn run(config: SetupConfig) -> anyhow::Result<()> {
    let index = OpenSearch::new(config.index, TIMEOUT).await?;
    let unusable = "--opensearch-url: the index cannot be used";
    let version = index.version().await.context(unusable)?;
    if let Some(why) = unsupported(&version) {
        bail!("{unusable}: {why}");
    }
    let wanted = &config.wanted;
    let current = current_state::read(&index, wanted)
        .await
        .context(unusable)?;
    let plan = plan::plan(wanted, &current).map_err(|why| anyhow::anyhow!(why.join("\n")))?;
    // Asked before anything is changed: a wrong URL then costs nothing.
    let dashboards = match config.dashboards {
        Some(access) => Some(dashboards::plan(access, wanted).await?),
        None => None,
    };
    let taken = compressions(&index).await;
    if config.dry_run {
        return dry_run(&version, &taken, &plan, dashboards.as_ref(), config.json);
    }
    let mut out = std::io::stdout().lock();
    if !config.json {
        let mut text = print::head(&version, &taken);
        print::table(&plan, &mut text, width());
        if let Some(dashboards) = &dashboards {
            dashboards_table(dashboards, &mut text);
        }
        out.write_all(text.as_bytes())?;
        out.flush()?;
    }
    let mut done = Vec::new();
    let applied = apply::apply(&index, &plan, |step| {
        done.push(step);
        if !config.json {
            // A closed pipe is reported at the end.
            let _ = writeln!(out, "{}", print::done(step));
        }
    });
    let applied = applied.await;
    let (failed, mut ended) = match applied {
        Ok(failed) => (failed, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut imported = None;
    if let (Some(dashboards), None) = (&dashboards, &ended) {
        match dashboards.import().await {
            Ok(done) => imported = Some(done),
            Err(error) => ended = Some(error),
        }
    }
    let imported_steps: Vec<_> = match (&dashboards, &imported) {
        (Some(dashboards), Some(imported)) => imported.done(dashboards.steps()).collect(),
        _ => Vec::new(),
    };
    let changes = done.len() + imported_steps.len();
    if config.json {
        let mut report = print::json(&version, &plan, false, &done, &failed);
        report["bulk_compression"] = taken.into();
        if let Some(dashboards) = &dashboards {
            report["dashboards"] = dashboards.json(imported.as_ref());
        }
        writeln!(out, "{report}")?;
    } else if ended.is_none() || changes > 0 {
        for step in imported_steps {
            writeln!(out, "{}", print::done(step))?;
        }
        writeln!(out, "{}", changed(changes))?;
    }
    drop(out);
    conclude(&failed, imported.as_ref(), ended, changes)
}

/// The compressions of bulks that the cluster takes (`--bulk-compression`); without those that cannot be asked for.
async fn compressions(index: &OpenSearch) -> Vec<&'static str> {
    let mut taken = Vec::new();
    for encoding in Encoding::BEST_FIRST {
        match index.accepts(encoding).await {
            Ok(Accepted::Yes) => taken.push(encoding.as_str()),
            Ok(Accepted::No(reason)) => {
                tracing::debug!(reason, encoding = encoding.as_str(), "not taken");
            }
            Err(error) => tracing::debug!(%error, encoding = encoding.as_str(), "not known"),
        }
    }
    taken
}

/// The end of a run: all failures are logged, and the first one is the error.
fn conclude(
    failed: &[FailedStep<'_>],
    imported: Option<&Imported>,
    ended: Option<SetupError>,
    changes: usize,
) -> anyhow::Result<()> {
    let failures = failed
        .iter()
        .map(|f| format!("{} was left as it was: {}", f.step.name, f.error));
    let not_imported = imported.into_iter().flat_map(Imported::refusals);
    let failures: Vec<String> = failures.chain(not_imported.map(str::to_owned)).collect();
    for failure in &failures {
        tracing::warn!("{failure}");
    }
    if let Some(error) = ended {
        if changes == 0 {
            return Err(error.into());
        }
        return Err(error).context("setup ended early: what is done is done; run it again");
    }
    match &failures[..] {
        [] => Ok(()),
        [one] => bail!("{one}"),
        [first, rest @ ..] => bail!("{first} (and {} more, above)", rest.len()),
    }
}

/// The plan for Dashboards, below that for OpenSearch.
fn dashboards_table(dashboards: &DashboardsPlan, text: &mut String) {
    text.push_str(&format!("\nOpenSearch Dashboards {}\n", dashboards.version));
    print::table(dashboards.steps(), text, width());
}

fn dry_run(
    version: &str,
    taken: &[&'static str],
    plan: &plan::Plan,
    dashboards: Option<&DashboardsPlan>,
    json: bool,
) -> anyhow::Result<()> {
    let mut text = String::new();
    if json {
        let mut report = print::json(version, plan, true, &[], &[]);
        report["bulk_compression"] = taken.into();
        if let Some(dashboards) = dashboards {
            report["dashboards"] = dashboards.json(None);
        }
        text = format!("{report}\n");
    } else {
        text.push_str(&print::head(version, taken));
        print::table(plan, &mut text, width());
        if let Some(dashboards) = dashboards {
            dashboards_table(dashboards, &mut text);
        }
        print::requests(plan, &mut text);
        if let Some(request) = dashboards.and_then(DashboardsPlan::request) {
            text.push_str(&format!("\n{request}\n"));
        }
        text.push_str("\nDry run: nothing was changed.\n");
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn changed(steps: usize) -> String {
    match steps {
        0 => "Nothing to change.".to_owned(),
        1 => "1 change made.".to_owned(),
        n => format!("{n} changes made."),
    }
}
