/*! Letters of objects go in; the objects are read again by the worker's pipeline, and the letters of those that are
settled are removed. */

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::bail;
use async_trait::async_trait;
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::cli::PathStyle;
use crate::commands::dead_letters::replayed::Replay;
use crate::commands::shared::aws_clients::{aws_config, s3_client};
use crate::observe::Metrics;
use crate::pipeline;
use crate::pipeline::{Ends, PipelineConfig};
use crate::sink::Index;
use crate::sink::dead_letters::{
    DeadLetter, DeadLetterError, DeadLetterFile, DeadLetters, LetterSet, Read, sets,
};
use crate::source::listing::{Listed, ListingQueue, Page};
use crate::source::s3::S3;
use crate::source::{OpenError, Opened, Store};
use logferry_core::notification::ObjectRef;

/// Letters whose objects are read by one run of the pipeline.
const BATCH: usize = 100;
const GONE: &str = "the object is gone: drop the letter";

/// The ends of the pipeline.
pub(super) struct ObjectReplay {
    pub index: Arc<dyn Index>,
    pub letters: Arc<dyn DeadLetters>,
    pub pipeline: PipelineConfig,
    pub path_style: PathStyle,
    pub expected_owner: Option<String>,
}

impl ObjectReplay {
    pub async fn replay(&self, replay: &Replay<'_>) -> anyhow::Result<()> {
        let mut s3 = None;
        let mut batch = Vec::new();
        let mut waiting = 0;
        let mut sets = pin!(sets(replay.archive, |address| {
            address.kind == DeadLetter::OBJECT && replay.selector.may_hold(address)
        }));
        loop {
            let read = sets.next().await;
            let is_end = read.is_none();
            match read {
                Some(Read::Set(set)) => {
                    waiting += set.letters.len();
                    batch.push(set);
                }
                Some(Read::Unreadable(error)) => {
                    replay.report().unreadable.add(error.to_string());
                }
                Some(Read::Failed(error)) => bail!("the store cannot be read: {error}"),
                None => {}
            }
            if waiting >= BATCH || (is_end && waiting > 0) {
                let selected = selected(replay, &batch);
                if !selected.is_empty() {
                    let store = match &s3 {
                        Some(store) => Arc::clone(store),
                        None => s3.insert(self.s3().await?).clone(),
                    };
                    self.read_batch(replay, &batch, selected, store).await?;
                }
                batch.clear();
                waiting = 0;
            }
            if is_end {
                return Ok(());
            }
        }
    }

    async fn s3(&self) -> anyhow::Result<Arc<dyn Store>> {
        let aws = aws_config("the region of the objects").await?;
        let client = s3_client(&aws, self.path_style, None);
        Ok(Arc::new(S3::new(
            client,
            HashMap::new(),
            self.expected_owner.clone(),
        )))
    }

    /// Reads the objects of the selected letters, then removes the letters of those that are settled.
    pub(super) async fn read_batch(
        &self,
        replay: &Replay<'_>,
        batch: &[LetterSet],
        selected: BTreeMap<NamedObject, Vec<Place>>,
        store: Arc<dyn Store>,
    ) -> anyhow::Result<()> {
        let queue = Arc::new(ListingQueue::new(1));
        queue.add(Page {
            objects: selected.keys().map(NamedObject::listed).collect(),
            through: None,
            more: false,
        });
        let failures = Arc::new(Failures::default());
        let ends = Ends {
            queue: queue.clone(),
            store: Arc::new(WatchedStore {
                store,
                failures: failures.clone(),
            }),
            index: self.index.clone(),
            dead_letters: Some(Arc::new(DocumentLetters {
                letters: self.letters.clone(),
                failures: failures.clone(),
            })),
        };
        let metrics = Arc::new(Metrics::new());
        let stop = CancellationToken::new();
        let ended = pipeline::run(ends, self.pipeline.clone(), metrics, stop).await;
        let unsettled = queue.unsettled().iter().map(NamedObject::of).collect();
        let settled = settle(replay, batch, selected, &unsettled, &failures);
        for (set, letters) in settled {
            let set = &batch[set];
            let removed = replay.archive.remove(set, &letters).await;
            replay.report().removal(set, letters.len(), removed);
        }
        Ok(ended?)
    }
}

/// The object that a letter names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NamedObject {
    bucket: String,
    key: String,
    version_id: Option<String>,
}

