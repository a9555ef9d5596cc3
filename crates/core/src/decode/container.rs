/*! JSON that holds many events or records in one value, told from a record of its own. */

use crate::decode::DecodeError;
use crate::decode::json_structure::members::{Next, members, next_key};
use crate::decode::json_structure::scanner::{Progress, Scanner};
use crate::decode::subscription::envelope_start::{
    EnvelopeHeader, EnvelopeStart, envelope_start, is_known_key,
};
use crate::json::scan;

/// Whether a document or an array that holds events begins here. `window` ends where the object does or at a
/// fixed place.
pub(crate) fn begins(window: &[u8]) -> bool {
    match window.first() {
        Some(b'{') => {
            let mut header = EnvelopeHeader::default();
            match envelope_start(window, &mut header) {
                EnvelopeStart::Events(_) => true,
                EnvelopeStart::More => header.is_envelope() || header.may_hold_events(),
                EnvelopeStart::End(n) => {
                    header.is_envelope()
                        || header.failure(window).is_some()
                        || header.is_empty_listing(&window[..n])
                }
                EnvelopeStart::Broken(_) => header.is_envelope(),
            }
        }
        Some(b'[') => is_array(window),
        _ => false,
    }
}

/// Whether the first key of an object is one of those that a document of events has: cheap, for every line of
/// JSON is asked.
pub(crate) fn may_begin(data: &[u8]) -> bool {
    let data = &data[..data.len().min(FIRST_KEY)];
    match next_key(data, 1) {
        Next::Key(key, _) => is_known_key(key),
        Next::More => data.len() < FIRST_KEY,
        Next::End(_) | Next::Broken(_) => false,
    }
}

/// A first key and its colon are looked for in so many bytes.
const FIRST_KEY: usize = 256;

/// An array of objects, arrays or strings, with nothing but more JSON behind it: not `[INFO] …`, nor a line
/// of text that begins like one.
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

/// Keys of which one is in nearly every record of a logger.
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

/// Refuses a value that would be cut in the middle of a list. A record with a long text, or with keys of a
/// logger's, is cut as any long event is.
pub(crate) fn refuse_cut(data: &[u8], max: usize, offset: u64) -> Result<(), DecodeError> {
    let kept = &data[..data.len().min(max)];
    let mut scanner = Scanner::value();
    let in_list = match data.first() {
        Some(b'[') => scanner.run(kept) == Progress::More,
        Some(b'{') => scanner.run(kept) == Progress::More && scanner.is_in_list_of_object(),
        _ => false,
    };
    let mut keys = members(kept).map(|(key, _)| key);
    if !in_list || keys.any(|key| OF_RECORDS.contains(&key)) {
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
