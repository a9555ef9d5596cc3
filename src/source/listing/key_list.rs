/*! Lines go in: keys, `s3://` URLs, or an S3 inventory as CSV; its objects come out as a listing. The lines lie in a
temporary file, so that a list of any length takes no memory. */

mod inventory;

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};

use async_trait::async_trait;
use flate2::read::MultiGzDecoder;
use tempfile::NamedTempFile;
use xxhash_rust::xxh3::Xxh3;

pub use self::inventory::Manifest;
use self::inventory::Row;
use crate::source::Store;
use crate::source::listing::{ListError, Listed, Lister, Page};
use logferry_core::notification::ObjectRef;

const PAGE: usize = 1000;
/// A key has 1024 bytes at most; encoded and with its other columns it stays below this.
const LONGEST_LINE: usize = 16 << 10;
/// The longest key of S3.
const LONGEST_KEY: usize = 1024;

/// A list of objects in a temporary file.
#[derive(Debug)]
pub struct KeyList {
    lines: NamedTempFile,
    /// The bucket of lines that are keys only.
    bucket: Option<String>,
    /// Names of the columns, if a manifest tells them.
    schema: Option<Vec<String>>,
}

/// What standard input holds.
#[derive(Debug)]
pub enum ListInput {
    Lines(KeyList),
    /// The manifest of an inventory, whose data files are objects.
    Manifest(Manifest),
}

impl ListInput {
    /// Reads a list, plain or gzip.
    pub fn read(input: impl Read, bucket: Option<String>) -> std::io::Result<Self> {
        let mut lines = NamedTempFile::new()?;
        let mut input = BufReader::new(input);
        match input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            true => std::io::copy(&mut MultiGzDecoder::new(input), &mut lines)?,
            false => std::io::copy(&mut input, &mut lines)?,
        };
        lines.flush()?;
        let mut text = String::new();
        // A manifest is short. A longer text, or one that is no UTF-8, is none.
        let _ = lines.reopen()?.take(16 << 20).read_to_string(&mut text);
        if text.trim_start().starts_with('{') {
            return Manifest::read(&text).map(ListInput::Manifest);
        }
        Ok(ListInput::Lines(KeyList {
            lines,
            bucket,
            schema: None,
        }))
    }
}

impl KeyList {
    /// Fetches the data files of an inventory.
    pub async fn of_inventory(manifest: &Manifest, store: &dyn Store) -> Result<Self, String> {
        let mut lines = NamedTempFile::new().map_err(|e| e.to_string())?;
        for key in &manifest.files {
            let object = ObjectRef::new(&manifest.bucket, key);
            let name = || format!("s3://{}/{key}", manifest.bucket);
            let opened = store.open(&object, 0, None).await;
            let mut opened = opened.map_err(|e| format!("{}: {e}", name()))?;
            let mut packed = tempfile::tempfile().map_err(|e| e.to_string())?;
            while let Some(chunk) = futures_util::StreamExt::next(&mut opened.chunks).await {
                let chunk = chunk.map_err(|e| format!("{}: {e}", name()))?;
                packed.write_all(&chunk).map_err(|e| e.to_string())?;
            }
            let unpacked = packed
                .seek(SeekFrom::Start(0))
                .and_then(|_| std::io::copy(&mut MultiGzDecoder::new(packed), &mut lines));
            unpacked.map_err(|e| format!("{}: {e}", name()))?;
        }
        lines.flush().map_err(|e| e.to_string())?;
        Ok(Self {
            lines,
            bucket: None,
            schema: Some(manifest.schema.clone()),
        })
    }

    /// A page that begins behind a cursor.
    fn read_page(&self, after: Option<&str>) -> Result<Page, ListError> {
        let failed = |e: std::io::Error| ListError::fatal(format!("cannot read the list: {e}"));
        let mut file = self.lines.reopen().map_err(failed)?;
        let mut cursor = Cursor::default();
        if let Some(text) = after {
            cursor = Cursor::find(text, &mut file).map_err(failed)?.ok_or_else(|| {
                ListError::fatal(
                    "the list is another than that of the checkpoint: give the same list, or another --checkpoint",
                )
            })?;
        }
        let mut reader = BufReader::new(file);
        let mut objects = Vec::new();
        let mut line = Vec::new();
        let mut more = true;
        for _ in 0..PAGE {
            line.clear();
            let mut limited = (&mut reader).take(LONGEST_LINE as u64);
            let n = limited.read_until(b'\n', &mut line).map_err(failed)?;
            if n == 0 {
                more = false;
                break;
            }
            cursor.pass(&line);
            let wrong =
                |what: &str| ListError::fatal(format!("line {} of the list {what}", cursor.lines));
            if n == LONGEST_LINE {
                return Err(wrong("is longer than any key"));
            }
            let text = std::str::from_utf8(&line).map_err(|_| wrong("is not UTF-8"))?;
            if let Some(listed) = self
                .object(text.trim_end_matches(['\r', '\n']))
                .map_err(wrong)?
            {
                objects.push(listed);
            }
        }
        Ok(Page {
            objects,
            through: Some(cursor.to_text()),
            more,
        })
    }

    /// The object of a line; `None` for a line without one.
    fn object(&self, line: &str) -> Result<Option<Listed>, &'static str> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        let listed = if let Some(rest) = line.strip_prefix("s3://") {
            let (bucket, key) = rest.split_once('/').ok_or("names a bucket and no key")?;
            Some(plain(bucket, key))
        } else if self.schema.is_some() || line.starts_with('"') {
            let row = Row::read(line).ok_or("is no row of an S3 inventory")?;
            row.object(self.schema.as_deref())?
        } else if let Some(bucket) = &self.bucket {
            Some(plain(bucket, line))
        } else {
            return Err("names no bucket: write s3://bucket/key, or give --bucket");
        };
        match listed {
            Some(listed) if listed.object.key.is_empty() || listed.object.bucket.is_empty() => {
                Err("names no object")
            }
            Some(listed) if listed.object.key.len() > LONGEST_KEY => {
                Err("holds a key of more than 1024 bytes")
            }
            listed => Ok(listed),
        }
    }
}

fn plain(bucket: &str, key: &str) -> Listed {
    Listed {
        object: ObjectRef::new(bucket, key),
        last_modified: None,
    }
}

/// A place in the list, with a hash of all lines before it.
#[derive(Default)]
struct Cursor {
    lines: u64,
    bytes: u64,
    hash: u64,
}

impl Cursor {
    fn pass(&mut self, line: &[u8]) {
        let mut hash = Xxh3::with_seed(self.hash);
        hash.update(line);
        self.hash = hash.digest();
        self.lines += 1;
        self.bytes += line.len() as u64;
    }

    fn to_text(&self) -> String {
        format!("{}:{}:{:016x}", self.lines, self.bytes, self.hash)
    }

    /// Moves a file to the place. None: the lines before it are others.
    fn find(text: &str, file: &mut std::fs::File) -> std::io::Result<Option<Self>> {
        let mut reader = BufReader::new(&mut *file);
        let mut cursor = Self::default();
        let Some(bytes) = text.split(':').nth(1).and_then(|n| n.parse().ok()) else {
            return Ok(None);
        };
        let mut line = Vec::new();
        while cursor.bytes < bytes {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            cursor.pass(&line);
        }
        file.seek(SeekFrom::Start(cursor.bytes))?;
        Ok((cursor.to_text() == text).then_some(cursor))
    }
}

#[async_trait]
impl Lister for KeyList {
    async fn page(&self, after: Option<&str>) -> Result<Page, ListError> {
        self.read_page(after)
    }
}

#[cfg(test)]
mod tests;
