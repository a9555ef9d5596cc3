/*! Local files go in; a listing and a store of them come out, for `ingest` and `replay`. */

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use xxhash_rust::xxh3::Xxh3;

use crate::error_class::ErrorClass;
use crate::source::listing::{ListError, Listed, Lister, Page};
use crate::source::{OpenError, Opened, Store, StoreError};
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

    /// The only file's key.
    pub fn single_key(&self) -> Option<&str> {
        match self.by_key.len() {
            1 => self.by_key.keys().next().map(String::as_str),
            _ => None,
        }
    }
}

const PAGE: usize = 1000;

/// The files in the order of their keys. A cursor is a key.
#[async_trait]
impl Lister for Files {
    async fn page(&self, after: Option<&str>) -> Result<Page, ListError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.by_key.range::<str, _>((from, Bound::Unbounded));
        let objects: Vec<Listed> = behind
            .take(PAGE)
            .map(|(key, path)| listed(key, path))
            .collect();
        let last = objects.last().map(|listed| listed.object.key.clone());
        Ok(Page {
            more: objects.len() == PAGE,
            objects,
            through: last.or_else(|| after.map(str::to_owned)),
        })
    }
}

fn listed(key: &str, path: &Path) -> Listed {
    let meta = std::fs::metadata(path).ok();
    let modified = meta.as_ref().and_then(|meta| meta.modified().ok());
    Listed {
        object: ObjectRef {
            // The size of a pipe is zero too.
            size: meta.map(|meta| meta.len()).filter(|size| *size > 0),
            ..ObjectRef::new(BUCKET, key)
        },
        last_modified: modified.and_then(milliseconds),
    }
}

fn milliseconds(time: SystemTime) -> Option<i64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

fn unreadable(path: &Path, error: &std::io::Error) -> WalkError {
    WalkError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// A store of local files. The etag is a hash of the content, so that a file has the same document ids at any path.
pub struct LocalStore {
    files: Arc<Files>,
}

impl LocalStore {
    pub fn new(files: Arc<Files>) -> Self {
        Self { files }
    }

    async fn open_file(&self, key: &str, from: u64) -> std::io::Result<Opened> {
        let path = self
            .files
            .by_key
            .get(key)
            .ok_or(std::io::ErrorKind::NotFound)?;
        let mut file = tokio::fs::File::open(path).await?;
        let meta = file.metadata().await?;
        let etag = content_hash(&mut file).await?;
        file.seek(std::io::SeekFrom::Start(from)).await?;
        let last_modified = meta.modified().ok().and_then(milliseconds);
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
    async fn files_are_listed_in_pages_by_key() {
        let mut files = Files::default();
        for n in 0..2500 {
            files.insert(format!("{n:04}"), "p".into()).unwrap();
        }
        let mut cursor = None;
        let mut keys = Vec::new();
        let mut pages = 0;
        loop {
            let page = files.page(cursor.as_deref()).await.unwrap();
            keys.extend(page.objects.into_iter().map(|listed| listed.object.key));
            cursor = page.through;
            pages += 1;
            if !page.more {
                break;
            }
        }
        assert_eq!((pages, cursor.as_deref()), (3, Some("2499")));
        assert!(keys.len() == 2500 && keys.is_sorted());
    }
}
