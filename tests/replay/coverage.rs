//! `coverage` between stubs: few requests, and little memory, whatever the number of objects.

use std::process::Command;

use serde_json::{Value, json};

use crate::binary::{Stage, keys, text, watch};
use crate::index::{Received, Stub};

/// Documents name all objects but each tenth. Those are read, and their documents are there.
fn answer(request: &Received) -> (u16, Value) {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    if request.path() == "/_mget" {
        let docs = body["docs"].as_array().unwrap().iter();
        let docs: Vec<Value> = docs
            .map(|doc| json!({"_index": doc["_index"], "_id": doc["_id"], "found": true}))
            .collect();
        return (200, json!({"docs": docs}));
    }
    let keys = body["query"]["bool"]["filter"][1]["terms"]["aws.s3.key"].as_array();
    let named = keys.unwrap().iter();
    let named = named.filter(|key| !key.as_str().unwrap().ends_with("0.log"));
    let buckets: Vec<Value> = named
        .map(|key| json!({"key": key, "doc_count": 3}))
        .collect();
    (
        200,
        json!({
            "took": 1, "timed_out": false,
            "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
            "hits": {"max_score": null, "hits": []},
            "aggregations": {"objects": {
                "doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": buckets,
            }},
        }),
    )
}

/// With `LOGFERRY_COVERAGE_OBJECTS=100000` it gives the figures in docs/coverage.md.
#[tokio::test(flavor = "multi_thread")]
async fn memory_and_requests_depend_on_pages() {
    let wanted = std::env::var("LOGFERRY_COVERAGE_OBJECTS").ok();
    let objects = wanted.map_or(6000, |n| n.parse().unwrap());
    let stage = Stage {
        index: Stub::start(answer).await,
        ..Stage::new().await
    };
    stage.s3.fill("logs", keys(objects));
    let mut command: Command = stage.command(&[]);
    let environment: Vec<_> = (command.get_envs())
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = Command::new(command.get_program());
    let printed = stage.path("coverage.json");
    let log = std::fs::File::create(stage.path("log")).unwrap();
    command
        .args(["coverage", "s3://logs/exports/", "--json"])
        .args(["--opensearch-url", &stage.index.url])
        .env_clear()
        .envs(environment)
        .stdout(std::fs::File::create(&printed).unwrap())
        .stderr(log);
    let began = std::time::Instant::now();
    let (_, peak) = watch(&stage, command.spawn().unwrap(), usize::MAX).await;
    let report: Value = serde_json::from_slice(&std::fs::read(printed).unwrap()).unwrap();
    let group = &report["groups"][0]["objects"];
    assert_eq!(report["state"], "covered", "{report:#}");
    assert_eq!(group["settled"], objects, "{report:#}");
    assert_eq!(group["settled_by_other_objects"], objects / 10);
    assert_eq!(stage.opened(), objects / 10, "only what nothing names");
    let requests = stage.index.requests();
    let searches = requests.iter().filter(|r| r.path() != "/_mget");
    assert_eq!(searches.count(), objects.div_ceil(1000));
    let log = text(&std::fs::read(stage.path("log")).unwrap());
    eprintln!(
        "{objects} objects in {:?}, peak resident memory without code {:.1} MB",
        began.elapsed(),
        peak as f64 / 1e6
    );
    assert!(peak < 60_000_000, "{peak}: {log}");
}
