//! Every event of `fixtures/runtimes`, from real runtime clients and loggers, by the rules of its README.

use super::corpus::{path, same};
use crate::document::tests::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/runtimes/");

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).expect("the fixtures");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    files.sort();
    files
}

fn holds(name: &str, expected: &Value, source: &Value) -> bool {
    let text = |path: &str| source.pointer(path).and_then(Value::as_str);
    let part = expected.as_str().unwrap_or_default();
    match name {
        "message_start" => text("/message").is_some_and(|found| found.starts_with(part)),
        "message_part" => text("/message").is_some_and(|found| found.contains(part)),
        "message_without" => text("/message").is_some_and(|found| !found.contains(part)),
        "stack_trace_part" => text("/error/stack_trace").is_some_and(|found| found.contains(part)),
        _ => path(name, true)
            .is_some_and(|path| same(name, expected, source.pointer(path).unwrap_or(&Value::Null))),
    }
}

/// The expectations that the document of this row misses, with what it has instead.
fn misses(row: &Value) -> Vec<String> {
    let nowhere = Arc::new(Origin::default());
    let text = row["input"].as_str().expect("its input is text");
    let record = crate::parse::parse(text);
    let context = LineContext::default();
    let found = document(&event(text, &nowhere), &record, &context);
    let source = &found["source"];
    let expected = row["expected"].as_object().expect("its expectations");
    let missed = expected
        .iter()
        .filter(|(name, expected)| !holds(name, expected, source));
    let document = json!({
        "level": source.pointer("/log/level"), "request_id": source.pointer("/faas/invocation_id"),
        "logger": source.pointer("/log/logger"), "message": source["message"], "error": source["error"],
    });
    missed
        .map(|(name, expected)| format!("{name}: expected {expected}, found {document}"))
        .collect()
}

#[test]
fn what_real_clients_and_loggers_write_is_understood() {
    let mut failures = String::new();
    let mut pending_by_reason: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    for file in files() {
        let name = file.file_stem().expect("a name").to_string_lossy();
        let rows = fs::read_to_string(&file).expect("the fixtures");
        for line in rows.lines() {
            let row: Value = serde_json::from_str(line).expect("a fixture is JSON");
            let (id, misses, pending) = (&row["id"], misses(&row), row["pending"].as_str());
            count += 1;
            if let Some(reason) = pending {
                *pending_by_reason.entry(reason.into()).or_default() += 1;
            }
            match (misses.is_empty(), pending) {
                (true, Some(reason)) => {
                    let _ = writeln!(
                        failures,
                        "{name} {id} is right now: remove its mark ({reason})"
                    );
                }
                (false, None) => {
                    let _ = writeln!(failures, "{name} {id}\n    {}", misses.join("\n    "));
                }
                _ => {}
            }
        }
    }
    let pending: usize = pending_by_reason.values().sum();
    println!("{count} events, {pending} of them known to come out wrong: {pending_by_reason:#?}");
    assert!(failures.is_empty(), "\n{failures}");
    assert!(count > 900);
}
