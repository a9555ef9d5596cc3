/*! Every fixture of the project as objects in a folder: their documents have all fields of the schema. */

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// The flags of `ingest` over the folder.
pub const FLAGS: [&str; 5] = [
    "--log-group-pattern",
    "exports/{function}/",
    "--keep-original",
    "--max-event-bytes",
    "64KiB",
];

/// A document as `ingest` prints it.
pub struct Document {
    pub index: String,
    pub id: String,
    pub source: Value,
}

pub fn write(folder: &Path) {
    demo(folder);
    let lines = subscription("/aws/lambda/corpus", &inputs("fixtures/lines"));
    put(folder, "subscription/lines.json", lines.as_bytes());
    for (number, input) in inputs("fixtures/decode").iter().enumerate() {
        put(folder, &format!("files/{number}.log"), input.as_bytes());
    }
    for name in [
        "fixtures/explain/lines.json",
        "fixtures/explain/messy.log",
        "fixtures/decode/files/calo_node20.txt",
        "fixtures/decode/files/cloudwatch_log_timeout.json",
    ] {
        put(folder, name, &read(name));
    }
    put(folder, "special/long.log", &[b'x'; 100_000]);
    put(folder, &export_key(1), chatty().as_bytes());
    let text = |line: Value| {
        line.as_str()
            .map_or_else(|| line.to_string(), str::to_owned)
    };
    let reports: Vec<String> = everything().map(text).to_vec();
    put(
        folder,
        "special/everything.json",
        subscription("/aws/lambda/everything", &reports).as_bytes(),
    );
}

/// The documents that `ingest` prints for the folder, with further flags.
pub fn documents(folder: &Path, flags: &[&str]) -> Vec<Document> {
    let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .args(["ingest", "--to", "ndjson"])
        .args(FLAGS)
        .args(flags)
        .arg(folder)
        .stdin(Stdio::null())
        .output()
        .expect("ingest runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("a document is JSON");
            Document {
                index: line["_index"].as_str().expect("an index").to_owned(),
                id: line["_id"].as_str().expect("an id").to_owned(),
                source: line["_source"].take(),
            }
        })
        .collect()
}

/// The value at a dotted path.
pub fn at<'v>(source: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(source, |value, name| value.get(name))
}

fn put(folder: &Path, key: &str, bytes: &[u8]) {
    let path = folder.join(key);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The objects of the demo alone, under the keys of an export.
pub fn demo(folder: &Path) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let mut folders = vec![fixtures.clone()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(&inside).expect("the fixtures") {
            let path = entry.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&fixtures).expect("inside");
            let name = name.to_str().expect("UTF-8").replace(".log", ".gz");
            put(folder, &name, &std::fs::read(&path).expect("a file"));
        }
    }
}

/// The texts of a folder's cases that can be read to their end, without binary ones.
fn inputs(folder: &str) -> Vec<String> {
    let mut inputs = Vec::new();
    for file in ["cases", "more", "aws2026"] {
        let cases = String::from_utf8(read(&format!("{folder}/{file}.jsonl"))).expect("UTF-8");
        for line in cases.lines().filter(|line| !line.is_empty()) {
            let case: Value = serde_json::from_str(line).expect("a fixture is JSON");
            let is_text = !matches!(
                case["category"].as_str(),
                Some("key_layout" | "stream_name")
            );
            let is_whole = case["expected"].get("error").is_none();
            if is_text && is_whole {
                inputs.extend(case["input"].as_str().map(str::to_owned));
            }
        }
    }
    assert!(inputs.len() > 50, "{folder}: {}", inputs.len());
    inputs
}

/// An envelope of CloudWatch's with these messages, a second apart.
pub fn subscription(group: &str, messages: &[String]) -> String {
    let events: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(number, message)| {
            json!({
                "id": format!("{number:056}"),
                "timestamp": 1_795_428_672_345_u64 + number as u64 * 1000,
                "message": message,
                "extractedFields": {"@aws.account": "111122223333", "@aws.region": "eu-central-1"},
            })
        })
        .collect();
    json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": group,
        "logStream": "2026/11/23/[7]0123456789abcdef0123456789abcdef",
        "subscriptionFilters": ["f"], "logEvents": events,
    })
    .to_string()
}

fn export_key(stream: u32) -> String {
    format!(
        "exports/chatty/0f0f0f0f-1111-4222-8333-444444444444/2026-11-23-[$LATEST]{stream:032x}/000000.gz"
    )
}

/// A request with more lines than a summary counts one by one.
fn chatty() -> String {
    let id = "0badcafe-0000-4000-8000-000000000001";
    let mut text = format!("2026-11-23T10:00:00.000Z START RequestId: {id} Version: $LATEST\n");
    for line in 0..9000 {
        text.push_str(&format!(
            "2026-11-23T10:00:01.000Z 2026-11-23T10:00:01.000Z\t{id}\tINFO\t{line}\n"
        ));
    }
    text.push_str(&format!("2026-11-23T10:00:02.000Z END RequestId: {id}\n"));
    text
}

/// One invocation whose lines have every member that summaries use.
fn everything() -> [Value; 6] {
    let id = "0badcafe-0000-4000-8000-000000000002";
    [
        json!({"time": "2026-11-23T10:11:12.345Z", "type": "platform.initStart", "record": {
            "initializationType": "snap-start", "phase": "init", "functionName": "everything", "functionVersion": "7",
            "runtimeVersion": "nodejs:20.v15",
            "runtimeVersionArn": "arn:aws:lambda:eu-central-1::runtime:379c"}}),
        json!({"time": "2026-11-23T10:11:13.345Z", "type": "platform.start", "record": {
            "requestId": id, "version": "7", "tenantId": "BlueTenant",
            "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:everything"}}),
        json!({"timestamp": "2026-11-23T10:11:13.845Z", "level": "INFO", "message": "Running step", "requestId": id,
            "executionArn": "arn:aws:lambda:eu-central-1:123456789012:function:everything:7/durable-execution/all/1",
            "operationId": "c4ca", "operationName": "charge", "attempt": 2}),
        json!({"time": "2026-11-23T10:11:14.345Z", "type": "platform.runtimeDone", "record": {
            "requestId": id, "status": "timeout", "errorType": "Runtime.Whatever",
            "metrics": {"durationMs": 3000.0, "producedBytes": 50}}}),
        json!(format!(
            "2026-11-23T10:11:15.345Z {id} Task timed out after 3.00 seconds"
        )),
        json!({"time": "2026-11-23T10:11:16.345Z", "type": "platform.report", "record": {
            "requestId": id, "status": "timeout", "errorType": "Runtime.Whatever",
            "metrics": {"durationMs": 3000.0, "billedDurationMs": 3000, "memorySizeMB": 128, "maxMemoryUsedMB": 98,
                "initDurationMs": 120.96, "restoreDurationMs": 398.97, "billedRestoreDurationMs": 182},
            "tracing": {"spanId": "31255c3b19bd3637", "type": "X-Amzn-Trace-Id",
                "value": "Root=1-5d83c0ad-b8eb33a0b1de97d804fac890;Parent=31255c3b19bd3637;Sampled=1"}}}),
    ]
}
