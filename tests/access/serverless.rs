/*! OpenSearch Serverless, as a stub that behaves like it: no version, and a collection that refuses ids. */

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logferry::observe::Metrics;
use logferry::sink::Index;
use logferry::sink::opensearch::OpenSearch;
use logferry::sink::opensearch::OpenSearchConfig;
use logferry_core::bulk::Verdict;
use serde_json::{Value, json};

use crate::node::printed_or_log;
use crate::sigv4::verify;
use crate::start::logferry;
use crate::stub::{Received, Stub, bulk, healthy};

const SECRET: &str = "very secret";
const NO_IDS: &str = "Document ID is not supported in create/index operation request";

/// A time series collection.
fn without_ids(request: &Received) -> (u16, Value) {
    match request.path() {
        "/_bulk" => {
            let item = |action: Value| match action["create"].get("_id") {
                Some(_) => {
                    json!({"create": {"status": 400, "error": {"type": "illegal_argument_exception", "reason": NO_IDS}}})
                }
                None => json!({"create": {"status": 201}}),
            };
            let items: Vec<_> = request.actions().into_iter().map(item).collect();
            (200, json!({ "items": items }))
        }
        _ => healthy(request),
    }
}

async fn over(url: &str) -> OpenSearch {
    let config = OpenSearchConfig::of_url(url.parse().unwrap());
    OpenSearch::new(config, Duration::from_secs(30))
        .await
        .unwrap()
}

fn has_ids(request: &Received) -> bool {
    request
        .actions()
        .iter()
        .all(|a| a["create"].get("_id").is_some())
}

#[tokio::test]
async fn documents_go_without_ids_where_ids_are_refused() {
    let node = Stub::start(without_ids).await;
    let metrics = Metrics::new();
    let index = over(&node.url).await.shown_in(&metrics);
    assert!(metrics.encode().contains("logferry_without_ids 0"));
    for ids in [&["a", "b"][..], &["c"]] {
        let statuses = index.bulk(&bulk(ids)).await.unwrap();
        assert_eq!(statuses, vec![Verdict::Indexed; ids.len()]);
    }
    let with_ids: Vec<_> = node.bulks().iter().map(has_ids).collect();
    assert_eq!(with_ids, [true, false, false], "found out once");
    assert!(metrics.encode().contains("logferry_without_ids 1"));
}

#[tokio::test]
async fn a_refusal_of_the_whole_request_turns_ids_off_too() {
    let node = Stub::start(|request| match has_ids(request) {
        true => (400, json!({"error": {"type": "illegal_argument_exception", "reason": NO_IDS}, "status": 400})),
        false => healthy(request),
    })
    .await;
    let index = over(&node.url).await;
    assert_eq!(index.bulk(&bulk(&["a"])).await.unwrap(), [Verdict::Indexed]);
    assert!(index.without_ids());
}

#[tokio::test]
async fn accepted_documents_are_not_sent_again_without_ids() {
    let node = Stub::start(|request| {
        let item = |action: Value| match action["create"]["_id"].as_str() {
            Some("b") => json!({"create": {"status": 400, "error": {"type": "illegal_argument_exception", "reason": NO_IDS}}}),
            Some("c") => json!({"create": {"status": 429}}),
            _ => json!({"create": {"status": 201}}),
        };
        let items: Vec<_> = request.actions().into_iter().map(item).collect();
        (200, json!({ "items": items }))
    })
    .await;
    let index = over(&node.url).await;
    let statuses = index.bulk(&bulk(&["a", "b", "c"])).await.unwrap();
    assert_eq!(statuses[..2], [Verdict::Indexed, Verdict::Indexed]);
    assert!(matches!(
        statuses[2],
        Verdict::Retryable { status: 429, .. }
    ));
    let again = String::from_utf8(node.bulks()[1].body.to_vec()).unwrap();
    assert_eq!(
        again,
        "{\"create\":{\"_index\":\"i\"}}\n{\"message\":\"b\"}\n"
    );
}

