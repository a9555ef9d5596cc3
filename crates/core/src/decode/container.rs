/*! The first bytes of a JSON value go in; whether the value is a container (an envelope, a list or an array that holds
many events) or one event comes out. */

use crate::decode::decode_error::DecodeError;
use crate::decode::json_structure::members::{Next, members, next_key, value_end};
use crate::decode::json_structure::scanner::{Progress, Scanner};
use crate::decode::subscription::envelope_start::{
    EnvelopeHeader, EnvelopeStart, envelope_start, is_known_key,
};
use crate::json::scan;

/// Whether a container begins at the start of `window`, which ends where the object ends or has a fixed length.
pub(crate) fn begins(window: &[u8]) -> bool {
    match window.first() {
        Some(b'{') => {
            let mut header = EnvelopeHeader::default();
            match envelope_start(window, &mut header) {
                EnvelopeStart::Events(_) => true,
                EnvelopeStart::More => header.is_envelope() || header.may_hold_events(),
                EnvelopeStart::End(n) => {
                    header.awslogs(window).is_some()
                        || header.failure(window).is_some()
                        || (header.is_empty_listing(&window[..n]) && is_followed(&window[n..]))
                }
                EnvelopeStart::Broken(_) => header.is_envelope(),
            }
        }
        Some(b'[') => is_array(window),
        _ => false,
    }
}

/// Whether nothing or a container follows a list without events: then it is no line of a log.
pub(crate) fn is_followed(rest: &[u8]) -> bool {
    let rest = &rest[scan::blanks(rest, 0)..];
    rest.is_empty() || begins(rest)
}

/// Whether an array without elements is the last value, or a container follows it.
pub(crate) fn is_empty_array(window: &[u8]) -> bool {
    let end = scan::blanks(window, 1);
    window.first() == Some(&b'[')
        && window.get(end) == Some(&b']')
        && is_followed(&window[end + 1..])
}

/// Whether the JSON value at the start of `window` is torn by a line break in a string, as a line that was cut is.
pub(crate) fn is_torn(window: &[u8]) -> bool {
    match Scanner::one_line_strings().run(window) {
        Progress::Broken(at) => window[at] == b'\n',
        _ => false,
    }
}

/// Whether the JSON value at the start of `window` is valid as far as it is there, or whole if this `is_all`.
pub(crate) fn is_valid(window: &[u8], is_all: bool) -> bool {
    match Scanner::one_line_strings().run(window) {
        Progress::Done(_) => true,
        Progress::More => !is_all,
        Progress::Broken(_) => false,
    }
}

/// Whether the first key of an object is a key of containers. It is called for every line of JSON, so it must be fast.
pub(crate) fn may_begin(data: &[u8]) -> bool {
    let data = &data[..data.len().min(FIRST_KEY)];
    match next_key(data, 1) {
        Next::Key(key, _) => is_known_key(key),
        Next::More => data.len() < FIRST_KEY,
        Next::End(_) | Next::Broken(_) => false,
    }
}

/// The first key and its colon are searched in this number of bytes.
const FIRST_KEY: usize = 256;

/// Whether `window` begins with an array of objects, arrays or strings that only more JSON follows. `[INFO] …` is text.
fn is_array(window: &[u8]) -> bool {
    if !matches!(
        window.get(scan::blanks(window, 1)),
        Some(b'{' | b'[' | b'"')
    ) {
        return false;
    }
    match Scanner::one_line_strings().run(window) {
        Progress::More => true,
        Progress::Done(n) => {
            let next = window.get(scan::blanks(window, n));
            matches!(next, None | Some(b'[' | b'{'))
        }
        Progress::Broken(_) => false,
    }
}

/// Keys of loggers' records; nearly every record has one of them.
const OF_RECORDS: [&[u8]; 12] = [
    b"timestamp",
    b"@timestamp",
    b"time",
    b"level",
    b"severity",
    b"message",
    b"msg",
    b"log",
    b"requestId",
    b"request_id",
    b"AWSRequestId",
    b"function_request_id",
];

/// Fails if a cut at `max` bytes would fall into a list of events. A record with a long text is cut like any long
/// event, and so is one with a logger's keys unless a list of objects is the most of it.
pub(crate) fn refuse_cut(data: &[u8], max: usize, offset: u64) -> Result<(), DecodeError> {
    let kept = &data[..data.len().min(max)];
    let mut scanner = Scanner::value();
    let in_list = match data.first() {
        Some(b'[') => scanner.run(kept) == Progress::More,
        Some(b'{') => scanner.run(kept) == Progress::More && scanner.is_in_list_of_object(),
        _ => false,
    };
    let mut keys = members(kept).map(|(key, _)| key);
    let is_list = in_list && !keys.any(|key| OF_RECORDS.contains(&key));
    if !is_list && !is_mostly_objects(kept) {
        return Ok(());
    }
    Err(DecodeError {
        offset,
        reason: format!(
            "a JSON list of more than {max} bytes (--max-event-bytes) in one value: write its elements as lines, or as one array"
        )
        .into(),
    })
}

/// Whether the last member of a cut object is a list of objects, in it or in its own last member, and has more than
/// half of the bytes.
fn is_mostly_objects(kept: &[u8]) -> bool {
    let mut from = 0;
    if kept.first() != Some(&b'{') {
        return false;
    }
    while kept.get(from) == Some(&b'{') {
        let mut at = from + 1;
        from = loop {
            let Next::Key(_, value) = next_key(kept, at) else {
                return false;
            };
            match value_end(kept, value) {
                Progress::Done(end) => at = end,
                Progress::More => break value,
                Progress::Broken(_) => return false,
            }
        };
    }
    kept.get(from) == Some(&b'[')
        && kept.get(scan::blanks(kept, from + 1)) == Some(&b'{')
        && (kept.len() - from) * 2 > kept.len()
}
