/*! Dead letters go in; one file per set comes out in a local folder: `<name>.ndjson.gz`. The files are read again, and
removed or rewritten. */

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use futures_util::stream;
use tokio::fs::ReadDir;
use tokio::io::AsyncWriteExt;
use xxhash_rust::xxh3::xxh3_128;

use crate::sink::dead_letters::archive::{
    Addresses, ArchiveError, DeadLetterArchive, LetterAddress, LetterSet, Removal,
};
use crate::sink::dead_letters::letter_lines::{
    ENDING, LARGEST_STORED, gzip, kind_of, read_letters,
};
use crate::sink::dead_letters::trial::{TRIAL, trial_file};
use crate::sink::dead_letters::{DeadLetterError, DeadLetterFile, DeadLetters, Trial, TrialEnd};

pub struct DeadLetterFolder {
    folder: PathBuf,
}

impl DeadLetterFolder {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.ndjson.gz"))
    }
}

#[async_trait]
impl DeadLetters for DeadLetterFolder {
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError> {
        let path = self.path_of(&letters.name);
        let bytes = letters.gzip()?;
        replace(&path, &bytes)
            .await
            .map_err(|e: std::io::Error| DeadLetterError::new(format!("{}: {e}", path.display())))
    }
}

#[async_trait]
impl Trial for DeadLetterFolder {
    async fn try_out(&self) -> Result<TrialEnd, DeadLetterError> {
        self.write(&trial_file()).await?;
        Ok(match tokio::fs::remove_file(self.path_of(TRIAL)).await {
            Ok(()) => TrialEnd::Removed,
            Err(error) => TrialEnd::Stays(error.to_string()),
        })
    }
}

/// Writes a file under a temporary name and renames it: a crash leaves the old file or the new one.
async fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("{}.part", std::process::id()));
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let mut file = tokio::fs::File::create(&temporary).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&temporary, path).await
}

/// Folders of objects and files of letters that are still to be listed.
struct Listing<'a> {
    root: &'a Path,
    folders: Option<ReadDir>,
    /// The files of one object, the last one first.
    files: Vec<PathBuf>,
}

impl Listing<'_> {
    async fn next(&mut self) -> std::io::Result<Option<PathBuf>> {
        loop {
            if let Some(file) = self.files.pop() {
                return Ok(Some(file));
            }
            if self.folders.is_none() {
                self.folders = Some(tokio::fs::read_dir(self.root).await?);
            }
            let Some(folders) = &mut self.folders else {
                return Ok(None);
            };
            let Some(entry) = folders.next_entry().await? else {
                return Ok(None);
            };
            if entry.file_type().await?.is_dir() {
                self.files = files_in(&entry.path()).await?;
            }
        }
    }
}

async fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        // A folder without files is removed.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        let path = entry.path();
        if path.to_str().is_some_and(|path| path.ends_with(ENDING)) {
            files.push(path);
        }
    }
    files.sort_unstable_by(|a, b| b.cmp(a));
    Ok(files)
}

fn hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

async fn read_bytes(path: &str) -> std::io::Result<Option<Vec<u8>>> {
    match tokio::fs::metadata(path).await {
        Ok(meta) if meta.len() > LARGEST_STORED => Err(std::io::Error::other(
            "larger than any file of dead letters",
        )),
        Ok(_) => tokio::fs::read(path).await.map(Some),
        Err(error) => Err(error),
    }
    .or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    })
}

fn failed(path: &str, error: &std::io::Error) -> ArchiveError {
    ArchiveError(format!("{path}: {error}"))
}

#[async_trait]
impl DeadLetterArchive for DeadLetterFolder {
    fn addresses(&self) -> Addresses<'_> {
        let listing = Listing {
            root: &self.folder,
            folders: None,
            files: Vec::new(),
        };
        Box::pin(stream::unfold(Some(listing), |listing| async {
            let mut listing = listing?;
            match listing.next().await {
                Ok(Some(path)) => {
                    let name = path.to_string_lossy().into_owned();
                    let address = LetterAddress {
                        kind: kind_of(&name),
                        name,
                        ids: Vec::new(),
                    };
                    Some((Ok(address), Some(listing)))
                }
                Ok(None) => None,
                Err(error) => {
                    let root = listing.root.display().to_string();
                    Some((Err(failed(&root, &error)), None))
                }
            }
        }))
    }

    async fn read(&self, address: LetterAddress) -> Result<Option<LetterSet>, ArchiveError> {
        let bytes = read_bytes(&address.name).await;
        let Some(bytes) = bytes.map_err(|e| failed(&address.name, &e))? else {
            return Ok(None);
        };
        Ok(Some(LetterSet {
            letters: read_letters(&address.name, &bytes)?,
            version: hash(&bytes),
            address,
        }))
    }

    /// Compares the file with what was read first. A worker that replaces the file between this comparison and the
    /// change loses its letters; it would have to be within microseconds.
    async fn remove(&self, set: &LetterSet, positions: &[usize]) -> Result<Removal, ArchiveError> {
        let name = &set.address.name;
        let path = Path::new(name);
        let change = async {
            match read_bytes(name).await? {
                None => return Ok(Removal::Removed),
                Some(bytes) if hash(&bytes) != set.version => return Ok(Removal::Changed),
                Some(_) => {}
            }
            let lines = set.lines_without(positions);
            if lines.is_empty() {
                tokio::fs::remove_file(path).await?;
                if let Some(folder) = path.parent() {
                    // It may hold other files.
                    let _ = tokio::fs::remove_dir(folder).await;
                }
            } else {
                replace(path, &gzip(&lines)?).await?;
            }
            Ok(Removal::Removed)
        };
        change.await.map_err(|e: std::io::Error| failed(name, &e))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::sink::dead_letters::ObjectName;

    #[tokio::test]
    async fn a_second_write_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = DeadLetterFolder::new(folder.path().join("new"));
        let object = ObjectName {
            bucket: "b".into(),
            key: "k".into(),
            etag: None,
            version_id: None,
        };
        for reason in ["first", "second"] {
            let letters =
                DeadLetterFile::of_object(&object, object.letter("object", 3, reason.into()));
            store.write(&letters).await.unwrap();
        }
        let mut found = Vec::new();
        for inner in std::fs::read_dir(folder.path().join("new")).unwrap() {
            for file in std::fs::read_dir(inner.unwrap().path()).unwrap() {
                found.push(file.unwrap().path());
            }
        }
        assert_eq!(found.len(), 1, "{found:?}");
        let mut text = String::new();
        let file = std::fs::File::open(&found[0]).unwrap();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap();
        assert!(
            text.contains("\"second\"") && !text.contains("first"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let store = DeadLetterFolder::new(file.path().join("below-a-file"));
        let letters = DeadLetterFile {
            name: "n".into(),
            letters: Vec::new(),
        };
        let error = store.write(&letters).await.unwrap_err().to_string();
        assert!(error.contains("below-a-file"), "{error}");
    }
}
