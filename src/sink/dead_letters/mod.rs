/*! Dead letters: rejected documents and unreadable objects go in; named sets of letters for a person come out. Names
are deterministic, so that a redelivery overwrites the same set. */

pub mod file;
pub mod index;
pub mod s3;

use std::io::Write;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

/// A document that OpenSearch has rejected, or an object that cannot be read to its end.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLetter {
    /// Time of the letter, RFC 3339 in UTC.
    #[serde(rename = "@timestamp")]
    pub time: String,
    /// `document` or `object`.
    pub kind: &'static str,
    pub bucket: String,
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Offset in the decompressed object, in bytes: of the document's event, or of the end of reading an object.
    pub offset: u64,
    /// Size of the document, or of the object as stored, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// HTTP status of the document in OpenSearch's response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub reason: String,
    /// `logferry` and its version.
    pub worker: &'static str,
    /// Index that the document was sent to.
    #[serde(rename = "_index", skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The document as sent.
    #[serde(rename = "_source", skip_serializing_if = "Option::is_none")]
    pub source: Option<Box<RawValue>>,
}

/// The value of [`DeadLetter::worker`].
pub const WORKER: &str = concat!("logferry ", env!("CARGO_PKG_VERSION"));

/// The letters of one parcel, or of one object.
#[derive(Debug, Clone)]
pub struct DeadLetterFile {
    /// Deterministic name: the same parcel or object always has the same name. DeadLetterFile, digits, `-`, `/`.
    pub name: String,
    pub letters: Vec<DeadLetter>,
}

impl DeadLetterFile {
    /// DeadLetterFile of documents from one parcel; `offset` is the beginning of the parcel in its object, in bytes.
    pub fn of_parcel(object: &ObjectName, offset: u64, letters: Vec<DeadLetter>) -> Self {
        Self {
            name: format!("{}/{offset:020}", object.hash()),
            letters,
        }
    }

    /// The letter of a whole object.
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
            serde_json::to_writer(&mut lines, letter).map_err(failed)?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    fn gzip(&self) -> Result<Vec<u8>, DeadLetterError> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&self.ndjson()?).map_err(failed)?;
        encoder.finish().map_err(failed)
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
            time: jiff::Timestamp::now().to_string(),
            kind,
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            etag: self.etag.clone(),
            version_id: self.version_id.clone(),
            offset,
            size: None,
            status: None,
            reason,
            worker: WORKER,
            index: None,
            id: None,
            source: None,
        }
    }
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot write a dead letter: {0}")]
pub struct DeadLetterError(pub String);

fn failed(error: impl std::fmt::Display) -> DeadLetterError {
    DeadLetterError(error.to_string())
}

/// A store of dead letters.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Writes letters and replaces earlier ones of the same name. `Ok` confirms that the letters are stored.
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError>;
}

#[cfg(test)]
mod tests {
    use super::*;

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
