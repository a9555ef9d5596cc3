/*! The step from a log event to its documents, which parses the event, identifies it and tracks its invocation.

In: the log events of one object, in the object's order. Out: lines for `_bulk`, two for each document: the log document
of each event, and a summary for each invocation that closed or that the object leaves open at its end. */

use std::borrow::Cow;

use crate::decode::{Event, Origin};
use crate::document::fold::Fold;
use crate::document::index_name::{self, DocumentKind};
use crate::document::{DocumentOptions, DocumentSpan, LogDocumentWriter, ObjectInfo};
use crate::invocation::{HeldDocument, LinePlace, Prices, Summary, Tracker, TrackerLimits};
use crate::parse::{self, Record};

/// Encodes the log events of one object, in the object's order.
#[derive(Debug)]
pub struct ObjectEncoder {
    log_documents: LogDocumentWriter,
    tracker: Tracker,
    index_prefix: String,
    prices: Prices,
    /// Makes the folded lines; `None` if every line is a document.
    fold: Option<Fold>,
    events: u64,
    documents: u64,
}

/// A log event that was encoded.
#[derive(Debug)]
pub struct EncodedEvent<'t> {
    pub record: Record<'t>,
    /// `None` if the event stands in the summary of its invocation, or waits for it.
    pub document: Option<DocumentSpan>,
}

/// The document of an event that waited for an invocation which did not follow.
#[derive(Debug)]
pub struct LateDocument {
    pub document: DocumentSpan,
    /// Offset of the event in its object.
    pub offset: u64,
}

/// A summary that was encoded.
#[derive(Debug)]
pub struct EncodedSummary {
    pub summary: Summary,
    pub document: DocumentSpan,
}

/// An event's text, with U+FFFD for invalid UTF-8.
pub fn event_text<'a>(event: &Event<'a>) -> Cow<'a, str> {
    // Nearly every text is valid, and `from_utf8` checks it faster than `from_utf8_lossy`.
    match std::str::from_utf8(event.text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(event.text),
    }
}

/// Takes the durable execution of another function from a line: a function may log the ARN of an execution that it
/// started. It stays in `app`.
fn drop_foreign_execution(record: &mut Record<'_>, origin: &Origin) {
    let own = origin.function_name.as_deref();
    if let Some(platform) = &mut record.platform {
        platform.durable.take_if(|durable| {
            own.zip(durable.function_name())
                .is_some_and(|(a, b)| a != b)
        });
    }
}

impl ObjectEncoder {
    /// An encoder for one object.
    pub fn new(object: &ObjectInfo, options: &DocumentOptions, prices: &Prices) -> Self {
        Self::with_limits(object, options, prices, TrackerLimits::default())
    }

    /// As [`ObjectEncoder::new`], with other bounds for the memory of open invocations.
    pub fn with_limits(
        object: &ObjectInfo,
        options: &DocumentOptions,
        prices: &Prices,
        limits: TrackerLimits,
    ) -> Self {
        Self {
            log_documents: LogDocumentWriter::new(object, options),
            tracker: Tracker::new(limits),
            index_prefix: options.index_prefix.clone(),
            prices: prices.clone(),
            fold: Fold::new(object, options),
            events: 0,
            documents: 0,
        }
    }

    /// Appends the event's log document to `out`. `text` is the event's [`event_text`]. Each event must be encoded
    /// exactly once, in the object's order, which distinguishes equal events.
    #[expect(
        clippy::ptr_arg,
        reason = "an owned text shows that the event's was not UTF-8"
    )]
    pub fn encode<'t>(
        &mut self,
        event: &Event<'_>,
        text: &'t Cow<'_, str>,
        out: &mut Vec<u8>,
    ) -> EncodedEvent<'t> {
        let mut record = parse::parse(text);
        drop_foreign_execution(&mut record, event.origin);
        let id = self.log_documents.identify(event);
        let when = self.log_documents.times(event, &record);
        let context = self
            .tracker
            .observe(event, &record, id.hash, when.event_time);
        if context.foreign_id {
            record.disown_request_id(text);
        }
        let invalid_utf8 = matches!(text, Cow::Owned(_));
        self.events += 1;
        let place = context.place;
        if let Some(fold) = &mut self.fold
            && place != LinePlace::Nowhere
            && !invalid_utf8
            && Fold::is_candidate(event, &record, text)
            && when.flags.is_empty()
            && event.truncated == 0
        {
            let line = fold.line(event, text, &record, &id, &context, &when);
            if let LinePlace::Request(number) = place {
                self.log_documents.pass(&when);
                self.tracker.fold(number, line);
            } else {
                let document = self.log_documents.write_at(
                    &when,
                    event,
                    invalid_utf8,
                    &record,
                    id,
                    &context,
                    out,
                );
                let held = HeldDocument {
                    lines: out.split_off(document.start),
                    source: document.source - document.start,
                    offset: event.offset,
                };
                self.tracker.hold(line, held);
            }
            return EncodedEvent {
                record,
                document: None,
            };
        }
        let document =
            self.log_documents
                .write_at(&when, event, invalid_utf8, &record, id, &context, out);
        self.documents += 1;
        EncodedEvent {
            record,
            document: Some(document),
        }
    }

    /// Appends the next document of an event that waited for an invocation which did not follow; `None` if there is
    /// none. Call it after each event.
    pub fn next_late(&mut self, out: &mut Vec<u8>) -> Option<LateDocument> {
        let held = self.tracker.next_released()?;
        self.documents += 1;
        let start = out.len();
        out.extend_from_slice(&held.lines);
        Some(LateDocument {
            document: DocumentSpan {
                start,
                source: start + held.source,
                end: out.len(),
            },
            offset: held.offset,
        })
    }

    /// As [`ObjectEncoder::next_late`] at the end of the object, before its last summaries.
    pub fn next_late_at_end(&mut self, out: &mut Vec<u8>) -> Option<LateDocument> {
        self.tracker.end_streams();
        self.next_late(out)
    }

    /// Number of events that stand in the summary of their invocation instead of a document.
    pub fn folded(&self) -> u64 {
        self.events - self.documents - self.tracker.waiting()
    }

    /// Appends the summary of the next closed invocation; `None` if none is left.
    pub fn next_closed(&mut self, out: &mut Vec<u8>) -> Option<EncodedSummary> {
        let summary = self.tracker.closed().next()?;
        Some(self.encode_summary(summary, out))
    }

    /// Whether any document remains for the end of the object.
    pub fn holds_documents(&self) -> bool {
        !self.tracker.is_empty() || self.tracker.waiting() > 0
    }

    /// Appends the next summary at the end of the object, also of open invocations; `None` if none is left.
    pub fn next_at_end(&mut self, out: &mut Vec<u8>) -> Option<EncodedSummary> {
        let summary = self.tracker.finish().next()?;
        Some(self.encode_summary(summary, out))
    }

    fn encode_summary(&self, summary: Summary, out: &mut Vec<u8>) -> EncodedSummary {
        let start = out.len();
        out.extend_from_slice(br#"{"create":{"_index":""#);
        let day = i64::from(summary.index_day());
        index_name::write(out, &self.index_prefix, DocumentKind::Invocation, day);
        out.extend_from_slice(b"\",\"_id\":\"");
        out.extend_from_slice(&summary.document_id());
        out.extend_from_slice(b"\"}}\n");
        let source = out.len();
        summary.write_to(&self.prices, out);
        out.push(b'\n');
        let document = DocumentSpan {
            start,
            source,
            end: out.len(),
        };
        EncodedSummary { summary, document }
    }
}
