/*! Dead letters in a folder, compared with those that were planted. */

use std::io::Read;
use std::path::Path;

use serde_json::Value;

/// An object or a document that must become a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    kind: String,
    key: String,
    /// The offset of a document. The offset at which a broken object ends is not compared.
    offset: Option<u64>,
}

impl Planted {
    pub fn object(key: &str) -> Self {
        Self {
            kind: "object".to_owned(),
            key: key.to_owned(),
            offset: None,
        }
    }

    pub fn document(key: &str, offset: u64) -> Self {
        Self {
            kind: "document".to_owned(),
            key: key.to_owned(),
            offset: Some(offset),
        }
    }

    pub fn is_document(&self) -> bool {
        self.kind == "document"
    }

    fn of(letter: &Value) -> Self {
        let text = |name: &str| letter[name].as_str().unwrap_or_default().to_owned();
        let kind = text("kind");
        assert!(!text("reason").is_empty(), "{letter}");
        let mut offset = None;
        if kind == "document" {
            assert_eq!(letter["status"], 400, "{letter}");
            assert!(letter["_source"].is_object(), "{letter}");
            offset = letter["offset"].as_u64();
        }
        Self {
            kind,
            key: text("key"),
            offset,
        }
    }
}

/// All dead letters in a folder, sorted. Files that a killed worker left unfinished have another extension.
pub fn in_folder(folder: &Path) -> Vec<Planted> {
    let mut letters = Vec::new();
    for inner in std::fs::read_dir(folder).expect("a folder") {
        let inner = inner.expect("an entry").path();
        for file in std::fs::read_dir(inner).expect("a folder") {
            let path = file.expect("an entry").path();
            if path.extension().is_none_or(|e| e != "gz") {
                continue;
            }
            let bytes = std::fs::File::open(&path).expect("a file");
            let mut text = String::new();
            flate2::read::MultiGzDecoder::new(bytes)
                .read_to_string(&mut text)
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            letters.extend(
                text.lines().map(|line| {
                    Planted::of(&serde_json::from_str(line).expect("a letter is JSON"))
                }),
            );
        }
    }
    letters.sort();
    letters
}
