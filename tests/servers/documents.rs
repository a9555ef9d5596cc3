/*! Whole objects in, documents out: every envelope, and awkward names. */

use serde_json::Value;

use crate::support::{NODE, Stage, by_eventbridge, by_sns, direct, export, export_key, gzip};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn every_envelope_ends_in_the_same_documents() {
    let _node = NODE.read().await;
    let stage = Stage::new("envelopes").await;
    let key = export_key(1);
    stage.put(&key, gzip(&export(1, 3))).await;
    let mut first: Option<std::collections::BTreeMap<String, Value>> = None;
    for (envelope, body) in [
        ("direct", direct(&stage.bucket, &[&key])),
        ("SNS", by_sns(&stage.bucket, &[&key])),
        ("EventBridge", by_eventbridge(&stage.bucket, &key)),
        ("twice in one message", direct(&stage.bucket, &[&key, &key])),
    ] {
        stage.send(&body).await;
        let log = stage.work();
        assert!(log.success, "{envelope}: {}", log.text);
        let documents = stage.documents().await;
        assert_eq!(documents.len(), 15, "{envelope}");
        assert_eq!(stage.depth(&stage.queue_url).await, (0, 0), "{envelope}");
        match &first {
            None => {
                assert_eq!(log.sum("indexed"), 15);
                first = Some(documents);
            }
            Some(first) => {
                assert_eq!(&documents, first, "{envelope}");
                assert_eq!(log.sum("indexed"), 0, "{envelope}");
                assert!(log.sum("already_there") >= 15, "{envelope}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn awkward_keys_are_found() {
    let _node = NODE.read().await;
    let stage = Stage::new("keys").await;
    let keys = [
        "exports/my function/0f0f0f0f-1111-4222-8333-444444444444/2026-11-23-[$LATEST]0123456789abcdef0123456789abcdef/000000.gz",
        "a+b/c++d.gz",
        "100%/50%25.gz",
        "größe/日本語/ñ.gz",
        "q?x=1&y=2#frag;v='quote\".gz",
        "a\r\nx-evil: 1\r\n\r\nb.gz",
        "\",\"_index\":\"evil/x.gz",
    ];
    for key in keys {
        stage
            .upload(
                key,
                gzip(format!("2026-11-23T10:00:00.000Z from {key}\n").as_bytes()),
            )
            .await;
    }
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    let documents = stage.documents().await;
    let mut found: Vec<&str> = documents
        .values()
        .filter_map(|d| d["aws"]["s3"]["key"].as_str())
        .collect();
    found.sort_unstable();
    let mut wanted = keys.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    for document in documents.values() {
        let key = document["aws"]["s3"]["key"].as_str().unwrap();
        assert_eq!(document["message"], format!("from {key}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn plain_zstd_and_many_member_gzip_are_told_by_their_bytes() {
    let _node = NODE.read().await;
    let stage = Stage::new("bytes").await;
    let line = |i: u32| format!("2026-11-23T10:00:0{i}.000Z line {i}\n").into_bytes();
    let members: Vec<u8> = (0..5).flat_map(|i| gzip(&line(i))).collect();
    stage.upload("members.gz", members).await;
    stage.upload("plain.gz", line(5)).await;
    stage.upload("inside.bin", gzip(&gzip(&line(6)))).await;
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    let mut messages: Vec<String> = stage
        .documents()
        .await
        .values()
        .filter_map(|d| d["message"].as_str().map(str::to_owned))
        .collect();
    messages.sort_unstable();
    let wanted: Vec<String> = (0..7).map(|i| format!("line {i}")).collect();
    assert_eq!(messages, wanted);
}

/// A stream in two objects, and again in an overlapping export, gives one summary a request, as from one object.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn parts_of_a_request_merge_to_one_summary() {
    let _node = NODE.read().await;
    let text = String::from_utf8(export(3, 30)).unwrap();
    let events: Vec<&str> = text.split_inclusive("\n\n").collect();
    let stream = "2026-11-23-[$LATEST]00000000000000000000000000000003";
    let key = |task: u32, chunk: u32| {
        format!("exports/fn/0f0f0f0f-1111-4222-8333-{task:012x}/{stream}/{chunk:06}.gz")
    };
    let whole = Stage::new("whole").await;
    whole.upload(&key(1, 0), gzip(text.as_bytes())).await;
    assert!(whole.work().success);
    let wanted = summaries(&whole).await;
    assert_eq!(wanted.len(), 30);

    let parts = Stage::new("parts").await;
    // Later parts first, cut inside invocations, and one part a second time.
    for (task, range) in [(3, 61..120), (2, 0..62), (4, 30..90), (3, 61..120)] {
        parts
            .put(&key(task, 0), gzip(events[range].concat().as_bytes()))
            .await;
        parts.send(&direct(&parts.bucket, &[&key(task, 0)])).await;
    }
    let workers = [(); 2].map(|()| parts.worker().spawn().unwrap());
    let logs = workers.map(crate::support::finish);
    assert!(logs.iter().all(|l| l.success));
    assert_eq!(summaries(&parts).await, wanted);
}

/// The summaries without the fields that name their object.
async fn summaries(stage: &Stage) -> Vec<(String, Value)> {
    let documents = stage.documents().await.into_iter();
    documents
        .filter(|(key, _)| key.contains("-invocations-"))
        .map(|(key, mut document)| {
            // Sets, written in an order of their own.
            document["invocation"]
                .as_object_mut()
                .unwrap()
                .remove("merge");
            (key, document)
        })
        .collect()
}

/// The demo, loaded through queue, store and index, gives the documents that `ingest` prints for the same objects.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_demo_ends_in_the_index_as_ingest_prints_it() {
    let _node = NODE.read().await;
    let stage = Stage::new("demo").await;
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let folder = tempfile::tempdir().unwrap();
    let mut folders = vec![fixtures.clone()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(&inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&fixtures).unwrap().to_str().unwrap();
            let text = std::fs::read(&path).unwrap();
            let (key, bytes) = match name.strip_suffix(".log") {
                Some(stem) => (format!("{stem}.gz"), gzip(&text)),
                None => (name.to_owned(), text),
            };
            let copy = folder.path().join(&key);
            std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
            std::fs::write(copy, &bytes).unwrap();
            stage.upload(&key, bytes).await;
        }
    }
    let pattern = ["--log-group-pattern", "exports/{function}/"];
    let log = crate::support::finish(stage.worker().args(pattern).spawn().unwrap());
    assert!(log.success, "{}", log.text);
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_logferry"))
        .arg("ingest")
        .arg(folder.path())
        .args(pattern)
        .output()
        .unwrap();
    let wanted: std::collections::BTreeMap<String, Value> = String::from_utf8(printed.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let mut document: Value = serde_json::from_str(line).unwrap();
            let key = format!(
                "{}/{}",
                document["_index"].as_str().unwrap(),
                document["_id"].as_str().unwrap()
            );
            (key, without_bucket(document["_source"].take()))
        })
        .collect();
    let found: std::collections::BTreeMap<String, Value> = stage
        .documents()
        .await
        .into_iter()
        .map(|(key, document)| (key, without_bucket(document)))
        .collect();
    assert!(wanted.len() > 1800);
    // A request in two objects is printed in two parts and stored as one summary.
    let (summaries, logs): (Vec<_>, Vec<_>) = wanted
        .iter()
        .partition(|(k, _)| k.contains("-invocations-"));
    for (key, document) in logs {
        assert_eq!(found.get(key), Some(document), "{key}");
    }
    for (key, _) in summaries {
        assert!(found.contains_key(key), "{key}");
    }
    assert_eq!(found.len(), wanted.len());
    // In another order of arrival, all documents exist already.
    for key in found
        .values()
        .filter_map(|d| d.pointer("/aws/s3/key")?.as_str())
        .collect::<std::collections::BTreeSet<_>>()
    {
        stage.send(&direct(&stage.bucket, &[key])).await;
    }
    let again = crate::support::finish(stage.worker().args(pattern).spawn().unwrap());
    assert_eq!(again.sum("indexed"), 0);
}

fn without_bucket(mut document: Value) -> Value {
    if let Some(s3) = document.pointer_mut("/aws/s3") {
        s3["bucket"].take();
    }
    document
}
