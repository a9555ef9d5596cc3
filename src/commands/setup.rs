/*! `setup`: makes OpenSearch ready. A plan, then what changed; a second run changes nothing. */

mod apply;
mod at_start;
mod auto_create;
mod found;
mod indices;
mod overlap;
mod plan;
mod print;
mod retention;
#[cfg(test)]
mod tests;
mod version;

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::config::SetupConfig;
use crate::error_class::ErrorClass;
use crate::sink::opensearch::OpenSearch;
use crate::sink::{Index, IndexError};

pub(crate) use crate::commands::setup::at_start::prepare;
pub(crate) use crate::commands::setup::plan::batches;
pub(crate) use crate::commands::setup::version::unsupported;

/// One request may take so long.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);
/// Columns of no terminal.
const WIDTH: u16 = 140;

/// Why the index is not ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// It does not even say what it is.
    #[error(transparent)]
    Unusable(IndexError),
    #[error("{}", told(request, error))]
    Index { request: String, error: IndexError },
    /// It works, but not as logferry needs it.
    #[error("{0}")]
    Refused(String),
}

impl SetupError {
    fn index(request: String, error: IndexError) -> Self {
        SetupError::Index { request, error }
    }

    pub(crate) fn class(&self) -> ErrorClass {
        match self {
            SetupError::Unusable(error) | SetupError::Index { error, .. } => error.class(),
            SetupError::Refused(_) => ErrorClass::Fatal,
        }
    }
}

/// With the request, unless the error names it.
fn told(request: &str, error: &IndexError) -> String {
    let error = error.to_string();
    match request.split_once(' ') {
        Some((_, path)) if error.contains(path) => error,
        _ => format!("{request}: {error}"),
    }
}

pub async fn run(config: SetupConfig) -> anyhow::Result<()> {
    let index = OpenSearch::new(config.index, TIMEOUT).await?;
    let unusable = "--opensearch-url: the index cannot be used";
    let version = index.version().await.context(unusable)?;
    if let Some(why) = unsupported(&version) {
        bail!("{unusable}: {why}");
    }
    let wanted = &config.wanted;
    let found = found::found(&index, wanted).await.context(unusable)?;
    let plan = plan::plan(wanted, &found).map_err(|why| anyhow::anyhow!(why.join("\n")))?;
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
            // A closed pipe is found at the end.
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
    } else {
        writeln!(out, "{}", changed(done.len()))?;
    }
    for failed in &failed {
        tracing::warn!(error = %failed.error, name = failed.step.name, "left as it was");
    }
    if let Some(error) = ended {
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

pub(crate) fn width() -> usize {
    let (_, columns) = console::Term::stdout().size_checked().unwrap_or((0, WIDTH));
    usize::from(columns)
}
