/*! `explain FILE`: a file goes in; a report for a person comes out. The file passes the same stages as in the worker,
from reading to encoding, without the queue and the index. */

mod finding;
mod print;
mod report;
mod rows;

use std::borrow::Cow;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::config::ExplainConfig;
use crate::source::Store;
use crate::source::decompress::Unpacked;
use crate::source::files::{BUCKET, Files, LocalStore};
use logferry_core::decode::{Decoder, Event};
use logferry_core::document::stored::StoredLogDocument;
use logferry_core::document::{
    DocumentOptions, ObjectEncoder, ObjectInfo, PlatformLines, event_text,
};
use logferry_core::invocation::{Architecture, Prices};
use logferry_core::notification::ObjectRef;

use crate::commands::explain::file::report::Report;

/// Columns of the output if the terminal reports no width, or if there is no terminal.
const WIDTH: u16 = 120;

/// Prints the report. Returns an error if the file cannot be read to its end; the report of the part before is printed
/// first.
pub async fn run(config: ExplainConfig) -> anyhow::Result<()> {
    let mut files = Files::default();
    let from_stdin = config.file.as_os_str() == "-";
    let mut spool = None;
    if from_stdin {
        let file = crate::commands::ingest::spool_stdin().context("cannot read standard input")?;
        files.insert("stdin".to_owned(), file.path().to_owned())?;
        spool = Some(file);
    } else if is_folder(&config.file)? {
        bail!(
            "{} is a folder: explain takes one file",
            config.file.display()
        );
    } else {
        files.add(&config.file)?;
    }
    let path_key = files.single_key().context("there is no file")?.to_owned();
    let store = LocalStore::new(Arc::new(files));
    let key = config.key.clone().unwrap_or_else(|| path_key.clone());

    let mut report = Report::new(&config.file.display().to_string());
    let object = ObjectRef::new(BUCKET, &path_key);
    let failure = read(&config, &key, object, store, from_stdin, &mut report)
        .await
        .err();
    drop(spool);
    report.finish(failure.as_ref().map(|error| format!("{error:#}")));
    match print(&config, &report) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        printed => printed?,
    }
    match failure {
        Some(error) => Err(error.context("the file could not be read to its end")),
        None => Ok(()),
    }
}

fn is_folder(path: &Path) -> anyhow::Result<bool> {
    let meta =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(meta.is_dir())
}

fn print(config: &ExplainConfig, report: &Report) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if config.json {
        serde_json::to_writer(&mut out, report)?;
        return writeln!(out);
    }
    let columns = console::Term::stdout()
        .size_checked()
        .map_or(WIDTH, |(_, columns)| columns);
    out.write_all(print::tables(report, usize::from(columns)).as_bytes())
}

/// Reads and decodes an object as the pipeline does, and adds its events to a report instead of a parcel.
async fn read(
    config: &ExplainConfig,
    key: &str,
    object: ObjectRef,
    store: LocalStore,
    from_stdin: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut decoder = Decoder::new(key, &config.decode);
    report.key(key, decoder.key());
    let opened = store.open(&object, 0, None).await?;
    let object_info = ObjectInfo {
        bucket: object.bucket.clone(),
        key: key.to_owned(),
        etag: opened.etag.clone(),
        // The spooled file's time says nothing about standard input.
        last_modified: opened.last_modified.filter(|_| !from_stdin),
        id_scope: decoder.key().prefix.clone(),
    };
    let mut encoder = FileExplainer::new(&object_info, config.platform_lines);
    let mut unpacked = Unpacked::new(Arc::new(store), object, opened).await?;
    loop {
        let read = unpacked.read(decoder.space()).await;
        match read {
            Ok(n) if n > 0 => decoder.filled(n),
            _ => decoder.finish(),
        }
        report.read(*read.as_ref().unwrap_or(&0), unpacked.stored_bytes());
        let decoded = loop {
            match decoder.next() {
                Ok(Some(event)) => encoder.show(&event, report),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if decoder.is_finished() || decoded.is_err() {
            encoder.finish(report);
            report.decoded(
                decoder.format(),
                config.decode.format.is_some(),
                decoder.counters(),
            );
            decoded?;
            read?;
            return Ok(());
        }
    }
}

/// Encodes events as the pipeline does; of a log document only the flags are kept.
struct FileExplainer {
    encoder: ObjectEncoder,
    lines: Vec<u8>,
}

impl FileExplainer {
    fn new(object: &ObjectInfo, platform_lines: PlatformLines) -> Self {
        let options = DocumentOptions {
            index_prefix: "logferry".to_owned(),
            platform_lines,
            ..DocumentOptions::default()
        };
        let prices = Prices::builtin(Architecture::X86);
        Self {
            encoder: ObjectEncoder::new(object, &options, &prices),
            lines: Vec::new(),
        }
    }

    fn show(&mut self, event: &Event<'_>, report: &mut Report) {
        self.lines.clear();
        let text = event_text(event);
        let encoded = self.encoder.encode(event, &text, &mut self.lines);
        // A line that no document shows, or that waits, has no flags.
        let document = encoded.document.map_or(0..0, |span| span.source..span.end);
        let flags = flags(&self.lines[document]);
        report.event(event, &text, &encoded.record, &flags);
        drop(flags);
        while self.encoder.next_late(&mut self.lines).is_some() {}
        while let Some(closed) = self.encoder.next_closed(&mut self.lines) {
            report.invocation(&self.lines[closed.document.source..closed.document.end]);
        }
    }

    fn finish(&mut self, report: &mut Report) {
        while self.encoder.next_late_at_end(&mut self.lines).is_some() {}
        report.folded = self.encoder.folded();
        while let Some(closed) = self.encoder.next_at_end(&mut self.lines) {
            report.invocation(&self.lines[closed.document.source..closed.document.end]);
        }
    }
}

/// The member `logferry.flags` of a document.
fn flags(source: &[u8]) -> Vec<Cow<'_, str>> {
    serde_json::from_slice::<StoredLogDocument<'_>>(source)
        .map_or_else(|_| Vec::new(), |document| document.logferry.flags)
}
