/*! An event whose bytes still have to be looked up: what can be kept while the decoder is at work. */

use std::ops::Range;
use std::sync::Arc;

use crate::decode::buffer::{Buffer, TakenEvent};
use crate::decode::event::{Event, Identity, Origin};

#[derive(Debug)]
pub(crate) struct EventSpan {
    pub offset: u64,
    pub time: Option<i64>,
    /// In the buffer; none if escapes had to be resolved.
    pub text: Option<Range<usize>>,
    pub truncated: u64,
    pub identity: IdentityKind,
}

/// An [`Identity`] without what it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityKind {
    Content,
    CutContent(u128),
    EventId,
    Offset,
    Inner(u64),
}

/// The bytes and the rest that a found event refers to.
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
