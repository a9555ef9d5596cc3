/*! Log events go in; they become documents, and the documents go out as parcels to the batcher. */

use std::sync::Arc;

use crate::pipeline::context::{PipelineContext, ReadConfig};
use crate::pipeline::delivery::parcel::PendingParcel;
use crate::pipeline::memory::Reservation;
use crate::pipeline::settle::{AwaitedVerdicts, ReadProgress};
use crate::sink::dead_letters::ObjectName;
use logferry_core::bulk::{Parcel, PlacedDocument};
use logferry_core::decode::{Decoder, Event, Identity, Origin};
use logferry_core::document::{DocumentSpan, ObjectEncoder, ObjectInfo, event_text};

/// A parcel is sent when it has this many bytes, or less where bulks or memory are small: ten fill a bulk of the usual
/// size.
const PARCEL: usize = 500_000;
/// The memory of a full parcel has room for the summaries behind the last event: it never grows, and is never copied.
const SUMMARIES: usize = 16 * 1024;

/// A document of a short line has so many times its bytes.
const DOCUMENT: usize = 5;

/// How much an object holds, as far as that is known before its first event.
pub(crate) enum Expected {
    Unknown,
    /// Bytes of the whole content of a small object.
    Small(usize),
    /// It will fill parcels.
    Large,
}

/// Encodes the events of one object and sends the documents.
pub(crate) struct ParcelWriter<'a> {
    context: &'a PipelineContext,
    encoder: ObjectEncoder,
    parcel: Parcel,
    reservation: Option<Reservation>,
    object: Arc<ObjectName>,
    /// The number of parcels that were sent.
    sent: u64,
    /// Bytes of a full parcel.
    full: usize,
    /// Bytes that the next parcel will surely or probably have: it gets them at once. 0: it grows.
    expected: usize,
    /// Documents that it will probably have.
    expected_documents: usize,
}

impl<'a> ParcelWriter<'a> {
    pub(crate) fn new(
        context: &'a PipelineContext,
        object: &ObjectInfo,
        name: Arc<ObjectName>,
        content: Expected,
    ) -> Self {
        let ReadConfig {
            document, prices, ..
        } = &context.read;
        let full = PARCEL
            .min(context.bulk.bytes)
            .min(context.memory.usual_parcel());
        Self {
            context,
            encoder: ObjectEncoder::new(object, document, prices),
            parcel: Parcel::default(),
            reservation: None,
            object: name,
            sent: 0,
            full,
            expected: match content {
                Expected::Unknown => 0,
                Expected::Small(content) => (content * DOCUMENT).min(full),
                Expected::Large => full + SUMMARIES,
            },
            expected_documents: 0,
        }
    }

    pub(crate) async fn write(
        &mut self,
        event: &Event<'_>,
        verdicts: &mut AwaitedVerdicts,
        progress: &mut ReadProgress,
    ) {
        let room = self.room(event.text);
        if !self.parcel.is_empty() && self.parcel.lines.len() + room > self.full {
            self.send(verdicts).await;
        }
        if self.reservation.is_none() {
            let bytes = self.full.max(room);
            self.reservation = Some(self.context.memory.reserve(bytes).await);
            // Growing it step by step would copy it once more.
            self.parcel.lines.reserve_exact(self.expected);
            self.parcel.documents.reserve(self.expected_documents);
        }
        let text = event_text(event);
        let encoded = self.encoder.encode(event, &text, &mut self.parcel.lines);
        if let Some(document) = encoded.document {
            self.add(document, event.offset, false);
        }
        progress.events += 1;
        while let Some(late) = self.encoder.next_late(&mut self.parcel.lines) {
            self.add(late.document, late.offset, false);
        }
        progress.folded = self.encoder.folded();
        while let Some(closed) = self.encoder.next_closed(&mut self.parcel.lines) {
            self.add(closed.document, event.offset, true);
            progress.summaries += 1;
        }
    }

    fn add(&mut self, document: DocumentSpan, offset: u64, merge: bool) {
        let DocumentSpan { start, source, end } = document;
        self.parcel.documents.push(PlacedDocument {
            start,
            source,
            end,
            offset,
            merge,
        });
    }

