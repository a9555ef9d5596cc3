use std::sync::Arc;

use serde_json::Value;

use logferry_core::decode::{Event, Identity, Origin};
use logferry_core::document::{DocumentOptions, ObjectEncoder, ObjectInfo, event_text};
use logferry_core::invocation::{Architecture, Prices, Summary, TrackerLimits};

/// Parses texts as the events of one log stream, one second apart from `start` on (milliseconds since 1970). Checks the
/// documents and returns the summaries.
pub fn documents<'a>(
    texts: impl Iterator<Item = &'a [u8]>,
    start: Option<i64>,
    stream: Option<&str>,
) -> Vec<Summary> {
    let origin = Arc::new(Origin {
        log_stream: stream.map(str::to_owned),
        ..Origin::default()
    });
    let object = ObjectInfo {
        bucket: "bucket".to_owned(),
        key: "key".to_owned(),
        last_modified: Some(1_700_000_000_000),
        ..ObjectInfo::default()
    };
    let options = DocumentOptions {
        index_prefix: "logferry".to_owned(),
        keep_original: start.is_none(),
        ..DocumentOptions::default()
    };
    let limits = TrackerLimits {
        max_open: 3,
        max_lines: 16,
    };
    let prices = Prices::builtin(Architecture::X86);
    let mut encoder = ObjectEncoder::with_limits(&object, &options, &prices, limits);
    let mut summaries = Vec::new();
    let mut out = Vec::new();
    for (place, text) in texts.enumerate() {
        let event = Event {
            offset: place as u64,
            time: start.map(|start| start.saturating_add(place as i64 * 1000)),
            text,
            truncated: 0,
            identity: if stream.is_some() {
                Identity::Content
            } else {
                Identity::Offset
            },
            origin: &origin,
        };
        out.clear();
        let text = event_text(&event);
        let encoded = encoder.encode(&event, &text, &mut out);
        assert_ne!(encoded.record.request_id.as_deref(), Some(""));
        let document = encoded.document.expect("every line is a document");
        check(&out[document.start..document.source], false);
        check(&out[document.source..document.end], true);
        while let Some(closed) = encoder.next_closed(&mut out) {
            summaries.push(closed.summary);
        }
    }
    while let Some(closed) = encoder.next_at_end(&mut out) {
        summaries.push(closed.summary);
    }
    summaries
}

/// A line of a `_bulk` body: one JSON object, one line break, and that at its end.
fn check(line: &[u8], is_source: bool) {
    let (end, json) = line.split_last().expect("a line is not empty");
    assert!(*end == b'\n' && !json.contains(&b'\n'), "not one line");
    let json: Value = serde_json::from_slice(json).expect("not JSON");
    assert!(json.is_object());
    assert!(!is_source || json.get("message").is_some_and(Value::is_string));
}
