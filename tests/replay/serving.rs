//! `replay --listen`: probes and metrics while it runs.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::{Stage, keys, text};
use crate::index::{Stub, healthy};
use crate::s3::S3;

/// States of the index.
const HEALTHY: u8 = 0;
const DOWN: u8 = 1;
const REFUSES_BULKS: u8 = 2;

/// The address that the log names, and the rest of the log.
fn address(child: &mut Child) -> (String, impl Read + Send + use<>) {
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it listens nowhere");
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["message"] == "replay starts" {
            return (event["listen"].as_str().unwrap().to_owned(), log);
        }
    }
}

async fn get(address: &str, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("http://{address}{path}")).await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The metrics of the replay, without the first part of their names.
async fn scrape(address: &str) -> HashMap<String, u64> {
    let (status, body) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    let lines = body.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("logferry_replay_")?.split_once(' ')?;
        Some((name.to_owned(), value.parse().unwrap()))
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_replay_tells_what_is_listed_settled_and_left() {
    let state = Arc::new(AtomicU8::new(HEALTHY));
    let current = state.clone();
    let index = Stub::start(move |request| {
        let state = current.load(Ordering::SeqCst);
        match state == DOWN || (state == REFUSES_BULKS && request.path() == "/_bulk") {
            true => (503, json!({"error": "unavailable"})),
            false => healthy(request),
        }
    });
    let stage = Stage {
        s3: S3::start().await,
        index: index.await,
        folder: tempfile::tempdir().unwrap(),
    };
    stage.s3.fill("logs", keys(30));
    let bytes: usize = stage.s3.lock().objects.values().map(Vec::len).sum();
    let checkpoint = stage.path("checkpoint");
    let args = ["s3://logs/exports/", "--checkpoint", &checkpoint];
    let first = stage.run(&args, "").await;
    let log = text(&first.stderr);
    assert!(first.status.success(), "{log}");
    assert!(!log.contains("\"listen\""), "nothing is served: {log}");

    (stage.s3).fill("logs", (0..20).map(|n| format!("exports/more/{n}.log")));
    state.store(DOWN, Ordering::SeqCst);
    let mut command = stage.command(&args);
    command.args([
        "--opensearch-url",
        &stage.index.url,
        "--listen",
        "127.0.0.1:0",
    ]);
    let mut child = command.spawn().unwrap();
    drop(child.stdin.take());
    let (address, mut rest) = address(&mut child);
    // Else the pipe may be full.
    let reading = std::thread::spawn(move || {
        let mut log = String::new();
        rest.read_to_string(&mut log).unwrap();
        log
    });
    assert_eq!(get(&address, "/livez").await.0, 200);
    let expected: HashMap<String, u64> = [
        ("objects_listed", 50),
        ("listing_counted", 1),
        ("objects_settled", 30),
        ("settled_bytes", bytes as u64),
        ("objects_failed", 0),
        ("objects_remaining", 20),
        ("objects_resumed", 30),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let waiting = async {
        let starting = (
            503,
            "not ready: OpenSearch has not answered yet\n".to_owned(),
        );
        while get(&address, "/readyz").await != starting {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        state.store(REFUSES_BULKS, Ordering::SeqCst);
        while scrape(&address).await != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while get(&address, "/readyz").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .is_err()
    {
        panic!(
            "{:?}, {:?}",
            scrape(&address).await,
            get(&address, "/readyz").await
        );
    }
    state.store(HEALTHY, Ordering::SeqCst);
    let ended = tokio::task::spawn_blocking(move || child.wait()).await;
    let log = reading.join().unwrap();
    assert!(ended.unwrap().unwrap().success(), "{log}");
    assert!(log.contains("\"objects\":50,"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_one_sentence() {
    let stage = Stage::new().await;
    let taken = stage.s3.url.trim_start_matches("http://").to_owned();
    let args = ["s3://logs/exports/", "--listen", &taken];
    let output = stage.run(&args, "").await;
    let log = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(
        log.contains(&format!("--listen: cannot listen on {taken}")),
        "{log}"
    );
    let nowhere = stage
        .run(&["s3://logs/exports/", "--listen", "here"], "")
        .await;
    assert_eq!(nowhere.status.code(), Some(64));
    assert_eq!(stage.s3.lock().pages, 0);
}