impl NamedObject {
    fn of(object: &ObjectRef) -> Self {
        Self {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            version_id: object.version_id.clone(),
        }
    }

    fn of_letter(letter: &DeadLetter) -> Self {
        Self {
            bucket: letter.bucket.clone(),
            key: letter.key.clone(),
            version_id: letter.version_id.clone(),
        }
    }

    fn listed(&self) -> Listed {
        Listed {
            object: ObjectRef {
                version_id: self.version_id.clone(),
                ..ObjectRef::new(&self.bucket, &self.key)
            },
            last_modified: None,
        }
    }
}

/// Where a letter is in a batch.
pub(super) struct Place {
    set: usize,
    letter: usize,
}

/// The objects of the selected letters. Several letters may name one object.
pub(super) fn selected(
    replay: &Replay<'_>,
    batch: &[LetterSet],
) -> BTreeMap<NamedObject, Vec<Place>> {
    let mut objects: BTreeMap<NamedObject, Vec<Place>> = BTreeMap::new();
    for (set, letters) in batch.iter().enumerate() {
        for (position, stored) in letters.letters.iter().enumerate() {
            match &stored.letter {
                Ok(letter) if !replay.selector.selects(letter) => {}
                Ok(letter) if letter.kind == DeadLetter::OBJECT => {
                    let place = Place {
                        set,
                        letter: position,
                    };
                    let object = NamedObject::of_letter(letter);
                    objects.entry(object).or_default().push(place);
                }
                Ok(letter) => {
                    let reason = "a letter of a document among letters of objects".to_owned();
                    replay
                        .report()
                        .refuse(letter.clone(), &stored.reference, reason);
                }
                Err(reason) => replay.report().unreadable.add(reason.clone()),
            }
        }
    }
    objects
}

/// Reports what became of each letter. Returns the letters to remove, by set.
fn settle(
    replay: &Replay<'_>,
    batch: &[LetterSet],
    selected: BTreeMap<NamedObject, Vec<Place>>,
    unsettled: &BTreeSet<NamedObject>,
    failures: &Failures,
) -> BTreeMap<usize, Vec<usize>> {
    let failures = failures.lock();
    let mut settled: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (object, places) in selected {
        let failure = failures.get(&object);
        for place in places {
            let stored = &batch[place.set].letters[place.letter];
            let mut report = replay.report();
            match (failure, &stored.letter) {
                (Some(reason), Ok(letter)) => {
                    report.refuse(letter.clone(), &stored.reference, reason.clone());
                }
                _ if !unsettled.contains(&object) => {
                    report.objects += 1;
                    settled.entry(place.set).or_default().push(place.letter);
                }
                _ => {
                    let (bucket, key) = (&object.bucket, &object.key);
                    let reason = format!("s3://{bucket}/{key}: the log says why");
                    report.unsettled.add(1, reason);
                }
            }
        }
    }
    settled
}

/// Objects that the pipeline settles although they were not read: their letters stay.
#[derive(Default)]
struct Failures(Mutex<BTreeMap<NamedObject, String>>);

impl Failures {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<NamedObject, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store that notes objects that are gone.
struct WatchedStore {
    store: Arc<dyn Store>,
    failures: Arc<Failures>,
}

#[async_trait]
impl Store for WatchedStore {
    async fn open(
        &self,
        object: &ObjectRef,
        from: u64,
        etag: Option<&str>,
    ) -> Result<Opened, OpenError> {
        let opened = self.store.open(object, from, etag).await;
        if matches!(opened, Err(OpenError::Gone)) {
            let object = NamedObject::of(object);
            self.failures.lock().insert(object, GONE.to_owned());
        }
        opened
    }
}

/// Writes letters of documents, as a worker does. An object that is broken again has its letter already: it is noted.
struct DocumentLetters {
    letters: Arc<dyn DeadLetters>,
    failures: Arc<Failures>,
}

#[async_trait]
impl DeadLetters for DocumentLetters {
    async fn write(&self, file: &DeadLetterFile) -> Result<(), DeadLetterError> {
        let broken = file.letters.iter().find(|l| l.kind == DeadLetter::OBJECT);
        let Some(letter) = broken else {
            return self.letters.write(file).await;
        };
        let object = NamedObject::of_letter(letter);
        let mut failures = self.failures.lock();
        failures.insert(object, letter.reason.clone());
        Ok(())
    }
}
