/*! `dead-letters` on real servers: documents that a strict mapping has refused are replayed when it is mended, objects
when they are whole. */

use std::process::{Command, Stdio};

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::support::{Log, NODE, Stage, direct, export, export_key, finish, gzip, server};

pub struct Output {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs `logferry dead-letters` over the stage.
pub fn letters(stage: &Stage, store: &str, args: &[&str]) -> Output {
    let output = command(stage)
        .arg("dead-letters")
        .args(args)
        .env("LOGFERRY_DEAD_LETTERS", store)
        .env("LOGFERRY_QUEUE_URL", &stage.queue_url)
        .output()
        .unwrap();
    Output {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn json_of(stage: &Stage, store: &str, args: &[&str]) -> Value {
    let output = letters(stage, store, &[args, &["--json"]].concat());
    serde_json::from_str(&output.out).unwrap_or_else(|_| panic!("{}{}", output.out, output.err))
}

pub fn command(stage: &Stage) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
    command
        .env("LOGFERRY_OPENSEARCH_URL", &stage.index_url)
        .env("LOGFERRY_INDEX_PREFIX", &stage.prefix)
        .env("AWS_ENDPOINT_URL_SQS", server("LOGFERRY_TEST_SQS"))
        .env("AWS_ENDPOINT_URL_S3", server("LOGFERRY_TEST_S3"))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .stdin(Stdio::null());
    command
}

/// A stage whose index of logs has a strict mapping without `log.level`.
async fn strict(name: &str) -> Stage {
    let stage = Stage::with_visibility(name, 10).await;
    let setup = command(&stage).arg("setup").output().unwrap();
    assert!(setup.status.success(), "{setup:?}");
    let index = format!("{}-logs-2026.11.23", stage.prefix);
    let simulate = format!("_index_template/_simulate_index/{index}");
    let simulated = stage.opensearch(Method::Post, &simulate, None).await;
    let mut mappings = simulated["template"]["mappings"].clone();
    mappings["dynamic"] = "strict".into();
    let log = mappings["properties"]["log"]["properties"].as_object_mut();
    log.unwrap().remove("level").unwrap();
    // A template of a higher priority for this index only, while it is made.
    let own = format!("_index_template/{}-strict", stage.prefix);
    let body =
        json!({"index_patterns": [index], "priority": 5000, "template": {"mappings": mappings}});
    for (method, path, body) in [
        (Method::Put, &own, Some(body)),
        (Method::Put, &index, None),
        (Method::Delete, &own, None),
    ] {
        let made = stage.opensearch(method, path, body).await;
        assert_eq!(made["acknowledged"], true, "{path}: {made}");
    }
    stage
}

fn work(stage: &Stage, store: &str) -> Log {
    let mut worker = stage.worker();
    worker.env("LOGFERRY_SETUP", "false");
    let log = finish(worker.args(["--dead-letters", store]).spawn().unwrap());
    assert!(log.success, "{}", log.text);
    log
}

async fn refresh(stage: &Stage, index: &str) {
    let path = format!("{index}/_refresh");
    stage.opensearch(Method::Post, &path, None).await;
}

/// Rejects a thousand documents, mends the mapping, replays.
async fn a_thousand(name: &str, store: impl Fn(&Stage) -> String) {
    let _node = NODE.read().await;
    let stage = strict(name).await;
    let store = store(&stage);
    for seed in 1..=4 {
        stage
            .upload(&export_key(seed), gzip(&export(seed, 250)))
            .await;
    }
    let log = work(&stage, &store);
    assert_eq!(log.sum("dead_lettered"), 1000, "{}", log.text);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    assert_eq!(stage.depth(&stage.dead_url).await, (0, 0));
    let letters_index = store.strip_prefix("opensearch:").map(str::to_owned);
    if let Some(index) = &letters_index {
        refresh(&stage, index).await;
    }
    let missing = stage.documents().await.len();

    let listed = json_of(&stage, &store, &["list"]);
    assert_eq!(listed["letters"], 1000, "{listed}");
    let groups = listed["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{listed}");
    assert_eq!(groups[0]["field"], "log.level");
    assert_eq!(
        groups[0]["index"],
        format!("{}-logs-2026.11.23", stage.prefix)
    );
    let table = letters(&stage, &store, &["list"]);
    assert!(table.out.contains("1,000  document"), "{}", table.out);
    let id = groups[0]["example"].as_str().unwrap();
    let shown = letters(&stage, &store, &["show", id]);
    for part in [
        "strict_dynamic_mapping",
        "s3://",
        "document message",
        "of stream",
    ] {
        assert!(
            shown.out.contains(part),
            "{part}: {}{}",
            shown.out,
            shown.err
        );
    }
    let planned = letters(&stage, &store, &["replay", "--dry-run"]);
    assert!(
        planned.out.contains("nothing was replayed"),
        "{}",
        planned.out
    );

    // The mapping is as it was: every letter stays.
    let early = letters(&stage, &store, &["replay", "--bulk-attempts", "1"]);
    assert_eq!(early.code, Some(1), "{}", early.err);
    assert!(early.err.contains("1,000 letters stay"), "{}", early.err);
    assert_eq!(json_of(&stage, &store, &["list"])["letters"], 1000);

    let mapping = format!("{}-logs-2026.11.23/_mapping", stage.prefix);
    let level = json!({"properties": {"log": {"properties": {"level": {"type": "keyword"}}}}});
    stage.opensearch(Method::Put, &mapping, Some(level)).await;
    let replayed = json_of(&stage, &store, &["replay"]);
    assert_eq!(replayed["removed"], 1000, "{replayed}");
    assert_eq!(replayed["indexed"], 1000, "{replayed}");
    let again = letters(&stage, &store, &["replay"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert!(again.out.contains("Replayed 0 letters"), "{}", again.out);
    if let Some(index) = &letters_index {
        refresh(&stage, index).await;
    }
    let left = letters(&stage, &store, &["list"]);
    assert_eq!(
        (left.code, &*left.out),
        (Some(0), "No dead letters.\n"),
        "{}",
        left.err
    );

    // Nothing doubled: a second delivery of everything finds it there already.
    let documents = stage.documents().await;
    assert_eq!(documents.len(), missing + 1000);
    for seed in 1..=4 {
        stage
            .send(&direct(&stage.bucket, &[&export_key(seed)]))
            .await;
    }
    let log = work(&stage, &store);
    assert_eq!(
        (log.sum("indexed"), log.sum("rejected")),
        (0, 0),
        "{}",
        log.text
    );
    assert_eq!(stage.documents().await, documents);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_thousand_letters_in_a_bucket() {
    a_thousand("rl-s3", |stage| format!("s3://{}/dead", stage.bucket)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_thousand_letters_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file://{}/dead", folder.path().display());
    a_thousand("rl-file", |_| store.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_thousand_letters_in_an_index() {
    a_thousand("rl-index", |stage| {
        format!("opensearch:dead-{}", stage.prefix)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn objects_are_read_again_and_letters_are_dropped() {
    let _node = NODE.read().await;
    let stage = strict("rl-objects").await;
    let store = format!("s3://{}/dead", stage.bucket);
    let whole = gzip(b"2026-11-23T10:00:00.000Z first\n2026-11-23T10:00:01.000Z second\n");
    let cut = whole[..whole.len() - 6].to_vec();
    for key in ["a+b c.gz", "gone.gz", "cut.gz"] {
        stage.upload(key, cut.clone()).await;
    }
    work(&stage, &store);
    assert_eq!(json_of(&stage, &store, &["list"])["letters"], 3);
    stage.put("a+b c.gz", whole).await;
    let gone = stage
        .s3
        .delete_object()
        .bucket(&stage.bucket)
        .key("gone.gz");
    gone.send().await.unwrap();
    let replayed = letters(&stage, &store, &["replay", "--json"]);
    assert_eq!(replayed.code, Some(1), "{}", replayed.err);
    let replayed: Value = serde_json::from_str(&replayed.out).unwrap();
    assert_eq!(
        (&replayed["objects"], &replayed["removed"]),
        (&json!(1), &json!(1)),
        "{replayed}"
    );
    assert_eq!(replayed["refused"]["letters"], 2, "{replayed}");

    let asked = letters(&stage, &store, &["drop", "--kind", "object"]);
    assert!(
        asked.code == Some(1) && asked.err.contains("give --yes"),
        "{}",
        asked.err
    );
    let young = letters(&stage, &store, &["drop", "--older-than", "1h", "--yes"]);
    assert_eq!((young.code, &*young.out), (Some(0), "No dead letters.\n"));
    assert_eq!(json_of(&stage, &store, &["list"])["letters"], 2);
    let dropped = letters(&stage, &store, &["drop", "--kind", "object", "--yes"]);
    assert!(
        dropped.out.ends_with("Dropped 2 letters.\n"),
        "{}{}",
        dropped.out,
        dropped.err
    );
    assert_eq!(json_of(&stage, &store, &["list"])["letters"], 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_store_that_is_not_there_is_one_sentence() {
    let stage = Stage::new("rl-none").await;
    for (store, word) in [
        ("s3://no-such-bucket-anywhere/dead", "NoSuchBucket"),
        ("opensearch:no-such-index", "there is no such index"),
        ("file:///no/such/folder", "No such file"),
    ] {
        for args in [&["list"][..], &["show"], &["drop", "--all", "--yes"]] {
            let output = letters(&stage, store, args);
            assert_eq!(output.code, Some(1), "{store}: {}", output.err);
            assert_eq!(output.err.lines().count(), 1, "{store}: {}", output.err);
            assert!(
                output.err.contains(word)
                    && output.err.contains(store.trim_start_matches("file://")),
                "{}",
                output.err
            );
        }
    }
}

/// The summary of an invocation whose second half is a letter is merged with the stored first half.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_summary_is_merged() {
    let stage = strict("rl-merge").await;
    let text = export(7, 1);
    let end = String::from_utf8_lossy(&text).find("\n\n2026").unwrap() + 2;
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    for (root, part) in [(&first, &text[..end]), (&second, &text[end..])] {
        let file = root.join(export_key(7)).with_extension("");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, part).unwrap();
    }
    let ingest = |root: &std::path::Path, to: &str| {
        let output = command(&stage)
            .args(["ingest", "--to", to])
            .arg(root)
            .output()
            .unwrap();
        (output.status.success(), output.stdout)
    };
    let invocations = format!("{}-invocations-2026.11.23", stage.prefix);
    let (_, printed) = ingest(&second, "ndjson");
    let printed = String::from_utf8(printed).unwrap();
    let summary = printed
        .lines()
        .find(|line| line.contains(&invocations))
        .unwrap();
    let summary: Value = serde_json::from_str(summary).unwrap();
    let mut letter = json!({
        "@timestamp": "2026-11-24T00:00:00Z", "kind": "document", "bucket": "local", "key": "k",
        "offset": 0, "status": 400, "reason": "r", "worker": "logferry 0.1.0",
    });
    for field in ["_index", "_id", "_source"] {
        letter[field] = summary[field].clone();
    }
    let dead = folder.path().join("dead/0");
    std::fs::create_dir_all(&dead).unwrap();
    std::fs::write(
        dead.join("1.ndjson.gz"),
        gzip(letter.to_string().as_bytes()),
    )
    .unwrap();
    ingest(&first, "opensearch");
    let store = format!("file://{}/dead", folder.path().display());
    let replayed = json_of(&stage, &store, &["replay"]);
    assert_eq!(replayed["removed"], 1, "{replayed}");
    let merged = stage.documents().await;
    let merged: Vec<_> = merged
        .values()
        .filter(|d| d.get("invocation").is_some())
        .collect();
    assert_eq!(merged.len(), 1);
    assert_eq!(merged[0]["lambda"]["duration_ms"], 12.5, "{}", merged[0]);
    assert_eq!(
        merged[0]["invocation"]["status"], "success",
        "{}",
        merged[0]
    );
}
