/*! `dead-letters replay`: the letters of a store go in; their documents go to the same indices under the same ids,
their objects through the pipeline. A letter is removed after its verdict. */

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use futures_util::StreamExt;
use indicatif::ProgressBar;
use serde_json::json;

use crate::commands::dead_letters::groups::table;
use crate::commands::dead_letters::list::survey;
use crate::commands::dead_letters::objects::ObjectReplay;
use crate::commands::dead_letters::replayed::Replay;
use crate::commands::dead_letters::select::Selector;
use crate::commands::dead_letters::store;
use crate::commands::setup::{open_prepared, width};
use crate::config::ReplayLettersConfig;
use crate::observe::Metrics;
use crate::pipeline::{EncodedDocument, PipelineConfig, ResendVerdict, Resender};
use crate::sink::Index;
use crate::sink::dead_letters::{DeadLetter, LetterSet, ObjectName, Read, sets};
use logferry_core::document::index_name;

/// Sets whose documents are sent at the same time, so that small files share bulks.
const SETS_IN_FLIGHT: usize = 16;

pub async fn run(config: ReplayLettersConfig) -> anyhow::Result<()> {
    let (name, path_style) = (config.store.name.clone(), config.store.path_style);
    let store = store::open(config.store).await?;
    let selector = Selector::new(config.selection, jiff::Timestamp::now());
    let mut out = std::io::stdout();
    if config.dry_run {
        let found = survey(&*store.archive, &selector).await?;
        if config.json {
            let plan = json!({"dry_run": true, "store": name, "letters": found.groups.letters, "groups": found.groups.to_json(), "unreadable": found.unreadable});
            writeln!(out, "{plan}")?;
        } else {
            out.write_all(table(&found.groups, width()).as_bytes())?;
            eprint!("{}", found.unreadable.lines());
            writeln!(out, "Dry run: nothing was replayed.")?;
        }
        return found.unreadable.result();
    }
    let index = open_prepared(config.index, &config.pipeline, config.setup).await?;
    let index: Arc<dyn Index> = Arc::new(index);
    let replay = Replay::new(&*store.archive, &selector);
    let objects = ObjectReplay {
        index: index.clone(),
        letters: store.letters.clone(),
        pipeline: config.pipeline.clone(),
        path_style,
        expected_owner: config.expected_owner,
    };
    let outcome = tokio::select! {
        outcome = replay_all(&replay, index, &config.pipeline, &objects) => outcome,
        never = show_progress(&replay) => match never {},
    };
    let replayed = replay.report();
    if config.json {
        writeln!(out, "{}", replayed.to_json())?;
    } else {
        out.write_all(replayed.text(width()).as_bytes())?;
        eprint!("{}", replayed.unreadable.lines());
    }
    outcome?;
    replayed.result()
}

async fn replay_all(
    replay: &Replay<'_>,
    index: Arc<dyn Index>,
    pipeline: &PipelineConfig,
    objects: &ObjectReplay,
) -> anyhow::Result<()> {
    replay_documents(replay, index, pipeline).await?;
    objects.replay(replay).await
}

