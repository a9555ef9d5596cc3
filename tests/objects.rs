/*! Objects of every form: files go through the whole pipeline of `ingest`, without any server. */

use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};

/// The result of `ingest` over a file: documents by kind, and the log.
struct Ingested {
    success: bool,
    messages: Vec<String>,
    invocations: usize,
    log: String,
}

fn ingest(bytes: &[u8], flags: &[&str]) -> Ingested {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .arg("ingest")
        .args(flags)
        .arg(file.path())
        .env_clear()
        .output()
        .unwrap();
    let mut ingested = Ingested {
        success: output.status.success(),
        messages: Vec::new(),
        invocations: 0,
        log: String::from_utf8(output.stderr).unwrap(),
    };
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let document: Value = serde_json::from_str(line).unwrap();
        match document["_source"]["message"].as_str() {
            Some(message) => ingested.messages.push(message.to_owned()),
            None => ingested.invocations += 1,
        }
    }
    ingested
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/fixtures/objects/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_members_with_line_breaks_behind_them_are_all_read() {
    let ingested = ingest(&fixture("gzip-newline.gz"), &[]);
    assert!(ingested.success, "{}", ingested.log);
    assert_eq!((ingested.messages.len(), ingested.invocations), (8, 2));
}

#[test]
fn what_follows_a_whole_member_is_refused_and_its_last_event_is_there() {
    let text = b"2026-11-23T10:00:00.000Z START RequestId: 1b2c3d4e-0000-4000-8000-000000000001 Version: $LATEST\n\
        2026-11-23T10:00:00.200Z REPORT RequestId: 1b2c3d4e-0000-4000-8000-000000000001\tDuration: 150.00 ms\tBilled Duration: 150 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n";
    for behind in [
        &b"and more"[..],
        b"\n{}",
        b"\x1f\x8b\x07\0",
        b"PK\x03\x04\x0a\0",
    ] {
        let ingested = ingest(&[&gzip(text), behind].concat(), &[]);
        assert!(!ingested.success);
        assert_eq!(
            (ingested.messages.len(), ingested.invocations),
            (2, 1),
            "{}",
            ingested.log
        );
        assert!(ingested.messages[1].starts_with("REPORT"));
        assert!(
            ingested.log.contains("between compressed members, at byte"),
            "{}",
            ingested.log
        );
    }
}

#[test]
fn formats_that_are_no_logs_are_named_and_nothing_of_them_is_indexed() {
    for (name, called) in [
        ("archive.zip", "a ZIP archive: not read"),
        ("text.xz", "xz: not read"),
        ("text.bz2", "bzip2: not read"),
        ("text.lz4", "lz4: not read"),
        ("text.tar", "a tar archive: not read"),
    ] {
        for stored in [fixture(name), gzip(&fixture(name))] {
            let ingested = ingest(&stored, &[]);
            assert!(!ingested.success);
            assert_eq!(ingested.messages.len(), 0, "{name}");
            assert!(ingested.log.contains(called), "{}", ingested.log);
        }
    }
    let noise: Vec<u8> = (0u32..9000)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let ingested = ingest(&noise, &[]);
    assert_eq!(ingested.messages.len(), 0);
    assert!(ingested.log.contains("looks binary"), "{}", ingested.log);
}

#[test]
fn what_pzstd_writes_is_read() {
    let ingested = ingest(&fixture("pzstd.zst"), &[]);
    assert!(ingested.success, "{}", ingested.log);
    assert_eq!(ingested.messages.len(), 200);
}

#[test]
fn records_that_firehose_could_not_process_are_read_and_its_error_is_told() {
    let ingested = ingest(&fixture("firehose-processing-failed.json"), &[]);
    assert!(ingested.success, "{}", ingested.log);
    assert_eq!((ingested.messages.len(), ingested.invocations), (8, 2));
    assert!(
        ingested.log.contains("Firehose could not process"),
        "{}",
        ingested.log
    );
}

fn envelope(n: u32, events: u32, length: usize) -> Value {
    let event = |i: u32| {
        json!({"id": format!("{n:03}{i:053}"), "timestamp": 1_795_773_600_000u64 + u64::from(i),
               "message": format!("event {n} {i} {}\n", "x".repeat(length))})
    };
    json!({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/lambda/orders",
           "logStream": "2026/11/27/[$LATEST]0123456789abcdef0123456789abcdef", "subscriptionFilters": ["all"],
           "logEvents": (0..events).map(event).collect::<Vec<_>>()})
}

