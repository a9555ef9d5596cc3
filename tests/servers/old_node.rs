/*! The oldest supported OpenSearch: `setup`, and searches over the documents of the demo. */

use std::collections::BTreeSet;

use serde_json::json;

use crate::cluster::Cluster;
use crate::corpus;
use crate::node::Node;
use crate::setup::bears_awkward_json;
use crate::support::server;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_demo_on_opensearch_2_19() {
    let version = server("LOGFERRY_TEST_OLD_OPENSEARCH");
    if version == "none" {
        eprintln!("not tested: OpenSearch 2.19 needs a JDK of 11 to 23");
        return;
    }
    let node = Node::start_version(Some(&version), "").await;
    let cluster = Cluster::at(node.url(), "old");
    let done = cluster.setup(&[]);
    assert_eq!(done["index"], format!("opensearch {version}"));
    assert_eq!(done["changed"], 5);
    let folder = tempfile::tempdir().unwrap();
    corpus::demo(folder.path());
    let zstd = ["ingest", "--bulk-compression", "zstd"];
    let refused = cluster.run(&[&zstd[..], &[folder.path().to_str().unwrap()]].concat());
    assert!(
        refused.err.contains("must be OpenSearch 3.4 or newer"),
        "{}",
        refused.err
    );
    let flags = [&corpus::FLAGS[..2], &["--bulk-compression", "auto"]].concat();
    cluster.load(folder.path(), &flags).await;
    assert_eq!(cluster.setup(&[])["changed"], 0);
    let printed = corpus::documents(folder.path(), &[]);
    let of_errors =
        |d: &&corpus::Document| corpus::at(&d.source, "log.level") == Some(&json!("ERROR"));
    let wanted: BTreeSet<&str> = printed
        .iter()
        .filter(of_errors)
        .map(|d| d.id.as_str())
        .collect();
    let found = cluster
        .find("logs", json!({"term": {"log.level": "ERROR"}}))
        .await;
    assert_eq!(
        found.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        wanted
    );
    assert!(!wanted.is_empty());
    let slow = json!({"range": {"lambda.duration_ms": {"gt": 2000}}});
    assert!(!cluster.find("invocations", slow).await.is_empty());
    let words = json!({"match": {"message": {"query": "timed out", "operator": "and"}}});
    assert!(!cluster.find("logs", words).await.is_empty());
    bears_awkward_json(&Cluster::at(node.url(), "awkward")).await;
    node.stop().await;
}