/// On a terminal in place; elsewhere as log lines.
async fn show_progress(replay: &Replay<'_>) -> std::convert::Infallible {
    let is_terminal = std::io::stderr().is_terminal();
    let spinner = match is_terminal {
        true => ProgressBar::new_spinner(),
        false => ProgressBar::hidden(),
    };
    loop {
        let pause = if is_terminal { 200 } else { 10_000 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let progress = replay.report().progress();
        match is_terminal {
            true => spinner.set_message(progress),
            false => tracing::info!("{progress}"),
        }
        spinner.tick();
    }
}

/// Sends the documents of all selected letters. An error ends the replay early; what is settled is removed by then.
pub(super) async fn replay_documents(
    replay: &Replay<'_>,
    index: Arc<dyn Index>,
    config: &PipelineConfig,
) -> anyhow::Result<()> {
    let resender = Resender::start(index, config, &Arc::new(Metrics::new()));
    let prefix = &*config.read.document.index_prefix;
    let wanted = sets(replay.archive, |address| {
        address.kind == DeadLetter::DOCUMENT && replay.selector.may_hold(address)
    });
    let mut done = pin!(
        wanted
            .map(|read| async {
                match read {
                    Read::Set(set) => replay_set(replay, &resender, prefix, set).await,
                    Read::Unreadable(error) => replay.report().unreadable.add(error.to_string()),
                    Read::Failed(error) => bail!("the store cannot be read: {error}"),
                }
                Ok(())
            })
            .buffer_unordered(SETS_IN_FLIGHT)
    );
    while let Some(result) = done.next().await {
        result?;
        if let Some(reason) = resender.fatal_error() {
            bail!("the index cannot be used: {reason}");
        }
    }
    Ok(())
}

/// Sends the selected letters of a set, then removes those that are settled.
async fn replay_set(replay: &Replay<'_>, resender: &Resender, prefix: &str, set: LetterSet) {
    let mut positions = Vec::new();
    let mut documents = Vec::new();
    for (position, stored) in set.letters.iter().enumerate() {
        match &stored.letter {
            Ok(letter) if !replay.selector.selects(letter) => {}
            Ok(letter) => match encoded(letter, prefix) {
                Ok(document) => {
                    positions.push(position);
                    documents.push(document);
                }
                Err(reason) => {
                    let mut report = replay.report();
                    report.refuse(letter.clone(), &stored.reference, reason);
                }
            },
            Err(reason) => replay.report().unreadable.add(reason.clone()),
        }
    }
    let verdicts = resender.send(documents).await;
    let mut settled = Vec::new();
    for (position, verdict) in positions.into_iter().zip(verdicts) {
        let mut report = replay.report();
        match verdict {
            ResendVerdict::Indexed => {
                report.indexed += 1;
                settled.push(position);
            }
            ResendVerdict::AlreadyThere => {
                report.already_there += 1;
                settled.push(position);
            }
            ResendVerdict::Rejected { reason, .. } => {
                let stored = &set.letters[position];
                if let Ok(letter) = &stored.letter {
                    report.refuse(letter.clone(), &stored.reference, reason);
                }
            }
            ResendVerdict::Unsettled(reason) => report.unsettled.add(1, reason),
        }
    }
    if !settled.is_empty() {
        let removed = replay.archive.remove(&set, &settled).await;
        replay.report().removal(&set, settled.len(), removed);
    }
}

/// The document of a letter, or why it cannot be sent. A letter may name only an index of the prefix.
fn encoded(letter: &DeadLetter, prefix: &str) -> Result<EncodedDocument, String> {
    if letter.kind != DeadLetter::DOCUMENT {
        return Err("a letter of an object among letters of documents".to_owned());
    }
    let (Some(index), Some(id), Some(source)) = (&letter.index, &letter.id, &letter.source) else {
        return Err("the letter has no document".to_owned());
    };
    if index_name::read(index, prefix).is_none() {
        return Err(format!(
            "{index:?} is no index of the prefix {prefix:?}: see --index-prefix"
        ));
    }
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if id.is_empty() || !id.bytes().all(is_plain) {
        return Err(format!("{id:?} is no id of logferry"));
    }
    let source = source.get();
    if !source.starts_with('{') || source.contains(['\n', '\r']) {
        return Err("the document is no JSON object on one line".to_owned());
    }
    Ok(EncodedDocument {
        object: Arc::new(ObjectName {
            bucket: letter.bucket.clone(),
            key: letter.key.clone(),
            etag: letter.etag.clone(),
            version_id: letter.version_id.clone(),
        }),
        offset: letter.offset,
        index: index.clone(),
        id: id.clone(),
        source: source.to_owned(),
    })
}
