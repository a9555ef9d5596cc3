/*! A large object goes through in little memory. */

use std::io::Write;

use logferry::document::template::templates;
use serde_json::json;

use crate::support::{NODE, Stage, export, export_key, finish};

/// About 2 GB of text. The index is a stub that counts: a real one would take an hour for as many documents.
const LARGE: u64 = 2_000_000_000;

fn large_gzip() -> (Vec<u8>, u64) {
    // Lines of all sizes up to half a megabyte: it is bytes that memory is about, and small lines cost a debug build minutes.
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
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// An index that takes everything and keeps nothing.
async fn stub_index() -> (String, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    use axum::routing::{get, post};
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = taken.clone();
    let bulk = move |body: axum::body::Bytes| async move {
        let documents = memchr::memchr_iter(b'\n', &body).count() / 2;
        counter.fetch_add(documents as u64, std::sync::atomic::Ordering::Relaxed);
        let items = vec![r#"{"create":{"status":201}}"#; documents].join(",");
        format!(r#"{{"items":[{items}]}}"#)
    };
    let ours = templates("any", None).into_iter().next_back();
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
    let child = stage
        .worker()
        .args(["--opensearch-url", &url])
        .env_remove("LOGFERRY_SETUP")
        .spawn()
        .unwrap();
    let pid = child.id();
    let (done, mut finished) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || done.send(finish(child)));
    let mut peak = 0;
    let log = loop {
        tokio::select! {
            log = &mut finished => break log.unwrap(),
            () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {
                peak = peak_resident(pid).unwrap_or(peak).max(peak);
            }
        }
    };
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
