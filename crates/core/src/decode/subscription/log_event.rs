/*! One element of `logEvents`, of a list of events or of an array goes in; id, time, message and origin come out. */

use std::ops::Range;

use crate::decode::buffer::boundary;
use crate::decode::json_structure::members::{members, string, unescape};
use crate::decode::subscription::origins::ElementOrigin;

/// The members of an element. It reuses its memory from event to event.
#[derive(Debug, Default)]
pub(crate) struct LogEventElement {
    /// `id` or `eventId`; empty if there is none.
    pub id: String,
    /// Milliseconds since 1970.
    pub time: Option<i64>,
    pub text: MessageText,
    /// The decoded message, if it had escapes.
    pub unescaped: Vec<u8>,
    pub truncated: u64,
    pub origin: ElementOrigin,
}

/// The position of the message.
#[derive(Debug, Default, Clone)]
pub(crate) enum MessageText {
    /// In [`LogEventElement::unescaped`].
    #[default]
    Unescaped,
    /// A range of the element's bytes.
    Raw(Range<usize>),
}

impl LogEventElement {
    /// Reads a whole element. Its message is cut at `max` bytes, and taken from the element's first `usable` bytes;
    /// `dropped` bytes behind those are not in `data` any more. An element without a message is a message itself.
    pub fn read(&mut self, data: &[u8], dropped: u64, max: usize, usable: usize) {
        self.clear();
        let mut message = None;
        for (key, at) in members(data) {
            let value = &data[at.clone()];
            match key {
                b"id" | b"eventId" => {
                    if let Some(id) = string(value) {
                        self.id.push_str(&id);
                    }
                }
                b"timestamp" => {
                    self.time = std::str::from_utf8(value).ok().and_then(|n| n.parse().ok());
                }
                b"message" if value.first() == Some(&b'"') => {
                    message = Some(at.start + 1..at.end - 1)
                }
                b"logStreamName" => {
                    self.origin.stream = string(value).map(|text| text.into_owned())
                }
                b"extractedFields" => self.origin.read_extracted(value),
                _ => {}
            }
        }
        match message {
            Some(message) => self.set_string(data, message, dropped, max, usable),
            None => self.set_raw(data, dropped, max, usable),
        }
    }

    /// As [`LogEventElement::read`] for a record, a string or any other value, which has neither id nor time.
    pub fn read_value(&mut self, data: &[u8], dropped: u64, max: usize, usable: usize) {
        self.clear();
        if data.first() == Some(&b'"') {
            self.set_string(data, 1..data.len() - 1, dropped, max, usable);
        } else {
            self.set_raw(data, dropped, max, usable);
        }
    }

    fn clear(&mut self) {
        self.id.clear();
        self.time = None;
        self.origin = ElementOrigin::default();
        self.unescaped.clear();
    }

    /// Takes the whole element as the message.
    fn set_raw(&mut self, data: &[u8], dropped: u64, max: usize, usable: usize) {
        let whole = data.len().min(usable);
        let kept = if data.len() > max {
            boundary(data, max.min(whole))
        } else {
            whole
        };
        self.text = MessageText::Raw(0..kept);
        self.truncated = data.len() as u64 + dropped - kept as u64;
    }

    /// Takes the string in the range `message` (without its quotes) as the message.
    fn set_string(
        &mut self,
        data: &[u8],
        message: Range<usize>,
        dropped: u64,
        max: usize,
        usable: usize,
    ) {
        let (start, len) = (message.start, message.len());
        let raw = &data[start..message.end.min(usable).max(start)];
        let mut used = raw.len();
        if raw.len() == len && len <= max && !raw.contains(&b'\\') {
            self.text = MessageText::Raw(start..start + without_breaks(raw));
        } else {
            used = unescape(raw, max, &mut self.unescaped);
            self.text = MessageText::Unescaped;
            if used == len && dropped == 0 {
                let end = without_breaks(&self.unescaped);
                self.unescaped.truncate(end);
            }
        }
        self.truncated = len as u64 + dropped - used as u64;
    }
}

/// Length of a text without its final line breaks.
fn without_breaks(text: &[u8]) -> usize {
    let breaks = text.iter().rev().take_while(|b| matches!(b, b'\n' | b'\r'));
    text.len() - breaks.count()
}
