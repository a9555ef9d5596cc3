/*! An object goes in; it is read as a worker reads it, and whether the index holds its documents comes out. Ids are a
function of the events, so that this is certain also where other objects hold the same events. */

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::coverage::{KnownLetters, answered};
use crate::error_class::ErrorClass;
use crate::retry::full_jitter;
use crate::sink::opensearch::{OpenSearch, Presence};
use crate::sink::{Index, IndexError};
use crate::source::decompress::{ReadError, Unpacked};
use crate::source::{OpenError, Opened, Store};
use logferry_core::bulk::target;
use logferry_core::coverage::{ReadEnd, Reading};
use logferry_core::decode::{DecodeOptions, Decoder, Event};
use logferry_core::document::index_name;
use logferry_core::document::{
    DocumentOptions, DocumentSpan, EncodedSummary, ObjectEncoder, ObjectInfo, PlatformLines,
    event_text, folded_documents, folded_target,
};
use logferry_core::invocation::{Architecture, Prices};
use logferry_core::notification::ObjectRef;

/// Documents that the first request asks for. It decides about most objects that were never read.
const FIRST: usize = 100;
/// Documents that each further request asks for.
const BATCH: usize = 1000;
/// Attempts to open an object.
const ATTEMPTS: u32 = 4;

/// Reads objects and asks the index for their documents.
pub struct Examiner {
    pub store: Arc<dyn Store>,
    pub index: Arc<OpenSearch>,
    pub letters: KnownLetters,
    pub index_prefix: String,
    /// The first day that the retention keeps, in days since 1970-01-01.
    pub first_day: Option<i64>,
}

impl Examiner {
    /// Reads until the end, or until a document is absent.
    pub async fn read(&self, object: &ObjectRef) -> Result<Reading, IndexError> {
        let mut reading = Reading::default();
        match self.open(object).await {
            Ok(opened) => {
                let (mut documents, decoder) = self.begin(object, &opened);
                let end = self.read_documents(object, opened, decoder, &mut documents);
                reading.end = end.await?;
                if reading.end != ReadEnd::Decided {
                    documents.finish();
                    documents.ask(self).await?;
                }
                if documents.reading.absent > 0 {
                    reading.end = ReadEnd::Decided;
                }
                Ok(Reading {
                    end: reading.end,
                    ..documents.reading
                })
            }
            Err(end) => {
                reading.end = end;
                Ok(reading)
            }
        }
    }

    async fn open(&self, object: &ObjectRef) -> Result<Opened, ReadEnd> {
        let mut failures = 0;
        loop {
            let error = match self.store.open(object, 0, None).await {
                Ok(opened) => return Ok(opened),
                Err(OpenError::Gone) => return Err(ReadEnd::Gone),
                Err(error @ OpenError::Denied(_)) => {
                    return Err(ReadEnd::Refused(format!("allow s3:GetObject ({error})")));
                }
                Err(error) => error,
            };
            failures += 1;
            if error.class() != ErrorClass::Retryable || failures == ATTEMPTS {
                return Err(ReadEnd::Refused(error.to_string()));
            }
            tokio::time::sleep(full_jitter(failures)).await;
        }
    }

    fn begin(&self, object: &ObjectRef, opened: &Opened) -> (Documents, Decoder) {
        let decoder = Decoder::new(&object.key, &DecodeOptions::default());
        let info = ObjectInfo {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            etag: opened.etag.clone(),
            last_modified: opened.last_modified,
            id_scope: decoder.key().prefix.clone(),
        };
        // A line that a worker may have folded is looked for in both places.
        let options = DocumentOptions {
            index_prefix: self.index_prefix.clone(),
            platform_lines: PlatformLines::Folded,
            ..DocumentOptions::default()
        };
        let documents = Documents {
            encoder: ObjectEncoder::new(&info, &options, &Prices::builtin(Architecture::X86)),
            lines: Vec::new(),
            wanted: Vec::new(),
            index_prefix: self.index_prefix.clone(),
            reading: Reading::default(),
        };
        (documents, decoder)
    }

    async fn read_documents(
        &self,
        object: &ObjectRef,
        opened: Opened,
        mut decoder: Decoder,
        documents: &mut Documents,
    ) -> Result<ReadEnd, IndexError> {
        let unpacked = Unpacked::new(self.store.clone(), object.clone(), opened).await;
        let mut unpacked = match unpacked {
            Ok(unpacked) => unpacked,
            Err(error) => return Ok(end_of(&error)),
        };
        loop {
            match unpacked.read(decoder.space()).await {
                Ok(0) => decoder.finish(),
                Ok(n) => decoder.filled(n),
                // A worker drops the last event of a damaged object too: it may be cut.
                Err(error) => return Ok(end_of(&error)),
            }
            loop {
                match decoder.next() {
                    Ok(Some(event)) => documents.add(&event),
                    Ok(None) => break,
                    Err(error) => return Ok(ReadEnd::Broken(error.to_string())),
                }
                if documents.are_enough() {
                    documents.ask(self).await?;
                    if documents.reading.absent > 0 {
                        return Ok(ReadEnd::Decided);
                    }
                }
            }
            if decoder.is_finished() {
                return Ok(ReadEnd::Whole);
            }
        }
    }
}

fn end_of(error: &ReadError) -> ReadEnd {
    match error {
        ReadError::Removed => ReadEnd::Gone,
        ReadError::Store(error) => ReadEnd::Refused(error.to_string()),
        ReadError::Corrupt { reason, .. } => ReadEnd::Broken(reason.clone()),
    }
}

/// The log documents of one object.
struct Documents {
    encoder: ObjectEncoder,
    lines: Vec<u8>,
    /// The documents that were not asked for yet.
    wanted: Vec<Wanted>,
    index_prefix: String,
    reading: Reading,
}

