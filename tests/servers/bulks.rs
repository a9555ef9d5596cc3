/*! Bulk responses with failures. */

use opensearch::http::Method;
use serde_json::json;

use crate::support::{NODE, Stage, Watched, export, export_key, gzip, opensearch};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_rejected_document_is_named_and_its_neighbours_are_indexed() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("rejected", 4).await;
    let index = format!("{}-logs-2026.11.23", stage.prefix);
    let mapping =
        json!({"mappings": {"properties": {"log": {"properties": {"level": {"type": "long"}}}}}});
    let made = opensearch(Method::Put, &index, Some(mapping)).await;
    assert_eq!(made["acknowledged"], true, "{made}");
    // START, END and REPORT have no level; the line of the function has one and is refused.
    stage.upload(&export_key(1), gzip(&export(1, 2))).await;
    stage
        .upload("good.gz", gzip(b"2026-11-23T10:00:00.000Z good\n"))
        .await;
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    let rejected = log.with_message("document rejected");
    // Two documents at each of the deliveries that the redrive policy allows.
    assert_eq!(rejected.len(), 6, "{}", log.text);
    assert_eq!(rejected[0]["key"], export_key(1));
    assert_eq!(rejected[0]["status"], 400);
    let offset = usize::try_from(rejected[0]["offset"].as_u64().unwrap()).unwrap();
    let event = &export(1, 2)[offset..];
    assert!(
        String::from_utf8_lossy(event).contains("line 0"),
        "the offset leads to the event"
    );
    assert!(
        rejected[0]["reason"]
            .as_str()
            .unwrap()
            .contains("log.level"),
        "{}",
        rejected[0]
    );
    let documents = stage.documents().await;
    // 3 of 4 events of two invocations, their summaries, and the neighbour.
    assert_eq!(documents.len(), 3 * 2 + 2 + 1);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    assert_eq!(
        stage.depth(&stage.dead_url).await.0,
        1,
        "the message is kept for a person"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_blocked_index_delays_only_its_own_documents() {
    let _node = NODE.read().await;
    let stage = Stage::new("blocked").await;
    let index = format!("{}-logs-2026.11.23", stage.prefix);
    opensearch(Method::Put, &index, Some(json!({}))).await;
    block(&index, true).await;
    stage.upload(&export_key(1), gzip(&export(1, 50))).await;
    stage
        .upload(
            "other-day.gz",
            gzip(b"2026-11-20T10:00:00.000Z not blocked\n"),
        )
        .await;
    let mut worker = Watched::start(&mut stage.worker());
    worker.until("will be sent again");
    // The neighbour of the same bulk is there, while the index is still blocked.
    let neighbour = format!("{}-logs-2026.11.20", stage.prefix);
    opensearch(Method::Post, &format!("{neighbour}/_refresh"), None).await;
    let found = opensearch(Method::Get, &format!("{neighbour}/_count"), None).await;
    assert_eq!(found["count"], 1, "{found}");
    block(&index, false).await;
    let (log, _) = worker.finish();
    assert!(log.success, "{}", log.text);
    assert_eq!(stage.documents().await.len(), 50 * 5 + 1);
    // The documents that were indexed at first were not sent again: they would count as already there.
    assert_eq!(log.sum("already_there"), 0, "{}", log.text);
    assert_eq!(log.sum("indexed"), 50 * 5 + 1);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    assert_eq!(stage.depth(&stage.dead_url).await, (0, 0));
}

async fn block(index: &str, on: bool) {
    let settings =
        json!({"index.blocks.read_only_allow_delete": if on { json!(true) } else { json!(null) }});
    let answer = opensearch(Method::Put, &format!("{index}/_settings"), Some(settings)).await;
    assert_eq!(answer["acknowledged"], true, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_node_that_refuses_whole_bulks_gets_them_again() {
    // The breaker is the whole node's.
    let _node = NODE.write().await;
    let stage = Stage::new("breaker").await;
    stage.upload(&export_key(1), gzip(&export(1, 200))).await;
    // The templates first: they are small enough for any node that is up.
    assert!(
        stage
            .worker()
            .env("LOGFERRY_QUEUE_URL", &stage.dead_url)
            .output()
            .unwrap()
            .status
            .success()
    );
    breaker("2kb").await;
    let mut worker = Watched::start(&mut stage.worker());
    let retry = worker.until("will be sent again");
    breaker("100%").await;
    assert!(retry.contains("429"), "{retry}");
    let (log, _) = worker.finish();
    assert!(log.success, "{}", log.text);
    assert_eq!(log.sum("already_there"), 0);
    assert_eq!(stage.documents().await.len(), 200 * 5);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
}

async fn breaker(limit: &str) {
    let settings = json!({"transient": {"network.breaker.inflight_requests.limit": limit}});
    let answer = opensearch(Method::Put, "_cluster/settings", Some(settings)).await;
    assert_eq!(answer["acknowledged"], true, "{answer}");
}
