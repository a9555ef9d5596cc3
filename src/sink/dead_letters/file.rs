/*! Dead letters go in; one file per set comes out in a local folder: `<name>.ndjson.gz`. */

use std::path::PathBuf;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt;

use crate::sink::dead_letters::{DeadLetterError, DeadLetterFile, DeadLetters};

pub struct DeadLetterFolder {
    folder: PathBuf,
}

impl DeadLetterFolder {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

#[async_trait]
impl DeadLetters for DeadLetterFolder {
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError> {
        let path = self.folder.join(format!("{}.ndjson.gz", letters.name));
        // The file is written under a temporary name and renamed: a crash leaves the old file or the new one.
        let temporary = path.with_extension(format!("{}.part", std::process::id()));
        let bytes = letters.gzip()?;
        let write = async {
            if let Some(folder) = path.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            let mut file = tokio::fs::File::create(&temporary).await?;
            file.write_all(&bytes).await?;
            file.sync_all().await?;
            tokio::fs::rename(&temporary, &path).await
        };
        write
            .await
            .map_err(|e: std::io::Error| DeadLetterError::new(format!("{}: {e}", path.display())))
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
