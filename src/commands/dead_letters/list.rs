/*! `dead-letters list`: the letters of a store go in; their groups come out. */

use std::io::Write;
use std::pin::pin;

use anyhow::bail;
use futures_util::StreamExt;
use serde_json::json;

use crate::commands::dead_letters::groups::table;
use crate::commands::dead_letters::select::Selector;
use crate::commands::dead_letters::store;
use crate::commands::dead_letters::unreadable::Unreadable;
use crate::commands::setup::width;
use crate::config::ListLettersConfig;
use crate::sink::dead_letters::{DeadLetterArchive, LetterGroups, Read, sets};

pub async fn run(config: ListLettersConfig) -> anyhow::Result<()> {
    let name = config.store.name.clone();
    let store = store::open(config.store).await?;
    let selector = Selector::new(config.selection, jiff::Timestamp::now());
    let found = survey(&*store.archive, &selector).await?;
    let mut out = std::io::stdout().lock();
    if config.json {
        let letters = found.groups.letters;
        let groups = found.groups.to_json();
        let all = json!({"store": name, "letters": letters, "groups": groups, "unreadable": found.unreadable});
        writeln!(out, "{all}")?;
    } else {
        out.write_all(table(&found.groups, width()).as_bytes())?;
        eprint!("{}", found.unreadable.lines());
    }
    out.flush()?;
    found.unreadable.result()
}

pub(super) struct Survey {
    pub groups: LetterGroups,
    pub unreadable: Unreadable,
}

/// Reads all selected letters, a few files at a time.
pub(super) async fn survey(
    archive: &dyn DeadLetterArchive,
    selector: &Selector,
) -> anyhow::Result<Survey> {
    let mut survey = Survey {
        groups: LetterGroups::default(),
        unreadable: Unreadable::default(),
    };
    let mut sets = pin!(sets(archive, |address| selector.may_hold(address)));
    while let Some(read) = sets.next().await {
        let set = match read {
            Read::Set(set) => set,
            Read::Unreadable(error) => {
                survey.unreadable.add(error.to_string());
                continue;
            }
            Read::Failed(error) => bail!("the store cannot be read: {error}"),
        };
        for stored in set.letters {
            match stored.letter {
                Ok(letter) if selector.selects(&letter) => {
                    survey.groups.add(&letter, &stored.reference);
                }
                Ok(_) => {}
                Err(reason) => survey.unreadable.add(reason),
            }
        }
    }
    Ok(survey)
}
