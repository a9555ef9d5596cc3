/*! The format of dead letters: a rejected document or a broken object goes in; a line of NDJSON or a document of
OpenSearch comes out, and either is read back. Pure. */

pub mod reason;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Version of the format. A letter without one has version 1.
pub const FORMAT: u32 = 1;

/// A document that OpenSearch has rejected, or an object that cannot be read to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Version of the letter's format.
    #[serde(default = "first_format")]
    pub format: u32,
    /// Time of the letter, RFC 3339 in UTC.
    #[serde(rename = "@timestamp")]
    pub time: String,
    /// `document` or `object`.
    pub kind: Cow<'static, str>,
    pub bucket: String,
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Offset in the decompressed object, in bytes: of the document's event, or of the end of reading an object.
    pub offset: u64,
    /// Size of the document, or of the object as stored, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// HTTP status of the document in OpenSearch's response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub reason: String,
    /// `logferry` and its version.
    pub worker: Cow<'static, str>,
    /// Index that the document was sent to.
    #[serde(rename = "_index", default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    #[serde(rename = "_id", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The document as sent.
    #[serde(rename = "_source", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Box<RawValue>>,
}

fn first_format() -> u32 {
    1
}

/// Why a stored letter cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLetter {
    #[error("not a dead letter: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("format {0} is newer than this logferry ({FORMAT})")]
    Newer(u64),
    #[error("the kind {0:?} is neither document nor object")]
    Kind(String),
}

/// The parts of a letter that are checked before the others are read.
#[derive(Deserialize)]
struct Checked<'a> {
    #[serde(default)]
    format: Option<u64>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

impl Checked<'_> {
    fn check(self) -> Result<(), UnreadableLetter> {
        match (self.format, &*self.kind) {
            (Some(format), _) if format > u64::from(FORMAT) => Err(UnreadableLetter::Newer(format)),
            (_, DeadLetter::DOCUMENT | DeadLetter::OBJECT) => Ok(()),
            _ => Err(UnreadableLetter::Kind(self.kind.into_owned())),
        }
    }
}

/// Fields whose names OpenSearch reserves, and their names in an index.
const RESERVED: [(&str, &str); 2] = [("_index", "index"), ("_id", "id")];

impl DeadLetter {
    /// The kind of a rejected document.
    pub const DOCUMENT: &'static str = "document";
    /// The kind of a broken object.
    pub const OBJECT: &'static str = "object";

    /// The letter as one JSON object, without a line break.
    pub fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Reads a letter that [`Self::to_line`] has written.
    pub fn from_line(line: &str) -> Result<Self, UnreadableLetter> {
        serde_json::from_str::<Checked<'_>>(line)?.check()?;
        Ok(serde_json::from_str(line)?)
    }

    /// The letter as a document of OpenSearch. The rejected document is stored as text: OpenSearch has refused its
    /// fields.
    pub fn to_document(&self) -> serde_json::Result<Value> {
        let mut letter = serde_json::to_value(self)?;
        if let Some(fields) = letter.as_object_mut() {
            if let Some(source) = fields.remove("_source") {
                fields.insert("document".to_owned(), source.to_string().into());
            }
            for (reserved, name) in RESERVED {
                if let Some(value) = fields.remove(reserved) {
                    fields.insert(name.to_owned(), value);
                }
            }
        }
        Ok(letter)
    }

    /// Reads a letter that [`Self::to_document`] has written.
    pub fn from_document(mut document: Value) -> Result<Self, UnreadableLetter> {
        Checked::deserialize(&document)?.check()?;
        let mut source = None;
        if let Some(fields) = document.as_object_mut() {
            if let Some(Value::String(text)) = fields.remove("document") {
                source = Some(RawValue::from_string(text)?);
            }
            for (reserved, name) in RESERVED {
                if let Some(value) = fields.remove(name) {
                    fields.insert(reserved.to_owned(), value);
                }
            }
        }
        let letter: Self = serde_json::from_value(document)?;
        Ok(Self { source, ..letter })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> DeadLetter {
        DeadLetter {
            format: FORMAT,
            time: "2026-11-23T10:00:00Z".to_owned(),
            kind: "document".into(),
            bucket: "logs".to_owned(),
            key: "k\n".to_owned(),
            etag: Some("e".to_owned()),
            version_id: None,
            offset: 7,
            size: Some(15),
            status: Some(400),
            reason: "no \"number\"".to_owned(),
            worker: "logferry 0.1.0".into(),
            index: Some("logferry-logs-2026.11.23".to_owned()),
            id: Some("a".to_owned()),
            source: Some(RawValue::from_string(r#"{"message":"m"}"#.to_owned()).unwrap()),
        }
    }

    #[test]
    fn a_line_is_read_back() {
        let line = letter().to_line().unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(
            DeadLetter::from_line(&line).unwrap().to_line().unwrap(),
            line
        );
    }

    #[test]
    fn a_document_is_read_back() {
        let document = letter().to_document().unwrap();
        assert_eq!(document["document"], r#"{"message":"m"}"#);
        assert_eq!(document["index"], "logferry-logs-2026.11.23");
        assert!(document.get("_source").is_none() && document.get("_id").is_none());
        let read = DeadLetter::from_document(document).unwrap();
        assert_eq!(read.to_line().unwrap(), letter().to_line().unwrap());
    }

    #[test]
    fn a_letter_of_an_object_has_no_document() {
        let letter = DeadLetter {
            kind: "object".into(),
            index: None,
            id: None,
            source: None,
            ..letter()
        };
        let read = DeadLetter::from_document(letter.to_document().unwrap()).unwrap();
        assert_eq!(read.to_line().unwrap(), letter.to_line().unwrap());
    }

    #[test]
    fn a_letter_without_a_format_is_read_and_a_newer_one_is_not() {
        let line = letter().to_line().unwrap();
        let old = line.replace("\"format\":1,", "");
        assert_ne!(old, line);
        assert_eq!(
            DeadLetter::from_line(&old).unwrap().to_line().unwrap(),
            line
        );
        let refused = |line: &str| {
            let document: Value = serde_json::from_str(line).unwrap();
            let read = [
                DeadLetter::from_line(line),
                DeadLetter::from_document(document),
            ];
            read.map(|read| read.unwrap_err().to_string())
        };
        // The rest of a newer letter may be anything.
        let newer = r#"{"format":2,"kind":"document","time":7}"#;
        for error in refused(newer) {
            assert_eq!(error, "format 2 is newer than this logferry (1)");
        }
        for error in refused(r#"{"kind":"message"}"#) {
            assert!(error.contains("\"message\" is neither"), "{error}");
        }
        assert!(DeadLetter::from_line("{\"kind\":").is_err());
    }
}
