/*! Where an object's events become documents, and documents a parcel. */

use std::borrow::Cow;

use super::Road;
use super::budget::Reservation;
use super::object::{Parcels, ReadFacts};
use super::packer::Load;
use crate::bulk::{Parcel, Placed};
use crate::decode::Event;
use crate::document::index_name::{self, DocumentKind};
use crate::document::{DocumentWriter, ObjectFacts};
use crate::invocation::{Options, Summary, Tracker};
use crate::lambda;

/// A parcel is sent when it has this many bytes.
const PARCEL: usize = 512 * 1024;

/// Where an object's events become documents.
pub(super) struct Desk<'a> {
    road: &'a Road,
    writer: DocumentWriter,
    tracker: Tracker,
    parcel: Parcel,
    reservation: Option<Reservation>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(road: &'a Road, object: &ObjectFacts) -> Self {
        Self {
            road,
            writer: DocumentWriter::new(object, &road.config.document),
            tracker: Tracker::new(Options::default()),
            parcel: Parcel::default(),
            reservation: None,
        }
    }

    pub(super) async fn write(
        &mut self,
        event: &Event<'_>,
        parcels: &mut Parcels,
        facts: &mut ReadFacts,
    ) {
        // JSON escaping makes a byte six at the worst; the usual text grows little.
        let room = event.text.len() * 2 + 2048;
        if self.parcel.lines.len() + room > PARCEL {
            self.send(parcels).await;
        }
        if self.reservation.is_none() {
            self.reservation = Some(self.road.budget.reserve(PARCEL.max(room)).await);
        }
        let text = String::from_utf8_lossy(event.text);
        let invalid_utf8 = matches!(text, Cow::Owned(_));
        let record = lambda::parse(&text);
        let id = self.writer.identify(event);
        let at = self.writer.time(event, &record);
        let around = self.tracker.observe(event, &record, id.hash, at);
        let lines = &mut self.parcel.lines;
        let written = self
            .writer
            .write(event, invalid_utf8, &record, id, &around, lines);
        self.parcel.documents.push(Placed {
            start: written.start,
            source: written.source_start,
            end: written.end,
            offset: event.offset,
            merge: false,
        });
        facts.events += 1;
        let over: Vec<Summary> = self.tracker.closed().collect();
        for summary in over {
            self.summarise(&summary, event.offset, facts);
        }
    }

    fn summarise(&mut self, summary: &Summary, offset: u64, facts: &mut ReadFacts) {
        let config = &self.road.config;
        let prefix = &config.document.index_prefix;
        let lines = &mut self.parcel.lines;
        let start = lines.len();
        lines.extend_from_slice(br#"{"create":{"_index":""#);
        let day = i64::from(summary.index_day());
        index_name::write(lines, prefix, DocumentKind::Invocation, day);
        lines.extend_from_slice(format!("\",\"_id\":\"{}\"}}}}\n", summary.id()).as_bytes());
        let source = lines.len();
        lines.extend_from_slice(&summary.write(&config.prices));
        lines.push(b'\n');
        self.parcel.documents.push(Placed {
            start,
            source,
            end: lines.len(),
            offset,
            merge: true,
        });
        facts.summaries += 1;
    }

    /// The object's end, or as far as it could be read: what is left goes.
    pub(super) async fn finish(&mut self, parcels: &mut Parcels, facts: &mut ReadFacts) {
        let rest: Vec<Summary> = self.tracker.finish().collect();
        for summary in rest {
            if self.reservation.is_none() {
                self.reservation = Some(self.road.budget.reserve(PARCEL).await);
            }
            self.summarise(&summary, facts.bytes, facts);
            if self.parcel.lines.len() >= PARCEL {
                self.send(parcels).await;
            }
        }
        self.send(parcels).await;
    }

    async fn send(&mut self, parcels: &mut Parcels) {
        let parcel = std::mem::take(&mut self.parcel);
        let Some(mut reservation) = self.reservation.take().filter(|_| !parcel.is_empty()) else {
            return;
        };
        reservation.shrink(parcel.lines.len());
        let load = Load {
            parcel,
            reservation,
            reply: parcels.reply.clone(),
        };
        self.road.packer.send(load).await;
        let reserved = self.road.budget.used() as f64;
        self.road.metrics.memory_reserved.set(reserved);
        parcels.sent();
    }
}
