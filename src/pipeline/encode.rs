/*! Where an object's events become documents, and documents a parcel. */

use std::sync::Arc;

use crate::pipeline::Pipeline;
use crate::pipeline::batcher::PendingParcel;
use crate::pipeline::memory::Reservation;
use crate::pipeline::object::{Parcels, ReadProgress};
use crate::sink::dead_letters::ObjectName;
use logferry_core::bulk::{Parcel, PlacedDocument};
use logferry_core::decode::{Decoder, Event, Identity, Origin};
use logferry_core::document::{DocumentSpan, ObjectEncoder, ObjectInfo, event_text};

/// A parcel is sent when it has this many bytes; or as many as a bulk, if that is less.
const PARCEL: usize = 512 * 1024;

/// Where an object's events become documents.
pub(crate) struct ParcelWriter<'a> {
    pipeline: &'a Pipeline,
    encoder: ObjectEncoder,
    parcel: Parcel,
    reservation: Option<Reservation>,
    object: Arc<ObjectName>,
    sent: u64,
    /// Bytes of a full parcel.
    full: usize,
    /// The parcel before was full.
    follows_full: bool,
}

impl<'a> ParcelWriter<'a> {
    pub(crate) fn new(pipeline: &'a Pipeline, object: &ObjectInfo, name: Arc<ObjectName>) -> Self {
        Self {
            pipeline,
            encoder: ObjectEncoder::new(object, &pipeline.config.document, &pipeline.config.prices),
            parcel: Parcel::default(),
            reservation: None,
            object: name,
            sent: 0,
            full: PARCEL.min(pipeline.config.bulk.bytes),
            follows_full: false,
        }
    }

    pub(crate) async fn write(
        &mut self,
        event: &Event<'_>,
        parcels: &mut Parcels,
        facts: &mut ReadProgress,
    ) {
        let room = self.room(event.text);
        if !self.parcel.is_empty() && self.parcel.lines.len() + room > self.full {
            self.send(parcels).await;
        }
        if self.reservation.is_none() {
            let bytes = self.full.max(room);
            self.reservation = Some(self.pipeline.memory.reserve(bytes).await);
            if self.follows_full {
                // It will be full too: growing there step by step would copy it once more.
                self.parcel.lines.reserve(self.full);
            }
        }
        let text = event_text(event);
        let encoded = self.encoder.encode(event, &text, &mut self.parcel.lines);
        self.place(encoded.document, event.offset, false);
        facts.events += 1;
        while let Some(closed) = self.encoder.next_closed(&mut self.parcel.lines) {
            self.place(closed.document, event.offset, true);
            facts.summaries += 1;
        }
    }

    fn place(&mut self, document: DocumentSpan, offset: u64, merge: bool) {
        let DocumentSpan { start, source, end } = document;
        self.parcel.documents.push(PlacedDocument {
            start,
            source,
            end,
            offset,
            merge,
        });
    }

    /// What a broken object still holds: whole events only. Its last one may be cut, and where it is cut may
    /// vary, unless all that was read is `whole`.
    pub(crate) async fn write_rest(
        &mut self,
        decoder: &mut Decoder,
        whole: bool,
        parcels: &mut Parcels,
        facts: &mut ReadProgress,
    ) {
        decoder.finish();
        let mut before: Option<OwnedEvent> = None;
        while let Ok(Some(event)) = decoder.next() {
            if let Some(event) = before.replace(OwnedEvent::of(&event)) {
                self.write(&event.lend(), parcels, facts).await;
            }
        }
        if let Some(last) = before.filter(|_| whole) {
            self.write(&last.lend(), parcels, facts).await;
        }
    }

    /// What a document of this text can come to. The text may stand in it three times: as message, as `app`, as the original.
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
        let copies = 2 + usize::from(self.pipeline.config.document.keep_original);
        escaped * copies + FIELDS
    }

    /// The object's end, or as far as it could be read: what is left goes.
    pub(crate) async fn finish(&mut self, parcels: &mut Parcels, facts: &mut ReadProgress) {
        while self.encoder.holds_summaries() {
            if self.reservation.is_none() {
                self.reservation = Some(self.pipeline.memory.reserve(self.full).await);
            }
            let Some(closed) = self.encoder.next_at_end(&mut self.parcel.lines) else {
                break;
            };
            self.place(closed.document, facts.bytes, true);
            facts.summaries += 1;
            if self.parcel.lines.len() >= self.full {
                self.send(parcels).await;
            }
        }
        self.send(parcels).await;
    }

    pub(crate) async fn send(&mut self, parcels: &mut Parcels) {
        let was_full = self.parcel.lines.len() > self.full / 2;
        let parcel = std::mem::take(&mut self.parcel);
        let Some(mut reservation) = self.reservation.take().filter(|_| !parcel.is_empty()) else {
            return;
        };
        self.follows_full = was_full;
        reservation.shrink(parcel.lines.len());
        let load = PendingParcel {
            parcel,
            object: self.object.clone(),
            number: self.sent,
            reservation,
            reply: parcels.reply.clone(),
        };
        self.pipeline.batcher.send(load).await;
        self.sent += 1;
        parcels.sent();
    }
}

/// An event that outlives its decoder's buffer.
struct OwnedEvent {
    offset: u64,
    time: Option<i64>,
    text: Vec<u8>,
    truncated: u64,
    /// Of `Identity::EventId`.
    id: Option<String>,
    /// Of any other.
    identity: Identity<'static>,
    origin: Arc<Origin>,
}

impl OwnedEvent {
    fn of(event: &Event<'_>) -> Self {
        let (id, identity) = match event.identity {
            Identity::EventId(id) => (Some(id.to_owned()), Identity::Offset),
            Identity::Content => (None, Identity::Content),
            Identity::CutContent(whole) => (None, Identity::CutContent(whole)),
            Identity::Offset => (None, Identity::Offset),
            Identity::Inner(place) => (None, Identity::Inner(place)),
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

    fn lend(&self) -> Event<'_> {
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