/// Index and id of a document.
type Target = (String, String);

/// A log document, or a line that a summary may hold instead.
struct Wanted {
    document: Target,
    /// The summary of a line that a worker may have folded.
    summary: Option<Target>,
}

impl Documents {
    fn add(&mut self, event: &Event<'_>) {
        self.lines.clear();
        let text = event_text(event);
        let encoded = self.encoder.encode(event, &text, &mut self.lines);
        if let Some(document) = encoded.document {
            self.want(document);
        }
        while let Some(late) = self.encoder.next_late(&mut self.lines) {
            self.want(late.document);
        }
        while let Some(closed) = self.encoder.next_closed(&mut self.lines) {
            self.want_lines(&closed);
        }
    }

    /// The object ends: what waited for more of it is a document, or stands in a summary.
    fn finish(&mut self) {
        self.lines.clear();
        while let Some(late) = self.encoder.next_late_at_end(&mut self.lines) {
            self.want(late.document);
        }
        while let Some(open) = self.encoder.next_at_end(&mut self.lines) {
            self.want_lines(&open);
        }
    }

    fn want(&mut self, span: DocumentSpan) {
        self.wanted.push(Wanted {
            document: target_of(&self.lines, span),
            summary: None,
        });
    }

    /// A summary is of all objects of a request and proves nothing about this one, but its lines do.
    fn want_lines(&mut self, encoded: &EncodedSummary) {
        let EncodedSummary { summary, document } = encoded;
        let stream = summary.log_stream();
        for line in summary.folded_lines() {
            self.wanted.push(Wanted {
                document: folded_target(line, stream, &self.index_prefix),
                summary: Some(target_of(&self.lines, *document)),
            });
        }
    }

    fn are_enough(&self) -> bool {
        let reading = &self.reading;
        let asked = reading.present + reading.dead_letters + reading.expired + reading.closed;
        self.wanted.len() >= if asked == 0 { FIRST } else { BATCH }
    }

    /// Asks the index for the documents that were added.
    async fn ask(&mut self, examiner: &Examiner) -> Result<(), IndexError> {
        let wanted = std::mem::take(&mut self.wanted);
        if wanted.is_empty() {
            return Ok(());
        }
        let documents: Vec<Target> = wanted.iter().map(|w| w.document.clone()).collect();
        let mut presences = examiner.presence(&documents).await?;
        examiner.find_in_summaries(&wanted, &mut presences).await?;
        let reading = &mut self.reading;
        for (Wanted { document, summary }, presence) in wanted.iter().zip(presences) {
            let (index, id) = document;
            let is_dead_letter = [Some(document), summary.as_ref()]
                .into_iter()
                .flatten()
                .any(|(index, id)| examiner.letters.has_document(index, id));
            match presence {
                Presence::There => reading.present += 1,
                _ if is_dead_letter => reading.dead_letters += 1,
                Presence::Closed => reading.closed += 1,
                Presence::Absent if examiner.is_expired(index) => reading.expired += 1,
                // A later document proves no more.
                Presence::Absent => {
                    tracing::debug!(index, id, "absent");
                    reading.absent += 1;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn target_of(lines: &[u8], span: DocumentSpan) -> Target {
    let target = target(&lines[span.start..span.source]);
    (target.index.to_owned(), target.id.to_owned())
}

impl Examiner {
    async fn presence(&self, documents: &[Target]) -> Result<Vec<Presence>, IndexError> {
        let asked = answered(
            || self.index.presence(documents),
            |error: &IndexError| error.class() == ErrorClass::Retryable,
        );
        asked.await
    }

    /// A line without a document is there if its summary holds it.
    async fn find_in_summaries(
        &self,
        wanted: &[Wanted],
        presences: &mut [Presence],
    ) -> Result<(), IndexError> {
        let absent = |(wanted, presence): (&Wanted, &Presence)| match presence {
            Presence::Absent => wanted.summary.clone(),
            Presence::There | Presence::Closed => None,
        };
        let each = wanted.iter().zip(&*presences).filter_map(absent);
        let summaries: Vec<Target> = BTreeSet::from_iter(each).into_iter().collect();
        if summaries.is_empty() {
            return Ok(());
        }
        let presence = self.presence(&summaries).await?;
        let (mut open, mut closed) = (Vec::new(), HashSet::new());
        for (summary, presence) in summaries.into_iter().zip(presence) {
            match presence {
                Presence::There => open.push(summary),
                Presence::Closed => drop(closed.insert(summary)),
                Presence::Absent => {}
            }
        }
        if open.is_empty() && closed.is_empty() {
            return Ok(());
        }
        let stored = answered(
            || self.index.fetch(&open),
            |error: &IndexError| error.class() == ErrorClass::Retryable,
        );
        let mut held = HashSet::new();
        for stored in stored.await?.into_iter().flatten() {
            // A summary that cannot be read holds no line that could be shown.
            let lines = folded_documents(&stored.source, &self.index_prefix).unwrap_or_default();
            held.extend(lines.into_iter().map(|line| (line.index, line.id)));
        }
        for (wanted, presence) in wanted.iter().zip(presences) {
            if !matches!(presence, Presence::Absent) {
                continue;
            }
            if held.contains(&wanted.document) {
                *presence = Presence::There;
            } else if (wanted.summary.as_ref()).is_some_and(|summary| closed.contains(summary)) {
                *presence = Presence::Closed;
            }
        }
        Ok(())
    }
}

impl Examiner {
    fn is_expired(&self, index: &str) -> bool {
        let day = index_name::read(index, &self.index_prefix).map(|(_, day)| day);
        self.first_day
            .zip(day)
            .is_some_and(|(first, day)| day < first)
    }
}
