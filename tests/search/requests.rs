/*! The number of requests that a screen takes. */

use serde_json::{Value, json};

use crate::stub::{Answer, Stub, answered, hits, plain};

const ID: &str = "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64";

/// The searches that `search` with these flags sends, by the methods and paths of its requests.
fn asked(answers: Vec<Answer>, flags: &[&str]) -> (String, Vec<String>) {
    let (url, asked) = Stub::new(answers).start();
    let output = plain(&url, flags).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let shown = String::from_utf8(output.stdout).unwrap();
    (shown, asked.try_iter().collect())
}

fn hit(index: &str, id: &str, source: &Value) -> Value {
    json!({"_index": index, "_id": id, "_source": source, "sort": [1, "k", 1]})
}

fn page(hits: &[Value], total: usize) -> Answer {
    let answer = json!({
        "timed_out": false, "_shards": {"total": 3, "failed": 0},
        "hits": {"total": {"value": total, "relation": "eq"}, "hits": hits},
    });
    Some((200, answer))
}

fn summary(is_cold: bool) -> Value {
    let source = json!({
        "@timestamp": "2026-11-23T10:00:00.000Z",
        "faas": {"name": "orders", "version": "7", "invocation_id": ID, "coldstart": is_cold},
        "aws": {"log": {"stream": {"name": "2026/11/22/[7]0123"}}},
        "invocation": {"end": "2026-11-23T10:00:01.000Z", "status": "success", "attempts": 1, "log_count": 1,
            "error_count": 0},
    });
    hit("logferry-invocations-2026.11.22", "s", &source)
}

fn line(message: &str) -> Value {
    let source = json!({
        "@timestamp": "2026-11-23T10:00:00.500Z", "message": message, "faas": {"invocation_id": ID},
    });
    hit("logferry-logs-2026.11.23", message, &source)
}

#[test]
fn a_screen_of_lines_is_one_request() {
    for flags in [
        &[][..],
        &["payment declined"],
        &["log.level:WARN AND app.order:\"A-1\""],
        &["--literal", "[a: b"],
        &["--errors", "--function", "orders", "--since", "1h"],
        &["--slowest"],
    ] {
        let (_, asked) = asked(vec![hits(&["one"], 0)], flags);
        assert_eq!(asked.len(), 1, "{flags:?}: {asked:?}");
    }
}

#[test]
fn an_invocation_is_one_request() {
    let both = page(&[summary(false), line("charging")], 2);
    for flags in [
        &["--request-id", ID][..],
        &["--request-id", &ID[..8], "--function", "orders"],
    ] {
        let (shown, asked) = asked(vec![both.clone()], flags);
        assert!(
            shown.contains("orders") && shown.contains("charging"),
            "{shown}"
        );
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            asked[0].contains("/logferry-logs-*,logferry-invocations-*,-logferry-logs-*-*,-logferry-invocations-*-*/_search"),
            "{asked:?}"
        );
    }
}

/// The lines of the init name no request: their stream is known once the summary is read.
#[test]
fn a_cold_start_is_a_second_request_for_the_lines_of_its_init() {
    let both = page(&[summary(true), line("charging")], 2);
    let lines = page(&[line("INIT_START"), line("charging")], 2);
    let (shown, asked) = asked(vec![both, lines], &["--request-id", ID]);
    assert!(shown.contains("INIT_START"), "{shown}");
    assert_eq!(shown.matches("charging").count(), 1, "{shown}");
    assert_eq!(asked.len(), 2, "{asked:?}");
}

/// The answer that has not all of them is not taken for all.
#[test]
fn an_invocation_with_many_lines_is_read_page_by_page() {
    let some = page(&[summary(false), line("one of many")], 1001);
    let summaries = page(&[summary(false)], 1);
    let lines = page(&[line("first"), line("second")], 2);
    let (shown, asked) = asked(vec![some, summaries, lines], &["--request-id", ID]);
    assert!(
        shown.contains("second") && !shown.contains("one of many"),
        "{shown}"
    );
    assert_eq!(asked.len(), 3, "{asked:?}");
}

/// Lines without a summary do not tell whether the other flags select their request.
#[test]
fn lines_without_a_summary_are_selected_by_all_flags() {
    let lines = || page(&[line("charging")], 1);
    let (shown, asked) = asked(vec![lines()], &["--request-id", ID]);
    assert!(
        shown.contains("no summary of it") && shown.contains("charging"),
        "{shown}"
    );
    assert_eq!(asked.len(), 1, "{asked:?}");
    let nothing = || page(&[], 0);
    let answers = vec![lines(), nothing(), nothing()];
    let (url, asked) = Stub::new(answers).start();
    let flags = ["--request-id", ID, "--function", "other"];
    let (printed, stderr, code) = answered(&url, &flags);
    assert_eq!((printed.as_str(), code), ("", 0), "{stderr}");
    assert_eq!(asked.try_iter().count(), 3);
}
