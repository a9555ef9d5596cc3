#![no_main]

use libfuzzer_sys::fuzz_target;
use logferry_core::decode::{
    Counters, DecodeError, DecodeOptions, Decoder, Format, Identity, Origin,
};

/// The decoder waits for this many bytes to detect the format; only the bytes after them arrive in pieces.
const WINDOW: usize = 64 * 1024;
const KEYS: [&str; 3] = [
    "app.log",
    "exports/248945c1-c71f-430b-ab6b-fd7c9a249ef9/2023-01-04-[$LATEST]072b/000000.gz",
    "copy/2023-01-04-[$LATEST]072b.log",
];

// The input is the settings of the decoder (see `Case`), then the object. Its events do not depend on the chunks.
fuzz_target!(|data: &[u8]| {
    let Some((head, content)) = data.split_first_chunk::<4>() else {
        return;
    };
    let case = Case::new(head, content);
    assert_eq!(case.decode(1 << 20), case.decode(case.chunk));
});

struct Case<'a> {
    key: &'a str,
    options: DecodeOptions,
    input: Vec<u8>,
    chunk: usize,
}

impl<'a> Case<'a> {
    fn new(&[format, max, chunk, form]: &[u8; 4], content: &[u8]) -> Self {
        let format = match format % 6 {
            0 => None,
            n => Some(Format::NAMES[usize::from(n) - 1].0),
        };
        let mut input = Vec::new();
        if let (Some(_), 0) = (format, form & 1) {
            input.resize(WINDOW, b'x');
            input.push(b'\n');
        }
        input.extend_from_slice(content);
        let mut chunk = 1 + usize::from(chunk) * usize::from(chunk % 8);
        // Sometimes long enough to be cut.
        if form >> 3 == 0x1f && !content.is_empty() {
            chunk *= 61;
            while input.len() < 3 * WINDOW {
                input.extend_from_slice(content);
            }
        }
        Case {
            key: KEYS[usize::from(form >> 1 & 3) % KEYS.len()],
            options: DecodeOptions {
                format,
                max_event_bytes: 1 + usize::from(max) * usize::from(max),
                log_groups: Vec::new(),
                skip_local_copies: max.is_multiple_of(2),
            },
            input,
            chunk,
        }
    }

    fn decode(&self, chunk: usize) -> Outcome {
        let mut decoder = Decoder::new(self.key, &self.options);
        let mut outcome = Outcome::default();
        let mut rest = self.input.as_slice();
        let mut fill = WINDOW;
        loop {
            loop {
                match decoder.next() {
                    Ok(Some(event)) => {
                        assert!(event.text.len() <= self.options.max_event_bytes);
                        let id = match event.identity {
                            Identity::EventId(id) => format!("id {id}"),
                            Identity::Content => "content".to_owned(),
                            Identity::CutContent(whole) => format!("content {whole:x}"),
                            Identity::Inner(place) => format!("inner {place}"),
                            Identity::Offset => "offset".to_owned(),
                        };
                        let text = event.text.to_vec();
                        let origin = Origin::clone(event.origin);
                        outcome.events.push((
                            event.offset,
                            event.time,
                            text,
                            event.truncated,
                            id,
                            origin,
                        ));
                    }
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(outcome.error, None, "two errors");
                        outcome.error = Some(error);
                    }
                }
            }
            if decoder.is_finished() {
                outcome.format = decoder.format();
                outcome.counters = decoder.counters();
                assert_eq!(outcome.counters.events, outcome.events.len() as u64);
                return outcome;
            }
            let space = decoder.space();
            // The window in one chunk: the decoder waits for all of it.
            let n = rest.len().min(space.len()).min(fill.max(chunk));
            fill -= n.min(fill);
            let (now, later) = rest.split_at(n);
            space[..n].copy_from_slice(now);
            rest = later;
            decoder.filled(n);
            if rest.is_empty() {
                decoder.finish();
            }
        }
    }
}

type Got = (u64, Option<i64>, Vec<u8>, u64, String, Origin);

#[derive(Debug, Default, PartialEq)]
struct Outcome {
    format: Option<Format>,
    events: Vec<Got>,
    error: Option<DecodeError>,
    counters: Counters,
}
