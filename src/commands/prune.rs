/*! `prune`: the list of indices goes in; logferry's daily indices older than their retention are deleted, after
consent. */

mod plan;

use std::io::{IsTerminal, Write};

use anyhow::{Context, bail};
use serde_json::json;

use crate::commands::setup::{TIMEOUT, batches, unsupported, width};
use crate::config::PruneConfig;
use crate::sink::Index;
use crate::sink::opensearch::{Method, OpenSearch};

use crate::commands::prune::plan::Plan;

pub async fn run(config: PruneConfig) -> anyhow::Result<()> {
    let unusable = "--opensearch-url: the index cannot be used";
    let index = OpenSearch::new(config.index, TIMEOUT).await?;
    let version = index.version().await.context(unusable)?;
    if let Some(why) = unsupported(&version) {
        bail!("{unusable}: {why}");
    }
    let prefix = &config.prefix;
    let columns = "format=json&bytes=b&h=index,docs.count,store.size";
    let path = match index.is_serverless() {
        // Serverless documents this request without index names; the plan below ignores foreign indices.
        true => format!("/_cat/indices?{columns}"),
        false => format!(
            "/_cat/indices/{prefix}-logs-*,{prefix}-invocations-*?{columns}&expand_wildcards=open,closed"
        ),
    };
    let listed = index.call(Method::GET, &path, None).await;
    let listed = listed.with_context(|| format!("{unusable}: GET {path}"))?;
    let today = jiff::Timestamp::now().as_second().div_euclid(86_400);
    let plan = Plan::new(&listed, prefix, config.retention, today);
    let requests: Vec<String> = batches(&plan.names())
        // A name that has gone meanwhile or is an alias deletes nothing.
        .map(|names| format!("/{names}?expand_wildcards=none&ignore_unavailable=true"))
        .collect();

    let mut out = std::io::stdout().lock();
    if !config.json {
        out.write_all(plan.table(width()).as_bytes())?;
        if config.dry_run {
            for path in &requests {
                writeln!(out, "DELETE {path}")?;
            }
            writeln!(out, "Dry run: nothing was deleted.")?;
        }
        out.flush()?;
    }
    let mut deleted = 0;
    let mut outcome = Ok(());
    if !config.dry_run && !plan.expired.is_empty() {
        if !config.yes && !confirmed(&plan)? {
            bail!("nothing was deleted");
        }
        for (path, batch) in requests.iter().zip(plan.expired.chunks(20)) {
            outcome = delete(&index, path).await;
            if outcome.is_err() {
                break;
            }
            deleted += batch.len();
        }
    }
    if config.json {
        // Printed after a failure too: the first `deleted` indices of `expired` are gone.
        let requests = config.dry_run.then_some(&requests);
        writeln!(
            out,
            "{}",
            json!({"dry_run": config.dry_run, "expired": plan.expired, "notes": plan.notes, "deleted": deleted, "requests": requests})
        )?;
    } else if deleted > 0 && outcome.is_ok() {
        writeln!(out, "Deleted {}.", plan.count())?;
    }
    outcome.with_context(|| {
        let all = plan.expired.len();
        format!("stopped after {deleted} of {all} indices: run it again")
    })
}

async fn delete(index: &OpenSearch, path: &str) -> anyhow::Result<()> {
    let answer = index.call(Method::DELETE, path, None).await?;
    if answer["acknowledged"] != true {
        bail!("OpenSearch did not confirm: {answer}");
    }
    Ok(())
}

/// Asks for consent on the terminal. Without a terminal it returns an error.
fn confirmed(plan: &Plan) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "{} would be deleted, and there is no terminal to ask on: give --yes to delete, or --dry-run to see what",
            plan.count()
        );
    }
    let mut err = std::io::stderr();
    write!(err, "Delete {}? There is no way back. [y/N] ", plan.count())?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
