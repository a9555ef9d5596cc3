//! The lines of `fixtures/lines` against their expected records, and a few properties of the parser.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::parse::parse;
use crate::parse::record::{Kind, Record};

/// The record's value of the field that the fixtures call `name`; `None` if a record has no such field.
fn actual(record: &Record<'_>, name: &str) -> Option<Value> {
    let platform = record.platform.as_deref().cloned().unwrap_or_default();
    let xray = record.xray.as_deref().cloned().unwrap_or_default();
    let error = record.error.as_deref().cloned().unwrap_or_default();
    let durable = platform.durable.as_deref();
    let extension = platform.extension.clone().unwrap_or_default();
    let dropped = platform.dropped.clone().unwrap_or_default();
    let function = record.kind == Kind::Function;
    Some(match name {
        "kind" => record.kind.as_str().into(),
        "timestamp" | "timestamp_instant" => record.time.into(),
        "request_id" => record.request_id.as_deref().into(),
        "version" => record.version.as_deref().into(),
        "function_name" => record.function_name.as_deref().into(),
        "level" => record.level.map(crate::parse::record::Level::as_str).into(),
        "logger" => record.logger.as_deref().into(),
        "message" | "message_raw" => record.message.trim_end_matches(['\n', '\r']).into(),
        "is_json" => record.app.is_some().into(),
        "is_emf" => record.emf.is_some().into(),
        "emf_namespaces" => record.emf.as_ref().map(|emf| emf.namespaces.clone()).into(),
        "emf_timestamp_ms" => record.emf.as_ref().and_then(|emf| emf.timestamp).into(),
        "duration_ms" => platform.duration_ms.into(),
        "billed_duration_ms" => platform.billed_duration_ms.into(),
        "memory_size_mb" => platform.memory_size_mb.into(),
        "max_memory_used_mb" => platform.max_memory_used_mb.into(),
        "init_duration_ms" => platform.init_duration_ms.into(),
        "restore_duration_ms" => platform.restore_duration_ms.into(),
        "billed_restore_duration_ms" => platform.billed_restore_duration_ms.into(),
        "produced_bytes" => platform.produced_bytes.into(),
        "timeout_seconds" => platform.timeout_seconds.into(),
        "status" => platform.status.as_deref().into(),
        "phase" => platform.phase.as_deref().into(),
        "initialization_type" => platform.initialization_type.as_deref().into(),
        "runtime_version" => platform.runtime_version.as_deref().into(),
        "runtime_version_arn" => platform.runtime_version_arn.as_deref().into(),
        "function_arn" => platform.function_arn.as_deref().into(),
        "tenant_id" => platform.tenant_id.as_deref().into(),
        "durable_execution_arn" => durable.map(|durable| &*durable.execution_arn).into(),
        "durable_execution_name" => durable
            .and_then(|durable| durable.execution_name.as_deref())
            .into(),
        "durable_operation" => durable
            .and_then(|durable| durable.operation.as_deref())
            .into(),
        "durable_attempt" => durable.and_then(|durable| durable.attempt).into(),
        "error_type" if function => error.kind.as_deref().into(),
        "error_type" => platform.error_type.as_deref().into(),
        "error_message" => error.message.as_deref().into(),
        "stack_trace" => error.stack_trace.as_deref().into(),
        "xray_trace_id" => xray.trace_id.as_deref().into(),
        "xray_segment_id" => xray.segment_id.as_deref().into(),
        "xray_sampled" => xray.sampled.into(),
        "name" => extension.name.as_deref().into(),
        "state" => extension.state.as_deref().into(),
        "events" => extension.events.into(),
        "types" => extension.types.into(),
        "dropped_records" => dropped.records.into(),
        "dropped_bytes" => dropped.bytes.into(),
        "reason" => dropped.reason.as_deref().into(),
        _ => return None,
    })
}