#[tokio::test]
async fn an_error_that_quotes_a_document_does_not_turn_ids_off() {
    let reason = format!(
        "failed to parse field [x]: Preview of field's value: 'illegal_argument_exception: {NO_IDS}'"
    );
    let node = Stub::start(move |_| {
        let error = json!({"type": "mapper_parsing_exception", "reason": reason});
        (
            200,
            json!({"items": [{"create": {"status": 400, "error": error}}]}),
        )
    })
    .await;
    let index = over(&node.url).await;
    let statuses = index.bulk(&bulk(&["a"])).await.unwrap();
    assert!(matches!(statuses[0], Verdict::Rejected { .. }));
    assert!(!index.without_ids());
}

/// Answers the requests that the service documents if their signature is valid, and refuses all others.
#[derive(Clone, Default)]
struct Collection {
    /// Bodies of templates and names of indices, by path.
    kept: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Collection {
    async fn start(&self) -> Stub {
        let answering = self.clone();
        Stub::start(
            move |request| match verify(request, |_| SECRET.to_owned()) {
                Ok(signed) if signed.service == "aoss" && signed.key_id == "AKID" => {
                    answering.answer(&request.decoded())
                }
                other => (403, json!({"message": format!("{other:?}")})),
            },
        )
        .await
    }

    fn answer(&self, request: &Received) -> (u16, Value) {
        let mut kept = self.kept.lock().unwrap();
        let path = request.path().trim_matches('/');
        let (first, name) = path.split_once('/').unwrap_or((path, ""));
        match (request.method.as_str(), first, name) {
            ("GET", "_cat", "indices") => {
                let indices = kept.keys().filter(|path| !path.contains('/'));
                let indices = indices
                    .map(|name| json!({"index": name, "docs.count": "1", "store.size": "1"}));
                (200, indices.collect())
            }
            ("GET", "_component_template" | "_index_template", "") => {
                let inside = first.trim_start_matches('_');
                let found = kept.iter().filter_map(|(path, body)| {
                    let name = path.strip_prefix(first)?.strip_prefix('/')?;
                    Some(json!({"name": name, inside: body}))
                });
                (
                    200,
                    json!({format!("{inside}s"): found.collect::<Vec<_>>()}),
                )
            }
            ("GET", "_index_template", _) => match kept.get(path) {
                Some(body) => (200, json!({"index_templates": [{"index_template": body}]})),
                None => (404, json!({})),
            },
            ("PUT", "_component_template" | "_index_template", _) => {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                // The codec is one of the settings that the service documents.
                let settings = &body["template"]["settings"]["index"];
                let others = (settings.as_object().into_iter().flatten()).find(|(name, value)| {
                    *name != "codec" || !["zstd", "zstd_no_dict"].contains(&value.as_str().unwrap())
                });
                if let Some((name, _)) = others {
                    let reason = format!("unknown setting [index.{name}]");
                    return (
                        400,
                        json!({"error": {"type": "illegal_argument_exception", "reason": reason}}),
                    );
                }
                kept.insert(path.to_owned(), body);
                (200, json!({"acknowledged": true}))
            }
            // Indices by names, of which there are none.
            ("GET", names, "") if names.starts_with("logferry-logs,") => (404, json!({})),
            ("DELETE", name, "") => {
                kept.remove(name);
                (200, json!({"acknowledged": true}))
            }
            ("POST", "_bulk", "") => without_ids(request),
            _ => (
                403,
                json!({"message": format!("no such operation: {path}")}),
            ),
        }
    }
}

/// For the built binary, which signs with credentials of the environment.
fn variables(url: &str) -> [(&str, &str); 5] {
    [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", "eu-west-1"),
        ("LOGFERRY_OPENSEARCH_URL", url),
        ("LOGFERRY_OPENSEARCH_AWS_SERVICE", "aoss"),
    ]
}

/// A worker whose queue does not exist; it checks the queue after the index.
async fn worker(node: &Stub, flags: &[&str]) -> String {
    let gone = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone"});
    let queue = Stub::start(move |_| (400, gone.clone())).await;
    let url = format!("{}1/gone", queue.url);
    let command = ["worker", "--listen", "127.0.0.1:0", "--queue-url", &url];
    let mut variables = variables(&node.url).to_vec();
    variables.push(("AWS_ENDPOINT_URL_SQS", &queue.url));
    printed_or_log(logferry(&[&command[..], flags].concat(), &variables).await).unwrap_err()
}

async fn signed(node: &Stub, command: &[&str]) -> Result<String, String> {
    printed_or_log(logferry(command, &variables(&node.url)).await)
}

#[tokio::test]
async fn setup_creates_what_a_collection_accepts_and_a_second_run_changes_nothing() {
    let collection = Collection::default();
    let node = collection.start().await;
    let out = signed(&node, &["setup", "--retain-logs", "30d"])
        .await
        .unwrap();
    let first = "OpenSearch Serverless; --bulk-compression: it takes gzip\n";
    assert!(out.starts_with(first), "{out}");
    assert!(out.ends_with("4 changes made.\n"), "{out}");
    assert!(
        out.contains(
            "run `logferry prune --index-prefix logferry --retain-logs 30d` daily instead"
        ),
        "{out}"
    );
    let kept = collection.kept.lock().unwrap().clone();
    assert_eq!(
        kept["_index_template/logferry-logs"]["composed_of"],
        json!(["logferry-logs-mappings"])
    );
    let out = signed(&node, &["setup"]).await.unwrap();
    assert!(out.ends_with("Nothing to change.\n"), "{out}");
    let log = signed(
        &node,
        &["setup", "--shards", "2", "--refresh-interval", "1s"],
    )
    .await
    .unwrap_err();
    assert!(
        log.ends_with("logferry: --shards, --refresh-interval: OpenSearch Serverless decides on this by itself: leave the flag out\n"),
        "{log}"
    );
}

#[tokio::test]
async fn a_collection_takes_a_codec_and_no_other_setting() {
    let collection = Collection::default();
    let node = collection.start().await;
    let out = signed(&node, &["setup", "--codec", "zstd"]).await.unwrap();
    assert!(out.ends_with("5 changes made.\n"), "{out}");
    let kept = collection.kept.lock().unwrap().clone();
    assert_eq!(
        kept["_component_template/logferry-settings"]["template"],
        json!({"settings": {"index": {"codec": "zstd"}}})
    );
    assert_eq!(
        kept["_index_template/logferry-logs"]["composed_of"],
        json!(["logferry-settings", "logferry-logs-mappings"])
    );
    let out = signed(&node, &["setup"]).await.unwrap();
    assert!(out.ends_with("Nothing to change.\n"), "{out}");
}

#[tokio::test]
async fn a_worker_creates_its_templates_or_requires_them() {
    let node = Collection::default().start().await;
    let log = worker(&node, &[]).await;
    assert!(
        log.ends_with("the index template logferry-logs is missing: run `logferry setup` once, or give --setup\n"),
        "{log}"
    );
    for flags in [&["--setup"][..], &[]] {
        let log = worker(&node, flags).await;
        assert!(
            log.contains(r#""message":"the index answers","version":"OpenSearch Serverless""#),
            "{log}"
        );
    }
}

#[tokio::test]
async fn prune_deletes_in_a_collection() {
    let collection = Collection::default();
    for name in [
        "logferry-logs-2020.01.01",
        "logferry-logs-2999.01.01",
        "other",
    ] {
        collection
            .kept
            .lock()
            .unwrap()
            .insert(name.to_owned(), json!({}));
    }
    let node = collection.start().await;
    signed(&node, &["prune", "--retain-logs", "30d", "--yes"])
        .await
        .unwrap();
    let kept = collection.kept.lock().unwrap();
    assert_eq!(
        kept.keys().collect::<Vec<_>>(),
        ["logferry-logs-2999.01.01", "other"]
    );
}

/// The collection refuses ids, which is logged once.
#[tokio::test]
async fn ingest_into_a_time_series_collection() {
    let node = Collection::default().start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.log");
    std::fs::write(&file, "2026-11-23T10:00:00.000Z hello\n").unwrap();
    let file = file.to_str().unwrap();
    let output = logferry(&["ingest", "--setup", file], &variables(&node.url)).await;
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    let indexed: usize = node
        .bulks()
        .iter()
        .filter(|r| !has_ids(r))
        .map(|r| r.actions().len())
        .sum();
    assert_eq!(indexed, 1);
    assert!(
        log.contains(
            "OpenSearch Serverless: a collection of the type time series refuses document ids"
        ),
        "{log}"
    );
    assert_eq!(
        log.matches("the collection refuses document ids: from now on")
            .count(),
        1,
        "{log}"
    );
    assert!(!log.contains(SECRET));
}
