/*! Objects of every kind are loaded within a memory limit. */

use std::io::Write;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use logferry_core::document::template::{Settings, templates};
use serde_json::json;

use crate::support::{Log, NODE, Stage, direct, export, export_key, finish, gzip};

/// About 2 GB of text. The index is a stub that counts: a real one would take an hour for as many documents.
const LARGE: u64 = 2_000_000_000;

fn large_gzip() -> (Vec<u8>, u64) {
    // Lines of up to half a megabyte: memory depends on bytes, and short lines would cost a debug build minutes.
    let mut block = export(7, 200);
    for (i, size) in [1_000, 30_000, 200_000, 500_000]
        .into_iter()
        .cycle()
        .take(40)
        .enumerate()
    {
        let words =
            format!("{i} a line with \"quotes\", \ttabs and numbers {size} ").repeat(size / 40);
        block.extend_from_slice(format!("2026-11-23T12:00:00.{i:03}Z {words}\n").as_bytes());
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut bytes = 0;
    while bytes < LARGE {
        encoder.write_all(&block).unwrap();
        bytes += block.len() as u64;
    }
    (encoder.finish().unwrap(), bytes)
}

/// Peak resident memory in bytes, so far.
fn peak_resident(pid: u32) -> Option<u64> {
    status(pid, "VmHWM:")
}

/// A line of a process's status, in bytes.
fn status(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// A stub of an index that accepts every document and stores none.
async fn stub_index() -> (String, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    index_that_answers(|_, _| TAKEN).await
}

/// What an index answers of a document: by the number of the bulk with many documents, and the document's place in it.
type Answer = fn(u64, usize) -> &'static str;

/// The answer to a sample that is asked about: OpenSearch parses it and writes nothing, or refuses it.
const CONFLICT: &str = r#"{"index":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"required seqNo"}}}"#;

/// An index that answers so, and that takes a sample wherever it takes the first document of a bulk.
async fn index_that_answers(
    answer: Answer,
) -> (String, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    use axum::routing::{get, post};
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = taken.clone();
    let bulks = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let bulk = move |body: axum::body::Bytes| async move {
        let documents = memchr::memchr_iter(b'\n', &body).count() / 2;
        let is_sample =
            body.starts_with(b"{\"index\":") && memchr::memmem::find(&body, b"if_seq_no").is_some();
        let number = bulks.fetch_add(u64::from(!is_sample), std::sync::atomic::Ordering::Relaxed);
        let items: Vec<_> = match is_sample && answer(number, 0) == TAKEN {
            true => vec![CONFLICT],
            false => (0..documents).map(|place| answer(number, place)).collect(),
        };
        let taken = items.iter().filter(|item| **item == TAKEN).count();
        counter.fetch_add(taken as u64, std::sync::atomic::Ordering::Relaxed);
        format!(r#"{{"items":[{}]}}"#, items.join(","))
    };
    let ours = templates("any", &Settings::NONE).into_iter().next_back();
    let ours = ours.expect("templates").body;
    let template = json!({"index_templates": [{"index_template": ours}]}).to_string();
    let app = axum::Router::new()
        .route(
            "/",
            get(|| async { r#"{"version":{"number":"3.4.0","distribution":"opensearch"}}"# }),
        )
        // As `logferry setup` has made them.
        .route("/_index_template/{name}", get(move || async { template }))
        .route("/_bulk", post(bulk))
        .layer(axum::extract::DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, taken)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn two_gigabytes_go_through_in_less_than_two_hundred_megabytes() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("memory", 300).await;
    let (object, bytes) = tokio::task::spawn_blocking(large_gzip).await.unwrap();
    stage.upload(&export_key(7), object).await;
    let (url, taken) = stub_index().await;
    let mut worker = stage.worker();
    worker
        .args(["--opensearch-url", &url])
        .env_remove("LOGFERRY_SETUP");
    let (log, peak, _) = watched(worker).await;
    assert!(log.success, "{}", log.text);
    assert_eq!(log.sum("bytes"), bytes);
    let documents = log.sum("indexed");
    assert_eq!(taken.load(std::sync::atomic::Ordering::Relaxed), documents);
    eprintln!(
        "peak resident memory: {} MB for {} MB",
        peak / 1_000_000,
        bytes / 1_000_000
    );
    assert!(peak > 0 && peak < 200_000_000, "{} MB", peak / 1_000_000);
}

/// Runs a worker to its end: its log, its peak resident memory, and how much of that is the program's own code.
async fn watched(mut worker: Command) -> (Log, u64, u64) {
    let child = worker.spawn().unwrap();
    let pid = child.id();
    let (done, mut finished) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || done.send(finish(child)));
    let (mut peak, mut code) = (0, 0);
    loop {
        tokio::select! {
            log = &mut finished => return (log.unwrap(), peak, code),
            () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {
                peak = peak_resident(pid).unwrap_or(peak).max(peak);
                code = status(pid, "RssFile:").unwrap_or(code).max(code);
            }
        }
    }
}

/// The number of objects of one kind at once, with the default limits.
const OBJECTS: u32 = 32;
/// The release build holds 110 MB in all (docs/reliability.md). The build of the tests, beside other tests, needs up to
/// 10 MB more than that.
const MOST: u64 = 120_000_000 - RELEASE_CODE;
const RELEASE_CODE: u64 = 15_000_000;

/// Uploads an object for each number and runs a worker over them, which must stay under the limit.
async fn all_at_once(
    name: &str,
    answer: Answer,
    object: impl Fn(u32) -> Vec<u8>,
    flags: &[&str],
) -> (Log, std::path::PathBuf) {
    all_within(MOST, name, answer, object, flags).await
}

/// [`all_at_once`] under another limit, in bytes.
async fn all_within(
    most: u64,
    name: &str,
    answer: Answer,
    object: impl Fn(u32) -> Vec<u8>,
    flags: &[&str],
) -> (Log, std::path::PathBuf) {
    let stage = Stage::with_visibility(name, 300).await;
    let letters = std::env::temp_dir().join(format!("logferry-{}", stage.prefix));
    let mut sent = Vec::new();
    for n in 0..OBJECTS {
        let key = format!("{name}/{n:02}");
        stage.put(&key, object(n)).await;
        sent.push(direct(&stage.bucket, &[&key]));
    }
    for message in &sent {
        stage.send(message).await;
    }
    let (url, _) = index_that_answers(answer).await;
    let mut worker = stage.worker();
    worker
        .args(["--opensearch-url", &url])
        .arg("--dead-letters")
        .arg(format!("file://{}", letters.display()))
        .args(flags)
        .env_remove("LOGFERRY_SETUP");
    let (log, peak, code) = watched(worker).await;
    eprintln!(
        "{name}: peak resident memory {:.1} MB, {:.1} of it code",
        peak as f64 / 1e6,
        code as f64 / 1e6
    );
    assert!(log.success, "{}", log.text);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0), "{}", log.text);
    assert_eq!(
        log.with_message("settled").len(),
        OBJECTS as usize,
        "{}",
        log.text
    );
    assert!(
        peak > 0 && peak - code < most,
        "{name}: {} MB",
        peak / 1_000_000
    );
    (log, letters)
}

const TAKEN: &str = r#"{"create":{"status":201}}"#;

fn envelope(n: u32, events: u32, length: usize) -> String {
    let events: Vec<_> = (0..events)
        .map(|i| {
            json!({"id": format!("{n:06}{i:050}"), "timestamp": 1_795_773_600_000u64 + u64::from(i),
                   "message": format!("event {n} {i} {}\n", "x".repeat(length))})
        })
        .collect();
    let events = serde_json::Value::from(events);
    // The header first, as CloudWatch writes it.
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/f","logStream":"2026/11/23/[$LATEST]{n:032x}","subscriptionFilters":["all"],"logEvents":{events}}}"#
    )
}

/// The event of a subscribed function: an envelope, compressed, in base64, in JSON.
fn wrapped(envelope: &str) -> String {
    json!({"awslogs": {"data": STANDARD.encode(gzip(envelope.as_bytes()))}}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn bombs_inside_of_envelopes_are_stopped_by_the_caps_that_they_name() {
    let _node = NODE.read().await;
    // 40 MB in an envelope of some 100 kB.
    let bomb = envelope(0, 400, 100_000);
    let bomb = wrapped(&bomb);
    for (name, flags, named) in [
        (
            "bomb-size",
            &["--max-object-bytes", "20MB"][..],
            "--max-object-bytes",
        ),
        ("bomb-ratio", &["--max-ratio", "10"], "--max-ratio"),
    ] {
        let (log, _) = all_at_once(name, |_, _| TAKEN, |_| bomb.clone().into_bytes(), flags).await;
        for settled in log.with_message("settled") {
            let broken = settled["broken"].as_str().unwrap_or_default();
            assert!(
                broken.contains(named) && broken.contains("at byte 0"),
                "{broken}"
            );
            // Sixteen megabytes are decompressed; then the cap ends the object.
            assert!(settled["events"].as_u64().unwrap() < 210);
        }
    }
    let packed = gzip(&gzip(&vec![b'x'; 400_000_000]));
    let (log, _) = all_at_once("bomb-layers", |_, _| TAKEN, |_| packed.clone(), &[]).await;
    for settled in log.with_message("settled") {
        assert!(
            settled["broken"]
                .as_str()
                .unwrap_or_default()
                .contains("--max-ratio")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn elements_of_six_megabytes_fit() {
    let _node = NODE.read().await;
    let message = "\u{1}".repeat(1 << 20);
    let element =
        json!({"id": "1", "timestamp": 1_795_773_600_000u64, "message": message}).to_string();
    assert!(element.len() > 6_000_000);
    let whole = format!(
        "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":\"s\",\"logEvents\":[{element},{element}]}}"
    );
    let packed = gzip(whole.as_bytes());
    let (log, _) = all_at_once("elements", |_, _| TAKEN, |_| packed.clone(), &[]).await;
    assert_eq!(log.sum("events"), u64::from(2 * OBJECTS));
    let array = gzip(format!("[{whole},{whole}]").as_bytes());
    let (log, _) = all_at_once("array", |_, _| TAKEN, |_| array.clone(), &[]).await;
    assert_eq!(log.sum("events"), u64::from(4 * OBJECTS));
}

/// What the worker holds with `--memory 8MiB`: 35 MB with the release build's code, and 5 MB for a build of the tests.
const LEAST: u64 = 40_000_000 - RELEASE_CODE;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_least_memory_suffices_for_every_object() {
    let _node = NODE.read().await;
    let requests = 2_000;
    let object = |n| gzip(&export(n, requests));
    let flags = ["--memory", "8MiB"];
    let (log, _) = all_within(LEAST, "least", |_, _| TAKEN, object, &flags).await;
    assert_eq!(log.sum("events"), u64::from(4 * OBJECTS * requests));
}

/// Compressed by the tool, of bytes that do not get much shorter.
fn zstd(flags: &[&str], seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let mut text = Vec::new();
    while text.len() < 12_000_000 {
        // Long lines: memory depends on bytes.
        for _ in 0..3000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            write!(text, "{state:x} ").unwrap();
        }
        text.push(b'\n');
    }
    let mut child = Command::new("zstd")
        .args(["-q", "-c"])
        .args(flags)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("zstd is installed");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&text));
    let packed = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    packed.stdout
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn windows_of_zstd_are_counted_or_refused() {
    let _node = NODE.read().await;
    let long = zstd(&["-3", "--long=27"], 1);
    let (log, _) = all_at_once("window-27", |_, _| TAKEN, |_| long.clone(), &[]).await;
    for settled in log.with_message("settled") {
        let broken = settled["broken"].as_str().unwrap_or_default();
        assert!(broken.contains("window of 134217728 bytes"), "{broken}");
    }
    for (name, flags) in [("window-20", ["-1"]), ("window-21", ["-3"])] {
        let packed = zstd(&flags, 2);
        let (log, _) = all_at_once(name, |_, _| TAKEN, |_| packed.clone(), &[]).await;
        assert!(
            log.sum("bytes") >= u64::from(OBJECTS) * 12_000_000,
            "{}",
            log.text
        );
    }
}

const REFUSED: &str = r#"{"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [app] of type [flat_object] in document with an id that is long. Preview of field's value: 'some value that is shown here and takes its room'","caused_by":{"type":"illegal_argument_exception","reason":"not an object, and a sentence or two about it"}}}}"#;

/// An index that refuses everything for a while: all of the memory for parcels is in use.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn documents_that_are_all_refused_for_a_while_fit_and_get_in() {
    let _node = NODE.read().await;
    let answer = |bulk, _| if bulk < 40 { REFUSED } else { TAKEN };
    let (log, letters) = all_at_once("all-refused", answer, |n| gzip(&export(n, 4000)), &[]).await;
    assert_eq!(log.sum("rejected"), 0);
    assert!(log.text.contains("receiving nothing until"), "{}", log.text);
    assert!(!letters.exists(), "no document is given up");
}

/// Two fifths of all documents are refused: an index that takes others has dead letters.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn refused_documents_and_their_letters_fit() {
    let _node = NODE.read().await;
    let answer = |_, place| if place % 5 < 2 { REFUSED } else { TAKEN };
    let (log, letters) = all_at_once("refused", answer, |n| gzip(&export(n, 4000)), &[]).await;
    let rejected = log.sum("rejected");
    let all = u64::from(OBJECTS) * 4000 * 5;
    assert!(
        (all / 3..all / 2).contains(&rejected),
        "{rejected} of {all}"
    );
    assert_eq!(log.sum("dead_lettered"), rejected);
    let mut written = 0;
    let mut folders = vec![letters.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let mut lines = Vec::new();
                let file = std::fs::File::open(path).unwrap();
                std::io::copy(&mut flate2::read::GzDecoder::new(file), &mut lines).unwrap();
                written += memchr::memchr_iter(b'\n', &lines).count() as u64;
            }
        }
    }
    assert_eq!(written, rejected);
    std::fs::remove_dir_all(letters).unwrap();
}
