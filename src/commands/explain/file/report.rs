/*! Key, bytes, events and invocations of a file go in; a report comes out. `--json` prints it serialised. Pure. */

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::commands::explain::file::finding;
use crate::commands::explain::file::finding::{Example, Findings};
use crate::commands::explain::file::rows::{InvocationRows, LineKindRows, OriginRows};
use logferry_core::decode::{Counters, Event, Format, KeyInfo};
use logferry_core::parse::{Kind, Record};
use logferry_core::time::rfc3339::TimeWriter;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub file: String,
    pub key: Key,
    /// Format of the content; `None` if the file has no content to detect it from.
    pub format: Option<Detected>,
    /// Size of the file as stored, in bytes.
    pub stored_bytes: u64,
    /// Size of the decompressed content, in bytes.
    pub bytes: u64,
    /// Bytes of blank lines and of a byte order mark, which belong to no event.
    pub blank_bytes: u64,
    pub control_messages: u64,
    pub events: u64,
    /// Events that stand in the summaries of their invocations instead of documents.
    #[serde(skip_serializing_if = "is_zero")]
    pub folded: u64,
    /// First and last time among the events, from the file format or the lines.
    pub time: Option<Span>,
    pub origins: OriginRows,
    pub kinds: LineKindRows,
    /// Events by level; `none` counts function lines without a level.
    pub levels: BTreeMap<String, u64>,
    pub invocations: InvocationRows,
    pub flags: Findings,
    /// Plain-text lines that begin like JSON or a platform line.
    pub plain_text: Findings,
    /// Reason why the worker skips the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<&'static str>,
    /// Error that ended the reading before the end of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// The object's key and the facts in it.
#[derive(Debug, Default, Serialize)]
pub struct Key {
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_task_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_stream: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    pub is_write_test: bool,
}

#[derive(Debug, Serialize)]
pub struct Detected {
    pub name: String,
    pub why: String,
}

#[derive(Debug, Serialize)]
pub struct Span {
    #[serde(serialize_with = "rfc3339")]
    pub first: i64,
    #[serde(serialize_with = "rfc3339")]
    pub last: i64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Report {
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    pub fn key(&mut self, key: &str, info: &KeyInfo) {
        self.key = Key {
            key: key.to_owned(),
            export_task_id: info.export_task_id.clone(),
            chunk: info.chunk,
            log_stream: info.log_stream.clone(),
            log_group: info.log_group.clone(),
            is_write_test: info.is_write_test,
        };
        if info.is_write_test {
            self.skipped = Some("it is the write test of an export task");
        }
    }

    pub fn read(&mut self, bytes: usize, stored_bytes: u64) {
        self.bytes += bytes as u64;
        self.stored_bytes = stored_bytes;
    }

    /// Adds an event. `text` is its text with invalid UTF-8 replaced; `flags` are the flags of its document.
    pub fn event(
        &mut self,
        event: &Event<'_>,
        text: &str,
        record: &Record<'_>,
        flags: &[Cow<'_, str>],
    ) {
        let bytes = event.text.len() as u64;
        let example = |why| Example::new(event.offset, why, text);
        self.events += 1;
        if let Some(time) = event.time.or(record.time) {
            let span = self.time.get_or_insert(Span {
                first: time,
                last: time,
            });
            span.first = span.first.min(time);
            span.last = span.last.max(time);
        }
        self.origins.add(event.origin);
        let json = record.app.is_some();
        self.kinds
            .add(record.kind.as_str(), json, bytes, || example(None));
        let level = record.level.map(|level| level.as_str());
        if let Some(level) = level.or((record.kind == Kind::Function).then_some("none")) {
            match self.levels.get_mut(level) {
                Some(count) => *count += 1,
                None => drop(self.levels.insert(level.to_owned(), 1)),
            }
        }
        for flag in flags {
            let why = || {
                (event.truncated > 0 && flag == "truncated")
                    .then(|| format!("{} bytes cut off", event.truncated))
            };
            self.flags
                .add(flag, finding::flag_meaning(flag), || example(why()));
        }
        if let Some(suspicion) = finding::suspicion(text, record) {
            self.plain_text.add(suspicion.name, suspicion.meaning, || {
                example(Some(suspicion.why))
            });
        }
    }

    /// Adds an invocation; `document` is the JSON of its summary.
    pub fn invocation(&mut self, document: &[u8]) {
        self.invocations.add(document);
    }

    pub fn decoded(&mut self, format: Option<Format>, is_forced: bool, counters: Counters) {
        self.blank_bytes = counters.blank_bytes;
        self.control_messages = counters.control_messages;
        self.format = format.map(|format| Detected {
            name: format.to_string(),
            why: if is_forced {
                "as --format says".to_owned()
            } else {
                why(format, self.key.chunk.is_some())
            },
        });
    }

    pub fn finish(&mut self, failure: Option<String>) {
        self.kinds.finish();
        if self.bytes == 0 && failure.is_none() && self.skipped.is_none() {
            self.skipped = Some("it is empty");
        }
        self.broken = failure;
    }
}

/// Explanation of a detected format.
fn why(format: Format, export_key: bool) -> String {
    let content = match format {
        Format::Export => "events begin with a time and a blank",
        Format::Subscription => "it begins with an envelope of a CloudWatch subscription",
        Format::JsonLines => "it begins with a JSON object that is no envelope",
        Format::Tail => "lines begin as aws logs tail or sam logs prints them",
        Format::Text => "it begins like none of the other formats",
    };
    match (format, export_key) {
        (Format::Export, true) => format!("{content}, and its key is one of an export"),
        (_, true) => format!("{content}, although its key is one of an export"),
        _ => content.to_owned(),
    }
}

/// A time in milliseconds since 1970 in the documents' format, RFC 3339.
pub fn shown_time(time: i64) -> String {
    let mut out = Vec::new();
    TimeWriter::default().write(&mut out, time);
    String::from_utf8_lossy(&out).trim_matches('"').to_owned()
}

fn rfc3339<S: serde::Serializer>(time: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown_time(*time))
}
