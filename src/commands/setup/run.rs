/*! A configuration of `setup` goes in; its plan is printed and, unless it is a dry run, applied. */

use std::io::Write;

use anyhow::{Context, bail};

use crate::commands::setup::apply;
use crate::commands::setup::current_state;
use crate::commands::setup::plan;
use crate::commands::setup::print;
use crate::commands::setup::print::width;
use crate::commands::setup::request::TIMEOUT;
use crate::commands::setup::version::unsupported;
use crate::config::SetupConfig;
use crate::sink::Index;
use crate::sink::opensearch::OpenSearch;

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
    if config.dry_run {
        return dry_run(&version, &plan, config.json);
    }
    let mut out = std::io::stdout().lock();
    if !config.json {
        let mut text = format!("{version}\n");
        print::table(&plan, &mut text, width());
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
    let (failed, ended) = match applied {
        Ok(failed) => (failed, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    if config.json {
        writeln!(
            out,
            "{}",
            print::json(&version, &plan, false, &done, &failed)
        )?;
    } else if ended.is_none() || !done.is_empty() {
        writeln!(out, "{}", changed(done.len()))?;
    }
    for failed in &failed {
        tracing::warn!(error = %failed.error, name = failed.step.name, "left as it was");
    }
    if let Some(error) = ended {
        if done.is_empty() {
            return Err(error.into());
        }
        return Err(error).context("setup ended early: what is done is done; run it again");
    }
    match &failed[..] {
        [] => Ok(()),
        [one] => bail!("{} was left as it was: {}", one.step.name, one.error),
        [first, rest @ ..] => bail!(
            "{} and {} more were left as they were (all: above): {}",
            first.step.name,
            rest.len(),
            first.error
        ),
    }
}

fn dry_run(version: &str, plan: &plan::Plan, json: bool) -> anyhow::Result<()> {
    let mut text = String::new();
    if json {
        text = format!("{}\n", print::json(version, plan, true, &[], &[]));
    } else {
        text.push_str(&format!("{version}\n"));
        print::table(plan, &mut text, width());
        print::requests(plan, &mut text);
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
