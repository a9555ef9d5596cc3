/*! A manifest of an S3 inventory, or a row of its CSV files, goes in; the data files, or the row's object, come out. */

use std::io::{Error, ErrorKind};

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::source::listing::Listed;
use logferry_core::notification::ObjectRef;

/// The manifest of an inventory.
#[derive(Debug)]
pub struct Manifest {
    /// The bucket of the data files.
    pub(super) bucket: String,
    /// Keys of the data files: CSV, gzip.
    pub(super) files: Vec<String>,
    /// Names of the columns.
    pub(super) schema: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestJson {
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<DataFile>,
}

#[derive(Deserialize)]
struct DataFile {
    key: String,
}

impl Manifest {
    pub(super) fn read(json: &str) -> std::io::Result<Self> {
        let invalid = |reason: String| Error::new(ErrorKind::InvalidData, reason);
        let manifest: ManifestJson = serde_json::from_str(json)
            .map_err(|e| invalid(format!("it is no manifest of an S3 inventory: {e}")))?;
        if !manifest.file_format.eq_ignore_ascii_case("csv") {
            let format = manifest.file_format;
            return Err(invalid(format!(
                "the inventory is of format {format}: only CSV is read"
            )));
        }
        let arn = manifest.destination_bucket;
        let columns = manifest.file_schema.split(',');
        Ok(Self {
            bucket: arn.rsplit(':').next().unwrap_or_default().to_owned(),
            files: manifest.files.into_iter().map(|file| file.key).collect(),
            schema: columns.map(|name| name.trim().to_owned()).collect(),
        })
    }
}

/// A row of CSV.
pub(super) struct Row(Vec<String>);

impl Row {
    /// None: a quote is not closed, or text follows one.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut fields = Vec::new();
        let mut rest = line;
        loop {
            let field;
            if let Some(quoted) = rest.strip_prefix('"') {
                let mut text = String::new();
                let mut inside = quoted;
                loop {
                    let (part, after) = inside.split_once('"')?;
                    text.push_str(part);
                    inside = after;
                    match inside.strip_prefix('"') {
                        Some(after) => {
                            text.push('"');
                            inside = after;
                        }
                        None => break,
                    }
                }
                (field, rest) = (text, inside);
            } else {
                let end = rest.find(',').unwrap_or(rest.len());
                (field, rest) = (rest[..end].to_owned(), &rest[end..]);
            }
            fields.push(field);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => return rest.is_empty().then_some(Self(fields)),
            }
        }
    }

    /// The row's object; `None` for the row of a header, of a delete marker and of an older version.
    pub(super) fn object(&self, schema: Option<&[String]>) -> Result<Option<Listed>, &'static str> {
        let columns = match schema {
            Some(names) => Columns::named(names),
            None => Columns::recognised(&self.0),
        };
        let field = |at: Option<usize>| at.and_then(|at| self.0.get(at)).map(String::as_str);
        let bucket = field(columns.bucket).ok_or("has no column of buckets")?;
        let key = field(columns.key).ok_or("has no column of keys")?;
        let is = |at, text: &str| field(at).is_some_and(|f| f.eq_ignore_ascii_case(text));
        let is_header = bucket.eq_ignore_ascii_case("bucket") && key.eq_ignore_ascii_case("key");
        if is_header || is(columns.is_delete_marker, "true") || is(columns.is_latest, "false") {
            return Ok(None);
        }
        // The keys are encoded as in notifications.
        let key = key.replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8();
        let time = field(columns.last_modified).and_then(|t| t.parse::<jiff::Timestamp>().ok());
        Ok(Some(Listed {
            object: ObjectRef {
                size: field(columns.size).and_then(|size| size.parse().ok()),
                ..ObjectRef::new(bucket, key.map_err(|_| "holds a key that is not UTF-8")?)
            },
            last_modified: time.map(|time| time.as_millisecond()),
        }))
    }
}

/// The places of the columns that are read.
#[derive(Debug, Default)]
struct Columns {
    bucket: Option<usize>,
    key: Option<usize>,
    is_latest: Option<usize>,
    is_delete_marker: Option<usize>,
    size: Option<usize>,
    last_modified: Option<usize>,
}

impl Columns {
    fn named(names: &[String]) -> Self {
        let at = |wanted: &str| names.iter().position(|n| n.eq_ignore_ascii_case(wanted));
        Self {
            bucket: at("Bucket"),
            key: at("Key"),
            is_latest: at("IsLatest"),
            is_delete_marker: at("IsDeleteMarker"),
            size: at("Size"),
            last_modified: at("LastModifiedDate"),
        }
    }

    /// The columns of a row without a schema. S3 writes bucket and key first, then the version's three columns if all
    /// versions are listed, then size and time if they were chosen.
    fn recognised(row: &[String]) -> Self {
        let is_bool = |at: usize| {
            let field = row.get(at).map(String::as_str);
            matches!(field, Some("true" | "false"))
        };
        let versions = is_bool(3) && is_bool(4);
        let time = row
            .iter()
            .skip(2)
            .position(|f| f.parse::<jiff::Timestamp>().is_ok());
        let time = time.map(|at| at + 2);
        let first = if versions { 5 } else { 2 };
        let is_size = row.get(first).is_some_and(|f| f.parse::<u64>().is_ok());
        let size = is_size && (time.is_none_or(|time| time == first + 1));
        Self {
            bucket: Some(0),
            key: Some(1),
            is_latest: versions.then_some(3),
            is_delete_marker: versions.then_some(4),
            size: size.then_some(first),
            last_modified: time,
        }
    }
}
