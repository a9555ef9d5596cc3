/*! One element of `logEvents`, of a list of events, or of an array. */

use std::ops::Range;

use crate::decode::buffer::boundary;
use crate::decode::json_structure::members::{members, string, unescape};

/// What an element says. Reused from event to event.
#[derive(Debug, Default)]
pub(crate) struct LogEventElement {
    /// `id` or `eventId`; empty if there is none.
    pub id: String,
    /// Milliseconds since 1970.
    pub time: Option<i64>,
    pub text: MessageText,
    /// The message, if its JSON form differs from it.
    pub unescaped: Vec<u8>,
    pub truncated: u64,
    pub account: Option<String>,
    pub region: Option<String>,
    pub stream: Option<String>,
}

/// Where the message is.
#[derive(Debug, Default, Clone)]
pub(crate) enum MessageText {
    #[default]
    Unescaped,
    /// In the element's own bytes.
    Raw(Range<usize>),
}

impl LogEventElement {
    /// Reads an element whose end the scanner found. Of its message at most `max` bytes are kept, from the element's first `usable`
    /// bytes; `dropped` bytes behind those are gone already. An element without a message is a text as it stands.
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
                b"logStreamName" => self.stream = string(value).map(|text| text.into_owned()),
                b"extractedFields" => {
                    let field = |at| string(&value[at]).map(|text| text.into_owned());
                    for (key, at) in members(value) {
                        match key {
                            b"@aws.account" => self.account = field(at),
                            b"@aws.region" => self.region = field(at),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        match message {
            Some(message) => self.set_string(data, message, dropped, max, usable),
            None => self.set_raw(data, dropped, max, usable),
        }
    }

    /// Likewise an element that is a record, a string or anything else: without id and time.
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
        self.account = None;
        self.region = None;
        self.stream = None;
        self.unescaped.clear();
    }

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

    /// What a string says, without its quotes.
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
