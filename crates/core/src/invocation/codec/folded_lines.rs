/*! The folded lines of a summary ↔ the members `invocation.platform_lines` and `aws.s3` of its document.

A line leaves out what the document shows: its function's name and version, whether the start was cold, and an id that
follows from stream, time and text. The objects stand in `aws.s3`, so that they can be searched; a line has their
number. */

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Error;

use crate::invocation::summary::folded::{FoldedId, FoldedLine, FoldedLines};
use crate::json;
use crate::json::constant_keys::{end, number, put, text};
use crate::time::calendar::day_of;

/// What the document shows of the request, and its lines leave out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ShownFaas<'a> {
    pub name: Option<&'a str>,
    pub version: Option<&'a str>,
    pub cold: Option<bool>,
}

/// The objects of lines as pairs of bucket and key: sorted, each once.
pub(crate) fn objects(lines: &[FoldedLine]) -> Vec<(&str, &str)> {
    let mut objects: Vec<(&str, &str)> = (lines.iter())
        .map(|line| (&*line.bucket, &*line.key))
        .collect();
    objects.sort_unstable();
    objects.dedup();
    objects
}

/// Appends the member `s3` of `aws`, unless there is no object.
pub(crate) fn write_objects(objects: &[(&str, &str)], out: &mut Vec<u8>) {
    if objects.is_empty() {
        return;
    }
    put(out, "\"s3\":{\"bucket\":[");
    objects
        .iter()
        .for_each(|(bucket, _)| text(out, "\"", bucket));
    end(out, b']');
    put(out, "\"key\":[");
    objects.iter().for_each(|(_, key)| text(out, "\"", key));
    end(out, b']');
    end(out, b'}');
}

/// Appends the member `platform_lines` of `invocation`, unless there is no line.
pub(crate) fn write_lines(
    lines: &[FoldedLine],
    objects: &[(&str, &str)],
    shown: &ShownFaas<'_>,
    out: &mut Vec<u8>,
) {
    if lines.is_empty() {
        return;
    }
    put(out, "\"platform_lines\":[");
    for line in lines {
        write_line(line, objects, shown, out);
    }
    end(out, b']');
}

fn write_line(
    line: &FoldedLine,
    objects: &[(&str, &str)],
    shown: &ShownFaas<'_>,
    out: &mut Vec<u8>,
) {
    let FoldedLine {
        at,
        id,
        text: message,
        bucket,
        key,
        offset,
        time,
        day,
        name,
        version,
        cold,
        inferred,
        original,
        no_account,
        no_region,
    } = line;
    number(out, "{\"time\":", *at);
    text(out, "\"message\":\"", message);
    put(out, "\"offset\":");
    json::unsigned(out, *offset);
    out.push(b',');
    let object = objects.binary_search(&(&**bucket, &**key));
    if let Some(object) = object.ok().filter(|object| *object > 0) {
        number(out, "\"object\":", object as i64);
    }
    if let FoldedId::Stated(id) = id {
        put(out, "\"id\":\"");
        out.extend_from_slice(id);
        put(out, "\",");
    }
    if time.is_none() {
        put(out, "\"stated\":false,");
    }
    if *day != day_of(*at) {
        number(out, "\"day\":", *day);
    }
    write_unless_shown("\"name\":", name.as_deref(), shown.name, out);
    write_unless_shown("\"version\":", version.as_deref(), shown.version, out);
    if *cold != shown.cold {
        put(out, "\"coldstart\":");
        put(
            out,
            match cold {
                Some(true) => "true,",
                Some(false) => "false,",
                None => "null,",
            },
        );
    }
    for (is_set, flag) in [
        (inferred, "\"inferred\":true,"),
        (original, "\"original\":true,"),
        (no_account, "\"account\":false,"),
        (no_region, "\"region\":false,"),
    ] {
        if *is_set {
            put(out, flag);
        }
    }
    end(out, b'}');
}

fn write_unless_shown(key: &str, own: Option<&str>, shown: Option<&str>, out: &mut Vec<u8>) {
    match own {
        own if own == shown => {}
        None => {
            put(out, key);
            put(out, "null,");
        }
        Some(own) => {
            put(out, key);
            text(out, "\"", own);
        }
    }
}

/// What all folded lines of a summary share, as its document shows it.
#[derive(Debug, Default)]
pub struct SharedByLines {
    pub request_id: String,
    pub account: Option<String>,
    pub region: Option<String>,
    pub log_group: Option<String>,
    pub log_stream: Option<String>,
}

