//! Replays from a folder into an index in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use clap::Parser;
use serde_json::value::RawValue;

use super::*;
use crate::cli::{Cli, Command, DeadLettersCommand};
use crate::commands::dead_letters::objects::selected;
use crate::config::{LetterSelection, replay_letters};
use crate::error_class::ErrorClass;
use crate::sink::dead_letters::file::DeadLetterFolder;
use crate::sink::dead_letters::{
    Addresses, ArchiveError, DeadLetterArchive, DeadLetterFile, DeadLetters, LetterAddress, Removal,
};
use crate::sink::{IndexError, Stored};
use crate::source::{OpenError, Opened, Store};
use logferry_core::bulk::{Bulk, DocumentTarget, Verdict};
use logferry_core::notification::ObjectRef;

const INDEX: &str = "logferry-logs-2026.11.23";

/// Refuses documents that contain a text, until it is mended.
#[derive(Default)]
struct Memory {
    documents: Mutex<BTreeMap<String, String>>,
    refused: Mutex<Option<&'static str>>,
    sent: Mutex<usize>,
}

impl Memory {
    fn refusing(text: &'static str) -> Arc<Self> {
        let memory = Self::default();
        *memory.refused.lock().unwrap() = Some(text);
        Arc::new(memory)
    }

    fn ids(&self) -> Vec<String> {
        self.documents.lock().unwrap().keys().cloned().collect()
    }
}

#[async_trait]
impl Index for Memory {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("memory".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        let refused = *self.refused.lock().unwrap();
        let mut documents = self.documents.lock().unwrap();
        let verdicts = bulk.documents().iter().map(|document| {
            *self.sent.lock().unwrap() += 1;
            let DocumentTarget { index, id } = bulk.target(document);
            let source = String::from_utf8(bulk.source(document).to_vec()).unwrap();
            if refused.is_some_and(|text| source.contains(text)) {
                let reason = format!("still refused: '{id}'");
                return Verdict::Rejected {
                    status: 400,
                    reason,
                };
            }
            match documents.insert(format!("{index}/{id}"), source) {
                None => Verdict::Indexed,
                Some(_) => Verdict::AlreadyThere,
            }
        });
        Ok(verdicts.collect())
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(vec![None; wanted.len()])
    }
}

/// A folder whose letters cannot be removed.
struct ReadOnly(DeadLetterFolder);

#[async_trait]
impl DeadLetterArchive for ReadOnly {
    fn addresses(&self) -> Addresses<'_> {
        self.0.addresses()
    }
    async fn read(&self, address: LetterAddress) -> Result<Option<LetterSet>, ArchiveError> {
        self.0.read(address).await
    }
    async fn remove(&self, _: &LetterSet, _: &[usize]) -> Result<Removal, ArchiveError> {
        Err(ArchiveError("read-only".to_owned()))
    }
}

fn object(key: &str) -> ObjectName {
    ObjectName {
        bucket: "logs".to_owned(),
        key: key.to_owned(),
        etag: Some("e".to_owned()),
        version_id: None,
    }
}

fn document(id: &str, message: &str) -> DeadLetter {
    let source = format!(r#"{{"message":"{message}"}}"#);
    DeadLetter {
        index: Some(INDEX.to_owned()),
        id: Some(id.to_owned()),
        source: Some(RawValue::from_string(source).unwrap()),
        ..object("k").letter("document", 7, format!("failed to parse field [{message}]"))
    }
}

/// A folder with `n` letters in each of these files.
async fn folder(root: &std::path::Path, files: &[&str], n: usize) -> DeadLetterFolder {
    let folder = DeadLetterFolder::new(root.to_owned());
    for key in files {
        let letters =
            (0..n).map(|i| document(&format!("{key}-{i}"), if i % 2 == 0 { "a" } else { "b" }));
        let file = DeadLetterFile::of_parcel(&object(key), 0, letters.collect());
        folder.write(&file).await.unwrap();
    }
    folder
}

fn config() -> PipelineConfig {
    let line = "logferry dead-letters replay --dead-letters file:///l --opensearch-url http://os:9200 \
                --bulk-linger 1ms --bulk-attempts 1";
    match Cli::try_parse_from(line.split_whitespace())
        .unwrap()
        .command
    {
        Command::DeadLetters(DeadLettersCommand::Replay(args)) => {
            replay_letters(*args).unwrap().pipeline
        }
        _ => unreachable!(),
    }
}

fn all() -> Selector {
    Selector::new(LetterSelection::default(), jiff::Timestamp::now())
}

fn files(root: &std::path::Path) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path());
    let files = folders.flat_map(|f| std::fs::read_dir(f).unwrap().map(|e| e.unwrap().path()));
    files.collect()
}

