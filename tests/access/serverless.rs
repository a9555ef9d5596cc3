/*! OpenSearch Serverless, as a stub that behaves like it: no version, and a collection that refuses ids. */

use std::time::Duration;

use logferry::bulk::ItemStatus;
use logferry::config::OpenSearchConfig;
use logferry::observe::Metrics;
use logferry::sink::Index;
use logferry::sink::opensearch::OpenSearch;
use serde_json::{Value, json};

use crate::sigv4::verify;
use crate::start::run;
use crate::stub::{Received, Stub, bulk, healthy};

const NO_IDS: &str = "Document ID is not supported in create/index operation request";

/// A time series collection.
fn collection(request: &Received) -> (u16, Value) {
    match (request.method.as_str(), request.path()) {
        (_, "/") => (404, json!({})),
        (_, "/_cat/indices") => (200, json!([])),
        ("GET", path) if path.starts_with("/_index_template/") => (404, json!({})),
        (_, "/_bulk") => {
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
    let node = Stub::start(collection).await;
    let metrics = Metrics::new();
    let index = over(&node.url).await.shown_in(&metrics);
    assert!(metrics.encode().contains("logferry_without_ids 0"));
    for ids in [&["a", "b"][..], &["c"]] {
        let statuses = index.bulk(&bulk(ids)).await.unwrap();
        assert_eq!(statuses, vec![ItemStatus::Indexed; ids.len()]);
    }
    let with_ids: Vec<_> = node.bulks().iter().map(has_ids).collect();
    assert_eq!(with_ids, [true, false, false], "found out once");
    assert!(metrics.encode().contains("logferry_without_ids 1"));
}

#[tokio::test]
async fn a_refusal_of_the_whole_request_says_the_same() {
    let node = Stub::start(|request| match has_ids(request) {
        true => (400, json!({"error": {"type": "illegal_argument_exception", "reason": NO_IDS}, "status": 400})),
        false => healthy(request),
    })
    .await;
    let index = over(&node.url).await;
    assert_eq!(
        index.bulk(&bulk(&["a"])).await.unwrap(),
        [ItemStatus::Indexed]
    );
    assert!(index.without_ids());
}

#[tokio::test]
async fn what_was_taken_with_its_id_is_not_sent_again() {
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
    assert_eq!(statuses[..2], [ItemStatus::Indexed, ItemStatus::Indexed]);
    assert!(matches!(
        statuses[2],
        ItemStatus::Retryable { status: 429, .. }
    ));
    let again = String::from_utf8(node.bulks()[1].body.to_vec()).unwrap();
    assert_eq!(
        again,
        "{\"create\":{\"_index\":\"i\"}}\n{\"message\":\"b\"}\n"
    );
}

#[tokio::test]
async fn a_documents_own_words_do_not_take_the_ids_away() {
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
    assert!(matches!(statuses[0], ItemStatus::Rejected { .. }));
    assert!(!index.without_ids());
}

/// The built binary, signing with credentials of the environment, into a collection that checks them.
#[tokio::test]
async fn ingest_into_a_time_series_collection() {
    let node = Stub::start(
        |request| match verify(request, |_| "very secret".to_owned()) {
            Ok(signed) if signed.service == "aoss" && signed.key_id == "AKID" => {
                collection(request)
            }
            other => (403, json!({"message": format!("{other:?}")})),
        },
    )
    .await;
    let arguments = [
        "--opensearch-url",
        &node.url,
        "--opensearch-aws-service",
        "aoss",
        "--opensearch-aws-region",
        "eu-west-1",
        "--setup",
    ];
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "very secret"),
    ];
    let (success, log) = run(&arguments, &variables).await;
    assert!(success, "{log}");
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
    assert!(!log.contains("very secret"));
}
