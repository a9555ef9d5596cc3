/*! Dead letters: each failure is kept once, and its message is deleted. Objects of buckets that are not allowed are not
fetched. */

use std::io::Read;

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::support::{Log, NODE, Stage, export, export_key, finish, gzip, opensearch};

/// A stage with one object two of whose documents are refused, one that is cut, and a good one.
async fn troubled(name: &str) -> Stage {
    let stage = Stage::with_visibility(name, 4).await;
    let index = format!("{}-logs-2026.11.23", stage.prefix);
    let mapping =
        json!({"mappings": {"properties": {"log": {"properties": {"level": {"type": "long"}}}}}});
    opensearch(Method::Put, &index, Some(mapping)).await;
    stage.upload(&export_key(1), gzip(&export(1, 2))).await;
    let mut cut = gzip(b"2026-11-23T10:00:00.000Z first\n2026-11-23T10:00:01.000Z second\n");
    cut.truncate(cut.len() - 6);
    stage.upload("cut.gz", cut).await;
    let good = gzip(b"2026-11-23T10:00:00.000Z good\n");
    stage.upload("good.gz", good).await;
    stage
}

fn work(stage: &Stage, to: &str) -> Log {
    let child = stage.worker().args(["--dead-letters", to]).spawn();
    let log = finish(child.unwrap());
    assert!(log.success, "{}", log.text);
    log
}

async fn check(stage: &Stage, log: &Log, letters: Vec<Value>) {
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    assert_eq!(
        stage.depth(&stage.dead_url).await,
        (0, 0),
        "nothing is left to redrive"
    );
    assert_eq!(log.with_message("settled").len(), 3, "{}", log.text);
    assert_eq!(log.sum("dead_lettered"), 2);
    let mut places: Vec<(&str, &str, u64)> = letters
        .iter()
        .map(|l| {
            (
                l["kind"].as_str().unwrap(),
                l["key"].as_str().unwrap(),
                l["offset"].as_u64().unwrap(),
            )
        })
        .collect();
    places.sort_unstable();
    assert_eq!(places.len(), 3, "{letters:?}");
    let key = export_key(1);
    assert_eq!((places[0].0, places[0].1), ("document", &*key));
    assert_eq!((places[1].0, places[1].1), ("document", &*key));
    assert_eq!((places[2].0, places[2].1), ("object", "cut.gz"));
    let text = export(1, 2);
    for (_, _, offset) in &places[..2] {
        let event = &text[usize::try_from(*offset).unwrap()..];
        assert!(String::from_utf8_lossy(&event[..110]).contains("\tINFO\t"));
    }
    let document = letters.iter().find(|l| l["kind"] == "document").unwrap();
    assert_eq!(document["status"], 400);
    assert!(document["reason"].as_str().unwrap().contains("log.level"));
    let object = letters.iter().find(|l| l["kind"] == "object").unwrap();
    assert!(!object["reason"].as_str().unwrap().is_empty());
}

fn lines(gzipped: &[u8]) -> Vec<Value> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(gzipped)
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn in_a_folder() {
    let _node = NODE.read().await;
    let stage = troubled("dl-file").await;
    let folder = tempfile::tempdir().unwrap();
    let to = format!("file://{}", folder.path().display());
    let mut letters = Vec::new();
    // The second delivery of everything overwrites its letters.
    for round in 0..2 {
        if round == 1 {
            for key in [&export_key(1), "cut.gz", "good.gz"] {
                stage
                    .send(&crate::support::direct(&stage.bucket, &[key]))
                    .await;
            }
        }
        let log = work(&stage, &to);
        letters.clear();
        for inner in std::fs::read_dir(folder.path()).unwrap() {
            for file in std::fs::read_dir(inner.unwrap().path()).unwrap() {
                letters.extend(lines(&std::fs::read(file.unwrap().path()).unwrap()));
            }
        }
        check(&stage, &log, letters.clone()).await;
    }
    let document = letters.iter().find(|l| l["kind"] == "document").unwrap();
    assert!(
        document["_source"]["message"]
            .as_str()
            .unwrap()
            .contains("line")
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn in_a_bucket() {
    let _node = NODE.read().await;
    let stage = troubled("dl-s3").await;
    let log = work(&stage, &format!("s3://{}/dead/letters", stage.bucket));
    let listed = stage
        .s3
        .list_objects_v2()
        .bucket(&stage.bucket)
        .prefix("dead/letters/")
        .send()
        .await
        .unwrap();
    let mut letters = Vec::new();
    for object in listed.contents() {
        let got = stage
            .s3
            .get_object()
            .bucket(&stage.bucket)
            .key(object.key().unwrap())
            .send()
            .await
            .unwrap();
        letters.extend(lines(&got.body.collect().await.unwrap().into_bytes()));
    }
    check(&stage, &log, letters).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn in_an_index() {
    let _node = NODE.read().await;
    let stage = troubled("dl-index").await;
    let index = format!("{}-dead", stage.prefix);
    let log = work(&stage, &format!("opensearch:{index}"));
    opensearch(Method::Post, &format!("{index}/_refresh"), None).await;
    let found = opensearch(Method::Get, &format!("{index}/_search"), None).await;
    let hits = found["hits"]["hits"].as_array().unwrap();
    let letters = hits.iter().map(|h| h["_source"].clone()).collect();
    check(&stage, &log, letters).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_store_that_cannot_be_written_settles_nothing() {
    let _node = NODE.read().await;
    let stage = troubled("dl-broken").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let to = format!("file://{}/below-a-file", file.path().display());
    let child = stage
        .worker()
        .args(["--dead-letters", &to, "--bulk-attempts", "2"])
        .spawn();
    let log = finish(child.unwrap());
    assert!(log.success, "{}", log.text);
    assert_eq!(log.with_message("settled").len(), 1, "the good one");
    assert_eq!(
        stage.depth(&stage.dead_url).await.0,
        2,
        "both messages are kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_bucket_that_is_not_allowed_is_never_asked() {
    let stage = Stage::with_visibility("not-allowed", 4).await;
    stage
        .upload("a.gz", gzip(b"2026-11-23T10:00:00.000Z a\n"))
        .await;
    let child = stage.worker().args(["--allow-bucket", "other-*"]).spawn();
    let log = finish(child.unwrap());
    assert!(log.success, "{}", log.text);
    assert!(stage.documents().await.is_empty());
    assert_eq!(stage.depth(&stage.dead_url).await.0, 1);
}

/// Errors name their cause and no secret.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn secrets_are_in_no_log() {
    let _node = NODE.read().await;
    let stage = troubled("secrets").await;
    stage.send("not a notification").await;
    let url = std::env::var("LOGFERRY_TEST_OPENSEARCH").unwrap();
    let url = url.replace("http://", "http://somebody:hunter2@");
    let mut command = stage.worker();
    command
        .env("LOGFERRY_OPENSEARCH_URL", url)
        .env("AWS_SECRET_ACCESS_KEY", "correct-horse-battery")
        .env("AWS_SESSION_TOKEN", "staple-token")
        .args(["--log", "trace"]);
    let log = finish(command.spawn().unwrap());
    assert!(!log.lines.is_empty());
    for secret in ["hunter2", "correct-horse-battery", "c29tZWJvZHk6aHVudGVyMg"] {
        let line = log.text.lines().find(|l| l.contains(secret));
        assert!(line.is_none(), "{secret} in {line:?}");
    }
}
