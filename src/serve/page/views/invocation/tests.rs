//! Pages of typed answers: retries and parts told apart, hostile lines inert.

use super::*;
use serde_json::{Value, json};

fn hit(id: &str, source: Value) -> Hit {
    let hit = json!({"_index": "l-logs-2026.11.23", "_id": id, "_source": source, "sort": [1]});
    serde_json::from_value(hit).unwrap()
}

fn line(second: u32, key: &str, fields: Value) -> Hit {
    let mut source = json!({
        "@timestamp": format!("2026-11-23T10:00:{second:02}Z"),
        "faas": {"name": "orders", "invocation_id": "r"},
        "aws": {"s3": {"key": key}, "log": {"stream": {"name": "s"}}},
    });
    if let (Value::Object(source), Value::Object(fields)) = (&mut source, fields) {
        source.extend(fields);
    }
    hit(&format!("id{second}"), source)
}

fn main_of(summaries: &[Value], hits: &[Hit]) -> String {
    let summaries: Vec<StoredInvocation<'_>> = summaries
        .iter()
        .map(|summary| Deserialize::deserialize(summary).unwrap())
        .collect();
    let query = PageQuery {
        request: "r".to_owned(),
        since: "7d".to_owned(),
        ..PageQuery::default()
    };
    let page = invocation_page(&query, "r", &summaries, hits).unwrap();
    let html = page.render().unwrap();
    html[html.find("<main").unwrap()..].to_owned()
}

#[test]
fn retries_and_parts_are_told_apart_and_traces_folded() {
    let summary = json!({
        "@timestamp": "2026-11-23T10:00:00Z",
        "faas": {"name": "orders", "version": "7", "invocation_id": "r", "coldstart": true},
        "lambda": {"duration_ms": 12.5, "error_type": "Function.Refused", "durable": {"execution_name": "order-1"}},
        "invocation": {"status": "error", "attempts": 2, "log_count": 4, "error_count": 1, "first_error": "Refused: no"},
        "aws": {"xray": {"trace_id": "1-a-b"}, "log": {"stream": {"name": "s"}}},
    });
    let start = json!({"message": "START", "lambda": {"type": "platform.start"}});
    let trace = "Refused: no\n  at f (a.js:1:2)\n  at g (b.js:3:4)";
    let error = json!({"message": trace, "log": {"level": "ERROR"}, "error": {"type": "Refused", "message": "no"}});
    let hits = [
        line(0, "a.gz", start.clone()),
        line(1, "a.gz", error),
        line(2, "b.gz", start),
        line(
            3,
            "b.gz",
            json!({"message": "done", "log": {"level": "INFO"}}),
        ),
    ];
    insta::assert_snapshot!(main_of(&[summary], &hits));
}

#[test]
fn hostile_lines_are_inert() {
    let hits = [
        line(
            0,
            "\"><script>",
            json!({"message": "<script>alert(1)</script>\n<img src=x onerror=alert(1)>"}),
        ),
        line(
            1,
            "\u{202e}key",
            json!({"message": "\u{1b}[2J\u{1b}]8;;http://evil\u{7}click", "log": {"level": "\"onclick=x"}}),
        ),
        line(2, "k", json!({"message": "é".repeat(4000)})),
        hit("too-large", json!(null)),
    ];
    let mut hits = Vec::from(hits);
    hits[3].source = None;
    let html = main_of(&[], &hits);
    insta::assert_snapshot!(html);
    for wrong in [
        "<script",
        "<img",
        "onerror=alert(1)>",
        "\u{1b}",
        "\u{202e}",
        "\"onclick",
    ] {
        assert!(!html.contains(wrong), "{wrong}");
    }
}
