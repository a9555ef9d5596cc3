/*! Where the state of the pipeline is read: the queue, the workers, the dead letters, the checkpoints of `export`. Each
is optional, and each may fail without the others. Nothing is received, changed or deleted. */

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};

use crate::export::{Exporter, GroupPosition, list_groups};
use crate::serve::page::worker_metrics::{WorkerFigures, WorkerMetrics};
use crate::sink::dead_letters::{DeadLetterArchive, LetterAddress, LetterGroups, Read, sets};
use crate::source::{Depth, Queue};
use logferry_core::export::Target;

/// Time limit of each part.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most letters that are read for their reasons.
const MOST_LETTERS: u64 = 2000;
/// Most log groups whose checkpoints are read.
const MOST_GROUPS: usize = 1000;
/// Checkpoints that are read at once.
const READERS: usize = 32;

#[derive(Default)]
pub struct PipelineSources {
    /// The queue and its name for people.
    pub queue: Option<(String, Arc<dyn Queue>)>,
    pub workers: Option<WorkerMetrics>,
    /// The store of dead letters, as it was given.
    pub letters: Option<(String, Arc<dyn DeadLetterArchive>)>,
    pub export: Option<Exporter>,
}

/// A part of the pipeline.
#[derive(Debug)]
pub enum Part<T> {
    NotConfigured,
    Failed(String),
    Known(T),
}

/// The state of all parts.
pub struct PipelineState {
    pub queue: Part<(String, Depth)>,
    /// Address of each worker with its figures.
    pub workers: Part<Vec<(String, Result<WorkerFigures, String>)>>,
    pub letters: Part<Letters>,
    pub export: Part<Vec<ExportedGroup>>,
}

pub struct Letters {
    pub store: String,
    pub groups: LetterGroups,
    /// There are more letters than were read.
    pub has_more: bool,
    /// Letters and files that cannot be read.
    pub unreadable: u64,
}

/// How far a log group is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedGroup {
    pub name: String,
    /// Milliseconds since 1970; `None` before the first export. An error: the checkpoint cannot be used.
    pub until: Result<Option<i64>, String>,
    /// What is due and not exported, milliseconds.
    pub behind_ms: i64,
}

impl PipelineSources {
    /// Reads all parts at once.
    pub async fn read(&self) -> PipelineState {
        // Boxed: the compiler loses sight of lifetimes in futures that are nested so deeply.
        let queue: BoxFuture<'_, _> = Box::pin(self.queue());
        let workers: BoxFuture<'_, _> = Box::pin(self.workers());
        let letters: BoxFuture<'_, _> = Box::pin(self.letters());
        let export: BoxFuture<'_, _> = Box::pin(self.export());
        let (queue, workers, letters, export) = tokio::join!(queue, workers, letters, export);
        PipelineState {
            queue,
            workers,
            letters,
            export,
        }
    }

    async fn queue(&self) -> Part<(String, Depth)> {
        let Some((name, queue)) = &self.queue else {
            return Part::NotConfigured;
        };
        let depth = async { queue.depth().await.map_err(|error| error.to_string()) };
        match timely(depth).await {
            Ok(depth) => Part::Known((name.clone(), depth)),
            Err(reason) => Part::Failed(reason),
        }
    }

    async fn workers(&self) -> Part<Vec<(String, Result<WorkerFigures, String>)>> {
        let Some(workers) = &self.workers else {
            return Part::NotConfigured;
        };
        let figures = workers.read().await.into_iter();
        Part::Known(
            figures
                .map(|(url, figures)| (url.to_string(), figures))
                .collect(),
        )
    }

    async fn letters(&self) -> Part<Letters> {
        let Some((store, archive)) = &self.letters else {
            return Part::NotConfigured;
        };
        part(timely(letters(store, &**archive)).await)
    }

    async fn export(&self) -> Part<Vec<ExportedGroup>> {
        let Some(exporter) = &self.export else {
            return Part::NotConfigured;
        };
        part(timely(exported(exporter)).await)
    }
}

fn part<T>(read: Result<T, String>) -> Part<T> {
    match read {
        Ok(known) => Part::Known(known),
        Err(reason) => Part::Failed(reason),
    }
}

async fn timely<T>(read: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let read = tokio::time::timeout(TIMEOUT, read).await;
    read.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
}

async fn letters(store: &str, archive: &dyn DeadLetterArchive) -> Result<Letters, String> {
    let mut letters = Letters {
        store: store.to_owned(),
        groups: LetterGroups::default(),
        has_more: false,
        unreadable: 0,
    };
    let mut sets = pin!(sets(archive, every));
    while let Some(read) = sets.next().await {
        match read {
            Read::Set(set) => {
                for stored in set.letters {
                    match stored.letter {
                        Ok(letter) => letters.groups.add(&letter, &stored.reference),
                        Err(_) => letters.unreadable += 1,
                    }
                }
            }
            Read::Unreadable(_) => letters.unreadable += 1,
            Read::Failed(error) => return Err(error.to_string()),
        }
        if letters.groups.letters >= MOST_LETTERS {
            letters.has_more = true;
            break;
        }
    }
    Ok(letters)
}

fn every(_: &LetterAddress) -> bool {
    true
}

async fn exported(exporter: &Exporter) -> Result<Vec<ExportedGroup>, String> {
    let now = (exporter.now)();
    let selection = list_groups(&*exporter.api, &exporter.config.selector).await;
    let selection = selection.map_err(|error| error.to_string())?;
    let rules = &exporter.config.rules;
    let chosen = selection.chosen.len();
    if chosen > MOST_GROUPS {
        return Err(format!(
            "{chosen} log groups are more than a page reads ({MOST_GROUPS}): see logferry export status"
        ));
    }
    let positions = stream::iter(selection.chosen).map(async |group| {
        let target = Target::new(group, &exporter.config.destination);
        let position = GroupPosition::read(&*exporter.checkpoints, &target, now).await;
        let until = position.map(|found| found.map(|position| position.checkpoint.exported_until));
        let from = until.as_ref().ok().copied().flatten();
        ExportedGroup {
            name: target.group.name,
            behind_ms: rules.behind(from.unwrap_or_else(|| rules.first(now)), now),
            until,
        }
    });
    Ok(positions.buffered(READERS).collect().await)
}
