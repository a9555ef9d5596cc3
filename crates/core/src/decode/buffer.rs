/*! Chunks of bytes go in; the texts of events come out. The buffer holds the bytes that are not in a delivered event
yet: at most one event and one chunk. */

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_128;

use crate::decode::text_hasher::{TextHasher, trailing_line_breaks};

/// Minimum length in bytes of the free space that [`Buffer::space`] returns.
pub(crate) const ROOM: usize = 64 * 1024;
/// Maximum length in bytes of the prefix before a message: a time, a stream's name (≤ 512 bytes), colour codes.
pub(crate) const PREFIX: usize = 4096;

/// The bytes that are filled and not consumed. The pending event begins at the first of them.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the object of `bytes[start]`.
    offset: u64,
    /// Length in bytes of the part of the pending event that was scanned.
    pub scanned: usize,
    /// Number of bytes dropped from the pending event, after its first `max + PREFIX` bytes.
    dropped: u64,
    /// The hash of the pending event's text up to the end of the dropped part; `None` before [`Buffer::shed`] drops
    /// any.
    whole: Option<Box<TextHasher>>,
    max: usize,
    pub finished: bool,
}

/// An event that was taken from the buffer, by its range.
#[derive(Debug)]
pub(crate) struct TakenEvent {
    pub offset: u64,
    /// Range for [`Buffer::at`].
    pub text: Range<usize>,
    pub truncated: u64,
    /// Hash of the whole text, if the text was truncated.
    pub whole: Option<u128>,
}

impl Buffer {
    /// A buffer for events of up to `max` bytes.
    pub fn new(max: usize) -> Self {
        Buffer {
            bytes: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            scanned: 0,
            dropped: 0,
            whole: None,
            max,
            finished: false,
        }
    }

    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() - self.end < ROOM {
            self.bytes.resize(self.end + 2 * ROOM, 0);
        }
        &mut self.bytes[self.end..]
    }

    pub fn filled(&mut self, n: usize) {
        assert!(
            n <= self.bytes.len() - self.end,
            "more bytes filled than there was space"
        );
        self.end += n;
    }

    /// Takes all bytes there will ever be.
    pub fn whole(&mut self, bytes: Vec<u8>) {
        self.start = 0;
        self.end = bytes.len();
        self.bytes = bytes;
        self.finished = true;
    }

    pub fn data(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The bytes of a [`TakenEvent::text`]; valid until the next call of [`Buffer::space`].
    pub fn at(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// Turns a range of [`Buffer::data`] into one for [`Buffer::at`].
    pub fn absolute(&self, range: Range<usize>) -> Range<usize> {
        self.start + range.start..self.start + range.end
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Lets go of the first `n` bytes and whatever was dropped after them.
    pub fn consume(&mut self, n: usize) {
        self.start += n;
        self.offset += n as u64 + self.dropped;
        self.scanned = self.scanned.saturating_sub(n);
        self.dropped = 0;
        self.whole = None;
    }

    /// Drops the bytes of the pending event above its limit. Called when more bytes are needed; the event's text begins
    /// behind `prefix` bytes.
    pub fn shed(&mut self, prefix: usize) {
        let keep = self.max + PREFIX;
        if self.scanned >= keep + ROOM {
            let event = &self.bytes[self.start..self.start + self.scanned];
            let head = || Box::new(TextHasher::of(&event[prefix..keep]));
            self.whole.get_or_insert_with(head).add(&event[keep..]);
            self.cut(keep, self.scanned);
            self.scanned = keep;
        }
    }

    /// Drops bytes from the middle of the pending event.
    pub fn cut(&mut self, from: usize, to: usize) {
        let (from, to) = (self.start + from, self.start + to);
        self.bytes.copy_within(to..self.end, from);
        self.end -= to - from;
        self.dropped += (to - from) as u64;
    }

    /// Overwrites a part of the pending event.
    pub fn blot(&mut self, range: Range<usize>) {
        let range = self.absolute(range);
        self.bytes[range].fill(b'x');
    }

    /// Number of bytes dropped from the pending event.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes the scanned bytes as an event. Its text has neither the first `prefix` bytes nor the final line breaks,
    /// and is cut at the limit.
    #[inline]
    pub fn take(&mut self, prefix: usize) -> TakenEvent {
        let raw = &self.bytes[self.start..self.start + self.scanned];
        let (len, kept) = match &mut self.whole {
            None => {
                let len = raw.len() - prefix - trailing_line_breaks(&raw[prefix..]);
                (len as u64, len)
            }
            Some(whole) => {
                let (head, tail) = raw.split_at(self.max + PREFIX);
                whole.add(tail);
                (whole.len(), (head.len() - prefix).min(whole.len() as usize))
            }
        };
        let mut kept = kept.min(self.max);
        let mut whole = None;
        if (kept as u64) < len {
            kept = boundary(&raw[prefix..], kept);
            whole = Some(match &self.whole {
                None => xxh3_128(&raw[prefix..prefix + len as usize]),
                Some(whole) => whole.hash(),
            });
        }
        let text = self.start + prefix..self.start + prefix + kept;
        let taken = TakenEvent {
            offset: self.offset,
            text,
            truncated: len - kept as u64,
            whole,
        };
        self.consume(self.scanned);
        taken
    }
}

/// The last offset at or before `at` where UTF-8 can be cut.
pub(crate) fn boundary(text: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at)
        .rev()
        .find(|&i| text.get(i).is_none_or(|b| b & 0xC0 != 0x80))
        .unwrap_or(at)
}
