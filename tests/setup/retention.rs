/*! Retention by index management: the requests of the first run; a second run sends none. */

use serde_json::{Value, json};

use crate::stub::Stub;

const BOTH: [&str; 5] = [
    "setup",
    "--retain-logs",
    "30d",
    "--retain-invocations",
    "365d",
];

async fn with_plugin() -> Stub {
    let stub = Stub::start("3.4.0").await;
    stub.state.lock().unwrap().plugins = vec!["analysis-icu", "opensearch-index-management"];
    stub
}

fn policies(stub: &Stub) -> Vec<(String, String, Value)> {
    let changes = stub.changes().into_iter();
    changes
        .filter(|(_, path, _)| path.contains("_ism"))
        .collect()
}

#[tokio::test]
async fn a_policy_for_each_kind_once() {
    let stub = with_plugin().await;
    let output = stub.run(&BOTH).await;
    assert!(output.success, "{}", output.err);
    let sent = policies(&stub);
    assert_eq!(sent.len(), 2);
    insta::assert_json_snapshot!("policy", sent[0]);
    assert_eq!(
        sent[1].1,
        "/_plugins/_ism/policies/lf-invocations-retention"
    );
    let output = stub.run(&BOTH).await;
    assert!(output.success, "{}", output.err);
    assert!(output.out.contains("Nothing to change."), "{}", output.out);
    assert_eq!(stub.requests(), [""; 0]);
    // The policy also stays if a later run does not ask for one.
    assert!(stub.run(&["setup"]).await.success);
    assert_eq!(stub.requests(), [""; 0]);
}

#[tokio::test]
async fn another_retention_reaches_the_indices_that_are_there() {
    let stub = with_plugin().await;
    assert!(stub.run(&["setup", "--retain-logs", "30d"]).await.success);
    let index = json!({"aliases": {"lf-logs": {}}, "mappings": {"dynamic": "false"}});
    {
        let mut cluster = stub.state.lock().unwrap();
        for (name, policy) in [
            ("lf-logs-2026.11.21", Some("theirs")),
            ("lf-logs-2026.11.22", Some("lf-logs-retention")),
            ("lf-logs-2026.11.23", None),
            ("lf-logs-2026.11.23-copy", None),
            // Of documents whose time no index can hold: never deleted for its age.
            ("lf-logs-1970.01.01", None),
        ] {
            cluster.indices.insert(name.to_owned(), index.clone());
            if let Some(policy) = policy {
                let managed = (policy.to_owned(), 7);
                cluster.managed.insert(name.to_owned(), managed);
            }
        }
    }
    stub.changes();
    let output = stub.run(&["setup", "--retain-logs", "60d"]).await;
    assert!(output.success, "{}", output.err);
    assert!(output.out.contains("30d → 60d"), "{}", output.out);
    assert!(
        output.out.contains("lf-logs-2026.11.21 (theirs)"),
        "{}",
        output.out
    );
    let sent: Vec<String> = policies(&stub)
        .into_iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(
        sent,
        [
            "PUT /_plugins/_ism/policies/lf-logs-retention?if_seq_no=7&if_primary_term=1",
            "POST /_plugins/_ism/add/lf-logs-2026.11.23",
            "POST /_plugins/_ism/change_policy/lf-logs-2026.11.22",
        ]
    );
    stub.run(&["setup", "--retain-logs", "60d"]).await;
    assert!(policies(&stub).is_empty());
    // An index that an interrupted run left behind.
    stub.state
        .lock()
        .unwrap()
        .managed
        .get_mut("lf-logs-2026.11.22")
        .unwrap()
        .1 = 7;
    stub.run(&["setup", "--retain-logs", "60d"]).await;
    let sent = policies(&stub);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1, "/_plugins/_ism/change_policy/lf-logs-2026.11.22");
}

#[tokio::test]
async fn a_policy_of_somebody_else_is_left_alone() {
    let stub = with_plugin().await;
    let theirs = json!({"policy": {"description": "by hand", "states": []}});
    stub.state
        .lock()
        .unwrap()
        .policies
        .insert("lf-logs-retention".to_owned(), (3, theirs));
    let output = stub.run(&BOTH).await;
    assert!(!output.success);
    assert!(output.sentence().contains("--force"), "{}", output.err);
    assert_eq!(stub.requests(), [""; 0]);
    let output = stub.run(&[&BOTH[..], &["--force"]].concat()).await;
    assert!(output.success, "{}", output.err);
    assert_eq!(
        policies(&stub)[0].1,
        "/_plugins/_ism/policies/lf-logs-retention?if_seq_no=3&if_primary_term=1"
    );
}

#[tokio::test]
async fn without_the_plugin_prune_is_named() {
    let stub = Stub::start("3.4.0").await;
    let output = stub.run(&BOTH).await;
    assert!(output.success, "{}", output.err);
    let command = "`logferry prune --index-prefix lf --retain-logs 30d --retain-invocations 365d`";
    let notes: Vec<&str> = output.out.lines().filter(|l| l.contains(command)).collect();
    assert_eq!(notes.len(), 1, "{}", output.out);
    assert!(policies(&stub).is_empty());
}

#[tokio::test]
async fn a_refusal_by_index_management_is_reported() {
    let stub = with_plugin().await;
    let index = json!({"aliases": {"lf-logs": {}}, "mappings": {}});
    let name = "lf-logs-2026.11.23".to_owned();
    {
        let mut cluster = stub.state.lock().unwrap();
        cluster.indices.insert(name, index);
        let answer = json!({"updated_indices": 0, "failures": true, "failed_indices": [
            {"index_name": "lf-logs-2026.11.23", "reason": "this index is in the middle of something"}]});
        cluster.refused = Some(("_plugins/_ism/add", 200, answer));
    }
    let output = stub.run(&BOTH).await;
    assert!(!output.success);
    assert!(
        output.err.contains("in the middle of something"),
        "{}",
        output.err
    );
}
