/*! The start of a JSON object goes in; its header and the offset of its list of events come out.

Such objects are: a subscription's envelope with its `logEvents`, the output of `aws logs filter-log-events` with its
`events`, and Firehose's report of a record that it could not process. */

use std::borrow::Cow;
use std::ops::Range;

use crate::decode::json_structure::members::{Next, members, next_key, string, value_end};
use crate::decode::json_structure::scanner::Progress;
use crate::json::scan;

/// The members of an envelope outside of its list, by their ranges in the data.
#[derive(Debug, Default)]
pub(crate) struct EnvelopeHeader {
    kind: EnvelopeKind,
    pub owner: Option<Range<usize>>,
    pub log_group: Option<Range<usize>>,
    pub log_stream: Option<Range<usize>>,
    awslogs: Option<Range<usize>>,
    raw_data: Option<Range<usize>>,
    error: Option<Range<usize>>,
    /// Where a `rawData` begins whose end is not in the data.
    open_raw_data: Option<usize>,
    /// Whether a member states Firehose's attempts or their times.
    has_attempts: bool,
    /// Whether the object has `logEvents` or `awslogs`.
    is_envelope: bool,
    /// Whether all keys so far are keys of a list of events.
    is_listing: KeysOfKind,
}

/// The kind of an envelope, by its `messageType` or its list.
#[derive(Debug, Default, PartialEq)]
enum EnvelopeKind {
    #[default]
    Unknown,
    Data,
    Control,
    /// `events`, as the AWS CLI and SDKs print them.
    Listing,
}

/// Whether all keys so far are of one kind.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum KeysOfKind {
    #[default]
    NoKeys,
    Yes,
    No,
}

impl KeysOfKind {
    fn and(&mut self, yes: bool) {
        *self = if yes && *self != KeysOfKind::No {
            KeysOfKind::Yes
        } else {
            KeysOfKind::No
        };
    }
}

/// The result of reading the start of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EnvelopeStart {
    /// The list of events begins; its first element is at or behind this offset.
    Events(usize),
    /// The object has no list of events, and ends before this offset.
    End(usize),
    /// More bytes are needed.
    More,
    /// The JSON is invalid at this offset.
    Broken(usize),
}

/// Reads an object up to the elements of its list of events; fills `header` with the members before the list.
pub(crate) fn envelope_start(data: &[u8], header: &mut EnvelopeHeader) -> EnvelopeStart {
    let mut at = 1;
    loop {
        let (key, value) = match next_key(data, at) {
            Next::Key(key, value) => (key, value),
            Next::End(n) => return EnvelopeStart::End(n),
            Next::More => return EnvelopeStart::More,
            Next::Broken(at) => return EnvelopeStart::Broken(at),
        };
        header.is_listing.and(is_listing_key(key));
        if key == b"logEvents" && data[value] == b'[' {
            header.is_envelope = true;
            return EnvelopeStart::Events(value + 1);
        }
        if key == b"events" && data[value] == b'[' && header.is_listing == KeysOfKind::Yes {
            match listed(data, value + 1) {
                Some(true) => {
                    header.kind = EnvelopeKind::Listing;
                    return EnvelopeStart::Events(value + 1);
                }
                Some(false) => {}
                None => return EnvelopeStart::More,
            }
        }
        if key == b"awslogs" && data[value] == b'{' {
            header.is_envelope = true;
        }
        match value_end(data, value) {
            Progress::Done(end) => {
                header.note(key, data, value..end);
                at = end;
            }
            Progress::More => {
                header.open_raw_data = (key == b"rawData").then_some(value);
                return EnvelopeStart::More;
            }
            Progress::Broken(at) => return EnvelopeStart::Broken(at),
        }
    }
}

/// Whether the element at `at` is an event as CloudWatch lists them; `None` if more bytes are needed.
fn listed(data: &[u8], at: usize) -> Option<bool> {
    let at = scan::blanks(data, at);
    match data.get(at) {
        None => return None,
        Some(b'{') => {}
        Some(_) => return Some(false),
    }
    match value_end(data, at) {
        Progress::Done(end) => Some(is_listed_event(&data[at..end])),
        Progress::More => None,
        Progress::Broken(_) => Some(false),
    }
}

