/*! Versions, templates and roles that do not fit: each is reported in one sentence, before anything is changed. */

use serde_json::json;

use crate::stub::Stub;

#[tokio::test]
async fn an_unsupported_version_is_named_at_the_start() {
    for (distribution, version, wanted) in [
        (None, "8.11.1", "this is elasticsearch 8.11.1"),
        (Some("opensearch"), "1.3.20", "this is OpenSearch 1.3.20"),
        (Some("opensearch"), "2.18.0", "this is OpenSearch 2.18.0"),
        (
            Some("opensearch"),
            "7.10.2",
            "override_main_response_version",
        ),
    ] {
        let stub = Stub::start(version).await;
        stub.state.lock().unwrap().distribution = distribution;
        for command in [
            &["worker"][..],
            &["worker", "--setup"],
            &["ingest", "--to", "opensearch", "Cargo.toml"],
            &["setup"],
            &["prune", "--retain-logs", "30d", "--yes"],
        ] {
            let output = stub.run(command).await;
            assert!(!output.success, "{command:?} {version}");
            let sentence = output.sentence();
            assert!(
                sentence.contains(wanted) && sentence.contains("2.19 or newer"),
                "{command:?}: {}",
                output.err
            );
        }
        assert_eq!(stub.requests(), [""; 0]);
    }
}

#[tokio::test]
async fn without_our_templates_no_document_is_sent() {
    let stub = Stub::start("3.4.0").await;
    let ours = json!({"made_by": "logferry", "version": "0.0.9", "schema": 0});
    for (meta, wanted) in [
        (
            None,
            "the index template lf-logs is missing: run `logferry setup` once, or give --setup",
        ),
        (
            Some(json!({})),
            "the index template lf-logs was not made by logferry",
        ),
        (
            Some(ours),
            "the index template lf-logs is of an older logferry (schema 0",
        ),
    ] {
        if let Some(meta) = meta {
            let body = json!({"index_patterns": ["lf-logs-*"], "_meta": meta});
            let key = "_index_template/lf-logs".to_owned();
            stub.state.lock().unwrap().kept.insert(key, body);
        }
        for command in [
            &["worker"][..],
            &["ingest", "--to", "opensearch", "Cargo.toml"],
        ] {
            let output = stub.run(command).await;
            assert!(
                !output.success && output.err.contains(wanted),
                "{}",
                output.err
            );
        }
        assert_eq!(stub.requests(), [""; 0]);
    }
}

#[tokio::test]
async fn templates_of_somebody_else_are_not_overwritten() {
    let stub = Stub::start("3.4.0").await;
    let body = json!({"index_patterns": ["lf-logs-*"]});
    stub.state
        .lock()
        .unwrap()
        .kept
        .insert("_index_template/lf-logs".to_owned(), body);
    for command in [&["setup"][..], &["worker", "--setup"]] {
        let output = stub.run(command).await;
        assert!(!output.success);
        assert!(
            output.err.contains("lf-logs was not made by logferry"),
            "{}",
            output.err
        );
        assert_eq!(stub.requests(), [""; 0]);
    }
    let output = stub.run(&["setup", "--force"]).await;
    assert!(output.success, "{}", output.err);
    assert_eq!(stub.requests().len(), 5);
    assert!(
        stub.run(&["setup"])
            .await
            .out
            .contains("Nothing to change.")
    );
}

/// A worker that was rolled back goes on with the templates of a later version. `setup` refuses to replace them.
#[tokio::test]
async fn templates_of_a_later_version_are_kept_and_stop_no_worker() {
    let stub = Stub::start("3.4.0").await;
    assert!(stub.run(&["setup"]).await.success);
    for body in stub.state.lock().unwrap().kept.values_mut() {
        body["_meta"] = json!({"made_by": "logferry", "version": "9.0.0", "schema": 99});
    }
    stub.changes();
    let output = stub.run(&["setup"]).await;
    assert!(!output.success);
    assert!(
        output
            .err
            .contains("logferry 9.0.0, which is newer (schema 99"),
        "{}",
        output.err
    );
    // There is nothing to load: only the start is tested.
    let empty = tempfile::NamedTempFile::new().unwrap();
    let file = empty.path().to_str().unwrap();
    let output = stub
        .run(&["ingest", "--to", "opensearch", "--setup", file])
        .await;
    assert!(output.success, "{}", output.err);
    assert!(
        output
            .err
            .contains("logferry 9.0.0, which is newer (schema 99"),
        "{}",
        output.err
    );
    assert_eq!(stub.requests(), [""; 0]);
    assert!(stub.run(&["setup", "--force"]).await.success);
    assert_eq!(stub.requests().len(), 5);
}