/// The parts of a document that its folded lines refer to.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LinesDocument {
    faas: LinesFaas,
    aws: LinesAws,
    cloud: LinesCloud,
    invocation: LinesInvocation,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinesFaas {
    name: Option<String>,
    version: Option<String>,
    invocation_id: String,
    coldstart: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinesAws {
    log: LinesLog,
    s3: StoredObjects,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinesLog {
    group: Named,
    stream: Named,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinesCloud {
    account: Account,
    region: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Account {
    id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinesInvocation {
    platform_lines: Vec<StoredLine>,
}

impl SharedByLines {
    /// The folded lines of a stored document, whatever its version and also without the state that merges it, and what
    /// they share.
    pub fn read(source: &[u8]) -> Result<(SharedByLines, Vec<FoldedLine>), Error> {
        let LinesDocument {
            faas,
            aws,
            cloud,
            invocation,
        } = serde_json::from_slice(source)?;
        let shown = ShownFaas {
            name: faas.name.as_deref(),
            version: faas.version.as_deref(),
            cold: faas.coldstart,
        };
        let lines = read(invocation.platform_lines, &aws.s3, &shown)?;
        let shared = SharedByLines {
            request_id: faas.invocation_id,
            account: cloud.account.id,
            region: cloud.region,
            log_group: aws.log.group.name,
            log_stream: aws.log.stream.name,
        };
        Ok((shared, lines.into_all()))
    }
}

/// `aws.s3` of a summary.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StoredObjects {
    bucket: Vec<Box<str>>,
    key: Vec<Box<str>>,
}

/// One of `invocation.platform_lines`.
#[derive(Debug, Deserialize)]
pub(crate) struct StoredLine {
    time: i64,
    message: Box<str>,
    offset: u64,
    #[serde(default)]
    object: usize,
    id: Option<Box<str>>,
    #[serde(default = "usual")]
    stated: bool,
    day: Option<i64>,
    #[serde(default, deserialize_with = "stated")]
    name: Option<Option<Box<str>>>,
    #[serde(default, deserialize_with = "stated")]
    version: Option<Option<Box<str>>>,
    #[serde(default, deserialize_with = "stated")]
    coldstart: Option<Option<bool>>,
    #[serde(default)]
    inferred: bool,
    #[serde(default)]
    original: bool,
    #[serde(default = "usual")]
    account: bool,
    #[serde(default = "usual")]
    region: bool,
}

fn usual() -> bool {
    true
}

/// A value, or `null`; a missing member is `None`.
fn stated<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// The lines, exactly as they were.
pub(crate) fn read(
    lines: Vec<StoredLine>,
    objects: &StoredObjects,
    shown: &ShownFaas<'_>,
) -> Result<FoldedLines, Error> {
    let each = lines.into_iter();
    each.map(|line| line.read(objects, shown)).collect()
}

impl StoredLine {
    fn read(self, objects: &StoredObjects, shown: &ShownFaas<'_>) -> Result<FoldedLine, Error> {
        let object = objects.bucket.get(self.object);
        let object = object.zip(objects.key.get(self.object));
        let (bucket, key) = object.ok_or_else(|| {
            Error::custom("a line of the platform is of an object that is not shown")
        })?;
        let id = match self.id {
            None => FoldedId::Content,
            Some(id) => FoldedId::Stated(
                (id.as_bytes().try_into())
                    .map_err(|_| Error::custom("a line of the platform has an id that is none"))?,
            ),
        };
        Ok(FoldedLine {
            at: self.time,
            id,
            text: self.message,
            bucket: (&**bucket).into(),
            key: (&**key).into(),
            offset: self.offset,
            time: self.stated.then_some(self.time),
            day: self.day.unwrap_or_else(|| day_of(self.time)),
            name: own_or_shown(self.name, shown.name),
            version: own_or_shown(self.version, shown.version),
            cold: self.coldstart.unwrap_or(shown.cold),
            inferred: self.inferred,
            original: self.original,
            no_account: !self.account,
            no_region: !self.region,
        })
    }
}

fn own_or_shown(own: Option<Option<Box<str>>>, shown: Option<&str>) -> Option<Arc<str>> {
    match own {
        Some(own) => own.map(Arc::from),
        None => shown.map(Arc::from),
    }
}
