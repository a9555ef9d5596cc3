use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use logferry_core::decode::{Event, Identity, Origin};
use logferry_core::document::{DocumentOptions, LogDocumentWriter, ObjectInfo};
use logferry_core::invocation::{TrackerLimits, Summary, Tracker};
use logferry_core::parse;

/// Parses texts as the events of one log stream, a second apart from `start` (milliseconds since 1970), checks the documents and returns the summaries.
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
    };
    let mut writer = LogDocumentWriter::new(&object, &options);
    let mut tracker = Tracker::new(TrackerLimits {
        max_open: 3,
        max_lines: 16,
    });
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
        let shown = String::from_utf8_lossy(text);
        let record = parse::parse(&shown);
        assert_ne!(record.request_id.as_deref(), Some(""));
        let id = writer.identify(&event);
        let at = writer.time(&event, &record);
        let around = tracker.observe(&event, &record, id.hash, at);
        out.clear();
        let written = writer.write(
            &event,
            matches!(shown, Cow::Owned(_)),
            &record,
            id,
            &around,
            &mut out,
        );
        check(&out[written.start..written.source_start], false);
        check(&out[written.source_start..written.end], true);
        summaries.extend(tracker.closed());
    }
    summaries.extend(tracker.finish());
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
