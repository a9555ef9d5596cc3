/*! Amazon's engine "Optimized for log analytics", whose indices do not take our documents. */

use serde_json::json;

use crate::stub::Stub;

const SENTENCE: &str =
    "the indices here are columnar, as those of Amazon's engine \"Optimized for log analytics\"";

#[tokio::test]
async fn the_engine_is_named_before_anything_is_sent() {
    let stub = Stub::start("3.5.0").await;
    // Templates of before say nothing about the indices.
    assert!(stub.run(&["setup"]).await.success);
    stub.requests();
    stub.state.lock().unwrap().columnar = true;
    for command in [
        &["setup"][..],
        &["setup", "--dry-run"],
        &["worker"],
        &["worker", "--setup"],
        &["ingest", "--to", "opensearch", "Cargo.toml"],
    ] {
        let output = stub.run(command).await;
        assert!(!output.success, "{command:?}");
        let sentence = output.sentence();
        assert!(
            sentence.contains(SENTENCE) && sentence.ends_with("see docs/access.md"),
            "{command:?}: {}",
            output.err
        );
    }
    assert_eq!(stub.requests(), [""; 0]);
}

#[tokio::test]
async fn the_engine_is_recognised_by_an_index() {
    let stub = Stub::start("3.5.0").await;
    let pluggable = json!({"dataformat": "composite", "dataformat.enabled": "true"});
    let index = json!({"settings": {"index": {"uuid": "u", "pluggable": pluggable}}});
    let name = "lf-logs-2026.11.01".to_owned();
    stub.state.lock().unwrap().indices.insert(name, index);
    let output = stub.run(&["setup"]).await;
    assert!(output.sentence().contains(SENTENCE), "{}", output.err);
}
