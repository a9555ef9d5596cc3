/*! The members of a subscription envelope around its `logEvents`. */

use std::borrow::Cow;
use std::ops::Range;

use super::json::{Next, members, next_key, string, value_end};
use super::scanner::Progress;

/// Where the header's values are.
#[derive(Debug, Default)]
pub(super) struct Header {
    kind: Kind,
    pub owner: Option<Range<usize>>,
    pub log_group: Option<Range<usize>>,
    pub log_stream: Option<Range<usize>>,
    awslogs: Option<Range<usize>>,
    /// `logEvents` or `awslogs` was met.
    is_envelope: bool,
}

#[derive(Debug, Default, PartialEq)]
enum Kind {
    #[default]
    Unknown,
    Data,
    Control,
}

/// How an object begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The first element of `logEvents` may be at this place.
    Events(usize),
    /// The object has none, and ends before this place.
    End(usize),
    More,
    Broken(usize),
}

/// Reads an object up to the elements of its `logEvents`.
pub(super) fn head(data: &[u8], header: &mut Header) -> Head {
    let mut at = 1;
    loop {
        let (key, value) = match next_key(data, at) {
            Next::Key(key, value) => (key, value),
            Next::End(n) => return Head::End(n),
            Next::More => return Head::More,
            Next::Broken(at) => return Head::Broken(at),
        };
        if key == b"logEvents" && data[value] == b'[' {
            header.is_envelope = true;
            return Head::Events(value + 1);
        }
        if key == b"awslogs" && data[value] == b'{' {
            header.is_envelope = true;
        }
        match value_end(data, value) {
            Progress::Done(end) => {
                header.note(key, data, value..end);
                at = end;
            }
            Progress::More => return Head::More,
            Progress::Broken(at) => return Head::Broken(at),
        }
    }
}

impl Header {
    fn note(&mut self, key: &[u8], data: &[u8], at: Range<usize>) {
        match key {
            b"messageType" => {
                self.kind = match &data[at] {
                    b"\"DATA_MESSAGE\"" => Kind::Data,
                    b"\"CONTROL_MESSAGE\"" => Kind::Control,
                    _ => Kind::Unknown,
                };
            }
            b"owner" => self.owner = Some(at),
            b"logGroup" => self.log_group = Some(at),
            b"logStream" => self.log_stream = Some(at),
            b"awslogs" => self.awslogs = Some(at),
            _ => {}
        }
    }

    /// Reads all members of a whole envelope.
    pub fn read_all(&mut self, envelope: &[u8]) {
        for (key, at) in members(envelope) {
            self.note(key, envelope, at);
        }
    }

    /// Whether the object can only be a subscription's envelope.
    pub fn is_envelope(&self) -> bool {
        self.is_envelope || self.kind != Kind::Unknown
    }

    pub fn is_control(&self) -> bool {
        self.kind == Kind::Control
    }

    /// Whether nothing is left to be said behind `logEvents`.
    pub fn is_complete(&self) -> bool {
        self.is_control()
            || (self.kind == Kind::Data
                && self.owner.is_some()
                && self.log_group.is_some()
                && self.log_stream.is_some())
    }

    pub fn string<'a>(&self, data: &'a [u8], at: &Option<Range<usize>>) -> Option<Cow<'a, str>> {
        string(&data[at.clone()?]).filter(|text| !text.is_empty())
    }

    /// `awslogs.data`.
    pub fn awslogs<'a>(&self, data: &'a [u8]) -> Option<Cow<'a, str>> {
        let awslogs = &data[self.awslogs.clone()?];
        let (_, at) = members(awslogs).find(|(key, _)| *key == b"data")?;
        string(&awslogs[at])
    }
}
