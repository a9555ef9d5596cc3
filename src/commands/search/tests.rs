//! Output for real documents: those of the demo, encoded as the pipeline does.

use std::path::Path;

use console::measure_text_width;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::commands::search::level::styled_level;
use crate::commands::search::lists::{InvocationList, LogLineList, Screen};
use crate::commands::search::timeline::Timeline;
use crate::commands::shared::table::harmless;
use crate::search::reading::LogLine;
use logferry_core::decode::{DecodeOptions, Decoder};
use logferry_core::document::stored::{StoredInvocation, StoredLogDocument};
use logferry_core::document::{
    DocumentOptions, DocumentSpan, ObjectEncoder, ObjectInfo, event_text,
};
use logferry_core::invocation::{Architecture, Prices};

const NO_TERMINAL: Screen = Screen { columns: None };

/// Log documents and invocations of one object of the demo, whose function and stream begin so.
fn documents(function: &str, stream: &str) -> (Vec<Value>, Vec<Value>) {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo/exports");
    let inside = |folder: &Path, begin: &str| {
        let mut entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path());
        entries
            .find(|path| path.is_dir() && path.to_str().unwrap().contains(begin))
            .unwrap()
    };
    let path = inside(&inside(&demo.join(function), function), stream).join("000000.log");
    let key = path.strip_prefix(demo.parent().unwrap()).unwrap();
    let key = key.to_str().unwrap().replace(".log", ".gz");
    let bytes = std::fs::read(&path).unwrap();

    let log_groups = vec!["exports/{function}/".parse().unwrap()];
    let options = DecodeOptions {
        log_groups,
        ..DecodeOptions::default()
    };
    let mut decoder = Decoder::new(&key, &options);
    let object = ObjectInfo {
        bucket: "logs".to_owned(),
        key: key.clone(),
        etag: None,
        last_modified: None,
        id_scope: decoder.key().prefix.clone(),
    };
    let options = DocumentOptions {
        index_prefix: "logferry".to_owned(),
        ..DocumentOptions::default()
    };
    let prices = Prices::builtin(Architecture::X86);
    let mut encoder = ObjectEncoder::new(&object, &options, &prices);
    let (mut lines, mut summaries) = (Vec::new(), Vec::new());
    let mut rest = &bytes[..];
    while !decoder.is_finished() {
        let space = decoder.space();
        let n = space.len().min(rest.len());
        space[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        if n == 0 {
            decoder.finish();
        } else {
            decoder.filled(n);
        }
        while let Some(event) = decoder.next().unwrap() {
            let mut out = Vec::new();
            let text = event_text(&event);
            let encoded = encoder.encode(&event, &text, &mut out);
            lines.push(source(&out, encoded.document.unwrap()));
            while let Some(closed) = encoder.next_closed(&mut out) {
                summaries.push(source(&out, closed.document));
            }
        }
    }
    let mut out = Vec::new();
    while let Some(closed) = encoder.next_at_end(&mut out) {
        summaries.push(source(&out, closed.document));
    }
    (lines, summaries)
}

fn source(lines: &[u8], document: DocumentSpan) -> Value {
    serde_json::from_slice(&lines[document.source..document.end]).unwrap()
}

fn stored<'a, D: Deserialize<'a>>(
    documents: &'a [Value],
    wanted: impl Fn(&Value) -> bool,
) -> Vec<D> {
    let documents = documents.iter().filter(|document| wanted(document));
    documents.map(|d| D::deserialize(d).unwrap()).collect()
}

/// A function, the beginning of a stream of it, and of a request in that.
const TIMELINES: [(&str, &str, &str); 7] = [
    ("orders", "2026-11-23-[$LATEST]5a057925", "85d1f3f8"),
    ("checkout", "2026-11-22-[$LATEST]36e6b9d5", "ca516543"),
    ("inventory", "2026-11-23-[$LATEST]1030e40b", "cad9da90"),
    ("thumbnails", "2026-11-22-[$LATEST]de05ebc9", "71a67e38"),
    ("thumbnails", "2026-11-23-[$LATEST]07c4dd03", "98cbc671"),
    ("invoices", "2026-11-23-[$LATEST]6573d89b", "8f14e45f"),
    ("orders", "2026-11-21-[$LATEST]30cda3fc", "5f8d20d6"),
];

fn request(document: &Value) -> Option<&str> {
    document.pointer("/faas/invocation_id")?.as_str()
}

