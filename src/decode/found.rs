/*! An event whose bytes still have to be looked up: what can be kept while the decoder is at work. */

use std::ops::Range;
use std::sync::Arc;

use super::buffer::{Buffer, Taken};
use super::event::{Event, Identity, Origin};

#[derive(Debug)]
pub(super) struct Found {
    pub offset: u64,
    pub time: Option<i64>,
    /// In the buffer; none if escapes had to be resolved.
    pub text: Option<Range<usize>>,
    pub truncated: u64,
    pub identity: Known,
}

/// An [`Identity`] without what it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Content,
    CutContent(u128),
    EventId,
    Offset,
    Inner(u64),
}

/// The bytes and the rest that a found event refers to.
pub(super) struct Lent<'a> {
    pub buffer: &'a Buffer,
    pub unescaped: &'a [u8],
    pub id: &'a str,
    pub origin: &'a Arc<Origin>,
}

impl Found {
    #[inline]
    pub fn new(taken: Taken, time: Option<i64>, identity: Known) -> Self {
        Found {
            offset: taken.offset,
            time,
            text: Some(taken.text),
            truncated: taken.truncated,
            identity,
        }
    }
}

impl<'a> Lent<'a> {
    #[inline]
    pub fn event(self, found: Found) -> Event<'a> {
        Event {
            offset: found.offset,
            time: found.time,
            text: match found.text {
                Some(range) => self.buffer.at(range),
                None => self.unescaped,
            },
            truncated: found.truncated,
            identity: match found.identity {
                Known::Content => Identity::Content,
                Known::CutContent(whole) => Identity::CutContent(whole),
                Known::EventId => Identity::EventId(self.id),
                Known::Offset => Identity::Offset,
                Known::Inner(place) => Identity::Inner(place),
            },
            origin: self.origin,
        }
    }
}