    /// Writes the events that the decoder of a broken object still holds. The last event may be cut, at a place that
    /// varies between readings, so it is dropped unless all that was read is `whole`.
    pub(crate) async fn write_rest(
        &mut self,
        decoder: &mut Decoder,
        whole: bool,
        verdicts: &mut AwaitedVerdicts,
        progress: &mut ReadProgress,
    ) {
        decoder.finish();
        let mut previous: Option<OwnedEvent> = None;
        while let Ok(Some(event)) = decoder.next() {
            if let Some(event) = previous.replace(OwnedEvent::new(&event)) {
                self.write(&event.borrow(), verdicts, progress).await;
            }
        }
        if let Some(last) = previous.filter(|_| whole) {
            self.write(&last.borrow(), verdicts, progress).await;
        }
    }

    /// The most bytes that a document of this text may have. It may hold the text three times: as the message, as
    /// `app` and as the original.
    fn room(&self, text: &[u8]) -> usize {
        const FIELDS: usize = 2048;
        if text.len() < 16 * 1024 {
            return text.len() * 2 + FIELDS;
        }
        let escaped: usize = text
            .iter()
            .map(|b| {
                if *b < 0x20 {
                    6
                } else {
                    1 + usize::from(matches!(b, b'"' | b'\\'))
                }
            })
            .sum();
        let copies = 2 + usize::from(self.context.read.document.keep_original);
        escaped * copies + FIELDS
    }

    /// Sends what is left at the object's end, or at the point up to which it could be read.
    pub(crate) async fn finish(
        &mut self,
        verdicts: &mut AwaitedVerdicts,
        progress: &mut ReadProgress,
    ) {
        while self.encoder.holds_documents() {
            if self.reservation.is_none() {
                self.reservation = Some(self.context.memory.reserve(self.full).await);
            }
            if let Some(late) = self.encoder.next_late_at_end(&mut self.parcel.lines) {
                self.add(late.document, late.offset, false);
            } else if let Some(closed) = self.encoder.next_at_end(&mut self.parcel.lines) {
                self.add(closed.document, progress.bytes, true);
                progress.summaries += 1;
            }
            if self.parcel.lines.len() >= self.full {
                self.send(verdicts).await;
            }
        }
        self.send(verdicts).await;
    }

    pub(crate) async fn send(&mut self, verdicts: &mut AwaitedVerdicts) {
        let was_full = self.parcel.lines.len() > self.full / 2;
        let parcel = std::mem::take(&mut self.parcel);
        let Some(mut reservation) = self.reservation.take().filter(|_| !parcel.is_empty()) else {
            return;
        };
        // Behind a full parcel comes another.
        (self.expected, self.expected_documents) = match was_full {
            true => (self.full + SUMMARIES, parcel.documents.len()),
            false => (0, 0),
        };
        reservation.shrink(parcel.lines.len());
        let parcel = PendingParcel {
            parcel,
            object: self.object.clone(),
            number: self.sent,
            reservation,
            reply: verdicts.reply.clone(),
        };
        self.context.batcher.send(parcel).await;
        self.sent += 1;
        verdicts.sent();
    }
}

/// An event that outlives its decoder's buffer.
struct OwnedEvent {
    offset: u64,
    time: Option<i64>,
    text: Vec<u8>,
    truncated: u64,
    /// The id of an `Identity::EventId`.
    id: Option<String>,
    /// The identity, unless it is an `Identity::EventId`.
    identity: Identity<'static>,
    origin: Arc<Origin>,
}

impl OwnedEvent {
    fn new(event: &Event<'_>) -> Self {
        let (id, identity) = match event.identity {
            Identity::EventId(id) => (Some(id.to_owned()), Identity::Offset),
            Identity::Content => (None, Identity::Content),
            Identity::CutContent(whole) => (None, Identity::CutContent(whole)),
            Identity::Offset => (None, Identity::Offset),
            Identity::Inner(position) => (None, Identity::Inner(position)),
        };
        Self {
            offset: event.offset,
            time: event.time,
            text: event.text.to_vec(),
            truncated: event.truncated,
            id,
            identity,
            origin: event.origin.clone(),
        }
    }

    fn borrow(&self) -> Event<'_> {
        Event {
            offset: self.offset,
            time: self.time,
            text: &self.text,
            truncated: self.truncated,
            identity: match &self.id {
                Some(id) => Identity::EventId(id),
                None => self.identity,
            },
            origin: &self.origin,
        }
    }
}
