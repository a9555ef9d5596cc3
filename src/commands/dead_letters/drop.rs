/*! `dead-letters drop`: the letters of a store go in; the selected ones are removed, after consent. */

use std::io::{IsTerminal, Write};
use std::pin::pin;

use anyhow::bail;
use futures_util::StreamExt;
use serde_json::json;

use crate::commands::dead_letters::groups::{count, table};
use crate::commands::dead_letters::list::survey;
use crate::commands::dead_letters::select::Selector;
use crate::commands::dead_letters::store;
use crate::commands::setup::width;
use crate::config::DropLettersConfig;
use crate::sink::dead_letters::{DeadLetterArchive, Read, Removal, sets};

pub async fn run(config: DropLettersConfig) -> anyhow::Result<()> {
    let store = store::open(config.store).await?;
    let now = jiff::Timestamp::now();
    // Letters that a worker writes after the plan are not in it.
    let selector = Selector::new(config.selection, now).written_before(now);
    let plan = survey(&*store.archive, &selector).await?;
    let letters = plan.groups.letters;
    let mut out = std::io::stdout();
    if !config.json {
        out.write_all(table(&plan.groups, width()).as_bytes())?;
        eprint!("{}", plan.unreadable.lines());
        if config.dry_run {
            writeln!(out, "Dry run: nothing was dropped.")?;
        }
        out.flush()?;
    }
    let mut dropped = 0;
    let mut outcome = Ok(());
    if !config.dry_run && letters > 0 {
        if !config.yes && !confirmed(letters)? {
            bail!("nothing was dropped");
        }
        outcome = drop_selected(&*store.archive, &selector, &mut dropped).await;
    }
    if config.json {
        let plan = json!({"dry_run": config.dry_run, "letters": letters, "groups": plan.groups.to_json(), "unreadable": plan.unreadable, "dropped": dropped});
        writeln!(out, "{plan}")?;
    } else if dropped > 0 {
        writeln!(out, "Dropped {}.", count(dropped))?;
    }
    outcome?;
    plan.unreadable.result()
}

/// Counts in `dropped`, also what was dropped before an error.
async fn drop_selected(
    archive: &dyn DeadLetterArchive,
    selector: &Selector,
    dropped: &mut u64,
) -> anyhow::Result<()> {
    let mut failures = Vec::new();
    let mut sets = pin!(sets(archive, |address| selector.may_hold(address)));
    while let Some(read) = sets.next().await {
        let set = match read {
            Read::Set(set) => set,
            // The plan has said so.
            Read::Unreadable(_) => continue,
            Read::Failed(error) => bail!("the store cannot be read: {error}"),
        };
        let letters = set.letters.iter().enumerate();
        let selected = letters.filter(|(_, stored)| {
            let letter = stored.letter.as_ref();
            letter.is_ok_and(|letter| selector.selects(letter))
        });
        let positions: Vec<usize> = selected.map(|(position, _)| position).collect();
        if positions.is_empty() {
            continue;
        }
        match archive.remove(&set, &positions).await {
            Ok(Removal::Removed) => *dropped += positions.len() as u64,
            Ok(Removal::Changed) => {
                let name = &set.address.name;
                failures.push(format!("{name}: a worker has written it anew"));
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    match failures.first() {
        None => Ok(()),
        Some(first) => {
            let n = failures.len();
            bail!("not all was dropped, run it again: {first} ({n} failures)")
        }
    }
}

/// Asks for consent on the terminal. Without a terminal it returns an error.
fn confirmed(letters: u64) -> anyhow::Result<bool> {
    let letters = count(letters);
    if !std::io::stdin().is_terminal() {
        bail!(
            "{letters} would be dropped, and there is no terminal to ask on: give --yes to drop, or --dry-run to see what"
        );
    }
    let mut err = std::io::stderr();
    write!(err, "Drop {letters}? There is no way back. [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
