/*! `prune` when a deletion fails. */

use serde_json::{Value, json};

use crate::stub::Stub;

#[tokio::test]
async fn json_lists_what_was_deleted_before_a_failure() {
    let stub = Stub::start("3.4.0").await;
    {
        let mut cluster = stub.state.lock().unwrap();
        for day in 1..=25 {
            let name = format!("lf-logs-2020.01.{day:02}");
            cluster.indices.insert(name, json!({}));
        }
        let answer = json!({"error": {"type": "snapshot_in_progress_exception", "reason": "being snapshotted"}});
        cluster.refused = Some(("lf-logs-2020.01.21", 400, answer));
    }
    let output = stub
        .run(&["prune", "--retain-logs", "30d", "--json", "--yes"])
        .await;
    assert!(!output.success);
    assert!(
        output.err.contains("stopped after 20 of 25 indices") && output.err.contains("snapshotted"),
        "{}",
        output.err
    );
    let report: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(report["deleted"], 20);
    assert_eq!(report["expired"].as_array().unwrap().len(), 25);
    assert_eq!(stub.state.lock().unwrap().indices.len(), 5);
}

#[tokio::test]
async fn json_needs_no_confirmation() {
    let stub = Stub::start("3.4.0").await;
    let prune = ["prune", "--retain-logs", "30d", "--json"];
    let output = stub.run(&prune).await;
    assert!(!output.success);
    assert!(
        output
            .sentence()
            .contains("give --yes to delete, or --dry-run"),
        "{}",
        output.err
    );
    let output = stub.run(&[&prune[..], &["--dry-run"]].concat()).await;
    assert!(output.success, "{}", output.err);
}
