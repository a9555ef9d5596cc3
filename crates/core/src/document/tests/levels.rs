//! Levels, messages and counts of one invocation whose lines have two levels, or colours.

use crate::document::encoder::{ObjectEncoder, event_text};
use crate::document::tests::*;
use crate::invocation::{Architecture, Prices};

const REQUEST_ID: &str = "8a3c5f10-1111-4222-8333-aaaaaaaaaaaa";

/// The log documents of the lines between START and REPORT, and the summary.
fn encode(lines: &[&str], keep_original: bool) -> (Vec<Value>, Value) {
    let start = format!("START RequestId: {REQUEST_ID} Version: $LATEST\n");
    let end = format!("END RequestId: {REQUEST_ID}\n");
    let report = format!(
        "REPORT RequestId: {REQUEST_ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t\n"
    );
    let known = Arc::new(origin());
    let options = DocumentOptions {
        keep_original,
        ..options()
    };
    let mut encoder = ObjectEncoder::new(&object(), &options, &Prices::builtin(Architecture::X86));
    let mut out = Vec::new();
    let texts = std::iter::once(&*start)
        .chain(lines.iter().copied())
        .chain([&*end, &*report]);
    let mut documents: Vec<Value> = texts
        .enumerate()
        .map(|(at, text)| {
            let event = Event {
                time: Some(TIME + at as i64),
                ..event(text, &known)
            };
            let span = encoder
                .encode(&event, &event_text(&event), &mut out)
                .document
                .expect("every line is a document");
            one_line(&out[span.source..span.end])
        })
        .collect();
    documents.truncate(documents.len() - 2);
    documents.remove(0);
    let summary = encoder.next_at_end(&mut out).expect("one summary").document;
    (documents, one_line(&out[summary.source..summary.end]))
}

fn levels(documents: &[Value]) -> Vec<&str> {
    documents
        .iter()
        .map(|document| document["log"]["level"].as_str().unwrap_or("none"))
        .collect()
}

#[test]
fn the_loggers_own_level_counts_before_that_of_its_channel() {
    let prefix = format!("2026-11-27T10:00:00.050Z\t{REQUEST_ID}\t");
    let lines = [
        r#"INFO	{"level": "error", "message": "card declined"}"#,
        r#"INFO	{"level": 50, "sLevel": "ERROR", "msg": "payment failed", "time": 1795773600050}"#,
        r#"INFO	{"message": "x", "level": "fatal", "logger": "app"}"#,
        r#"ERROR	{"level": "info", "message": "written by console.error"}"#,
        "INFO\t\x1b[31merror\x1b[39m: boom",
        "INFO\terror: boom",
    ]
    .map(|line| format!("{prefix}{line}\n"));
    let (documents, summary) = encode(&lines.each_ref().map(|line| &**line), false);
    let expected = ["ERROR", "ERROR", "FATAL", "INFO", "ERROR", "ERROR"];
    assert_eq!(levels(&documents), expected);
    assert_eq!(summary["invocation"]["error_count"], json!(5));
    assert_eq!(documents[4]["message"], json!("error: boom"));
}

#[test]
fn colours_are_in_the_original_only() {
    let span = format!(
        "\x1b[2m2026-11-27T10:00:00.123456Z\x1b[0m \x1b[32m INFO\x1b[0m \x1b[1mLambda runtime invoke\x1b[0m\x1b[1m{{\x1b[0m\x1b[3mrequestId\x1b[0m\x1b[2m=\x1b[0m\"{REQUEST_ID}\"\x1b[1m}}\x1b[0m\x1b[2m:\x1b[0m \x1b[2mmy_crate\x1b[0m\x1b[2m:\x1b[0m hi\n"
    );
    let lines = [
        "\x1b[31merror\x1b[39m: boom\n",
        r#"{"level": "\u001b[31merror\u001b[39m", "message": "\u001b[1mboom\u001b[0m"}"#,
        &span,
        "\x1b[33m2026-11-27 10:00:00 WARN\x1b[0m slow",
    ];
    let (documents, summary) = encode(&lines, true);
    assert_eq!(levels(&documents), ["ERROR", "ERROR", "INFO", "WARN"]);
    let messages = ["error: boom", "boom", "", "2026-11-27 10:00:00 WARN slow"];
    for (document, (line, message)) in documents.iter().zip(lines.iter().zip(messages)) {
        assert_eq!(document["event"]["original"], json!(line));
        let shown = document["message"].as_str().expect("a message");
        assert!(!shown.contains('\x1b') && !shown.contains("[0m"), "{shown}");
        assert!(message.is_empty() || shown == message, "{shown}");
    }
    assert_eq!(documents[2]["faas"]["invocation_id"], json!(REQUEST_ID));
    assert_eq!(documents[2]["faas"].get("invocation_id_inferred"), None);
    // What is counted and hashed is the text as it was logged.
    let known = Arc::new(origin());
    let writer = || LogDocumentWriter::new(&object(), &options());
    let id = |text: &str| writer().identify(&event(text, &known)).hash;
    assert_ne!(id("\x1b[31merror\x1b[39m: boom"), id("error: boom"));
    let (_, plain) = encode(&["error: boom\n"], true);
    assert!(
        summary["invocation"]["log_bytes"].as_u64() > plain["invocation"]["log_bytes"].as_u64()
    );
}
