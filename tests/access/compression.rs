/*! Compressed bulks: what is asked at the start, what goes over the wire, and what a cluster is never sent. The answers
of the stubs are those of OpenSearch 3.4.0. */

use std::time::Duration;

use logferry::observe::Metrics;
use logferry::sink::opensearch::{Encoding, OpenSearch, OpenSearchConfig};
use logferry::sink::{BulkCompression, Index};
use logferry_core::bulk::{Bulk, Verdict};
use serde_json::{Value, json};

use crate::start::{reason_given, run};
use crate::stub::{Received, Stub, bulk, bulk_of, healthy};

/// A node of a version that reads these encodings.
async fn node(version: &'static str, reads: &'static [&'static str]) -> Stub {
    Stub::start(move |request| answer(request, version, reads)).await
}

fn answer(request: &Received, version: &str, reads: &[&str]) -> (u16, Value) {
    let encoding = request.header("content-encoding");
    let error = |kind: &str, reason: &str| {
        let error = json!({"type": kind, "reason": reason});
        (400, json!({"error": error, "status": 400}))
    };
    match request.path() {
        "/_nodes/http" => (
            200,
            json!({"nodes": {"x": {"name": "a", "version": version}}}),
        ),
        "/_bulk" if !encoding.is_empty() && !reads.contains(&encoding) => error(
            "json_parse_exception",
            "Illegal character ((CTRL-CHAR, code 31)): only regular white space (\\r, \\n, \\t) is allowed between tokens",
        ),
        "/_bulk" if request.decoded().body.iter().all(|b| *b == b'\n') => error(
            "action_request_validation_exception",
            "Validation Failed: 1: no requests added;",
        ),
        _ => healthy(&request.decoded()),
    }
}

async fn over(node: &Stub) -> OpenSearch {
    let config = OpenSearchConfig::of_url(node.url.parse().unwrap());
    let index = OpenSearch::new(config, Duration::from_secs(30)).await;
    index.unwrap()
}

async fn compressing(node: &Stub, wanted: BulkCompression) -> OpenSearch {
    let index = over(node).await;
    let encoding = index.bulk_encoding(wanted).await.unwrap();
    index.compressing(encoding)
}

/// A bulk of 500 documents with the same words in each.
fn large() -> Bulk {
    let words = "words of a log line ".repeat(20);
    let documents: Vec<_> = (0..500)
        .map(|i| {
            (
                format!("id-{i}"),
                format!("{{\"message\":\"{i} {words}\"}}"),
            )
        })
        .collect();
    let documents: Vec<_> = documents
        .iter()
        .map(|(id, source)| ("i", &**id, &**source))
        .collect();
    bulk_of(&documents)
}

#[tokio::test]
async fn a_compressed_bulk_arrives_whole_and_is_counted() {
    for (wanted, encoding) in [
        (BulkCompression::Gzip, "gzip"),
        (BulkCompression::Zstd, "zstd"),
        (BulkCompression::Auto, "zstd"),
    ] {
        let node = node("3.4.0", &["gzip", "zstd"]).await;
        let metrics = Metrics::new();
        let index = compressing(&node, wanted).await.shown_in(&metrics);
        let bulk = large();
        let verdicts = index.bulk(&bulk).await.unwrap();
        assert_eq!(verdicts, vec![Verdict::Indexed; 500]);
        let bulks = node.bulks();
        let sent = bulks.last().unwrap();
        assert_eq!(sent.header("content-encoding"), encoding);
        assert_eq!(sent.header("content-length"), sent.body.len().to_string());
        assert!(sent.body.len() * 100 < bulk.body().len() * 15);
        assert_eq!(sent.decoded().body, bulk.body().to_bytes());
        let counted = |name: &str, bytes: usize| {
            let line = format!("logferry_bulk_{name}_bytes_total {bytes}\n");
            assert!(
                metrics.encode().contains(&line),
                "{line}{}",
                metrics.encode()
            );
        };
        counted("body", bulk.body().len());
        counted("wire", sent.body.len());
    }
}

/// A bulk that is sent again, whole, keeps its compressed body; one of other documents has another.
#[tokio::test]
async fn another_attempt_does_not_compress_again() {
    let node = node("3.4.0", &["gzip"]).await;
    let index = compressing(&node, BulkCompression::Gzip).await;
    let first = large();
    index.bulk(&first).await.unwrap();
    let kept = first.wire_body().unwrap().bytes.clone();
    let again = first.clone();
    index.bulk(&again).await.unwrap();
    assert_eq!(
        again.wire_body().unwrap().bytes.to_bytes().as_ptr(),
        kept.to_bytes().as_ptr()
    );
    let (half, _) = first.halves().unwrap();
    assert!(half.wire_body().is_none());
    index.bulk(&half).await.unwrap();
    let bulks = node.bulks();
    assert_eq!(bulks.last().unwrap().decoded().body, half.body().to_bytes());
}

#[tokio::test]
async fn a_small_bulk_goes_uncompressed() {
    let node = node("3.4.0", &["gzip"]).await;
    let index = compressing(&node, BulkCompression::Gzip).await;
    index.bulk(&bulk(&["a"])).await.unwrap();
    let bulks = node.bulks();
    assert_eq!(bulks.last().unwrap().header("content-encoding"), "");
}

#[tokio::test]
async fn without_compression_nothing_is_asked() {
    let node = node("3.4.0", &["gzip", "zstd"]).await;
    let index = compressing(&node, BulkCompression::None).await;
    assert!(node.requests().is_empty());
    index.bulk(&large()).await.unwrap();
    assert_eq!(node.bulks()[0].body, large().body().to_bytes());
    assert_eq!(node.bulks()[0].header("content-encoding"), "");
}

/// A node that does not read zstd may fail over it: it is never sent any.
#[tokio::test]
async fn an_older_node_is_never_sent_zstd() {
    let node = node("2.19.4", &["gzip"]).await;
    let index = over(&node).await;
    let best = index.bulk_encoding(BulkCompression::Auto).await.unwrap();
    assert_eq!(best, Some(Encoding::Gzip));
    let url = node.url.clone();
    let sentence = reason_given(&["--opensearch-url", &url, "--bulk-compression", "zstd"]).await;
    assert_eq!(
        sentence,
        "--bulk-compression zstd: all nodes must be OpenSearch 3.4 or newer, and a is 2.19.4: give gzip, or auto"
    );
    let sent = node.requests();
    assert!(sent.iter().all(|r| r.header("content-encoding") != "zstd"));
}

#[tokio::test]
async fn versions_that_cannot_be_seen_forbid_zstd() {
    let node = Stub::start(|request| match request.path() {
        "/_nodes/http" => (
            403,
            json!({"error": {"type": "security_exception", "reason": "no permissions for [cluster:monitor/nodes/info] and User [name=u]"}, "status": 403}),
        ),
        _ => answer(request, "3.4.0", &["gzip", "zstd"]),
    })
    .await;
    let url = node.url.clone();
    let sentence = reason_given(&["--opensearch-url", &url, "--bulk-compression", "zstd"]).await;
    assert!(
        sentence.contains("the versions of the nodes cannot be seen")
            && sentence.contains("cluster:monitor/nodes/info"),
        "{sentence}"
    );
    let best = over(&node).await.bulk_encoding(BulkCompression::Auto).await;
    assert_eq!(best.unwrap(), Some(Encoding::Gzip));
}

#[tokio::test]
async fn a_cluster_that_reads_no_gzip_is_named_at_the_start() {
    let node = node("3.4.0", &[]).await;
    let url = node.url.clone();
    let sentence = reason_given(&["--opensearch-url", &url, "--bulk-compression", "gzip"]).await;
    assert!(
        sentence.starts_with("--bulk-compression gzip: the cluster does not take it (")
            && sentence.contains("json_parse_exception")
            && sentence.ends_with(": give none"),
        "{sentence}"
    );
    assert_eq!(node.bulks().len(), 1, "only the question");
    let (success, log) = run(
        &["--opensearch-url", &url, "--bulk-compression", "auto"],
        &[],
    )
    .await;
    assert!(success, "{log}");
    let bulks = node.bulks();
    assert_eq!(bulks.last().unwrap().header("content-encoding"), "");
}

/// A node that is overloaded or down says nothing about encodings.
#[tokio::test]
async fn a_node_in_trouble_is_no_answer() {
    let node = Stub::start(|_| (503, json!({"error": {"type": "x", "reason": "y"}}))).await;
    for wanted in [
        BulkCompression::Gzip,
        BulkCompression::Zstd,
        BulkCompression::Auto,
    ] {
        let error = over(&node).await.bulk_encoding(wanted).await.unwrap_err();
        assert_eq!(error.status(), Some(503), "{wanted:?}: {error}");
    }
}
