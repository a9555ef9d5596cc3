/*! A configuration of `setup` goes in; its plan is printed and, unless it is a dry run, applied. */

use std::io::Write;

use anyhow::{Context, bail};

use crate::commands::setup::apply;
use crate::commands::setup::current_state;
use crate::commands::setup::dashboards;
use crate::commands::setup::dashboards::{Board, Imported};
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
    // Asked before anything is changed: a wrong URL then costs nothing.
    let board = match config.dashboards {
        Some(dashboards) => Some(dashboards::plan(dashboards, wanted).await?),
        None => None,
    };
    if config.dry_run {
        return dry_run(&version, &plan, board.as_ref(), config.json);
    }
    let mut out = std::io::stdout().lock();
    if !config.json {
        let mut text = format!("{version}\n");
        print::table(&plan, &mut text, width());
        if let Some(board) = &board {
            board_table(board, &mut text);
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
    if let (Some(board), None) = (&board, &ended) {
        match board.import().await {
            Ok(done) => imported = Some(done),
            Err(error) => ended = Some(error),
        }
    }
    let imported_steps: Vec<_> = match (&board, &imported) {
        (Some(board), Some(imported)) => imported.done(board.plan()).collect(),
        _ => Vec::new(),
    };
    let changes = done.len() + imported_steps.len();
    if config.json {
        let mut report = print::json(&version, &plan, false, &done, &failed);
        if let Some(board) = &board {
            report["dashboards"] = board.json(imported.as_ref());
        }
        writeln!(out, "{report}")?;
    } else if ended.is_none() || changes > 0 {
        for step in imported_steps {
            writeln!(out, "{}", print::done(step))?;
        }
        writeln!(out, "{}", changed(changes))?;
    }
    for failed in &failed {
        tracing::warn!(error = %failed.error, name = failed.step.name, "left as it was");
    }
    if let Some(error) = ended {
        if changes == 0 {
            return Err(error.into());
        }
        return Err(error).context("setup ended early: what is done is done; run it again");
    }
    let failures = failed
        .iter()
        .map(|f| format!("{} was left as it was: {}", f.step.name, f.error));
    let not_imported = imported.iter().flat_map(Imported::refusals);
    let failures: Vec<String> = failures.chain(not_imported.map(str::to_owned)).collect();
    match &failures[..] {
        [] => Ok(()),
        [one] => bail!("{one}"),
        [first, rest @ ..] => {
            for failure in rest {
                tracing::warn!("{failure}");
            }
            bail!("{first} (and {} more, above)", rest.len())
        }
    }
}

/// The plan for Dashboards, below that for OpenSearch.
fn board_table(board: &Board, text: &mut String) {
    text.push_str(&format!("\nOpenSearch Dashboards {}\n", board.version));
    print::table(board.plan(), text, width());
}

fn dry_run(
    version: &str,
    plan: &plan::Plan,
    board: Option<&Board>,
    json: bool,
) -> anyhow::Result<()> {
    let mut text = String::new();
    if json {
        let mut report = print::json(version, plan, true, &[], &[]);
        if let Some(board) = board {
            report["dashboards"] = board.json(None);
        }
        text = format!("{report}\n");
    } else {
        text.push_str(&format!("{version}\n"));
        print::table(plan, &mut text, width());
        if let Some(board) = board {
            board_table(board, &mut text);
        }
        print::requests(plan, &mut text);
        if let Some(request) = board.and_then(Board::request) {
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
