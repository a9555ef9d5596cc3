//! Decoding as a whole: cases from `fixtures/decode`, then what holds for any input.

mod cases;
mod container_caps;
mod containers;
mod firehose;
#[cfg(test)]
mod properties;
mod subscription;

use crate::decode::buffer::ROOM;
use crate::decode::decoder::{BYTE_ORDER_MARK, FormatDecoder};
use crate::decode::log_stream;
use crate::decode::*;

/// An event that outlives its decoder.
#[derive(Debug, Clone, PartialEq)]
struct Got {
    offset: u64,
    time: Option<i64>,
    text: Vec<u8>,
    truncated: u64,
    id: Option<String>,
    by_content: bool,
    /// Its place inside of an envelope, of one without an id.
    inner: Option<u64>,
    /// Hash of the whole text, of one that is cut.
    whole: Option<u128>,
    origin: Origin,
}

#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    format: Option<Format>,
    events: Vec<Got>,
    error: Option<DecodeError>,
    counters: Counters,
    /// Read as JSON that holds many events in one value, from some place on, or as CSV: texts with escapes.
    container: bool,
}

/// Decodes `input` in chunks of these sizes, over and over.
fn decode(key: &str, options: &DecodeOptions, input: &[u8], chunks: &[usize]) -> Outcome {
    decode_after(ROOM, key, options, input, chunks)
}

/// The same, with the format told from the first `window` bytes: a smaller one leaves more work for when chunks come in
/// one by one.
fn decode_after(
    window: usize,
    key: &str,
    options: &DecodeOptions,
    input: &[u8],
    chunks: &[usize],
) -> Outcome {
    let mut decoder = Decoder::new(key, options);
    decoder.window = window;
    let mut events = Vec::new();
    let mut error = None;
    let mut sizes = chunks.iter().cycle();
    let mut rest = input;
    loop {
        loop {
            match decoder.next() {
                Ok(Some(event)) => events.push(Got {
                    offset: event.offset,
                    time: event.time,
                    text: event.text.to_vec(),
                    truncated: event.truncated,
                    id: match event.identity {
                        Identity::EventId(id) => Some(id.to_owned()),
                        _ => None,
                    },
                    by_content: matches!(
                        event.identity,
                        Identity::Content | Identity::CutContent(_)
                    ),
                    inner: match event.identity {
                        Identity::Inner(place) => Some(place),
                        _ => None,
                    },
                    whole: match event.identity {
                        Identity::CutContent(whole) => Some(whole),
                        _ => None,
                    },
                    origin: Origin::clone(event.origin),
                }),
                Ok(None) => break,
                Err(found) => {
                    assert_eq!(error, None, "two errors");
                    error = Some(found);
                }
            }
        }
        if decoder.is_finished() {
            break;
        }
        let space = decoder.space();
        assert!(space.len() >= 64 * 1024);
        let n = rest.len().min(space.len()).min(*sizes.next().unwrap());
        space[..n].copy_from_slice(&rest[..n]);
        decoder.filled(n);
        rest = &rest[n..];
        if rest.is_empty() {
            decoder.finish();
        }
    }
    Outcome {
        format: decoder.format(),
        events,
        error,
        counters: decoder.counters(),
        container: matches!(
            decoder.state,
            FormatDecoder::Subscription(_) | FormatDecoder::Csv(_)
        ),
    }
}

fn options(max_event_bytes: usize, format: Option<Format>) -> DecodeOptions {
    DecodeOptions {
        format,
        max_event_bytes,
        ..DecodeOptions::default()
    }
}

const EXPORT_KEY: &str =
    "exports/248945c1-c71f-430b-ab6b-fd7c9a249ef9/2026-11-23-[$LATEST]072b/000000.gz";
