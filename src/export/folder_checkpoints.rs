/*! Checkpoints as files of a local folder, for trials: one exporter at a time. */

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use xxhash_rust::xxh3::xxh3_128;

use crate::export::traits::is_name;
use crate::export::{CheckpointError, Checkpoints, Condition, PutOutcome, Stored};

pub struct FolderCheckpoints {
    folder: PathBuf,
}

impl FolderCheckpoints {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn error(&self, name: &str, error: &std::io::Error) -> CheckpointError {
        CheckpointError(format!("{}: {error}", self.place(name)))
    }
}

/// Names in a folder.
fn entries(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        // A name that is not UTF-8 is no checkpoint's.
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

fn etag(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

impl FolderCheckpoints {
    /// Names in a folder below; none if the name is a file's.
    fn below(&self, name: &str) -> Result<Vec<String>, CheckpointError> {
        match entries(&self.folder.join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(Vec::new()),
            found => found.map_err(|error| self.error(name, &error)),
        }
    }
}

#[async_trait]
impl Checkpoints for FolderCheckpoints {
    async fn get(&self, name: &str) -> Result<Option<Stored>, CheckpointError> {
        match tokio::fs::read(self.folder.join(name)).await {
            Ok(bytes) => Ok(Some(Stored {
                etag: etag(&bytes),
                bytes,
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(name, &error)),
        }
    }

    async fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<PutOutcome, CheckpointError> {
        let present = self.get(name).await?.map(|stored| stored.etag);
        let holds = match condition {
            Condition::New => present.is_none(),
            Condition::Unchanged(etag) => present.as_ref() == Some(etag),
        };
        if !holds {
            return Ok(PutOutcome::Lost);
        }
        let path = self.folder.join(name);
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let written = async {
            if let Some(folder) = path.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            tokio::fs::write(&temporary, &bytes).await?;
            tokio::fs::rename(&temporary, &path).await
        };
        match written.await {
            Ok(()) => Ok(PutOutcome::Written(etag(&bytes))),
            Err(error) => Err(self.error(name, &error)),
        }
    }

    async fn names(&self) -> Result<Vec<String>, CheckpointError> {
        let mut names = Vec::new();
        for account in entries(&self.folder).map_err(|error| self.error("", &error))? {
            for region in self.below(&account)? {
                let folder = format!("{account}/{region}");
                let files = self.below(&folder)?;
                names.extend(files.into_iter().map(|file| format!("{folder}/{file}")));
            }
        }
        names.retain(|name| is_name(name));
        names.sort_unstable();
        Ok(names)
    }

    fn place(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_of_two_writers_loses() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderCheckpoints::new(folder.path().to_owned());
        assert_eq!(store.get("a/b.json").await.unwrap(), None);
        let put = async |bytes: &[u8], condition: Condition| {
            let outcome = store.put("a/b.json", bytes.to_vec(), &condition).await;
            outcome.unwrap()
        };
        let PutOutcome::Written(first) = put(b"1", Condition::New).await else {
            panic!("the first is written");
        };
        assert_eq!(put(b"2", Condition::New).await, PutOutcome::Lost);
        let second = put(b"2", Condition::Unchanged(first.clone())).await;
        assert!(matches!(second, PutOutcome::Written(_)));
        assert_eq!(
            put(b"3", Condition::Unchanged(first)).await,
            PutOutcome::Lost
        );
        assert_eq!(store.get("a/b.json").await.unwrap().unwrap().bytes, b"2");
    }

    #[tokio::test]
    async fn names_are_those_of_checkpoints_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderCheckpoints::new(folder.path().to_owned());
        assert_eq!(store.names().await.unwrap(), Vec::<String>::new());
        for name in [
            "1/r/b.json",
            "1/r/a.json",
            "1/r/a.7.tmp",
            "1/a.json",
            "a.json",
        ] {
            let put = store.put(name, Vec::new(), &Condition::New).await;
            assert!(matches!(put, Ok(PutOutcome::Written(_))));
        }
        assert_eq!(store.names().await.unwrap(), ["1/r/a.json", "1/r/b.json"]);
        let none = FolderCheckpoints::new(folder.path().join("none"));
        assert!(none.names().await.is_err());
    }
}
