/*! Local files go in; a queue and a store for `ingest` come out. The queue has one notification per file, in the order
of the keys. */

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::Notify;
use xxhash_rust::xxh3::Xxh3;

use crate::error_class::ErrorClass;
use crate::source::{
    Attributes, Depth, Handle, Message, OpenError, Opened, Outcome, Queue, QueueError, Store,
    StoreError,
};
use logferry_core::notification::ObjectRef;

/// Bucket name of local files.
pub const BUCKET: &str = "local";
const CHUNK: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("{0} and {1} would have the same key; ingest them one after the other")]
    SameKey(PathBuf, PathBuf),
    #[error("{0} has a name that is not UTF-8 and cannot be a key")]
    NotUtf8(PathBuf),
}

/// Local files by key. The key is the path within the given folder; for a single file, the path as given.
#[derive(Debug, Default)]
pub struct Files {
    by_key: BTreeMap<String, PathBuf>,
}

impl Files {
    /// Adds a file, or all files below a folder. Names in a folder that begin with a dot are skipped. Returns an error
    /// for a path that cannot be read, a path that is not UTF-8, and two files with the same key.
    pub fn add(&mut self, path: &Path) -> Result<(), WalkError> {
        let meta = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
        if !meta.is_dir() {
            let key = path.components().filter_map(|part| match part {
                std::path::Component::Normal(name) => Some(name.to_str()),
                _ => None,
            });
            let key: Option<Vec<&str>> = key.collect();
            let key = key.ok_or_else(|| WalkError::NotUtf8(path.to_owned()))?;
            return self.insert(key.join("/"), path.to_owned());
        }
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))? {
                let child = entry.map_err(|e| unreadable(&folder, &e))?.path();
                if child
                    .file_name()
                    .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
                {
                    continue;
                }
                if child.is_dir() {
                    folders.push(child);
                    continue;
                }
                let inside = child.strip_prefix(path).unwrap_or(&child);
                let key = inside
                    .to_str()
                    .ok_or_else(|| WalkError::NotUtf8(child.clone()))?;
                self.insert(key.replace(std::path::MAIN_SEPARATOR, "/"), child)?;
            }
        }
        Ok(())
    }

    /// Adds one file under a given key. Returns an error if another file has the key.
    pub fn insert(&mut self, key: String, path: PathBuf) -> Result<(), WalkError> {
        match self.by_key.insert(key, path.clone()) {
            Some(other) if other != path => Err(WalkError::SameKey(other, path)),
            _ => Ok(()),
        }
    }

    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Size of all files as stored, in bytes.
    pub fn total_bytes(&self) -> u64 {
        let sizes = self
            .by_key
            .values()
            .filter_map(|p| std::fs::metadata(p).ok());
        sizes.map(|m| m.len()).sum()
    }

    /// The queue and the store of these files.
    pub fn into_ends(self) -> (LocalQueue, LocalStore) {
        let waiting = self.by_key.keys().cloned().collect();
        let queue = LocalQueue {
            state: Mutex::new(QueueState {
                waiting,
                ..QueueState::default()
            }),
            changed: Notify::new(),
        };
        let paths = self.by_key.into_iter().collect();
        (queue, LocalStore { paths })
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> WalkError {
    WalkError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// A queue with one message per file. A released message is not delivered again: `ingest` reports its file and fails.
pub struct LocalQueue {
    state: Mutex<QueueState>,
    changed: Notify,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<String>,
    held: HashSet<String>,
    released: Vec<String>,
}

impl LocalQueue {
    /// Keys of the files that were not settled.
    pub fn released(&self) -> Vec<String> {
        self.lock().released.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The notification that S3 would send for a key.
fn notification(key: &str) -> String {
    let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
    serde_json::json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": key.to_string()}},
    }]})
    .to_string()
}

#[async_trait]
impl Queue for LocalQueue {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        Ok(Attributes {
            visibility: Duration::from_secs(3600),
            longest_visibility: Duration::from_secs(u64::from(u32::MAX)),
            max_receive_count: Some(1),
        })
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                let n = at_most.min(10).min(state.waiting.len());
                if n > 0 || state.held.is_empty() {
                    let keys: Vec<String> = state.waiting.drain(..n).collect();
                    state.held.extend(keys.iter().cloned());
                    return Ok(keys
                        .into_iter()
                        .map(|key| Message {
                            id: key.clone(),
                            body: notification(&key),
                            handle: Handle(key),
                            receive_count: 1,
                            sent: None,
                            held_before: Duration::ZERO,
                        })
                        .collect());
                }
            }
            changed.await;
        }
    }

    async fn extend(
        &self,
        handles: &[Handle],
        _visibility: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn release(
        &self,
        handles: &[Handle],
        _delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        let mut state = self.lock();
        for Handle(key) in handles {
            if state.held.remove(key) {
                state.released.push(key.clone());
            }
        }
        self.changed.notify_waiters();
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        let mut state = self.lock();
        for Handle(key) in handles {
            state.held.remove(key);
        }
        self.changed.notify_waiters();
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let state = self.lock();
        Ok(Depth {
            visible: state.waiting.len() as u64,
            in_flight: state.held.len() as u64,
            delayed: 0,
        })
    }
}