/// Whether an element has the form `{"timestamp":…,"message":"…","ingestionTime":…}`, optionally with an id and a
/// stream.
pub(crate) fn is_listed_event(element: &[u8]) -> bool {
    let (mut time, mut message, mut sure) = (false, false, false);
    for (key, at) in members(element) {
        let first = element[at.start];
        match key {
            b"timestamp" => time = first.is_ascii_digit(),
            b"message" => message = first == b'"',
            b"ingestionTime" => sure |= first.is_ascii_digit(),
            b"id" | b"eventId" => sure |= first == b'"',
            b"logStreamName" | b"extractedFields" => {}
            _ => return false,
        }
    }
    time && message && sure
}

/// Whether the start of an element may be the start of a listed event: it has no other keys so far.
pub(crate) fn may_be_listed_event(element: &[u8]) -> bool {
    if element.first() != Some(&b'{') {
        return false;
    }
    let mut at = 1;
    loop {
        let Next::Key(key, value) = next_key(element, at) else {
            return true;
        };
        let first = element[value];
        let fits = match key {
            b"timestamp" | b"ingestionTime" => first.is_ascii_digit(),
            b"message" | b"id" | b"eventId" | b"logStreamName" => first == b'"',
            b"extractedFields" => true,
            _ => false,
        };
        match value_end(element, value) {
            _ if !fits => return false,
            Progress::Done(end) => at = end,
            _ => return true,
        }
    }
}

/// Whether `key` is a key of a subscription's envelope, of a list of events, or of Firehose's report of a record that
/// it could not process.
pub(crate) fn is_known_key(key: &[u8]) -> bool {
    const OF_ENVELOPES: [&[u8]; 8] = [
        b"messageType",
        b"owner",
        b"logGroup",
        b"logStream",
        b"subscriptionFilters",
        b"policyLevel",
        b"logEvents",
        b"awslogs",
    ];
    OF_ENVELOPES.contains(&key) || is_listing_key(key) || is_failure_key(key)
}

fn is_listing_key(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 8] = [
        b"events",
        b"nextForwardToken",
        b"nextBackwardToken",
        b"searchedLogStreams",
        b"nextToken",
        b"NextToken",
        b"ResponseMetadata",
        b"$metadata",
    ];
    KEYS.contains(&key)
}

/// Whether `key` is a key of Firehose's report of a record that it could not transform, convert or deliver.
fn is_failure_key(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 21] = [
        b"rawData",
        b"attemptsMade",
        b"arrivalTimestamp",
        b"attemptEndingTimestamp",
        b"errorCode",
        b"errorMessage",
        b"lastErrorCode",
        b"lastErrorMessage",
        b"lambdaArn",
        b"lambdaARN",
        b"sequenceNumber",
        b"subSequenceNumber",
        b"dataCatalogTable",
        b"esDocumentId",
        b"esIndexName",
        b"esTypeName",
        // Of Splunk and of HTTP endpoints.
        b"EventId",
        b"ErrorCode",
        b"ErrorMessage",
        b"dataId",
        b"subsequenceNumber",
    ];
    KEYS.contains(&key)
}

impl EnvelopeHeader {
    fn note(&mut self, key: &[u8], data: &[u8], at: Range<usize>) {
        match key {
            b"messageType" => {
                self.kind = match &data[at] {
                    b"\"DATA_MESSAGE\"" => EnvelopeKind::Data,
                    b"\"CONTROL_MESSAGE\"" => EnvelopeKind::Control,
                    _ => EnvelopeKind::Unknown,
                };
            }
            b"owner" => self.owner = Some(at),
            b"logGroup" => self.log_group = Some(at),
            b"logStream" => self.log_stream = Some(at),
            b"awslogs" => self.awslogs = Some(at),
            b"rawData" => self.raw_data = Some(at),
            b"errorMessage" | b"lastErrorMessage" | b"ErrorMessage" => self.error = Some(at),
            b"attemptsMade" | b"arrivalTimestamp" | b"attemptEndingTimestamp" => {
                self.has_attempts = true;
            }
            _ => {}
        }
    }