#[test]
fn three_megabytes_of_envelopes_in_one_array_give_all_their_events() {
    let envelopes: Vec<Value> = (0..30).map(|n| envelope(n, 200, 400)).collect();
    for stored in [
        json!(envelopes).to_string(),
        serde_json::to_string_pretty(&envelopes).unwrap(),
    ] {
        let ingested = ingest(&gzip(stored.as_bytes()), &[]);
        assert!(ingested.success, "{}", ingested.log);
        assert_eq!(ingested.messages.len(), 6000);
    }
}

#[test]
fn a_document_of_records_over_the_cap_is_broken_and_not_cut() {
    let records: Vec<Value> = (0..5000)
        .map(|i| json!({"eventID": i, "body": "x".repeat(300)}))
        .collect();
    let ingested = ingest(json!({"Records": records}).to_string().as_bytes(), &[]);
    assert!(!ingested.success);
    assert_eq!(ingested.messages.len(), 0);
    assert!(
        ingested.log.contains("--max-event-bytes"),
        "{}",
        ingested.log
    );
}

#[test]
fn what_is_inflated_inside_of_an_envelope_counts_for_the_caps() {
    use base64::Engine;
    // CloudWatch writes the header first; an envelope of this size without it at its start is a broken object.
    let sorted = envelope(0, 400, 100_000).to_string();
    let (events, header) = sorted.split_at(sorted.find(",\"logGroup\"").unwrap());
    let header = header[1..].strip_suffix('}').unwrap();
    let inside = format!("{{{header},{}}}", &events[1..]);
    let data = base64::engine::general_purpose::STANDARD.encode(gzip(inside.as_bytes()));
    let stored = json!({"awslogs": {"data": data}}).to_string();
    for (flags, named) in [
        (["--max-ratio", "10"], "(--max-ratio) at byte 0"),
        (
            ["--max-object-bytes", "20MB"],
            "(--max-object-bytes) at byte 0",
        ),
    ] {
        let ingested = ingest(stored.as_bytes(), &flags);
        assert!(!ingested.success);
        assert!(ingested.messages.len() < 210, "{}", ingested.messages.len());
        assert!(ingested.log.contains(named), "{}", ingested.log);
    }
    assert!(ingest(stored.as_bytes(), &[]).success);
}

#[test]
fn local_copies_of_web_functions_are_skipped_if_asked() {
    let envelope = |group: &str| {
        json!({
            "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": group, "logStream": "s",
            "subscriptionFilters": ["f"], "logEvents": [
                {"id": "1", "timestamp": 1_795_428_672_345_u64, "message": "one"},
                {"id": "2", "timestamp": 1_795_428_672_346_u64, "message": "two"},
            ],
        })
        .to_string()
    };
    let local = envelope("/aws/lambda/web/my-site.local");
    let both = envelope("/aws/lambda/web/my-site") + &local;
    for (input, flags, messages, skipped) in [
        (&both, &["--skip-local-copies"][..], 2, true),
        (&local, &["--skip-local-copies"], 0, true),
        (&both, &[], 4, false),
    ] {
        let ingested = ingest(input.as_bytes(), flags);
        assert!(ingested.success, "{}", ingested.log);
        assert_eq!(ingested.messages.len(), messages, "{}", ingested.log);
        assert_eq!(
            ingested.log.contains("\"local_copies\":2"),
            skipped,
            "{}",
            ingested.log
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let task = "248945c1-c71f-430b-ab6b-fd7c9a249ef9";
    for (group, text) in [("my-site", "kept"), ("my-site.local", "skipped")] {
        let stream = "2026-09-16-[$LATEST]0123456789abcdef0123456789abcdef";
        let key = format!("exports/aws/lambda/web/{group}/{task}/{stream}/000000.gz");
        let path = folder.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let line = format!("2026-09-16T10:00:00.000Z {text}\n");
        std::fs::write(path, gzip(line.as_bytes())).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .args(["ingest", "--skip-local-copies"])
        .arg(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let (printed, log) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(
        printed.contains("kept") && !printed.contains("\"message\":\"skipped\""),
        "{log}"
    );
    assert!(
        log.contains("local copy of the log group of a Web Function"),
        "{log}"
    );
}