#[tokio::test]
async fn a_second_replay_sends_nothing() {
    let root = tempfile::tempdir().unwrap();
    let store = folder(root.path(), &["x", "y", "z"], 50).await;
    let (index, selector) = (Arc::new(Memory::default()), all());
    // As if an earlier replay had been killed between the verdict and the removal.
    let there = format!("{INDEX}/x-0");
    index.documents.lock().unwrap().insert(there, String::new());
    let replay = Replay::new(&store, &selector);
    replay_documents(&replay, index.clone(), &config())
        .await
        .unwrap();
    {
        let report = replay.report();
        let counts = (report.indexed, report.already_there, report.removed);
        assert_eq!(counts, (149, 1, 150));
        report.result().unwrap();
    }
    assert_eq!(index.ids().len(), 150);
    assert_eq!(
        std::fs::read_dir(root.path()).unwrap().count(),
        0,
        "empty folders go too"
    );
    let again = Replay::new(&store, &selector);
    replay_documents(&again, index.clone(), &config())
        .await
        .unwrap();
    assert_eq!(*index.sent.lock().unwrap(), 150);
}

#[tokio::test]
async fn a_letter_is_removed_only_after_its_verdict() {
    let root = tempfile::tempdir().unwrap();
    let store = folder(root.path(), &["x"], 10).await;
    let (index, selector) = (Memory::refusing("\"b\""), all());
    let replay = Replay::new(&store, &selector);
    replay_documents(&replay, index.clone(), &config())
        .await
        .unwrap();
    {
        let report = replay.report();
        assert_eq!((report.removed, report.refused.letters), (5, 5));
        let text = report.text(200);
        assert!(text.contains("still refused: '…'"), "{text}");
        let error = report.result().unwrap_err().to_string();
        assert!(error.contains("5 letters stay"), "{error}");
    }
    // The folder cannot be written: nothing is lost or doubled.
    *index.refused.lock().unwrap() = None;
    let read_only = ReadOnly(DeadLetterFolder::new(root.path().to_owned()));
    let replay = Replay::new(&read_only, &selector);
    replay_documents(&replay, index.clone(), &config())
        .await
        .unwrap();
    assert_eq!(replay.report().not_removed.count, 5);
    assert!(replay.report().result().is_err());
    let replay = Replay::new(&store, &selector);
    replay_documents(&replay, index.clone(), &config())
        .await
        .unwrap();
    {
        let report = replay.report();
        assert_eq!((report.indexed, report.already_there), (0, 5));
    }
    assert_eq!(index.ids().len(), 10);
    assert!(files(root.path()).is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_or_sent_stays_and_others_go_on() {
    let root = tempfile::tempdir().unwrap();
    let store = folder(root.path(), &["x"], 2).await;
    let foreign = DeadLetter {
        index: Some(".opendistro_security".to_owned()),
        ..document("foreign", "a")
    };
    let odd = document("a\\\"},\\\"b", "a");
    let bare = DeadLetter {
        source: None,
        ..document("bare", "a")
    };
    let good = document("good", "a");
    let newer = r#"{"format":2,"kind":"document","what":"ever"}"#;
    let lines = [&foreign, &odd, &bare, &good].map(|letter| letter.to_line().unwrap());
    let text = format!("{}\n{newer}\nno JSON\n", lines.join("\n"));
    let gzip = |text: &str| {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let mixed = root.path().join("0").join("mixed.ndjson.gz");
    std::fs::create_dir(root.path().join("0")).unwrap();
    std::fs::write(&mixed, gzip(&text)).unwrap();
    let mut cut = gzip(&good.to_line().unwrap());
    cut.truncate(cut.len() - 9);
    let cut_file = root.path().join("0").join("cut.ndjson.gz");
    std::fs::write(&cut_file, &cut).unwrap();
    std::fs::write(root.path().join("0").join("other.txt"), "x").unwrap();
    std::fs::write(root.path().join("0").join("z.17.part"), "x").unwrap();

    let (index, selector) = (Arc::new(Memory::default()), all());
    let replay = Replay::new(&store, &selector);
    replay_documents(&replay, index.clone(), &config())
        .await
        .unwrap();
    let report = replay.report();
    assert_eq!(
        (
            report.removed,
            report.refused.letters,
            report.unreadable.count
        ),
        (3, 3, 3)
    );
    let why = report.unreadable.lines();
    for reason in [
        "mixed.ndjson.gz: line 5: format 2 is newer",
        "line 6: not a dead letter",
        "cut.ndjson.gz: corrupt",
    ] {
        assert!(why.contains(reason), "{reason}: {why}");
    }
    assert_eq!(index.ids().len(), 3);
    assert_eq!(std::fs::read(cut_file).unwrap(), cut);
    let mut left = String::new();
    let bytes = std::fs::read(mixed).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*bytes), &mut left).unwrap();
    let stays = [&lines[0], &lines[1], &lines[2], newer, "no JSON"].map(|line| format!("{line}\n"));
    assert_eq!(left, stays.concat());
}

#[tokio::test]
async fn only_selected_letters_are_sent() {
    let root = tempfile::tempdir().unwrap();
    let store = folder(root.path(), &["x"], 10).await;
    let index = Arc::new(Memory::default());
    let selection = LetterSelection {
        reason: Some("[b]".to_owned()),
        ..LetterSelection::default()
    };
    let selector = Selector::new(selection, jiff::Timestamp::now());
    let replay = Replay::new(&store, &selector);
    replay_documents(&replay, index.clone(), &config())
        .await
        .unwrap();
    assert_eq!(replay.report().removed, 5);
    assert!(
        index
            .documents
            .lock()
            .unwrap()
            .values()
            .all(|d| d.contains("\"b\""))
    );
    assert_eq!(files(root.path()).len(), 1);
}

#[tokio::test]
async fn a_letter_that_a_worker_writes_meanwhile_is_kept() {
    let root = tempfile::tempdir().unwrap();
    let store = folder(root.path(), &["x"], 2).await;
    let address = store.addresses().next().await.unwrap().unwrap();
    let set = store.read(address).await.unwrap().unwrap();
    let anew = DeadLetterFile::of_parcel(&object("x"), 0, vec![document("new", "a")]);
    store.write(&anew).await.unwrap();
    assert_eq!(store.remove(&set, &[0, 1]).await.unwrap(), Removal::Changed);
    assert_eq!(files(root.path()).len(), 1);
}

#[tokio::test]
async fn a_missing_store_is_named() {
    let store = DeadLetterFolder::new("/nowhere/letters".into());
    let selector = all();
    let error = survey(&store, &selector).await.err().unwrap().to_string();
    assert!(error.contains("/nowhere/letters: "), "{error}");
}

/// Objects by the first letter of their key.
struct Objects;

#[async_trait]
impl Store for Objects {
    async fn open(&self, object: &ObjectRef, _: u64, _: Option<&str>) -> Result<Opened, OpenError> {
        let text = match &object.key[..1] {
            "g" => return Err(OpenError::Gone),
            "m" => "2026-11-23T10:00:00.000Z mended\n",
            "r" => {
                "2026-11-23T10:00:00.000Z \"b\"\n2026-11-23T10:00:00.001Z fine\n2026-11-23T10:00:00.002Z fine too\n"
            }
            "b" => {
                let error = crate::source::StoreError::new(ErrorClass::Broken, "still archived");
                return Err(error.into());
            }
            _ => {
                let error = crate::source::StoreError::new(ErrorClass::Retryable, "not now");
                return Err(error.into());
            }
        };
        let chunk = Ok(bytes::Bytes::from_static(text.as_bytes()));
        Ok(Opened {
            chunks: Box::pin(futures_util::stream::iter([chunk])),
            etag: Some("new".to_owned()),
            last_modified: None,
            size: Some(text.len() as u64),
        })
    }
}

#[tokio::test]
async fn an_object_is_settled_by_the_pipeline_or_its_letter_stays() {
    let root = tempfile::tempdir().unwrap();
    let store = Arc::new(DeadLetterFolder::new(root.path().to_owned()));
    for key in ["mended", "rejected", "gone", "broken", "later"] {
        let letter = object(key).letter("object", 3, "corrupt".to_owned());
        let file = DeadLetterFile::of_object(&object(key), letter);
        store.write(&file).await.unwrap();
    }
    let (index, selector) = (Memory::refusing("\\\"b\\\""), all());
    let replay = Replay::new(&*store, &selector);
    let mut batch = Vec::new();
    let mut addresses = store.addresses();
    while let Some(address) = addresses.next().await {
        batch.push(store.read(address.unwrap()).await.unwrap().unwrap());
    }
    let objects = ObjectReplay {
        index: index.clone(),
        letters: store.clone(),
        pipeline: config(),
        path_style: crate::cli::PathStyle::Auto,
        expected_owner: None,
    };
    let found = selected(&replay, &batch);
    objects
        .read_batch(&replay, &batch, found, Arc::new(Objects))
        .await
        .unwrap();
    let report = replay.report();
    assert_eq!((report.objects, report.removed), (2, 2));
    assert_eq!((report.refused.letters, report.unsettled.count), (2, 1));
    let text = report.text(200);
    assert!(
        text.contains("drop the letter") && text.contains("still archived"),
        "{text}"
    );
    assert_eq!(index.ids().len(), 3, "{:?}", index.ids());
    // The letters of three objects, and that of the document that is refused now.
    assert_eq!(files(root.path()).len(), 4);
}