    /// Reads all members of a whole envelope.
    pub fn read_all(&mut self, envelope: &[u8]) {
        for (key, at) in members(envelope) {
            self.note(key, envelope, at);
        }
    }

    /// Whether the object can only be a subscription's envelope or a list of events.
    pub fn is_envelope(&self) -> bool {
        self.is_envelope || self.kind != EnvelopeKind::Unknown
    }

    pub fn is_control(&self) -> bool {
        self.kind == EnvelopeKind::Control && self.owner.is_some()
    }

    /// Whether the header is complete, so that no member behind the list is needed.
    pub fn is_complete(&self) -> bool {
        self.is_control()
            || self.kind == EnvelopeKind::Listing
            || (self.kind == EnvelopeKind::Data
                && self.owner.is_some()
                && self.log_group.is_some()
                && self.log_stream.is_some())
    }

    /// Whether an object whose end is not known may be a list of events or Firehose's report.
    pub fn may_hold_events(&self) -> bool {
        self.is_listing == KeysOfKind::Yes
            || self.has_attempts
            || self.raw_data.is_some()
            || self.open_raw_data.is_some()
    }

    /// Whether an object of which `data` is only a part is Firehose's report.
    pub fn is_open_failure(&self, data: &[u8]) -> bool {
        match self.open_raw_data {
            Some(at) => data[at] == b'"' && data[at + 1..].iter().all(|b| is_base64_byte(*b)),
            None => self.has_attempts && self.raw_data.is_some(),
        }
    }

    /// Whether a whole object is a list without events: it has only tokens and the searched streams.
    pub fn is_empty_listing(&self, document: &[u8]) -> bool {
        let mut empty = false;
        let mut others = false;
        for (key, at) in members(document) {
            match key {
                b"events" => empty = scan::blanks(document, at.start + 1) + 1 == at.end,
                _ => others = true,
            }
        }
        self.is_listing == KeysOfKind::Yes && empty && others
    }

    /// The string at a range; `None` if it is empty or not a string.
    pub fn string<'a>(&self, data: &'a [u8], at: &Option<Range<usize>>) -> Option<Cow<'a, str>> {
        string(&data[at.clone()?]).filter(|text| !text.is_empty())
    }

    /// The base64 text of `awslogs.data`: an envelope, compressed with gzip or not.
    pub fn awslogs<'a>(&self, data: &'a [u8]) -> Option<Cow<'a, str>> {
        let awslogs = &data[self.awslogs.clone()?];
        let (_, at) = members(awslogs).find(|(key, _)| *key == b"data")?;
        let text = string(&awslogs[at])?;
        // The first bytes of gzip, and `{"`, in base64.
        let begins = text.starts_with("H4sI") || text.starts_with("ey");
        (begins && is_base64(&text)).then_some(text)
    }

    /// `rawData` of a record that Firehose could not process, and the error message. Firehose's report states its
    /// attempts or their times; what else it states depends on the destination.
    pub fn failure<'a>(&self, data: &'a [u8]) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        if !self.has_attempts {
            return None;
        }
        let raw = string(&data[self.raw_data.clone()?]).filter(|raw| is_base64(raw))?;
        Some((raw, self.string(data, &self.error).unwrap_or_default()))
    }
}

/// Whether a text is base64, with its padding or without. Its last bits are not looked at.
fn is_base64(text: &str) -> bool {
    let bytes = text.trim_end_matches('=').as_bytes();
    bytes.len() % 4 != 1
        && text.len() - bytes.len() <= 2
        && bytes.iter().all(|b| is_base64_byte(*b) && *b != b'=')
}

fn is_base64_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}
