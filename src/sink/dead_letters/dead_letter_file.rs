/*! The dead letters of one parcel or of one object go in; a file with a deterministic name comes out, so that a
redelivery overwrites the same file. */

use xxhash_rust::xxh3::xxh3_128;

use crate::sink::dead_letters::dead_letter_error::DeadLetterError;
use crate::sink::dead_letters::letter_lines;
use logferry_core::dead_letter::{DeadLetter, FORMAT};

/// The value of [`DeadLetter::worker`].
const WORKER: &str = concat!("logferry ", env!("CARGO_PKG_VERSION"));

/// The letters of one parcel, or of one object.
#[derive(Debug, Clone)]
pub struct DeadLetterFile {
    /// Deterministic name: the same parcel or object always has the same name. It has letters, digits, `-` and `/`.
    pub name: String,
    pub letters: Vec<DeadLetter>,
}

impl DeadLetterFile {
    /// The file of documents from one parcel; `offset` is the beginning of the parcel in its object, in bytes.
    pub fn of_parcel(object: &ObjectName, offset: u64, letters: Vec<DeadLetter>) -> Self {
        Self {
            name: format!("{}/{offset:020}", object.hash()),
            letters,
        }
    }

    /// The file of one broken object.
    pub fn of_object(object: &ObjectName, letter: DeadLetter) -> Self {
        Self {
            name: format!("{}/object", object.hash()),
            letters: vec![letter],
        }
    }

    /// One JSON object per line.
    fn ndjson(&self) -> Result<Vec<u8>, DeadLetterError> {
        let mut lines = Vec::new();
        for letter in &self.letters {
            lines.extend_from_slice(letter.to_line().map_err(DeadLetterError::new)?.as_bytes());
            lines.push(b'\n');
        }
        Ok(lines)
    }

    pub(crate) fn gzip(&self) -> Result<Vec<u8>, DeadLetterError> {
        letter_lines::gzip(&self.ndjson()?).map_err(DeadLetterError::new)
    }
}

/// Identity of the object that letters belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    pub bucket: String,
    pub key: String,
    pub etag: Option<String>,
    pub version_id: Option<String>,
}

impl ObjectName {
    /// Hash of bucket, key and etag, 32 hex digits. Keys are untrusted text, so names contain their hash instead.
    fn hash(&self) -> String {
        let etag = self.etag.as_deref().unwrap_or_default();
        let text = [&self.bucket, &self.key, etag].map(|part| format!("{}:{part}", part.len()));
        format!("{:032x}", xxh3_128(text.concat().as_bytes()))
    }

    /// A letter about this object or one of its documents, with the current time.
    pub fn letter(&self, kind: &'static str, offset: u64, reason: String) -> DeadLetter {
        DeadLetter {
            format: FORMAT,
            time: jiff::Timestamp::now().to_string(),
            kind: kind.into(),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            etag: self.etag.clone(),
            version_id: self.version_id.clone(),
            offset,
            size: None,
            status: None,
            reason,
            worker: WORKER.into(),
            index: None,
            id: None,
            source: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    fn object(key: &str) -> ObjectName {
        ObjectName {
            bucket: "logs".into(),
            key: key.into(),
            etag: Some("e".into()),
            version_id: None,
        }
    }

    #[test]
    fn names_are_deterministic_and_free_of_the_keys_text() {
        let name =
            |key: &str, offset| DeadLetterFile::of_parcel(&object(key), offset, Vec::new()).name;
        assert_eq!(name("a", 5), name("a", 5));
        assert_ne!(name("a", 5), name("a", 6));
        assert_ne!(name("a", 5), name("b", 5));
        let evil = name("../../etc/passwd\r\nHost: x", 5);
        assert!(
            evil.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/'),
            "{evil}"
        );
        assert_eq!(evil.matches('/').count(), 1);
    }

    #[test]
    fn a_letter_is_one_line_with_what_a_person_needs() {
        let object = object("k\n");
        let mut letter = object.letter("document", 7, "no \"number\"".into());
        letter.time = "2026-11-23T10:00:00Z".into();
        letter.status = Some(400);
        letter.source = Some(RawValue::from_string("{\"message\":\"m\"}".into()).unwrap());
        let lines = DeadLetterFile::of_parcel(&object, 7, vec![letter])
            .ndjson()
            .unwrap();
        insta::assert_snapshot!(
            String::from_utf8(lines)
                .unwrap()
                .replace(WORKER, "logferry VERSION")
        );
    }
}
