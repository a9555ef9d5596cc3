//! Every line of `fixtures/lines` as a document, by the rules of that folder's README.

use crate::document::tests::*;
use std::fmt::Write as _;
use std::fs;

/// Where a document has what the fixtures call by this name; none for what only a record tells.
pub(super) fn path(name: &str, function: bool) -> Option<&'static str> {
    Some(match name {
        "kind" => "/lambda/type",
        "timestamp" | "timestamp_instant" => "/@timestamp",
        "request_id" => "/faas/invocation_id",
        "version" => "/faas/version",
        "function_name" => "/faas/name",
        "level" => "/log/level",
        "logger" => "/log/logger",
        "message" | "message_raw" => "/message",
        "is_json" => "/app",
        "is_emf" => "/emf",
        "emf_namespaces" => "/emf/namespaces",
        "emf_timestamp_ms" => "/emf/timestamp",
        "error_type" if function => "/error/type",
        "error_message" => "/error/message",
        "stack_trace" => "/error/stack_trace",
        "xray_trace_id" => "/aws/xray/trace_id",
        "xray_segment_id" => "/aws/xray/segment_id",
        "xray_sampled" => "/aws/xray/sampled",
        "name" => "/lambda/extension/name",
        "state" => "/lambda/extension/state",
        "events" => "/lambda/extension/events",
        "types" => "/lambda/extension/types",
        "dropped_records" => "/lambda/dropped/records",
        "dropped_bytes" => "/lambda/dropped/bytes",
        "reason" => "/lambda/dropped/reason",
        "duration_ms" => "/lambda/duration_ms",
        "billed_duration_ms" => "/lambda/billed_duration_ms",
        "memory_size_mb" => "/lambda/memory_size_mb",
        "max_memory_used_mb" => "/lambda/max_memory_used_mb",
        "init_duration_ms" => "/lambda/init_duration_ms",
        "restore_duration_ms" => "/lambda/restore_duration_ms",
        "billed_restore_duration_ms" => "/lambda/billed_restore_duration_ms",
        "produced_bytes" => "/lambda/produced_bytes",
        "timeout_seconds" => "/lambda/timeout_seconds",
        "status" => "/lambda/status",
        "error_type" => "/lambda/error_type",
        "phase" => "/lambda/phase",
        "initialization_type" => "/lambda/initialization_type",
        "runtime_version" => "/lambda/runtime_version",
        "runtime_version_arn" => "/lambda/runtime_version_arn",
        "function_arn" => "/lambda/function_arn",
        "tenant_id" => "/lambda/tenant_id",
        "durable_execution_arn" => "/lambda/durable/execution_arn",
        "durable_execution_name" => "/lambda/durable/execution_name",
        "durable_operation" => "/lambda/durable/operation",
        "durable_attempt" => "/lambda/durable/attempt",
        _ => return None,
    })
}

pub(super) fn same(name: &str, expected: &Value, found: &Value) -> bool {
    match name {
        "is_json" => return expected.as_bool() == Some(!found.is_null()),
        // `_aws` without metrics is not one.
        "is_emf" => return expected.as_bool() == Some(!found.is_null()),
        _ => {}
    }
    let breaks = ['\n', '\r'];
    match (name, expected.as_str(), found.as_str()) {
        ("timestamp" | "timestamp_instant", Some(expected), Some(found)) => {
            let instant = |text: &str| {
                let time: jiff::Timestamp = text.parse().expect("a time");
                time.as_millisecond()
            };
            instant(expected) == instant(found)
        }
        // Without a time of the line's the document has the object's.
        ("timestamp" | "timestamp_instant", None, Some(_)) => true,
        ("level", Some(expected), Some(found)) => {
            expected.to_uppercase().replace("WARNING", "WARN") == found
        }
        ("message" | "message_raw", Some(expected), Some(found)) => {
            expected.trim_end_matches(breaks) == found.trim_end_matches(breaks)
        }
        _ => match (expected.as_f64(), found.as_f64()) {
            (Some(expected), Some(found)) => (expected - found).abs() < 1e-9,
            _ => expected == found,
        },
    }
}

#[test]
fn documents_say_of_every_line_what_they_must() {
    let nowhere = Arc::new(Origin::default());
    let later = ObjectInfo {
        last_modified: Some(4_000_000_000_000),
        ..object()
    };
    let mut failures = String::new();
    let mut count = 0;
    for file in [
        "cases",
        "more",
        "aws2026",
        "structure",
        "errors",
        "corpus2",
        "levels",
        "public",
    ] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lines/");
        let cases = fs::read_to_string(format!("{folder}{file}.jsonl")).expect("the fixtures");
        for line in cases.lines().filter(|line| !line.is_empty()) {
            let case: Value = serde_json::from_str(line).expect("a fixture is JSON");
            let text = case["input"].as_str().expect("its input is text");
            let record = crate::parse::parse(text);
            let timeless = Event {
                time: None,
                ..event(text, &nowhere)
            };
            let options = options();
            let context = LineContext::default();
            let found = with(&later, &options, &timeless, false, &record, &context);
            let function = record.kind == Kind::Function;
            for (name, expected) in case["expected"].as_object().expect("its expectations") {
                count += 1;
                let value = path(name, function)
                    .map(|path| found["source"].pointer(path).unwrap_or(&Value::Null));
                if !value.is_some_and(|value| same(name, expected, value)) {
                    let id = &case["id"];
                    let _ = writeln!(
                        failures,
                        "{id} {name}: expected {expected}, found {value:?}\n    {text:?}"
                    );
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(count > 500);
}

#[test]
fn an_empty_list_and_a_time_in_milliseconds_are_written() {
    let known = Arc::new(origin());
    let source = |text: &str| {
        let record = crate::parse::parse(text);
        let found = document(&event(text, &known), &record, &LineContext::default());
        found["source"].clone()
    };
    let extension = source("EXTENSION\tName: lambda-adapter\tState: Ready\tEvents: []");
    assert_eq!(extension["lambda"]["extension"]["events"], json!([]));
    assert_eq!(extension["lambda"]["extension"].get("types"), None);
    let emf = source(r#"{"_aws":{"Timestamp":1656689267834,"CloudWatchMetrics":[]}}"#);
    assert_eq!(emf["emf"]["timestamp"], json!(1_656_689_267_834_i64));
    // No date can show these.
    for time in ["-1", "1e300"] {
        let emf = source(&format!(
            r#"{{"_aws":{{"Timestamp":{time},"CloudWatchMetrics":[]}}}}"#
        ));
        assert_eq!(emf.get("emf"), None, "{time}");
    }
}