#[test]
fn timelines() {
    let mut shown = String::new();
    for (function, stream, id) in TIMELINES {
        let (lines, summaries) = documents(function, stream);
        let is_it = |document: &Value| request(document).is_some_and(|r| r.starts_with(id));
        let summaries: Vec<StoredInvocation<'_>> = stored(&summaries, is_it);
        let lines: Vec<StoredLogDocument<'_>> = stored(&lines, is_it);
        assert!(summaries.len() == 1 && lines.len() > 4, "{id}");
        let mut timeline = Timeline::new(&summaries);
        shown.push_str(&timeline.head(id, &summaries));
        // Pages end anywhere.
        shown.push_str(&timeline.rows(&lines[..3]));
        shown.push_str(&timeline.rows(&lines[3..]));
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_timeline_without_a_summary() {
    let (lines, _) = documents("orders", "2026-11-23-[$LATEST]5a057925");
    let lines: Vec<StoredLogDocument<'_>> = stored(&lines, |d| {
        request(d).is_some_and(|r| r.starts_with("85d1f3f8"))
    });
    let mut timeline = Timeline::new(&[]);
    let shown = timeline.head("85d1f3f8", &[]) + &timeline.rows(&lines[..2]);
    insta::assert_snapshot!(shown);
}

#[test]
fn lists_by_the_width_of_the_screen() {
    let (lines, summaries) = documents("invoices", "2026-11-23-[$LATEST]6573d89b");
    let lines: Vec<StoredLogDocument<'_>> = stored(&lines[..12], |_| true);
    let summaries: Vec<StoredInvocation<'_>> = stored(&summaries[..3], |_| true);
    let mut shown = String::new();
    for columns in [None, Some(150), Some(90)] {
        let screen = Screen { columns };
        let list =
            LogLineList::new(screen).rows(&lines) + &InvocationList::new(screen).rows(&summaries);
        shown.push_str(&format!("{columns:?}\n{list}\n"));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn no_row_is_wider_than_the_terminal() {
    let wide = [json!({
        "@timestamp": "2026-11-23T10:00:00.000Z", "message": "荷物 ".repeat(99), "log": {"level": "INFO"},
        "faas": {"name": "f".repeat(64), "invocation_id": "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64"},
    })];
    let lines: Vec<StoredLogDocument<'_>> = stored(&wide, |_| true);
    for columns in [110, 140, 200] {
        let screen = Screen {
            columns: Some(columns),
        };
        let shown = LogLineList::new(screen).rows(&lines);
        assert!(
            shown.lines().all(|l| measure_text_width(l) <= columns),
            "{shown}"
        );
        assert!(shown.contains('…'));
    }
    assert!(!LogLineList::new(NO_TERMINAL).rows(&lines).contains('…'));
}

/// Each way in which message, error and stack trace can say the same or not.
#[test]
fn nothing_that_was_said_is_left_out_or_said_twice() {
    let trace = "Error: no\n    at f (a.js:1:2)";
    let error = json!({"type": "Error", "message": "no", "stack_trace": trace});
    let mut shown = String::new();
    for document in [
        json!({"message": "plain"}),
        json!({"message": "payment failed", "error": error}),
        json!({"message": "Error: no\n\tat f (a.js:1:2)", "error": error}),
        json!({"message": "{\"errorType\":\"Error\",\"errorMessage\":\"no\"}", "error": error}),
        json!({"message": "", "error": error}),
        json!({"message": "it said \"no\": {\"a\":1}", "error": {"type": "E", "message": "it said \"no\""}}),
        json!({"message": "charging 17 failed: Error: no\n    at f (a.js:1:2)", "error": error}),
        json!({"message": "charging failed\nError: no\n    at f (a.js:1:2)", "error": error}),
        json!({"message": "first\nsecond", "error": {"message": "third"}}),
        json!({"message": "\u{1b}[2J\u{202e}gone\nnext\u{7}", "log": {"level": "INFO\u{1b}[1m"}}),
        json!({"message": "START RequestId: x Version: 7", "lambda": {"type": "platform.start"}, "faas": {"version": "7"}}),
        json!({"message": "{}", "lambda": {"type": "platform.runtimeDone", "status": "timeout"}}),
        json!({"message": "{}", "lambda": {"type": "platform.initReport", "status": "error", "error_type": "Runtime.ImportModuleError", "duration_ms": 12.5, "phase": "init"}}),
        json!({"message": "RequestId: x Error: gone", "lambda": {"type": "platform.fault"}}),
        json!({}),
    ] {
        let line = StoredLogDocument::deserialize(&document).unwrap();
        let line = LogLine::new(&line);
        shown.push_str(&format!(
            "{document}\n    {}| {}\n",
            styled_level(&line),
            harmless(&line.one_line())
        ));
        for text in line.all_lines() {
            shown.push_str(&format!("        {}\n", harmless(&text)));
        }
    }
    insta::assert_snapshot!(shown);
}