/// Compares two values: numbers as numbers, times as instants, levels in any case.
fn same(name: &str, expected: &Value, actual: &Value) -> bool {
    match (name, expected.as_str()) {
        ("timestamp" | "timestamp_instant", Some(time)) => {
            let time: jiff::Timestamp = time.parse().expect("a fixture's time");
            actual.as_i64() == Some(time.as_millisecond())
        }
        ("level", Some(level)) => {
            let level = level.to_uppercase().replace("WARNING", "WARN");
            actual.as_str() == Some(&*level)
        }
        ("message" | "message_raw", Some(message)) => {
            actual.as_str() == Some(message.trim_end_matches(['\n', '\r']))
        }
        _ => match (expected.as_f64(), actual.as_f64()) {
            (Some(expected), Some(actual)) => (expected - actual).abs() < 1e-9,
            _ => expected == actual,
        },
    }
}

fn check(file: &str) -> usize {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lines/");
    let cases = fs::read_to_string(format!("{path}{file}")).expect("the fixtures");
    let mut failures = String::new();
    let mut count = 0;
    for line in cases.lines().filter(|line| !line.is_empty()) {
        count += 1;
        let case: Value = serde_json::from_str(line).expect("a fixture is JSON");
        let text = case["input"].as_str().expect("its input is text");
        let record = parse(text);
        for (name, expected) in case["expected"].as_object().expect("its expectations") {
            let actual = actual(&record, name);
            let matches = actual
                .as_ref()
                .is_some_and(|actual| same(name, expected, actual));
            if !matches {
                let id = &case["id"];
                let _ = writeln!(
                    failures,
                    "{id} {name}: expected {expected}, found {actual:?}\n    {text:?}"
                );
            }
        }
    }
    assert!(failures.is_empty(), "{file}:\n{failures}");
    count
}

#[test]
fn public_lines_become_the_expected_records() {
    assert!(check("cases.jsonl") > 100);
}

#[test]
fn our_own_lines_become_the_expected_records() {
    assert!(check("more.jsonl") > 0);
    assert!(check("structure.jsonl") > 0);
}

#[test]
fn lines_of_what_aws_added_since_2025_become_the_expected_records() {
    assert!(check("aws2026.jsonl") > 20);
}

#[test]
fn errors_of_every_runtime_become_the_expected_records() {
    assert!(check("errors.jsonl") > 90);
}

#[test]
fn newer_public_lines_become_the_expected_records() {
    assert!(check("corpus2.jsonl") > 80);
}

#[test]
fn lines_of_loggers_have_their_level() {
    assert!(check("levels.jsonl") > 300);
    assert!(check("public.jsonl") > 100);
}

#[test]
fn common_lines_need_no_allocation() {
    for text in [
        "START RequestId: 405bb962-f57b-521d-81a1-e7272fbf6077 Version: $LATEST\n",
        "2020-10-07T00:12:32.573Z\t152453e0-3bcf-46b2-9e9a-3a03079395db\tINFO\tsaid\n",
        "[INFO]\t2019-01-05T04:45:58.984Z\ta7f14ae4-10a4-11e9-ab9d-478d60f1dab7\tsaid\n",
        "{\"timestamp\":\"2024-02-09T08:42:44.078Z\",\"requestId\":\"a\",\"message\":\"said\"}",
        "only text",
    ] {
        let record = parse(text);
        assert!(matches!(record.message, Cow::Borrowed(_)), "{text}");
        assert!(!matches!(record.request_id, Some(Cow::Owned(_))), "{text}");
        assert!(
            record.platform.is_none() && record.error.is_none(),
            "{text}"
        );
    }
}

#[test]
fn a_line_of_many_keys_keeps_only_some_of_them() {
    let text = format!("REPORT RequestId: a {}", "Key: 1 ".repeat(10_000));
    let platform = parse(&text).platform.expect("its fields");
    assert!(platform.unknown.len() < 100);
}

#[test]
fn nanoseconds_out_of_range_are_ignored() {
    let time = |nanos: &str| {
        let text = format!(
            r#"{{"instant":{{"epochSecond":1715681730,"nanoOfSecond":{nanos}}},"message":"m"}}"#
        );
        parse(&text).time
    };
    assert_eq!(time("250000000"), Some(1_715_681_730_250));
    for wild in ["1e50", "-1e50", "1000000000", "-1"] {
        assert_eq!(time(wild), Some(1_715_681_730_000), "{wild}");
    }
}
