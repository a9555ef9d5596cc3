/*! A durable execution over all its invocations. */

use serde_json::{Value, json};

use crate::stub::{Answer, Stub, answered, hits, plain};

const ARN: &str =
    "arn:aws:lambda:eu-central-1:123456789012:function:orders:7/durable-execution/order-1/550e";

fn page(sources: &[Value]) -> Answer {
    let hits: Vec<Value> = (sources.iter().enumerate())
        .map(|(n, source)| json!({"_index": "logferry-logs-2026.11.23", "_id": n.to_string(), "_source": source, "sort": [1, "k", n]}))
        .collect();
    let answer = json!({
        "timed_out": false, "_shards": {"total": 3, "failed": 0},
        "hits": {"total": {"value": hits.len(), "relation": "eq"}, "hits": hits},
    });
    Some((200, answer))
}

fn summary(request: &str, start: &str, end: &str, operation: &Value, status: &str) -> Value {
    json!({
        "@timestamp": start, "faas": {"name": "orders", "version": "7", "invocation_id": request},
        "lambda": {"billed_duration_ms": 100.0, "durable": {
            "execution_arn": ARN, "execution_name": "order-1", "operation": operation, "attempt": 2}},
        "invocation": {"end": end, "status": status, "attempts": 1, "log_count": 1, "error_count": 0,
            "estimated_cost_usd": 0.000002},
    })
}

fn line(time: &str, message: &str) -> Value {
    json!({"@timestamp": time, "message": message, "log": {"level": "INFO"}})
}

fn answers() -> Vec<Answer> {
    vec![
        page(&[
            summary(
                "aaaa",
                "2026-11-23T10:00:00.000Z",
                "2026-11-23T10:00:01.000Z",
                &json!("charge"),
                "success",
            ),
            summary(
                "bbbb",
                "2026-11-23T12:00:00.000Z",
                "2026-11-23T12:00:02.500Z",
                &json!(["charge", "ship"]),
                "error",
            ),
        ]),
        page(&[line("2026-11-23T10:00:00.500Z", "charging")]),
        page(&[line("2026-11-23T12:00:01.000Z", "shipping")]),
    ]
}

#[test]
fn an_execution_is_shown_over_all_its_invocations() {
    for asked in ["order-1", ARN] {
        let (url, _) = Stub::new(answers()).start();
        let output = plain(&url, &["--execution", asked]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
        insta::assert_snapshot!("execution", String::from_utf8(output.stdout).unwrap());
    }
}

#[test]
fn json_has_the_summaries_and_lines_as_they_are_stored() {
    let (url, _) = Stub::new(answers()).start();
    let (printed, stderr, code) = answered(&url, &["--execution", "order-1"]);
    assert_eq!((printed.lines().count(), stderr.as_str(), code), (4, "", 0));
}

#[test]
fn an_execution_that_is_not_found_is_said() {
    let (url, _) = Stub::new(vec![hits(&[], 0)]).start();
    let (printed, stderr, code) = answered(&url, &["--execution", "order-9"]);
    assert_eq!((printed.as_str(), code), ("", 0));
    assert!(
        stderr.contains("no invocation of execution order-9"),
        "{stderr}"
    );
}