/// A store of local files. The etag is a hash of the content, so that a file has the same document ids at any path.
pub struct LocalStore {
    paths: HashMap<String, PathBuf>,
}

impl LocalStore {
    async fn open_file(&self, key: &str, from: u64) -> std::io::Result<Opened> {
        let path = self.paths.get(key).ok_or(std::io::ErrorKind::NotFound)?;
        let mut file = tokio::fs::File::open(path).await?;
        let meta = file.metadata().await?;
        let etag = content_hash(&mut file).await?;
        file.seek(std::io::SeekFrom::Start(from)).await?;
        let last_modified = meta
            .modified()
            .ok()
            .and_then(|t| t.duration_since(UNIX_EPOCH).ok())
            .and_then(|d| i64::try_from(d.as_millis()).ok());
        let chunks = futures_util::stream::unfold(Some(file), |file| async {
            let mut file = file?;
            let mut chunk = Vec::with_capacity(CHUNK);
            match file.read_buf(&mut chunk).await {
                Ok(0) => None,
                Ok(_) => Some((Ok(Bytes::from(chunk)), Some(file))),
                Err(e) => Some((Err(io_error(&e)), None)),
            }
        });
        Ok(Opened {
            chunks: Box::pin(chunks),
            etag: Some(etag),
            last_modified,
            size: Some(meta.len()),
        })
    }
}

async fn content_hash(file: &mut tokio::fs::File) -> std::io::Result<String> {
    let mut hash = Xxh3::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).await? {
            0 => return Ok(format!("{:032x}", hash.digest128())),
            n => hash.update(&chunk[..n]),
        }
    }
}

fn io_error(error: &std::io::Error) -> StoreError {
    StoreError::new(ErrorClass::Broken, error.to_string())
}

#[async_trait]
impl Store for LocalStore {
    async fn open(
        &self,
        object: &ObjectRef,
        from: u64,
        etag: Option<&str>,
    ) -> Result<Opened, OpenError> {
        match self.open_file(&object.key, from).await {
            Ok(opened) if etag.is_some() && opened.etag.as_deref() != etag => {
                Err(OpenError::Changed)
            }
            Ok(opened) => Ok(opened),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(OpenError::Gone),
            Err(e) => Err(OpenError::Other(io_error(&e))),
        }
    }
}

/// The queue and the store of `files`, shared as the pipeline needs them.
pub fn shared(files: Files) -> (Arc<LocalQueue>, Arc<LocalStore>) {
    let (queue, store) = files.into_ends();
    (Arc::new(queue), Arc::new(store))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_relative_keys_and_a_file_its_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a b/c")).unwrap();
        std::fs::write(dir.path().join("a b/c/x+y.gz"), b"1").unwrap();
        std::fs::write(dir.path().join(".hidden"), b"2").unwrap();
        std::fs::write(dir.path().join("top"), b"345").unwrap();
        let mut files = Files::default();
        files.add(dir.path()).unwrap();
        let keys: Vec<_> = files.by_key.keys().cloned().collect();
        assert_eq!(keys, ["a b/c/x+y.gz", "top"]);
        assert_eq!(files.total_bytes(), 4);

        let mut single = Files::default();
        single.add(&dir.path().join("top")).unwrap();
        let key = single.by_key.keys().next().unwrap();
        assert!(key.ends_with("/top") && !key.starts_with('/'), "{key}");
    }

    #[test]
    fn errors_name_unreadable_paths_and_equal_keys() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("nothing-here");
        let error = Files::default().add(&missing).unwrap_err().to_string();
        assert!(error.contains("nothing-here"), "{error}");

        for folder in ["one", "two"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join("same"), b"").unwrap();
        }
        let mut files = Files::default();
        files.add(&dir.path().join("one")).unwrap();
        let error = files.add(&dir.path().join("two")).unwrap_err();
        assert!(matches!(error, WalkError::SameKey(..)), "{error}");
    }

    #[tokio::test]
    async fn every_file_is_delivered_once_and_the_queue_ends() {
        let mut files = Files::default();
        files.insert("k".into(), "p".into()).unwrap();
        let (queue, _) = files.into_ends();
        let message = queue.receive(10).await.unwrap().pop().unwrap();
        assert_eq!(queue.depth().await.unwrap().in_flight, 1);
        let (again, _) = tokio::join!(queue.receive(10), async {
            queue
                .release(&[message.handle], Duration::ZERO)
                .await
                .unwrap();
        });
        assert!(again.unwrap().is_empty());
        assert!(queue.depth().await.unwrap().is_zero());
        assert_eq!(queue.released(), ["k"]);
    }
}
