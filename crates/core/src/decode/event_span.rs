/*! The position of an event in the decoder's buffer goes in; the [`Event`], which borrows the buffer, comes out.

A decoder of one format cannot return a borrowed event while it changes its buffer. It returns an [`EventSpan`], and
[`EventSource::resolve`] makes the event of it. */

use std::ops::Range;
use std::sync::Arc;

use crate::decode::buffer::{Buffer, TakenEvent};
use crate::decode::event::{Event, Identity, Origin};

/// An event by its position in the buffer. The fields have the meanings of [`Event`]'s.
#[derive(Debug)]
pub(crate) struct EventSpan {
    pub offset: u64,
    pub time: Option<i64>,
    /// Range for [`Buffer::at`]; `None` if the text had escapes and is in [`EventSource::unescaped`].
    pub text: Option<Range<usize>>,
    pub truncated: u64,
    pub identity: IdentityKind,
}

/// An [`Identity`] without the id that it borrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityKind {
    Content,
    CutContent(u128),
    EventId,
    Offset,
    Inner(u64),
}

/// What an [`EventSpan`] refers to: the buffer, the decoded text, the event's id and its origin.
pub(crate) struct EventSource<'a> {
    pub buffer: &'a Buffer,
    pub unescaped: &'a [u8],
    pub id: &'a str,
    pub origin: &'a Arc<Origin>,
}

impl EventSpan {
    #[inline]
    pub fn new(taken: TakenEvent, time: Option<i64>, identity: IdentityKind) -> Self {
        EventSpan {
            offset: taken.offset,
            time,
            text: Some(taken.text),
            truncated: taken.truncated,
            identity,
        }
    }
}

impl<'a> EventSource<'a> {
    #[inline]
    pub fn resolve(self, span: EventSpan) -> Event<'a> {
        Event {
            offset: span.offset,
            time: span.time,
            text: match span.text {
                Some(range) => self.buffer.at(range),
                None => self.unescaped,
            },
            truncated: span.truncated,
            identity: match span.identity {
                IdentityKind::Content => Identity::Content,
                IdentityKind::CutContent(whole) => Identity::CutContent(whole),
                IdentityKind::EventId => Identity::EventId(self.id),
                IdentityKind::Offset => Identity::Offset,
                IdentityKind::Inner(offset) => Identity::Inner(offset),
            },
            origin: self.origin,
        }
    }
}