#[tokio::test]
async fn other_templates_over_the_same_indices_are_named() {
    let stub = Stub::start("3.4.0").await;
    let others = [
        ("same", json!({"index_patterns": ["lf-*"], "priority": 200})),
        (
            "higher",
            json!({"index_patterns": ["*-2026*"], "priority": 500}),
        ),
        (
            "composed",
            json!({"index_patterns": ["lf-logs-*"], "priority": 600, "composed_of": ["lf-logs-mappings"]}),
        ),
        ("lower", json!({"index_patterns": ["*"]})),
        (
            "elsewhere",
            json!({"index_patterns": ["lf-metrics-*"], "priority": 200}),
        ),
    ];
    for (name, body) in others {
        let key = format!("_index_template/{name}");
        stub.state.lock().unwrap().kept.insert(key, body);
    }
    let output = stub.run(&["setup", "--force"]).await;
    assert!(!output.success);
    for kind in ["lf-logs", "lf-invocations"] {
        let sentence = format!(
            "the index template same matches indices of {kind} with the same priority, 200"
        );
        assert!(output.err.contains(&sentence), "{}", output.err);
    }
    assert_eq!(output.err.trim().lines().count(), 2, "{}", output.err);
    stub.state
        .lock()
        .unwrap()
        .kept
        .remove("_index_template/same");
    let output = stub.run(&["setup"]).await;
    assert!(output.success, "{}", output.err);
    let notes: Vec<&str> = output
        .out
        .lines()
        .filter(|l| l.starts_with("note:"))
        .collect();
    assert_eq!(notes.len(), 2, "{}", output.out);
    assert!(
        notes
            .iter()
            .all(|n| n.contains("the index template higher (priority 500)"))
    );
}

#[tokio::test]
async fn an_index_in_the_place_of_an_alias_is_named() {
    let stub = Stub::start("3.4.0").await;
    let index = json!({"aliases": {}, "mappings": {}});
    stub.state
        .lock()
        .unwrap()
        .indices
        .insert("lf-logs".to_owned(), index);
    let output = stub.run(&["setup"]).await;
    assert!(!output.success);
    assert!(
        output.sentence().contains("an index is called lf-logs"),
        "{}",
        output.err
    );
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let stub = Stub::start("3.4.0").await;
    let reason = "no permissions for [cluster:admin/component_template/put] and User [name=ferry, backend_roles=[], requestedTenant=null]";
    let answer = json!({"error": {"type": "security_exception", "reason": reason}, "status": 403});
    stub.state.lock().unwrap().refused = Some(("_component_template", 403, answer));
    let output = stub.run(&["setup"]).await;
    assert!(!output.success);
    assert!(
        output
            .err
            .contains("refuses /_component_template/lf-settings"),
        "{}",
        output.err
    );
    assert!(
        output.err.contains("cluster:admin/component_template/put"),
        "{}",
        output.err
    );
    assert_eq!(stub.requests(), [""; 0]);
}

#[tokio::test]
async fn settings_without_a_flag_stay() {
    let stub = Stub::start("3.4.0").await;
    let flags = [
        "setup",
        "--shards",
        "3",
        "--replicas",
        "0",
        "--refresh-interval",
        "30s",
    ];
    assert!(stub.run(&flags).await.success);
    stub.changes();
    let output = stub.run(&["setup"]).await;
    assert!(output.out.contains("Nothing to change."), "{}", output.out);
    assert!(stub.run(&["setup", "--replicas", "2"]).await.success);
    let changes = stub.changes();
    assert_eq!(changes.len(), 1);
    let index = &changes[0].2["template"]["settings"]["index"];
    assert_eq!(index["number_of_shards"], "3");
    assert_eq!(index["number_of_replicas"], "2");
    assert_eq!(index["refresh_interval"], "30000ms");
}

#[tokio::test]
async fn a_dry_run_prints_requests_and_sends_none() {
    let stub = Stub::start("3.4.0").await;
    let output = stub.run(&["setup", "--dry-run"]).await;
    assert!(output.success, "{}", output.err);
    for line in [
        "PUT /_component_template/lf-settings",
        "PUT /_component_template/lf-logs-mappings",
        "PUT /_component_template/lf-invocations-mappings",
        "PUT /_index_template/lf-logs",
        "PUT /_index_template/lf-invocations",
    ] {
        assert_eq!(
            output.out.lines().filter(|l| *l == line).count(),
            1,
            "{}",
            output.out
        );
    }
    let plan = output.out.split("\n\n").next().unwrap();
    insta::assert_snapshot!("plan", plan);
    let json = stub.run(&["setup", "--dry-run", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["steps"].as_array().unwrap().len(), 5);
    assert_eq!(json["steps"][0]["request"]["method"], "PUT");
    assert_eq!(
        (&json["changed"], &json["dry_run"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(stub.requests(), [""; 0]);
}
