/*! The import of dashboards into a stub of OpenSearch Dashboards. */

use logferry_core::dashboards::saved_objects;
use serde_json::{Value, json};

use crate::dashboards_stub::DashboardsStub;
use crate::stub::{CommandOutput, Stub};

const BOARD: &str = "dashboard:lf-errors";
const PANEL: &str = "visualization:lf-errors-types";
const PATTERN: &str = "index-pattern:lf-logs";

struct Pair {
    index: Stub,
    dashboards: DashboardsStub,
}

impl Pair {
    async fn start() -> Self {
        Self {
            index: Stub::start("3.4.0").await,
            dashboards: DashboardsStub::start().await,
        }
    }

    async fn setup(&self, flags: &[&str]) -> CommandOutput {
        let args = [&["setup", "--dashboards", &*self.dashboards.url], flags].concat();
        self.index.run(&args).await
    }

    /// The report on Dashboards of a run that must succeed.
    async fn report(&self, flags: &[&str]) -> Value {
        let output = self.setup(&[&["--json"], flags].concat()).await;
        assert!(output.success, "{}", output.err);
        let mut report: Value = serde_json::from_str(&output.out).unwrap();
        report["dashboards"].take()
    }
}

fn all() -> usize {
    saved_objects("lf").len()
}

#[tokio::test]
async fn everything_is_imported_once() {
    let pair = Pair::start().await;
    let dry = pair.report(&["--dry-run"]).await;
    assert_eq!(dry["changed"], 0);
    assert!(
        dry["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["action"] == "make")
    );
    assert_eq!(pair.dashboards.imports(), []);
    let first = pair.report(&[]).await;
    assert_eq!(first["changed"], all(), "{first}");
    assert_eq!(pair.dashboards.imports(), [(all(), "global".to_owned())]);
    assert_eq!(pair.dashboards.state.lock().unwrap().objects.len(), all());
    let before = pair.dashboards.object(BOARD);
    let second = pair.report(&[]).await;
    assert_eq!(second["changed"], 0, "{second}");
    assert_eq!(pair.dashboards.imports(), []);
    assert_eq!(pair.dashboards.object(BOARD), before);
    let output = pair.setup(&["--dry-run"]).await;
    assert!(
        output.out.contains("OpenSearch Dashboards 3.4.0"),
        "{}",
        output.out
    );
    assert!(
        !output.out.contains("POST /api/saved_objects"),
        "{}",
        output.out
    );
}

#[tokio::test]
async fn a_dry_run_shows_what_it_would_do() {
    let pair = Pair::start().await;
    let output = pair.setup(&["--dry-run"]).await;
    assert!(output.success, "{}", output.err);
    let request = format!(
        "POST /api/saved_objects/_import?overwrite=true to Dashboards, with {} objects",
        all()
    );
    assert!(output.out.contains(&request), "{}", output.out);
    assert!(
        output.out.contains("Dry run: nothing was changed."),
        "{}",
        output.out
    );
    assert!(pair.dashboards.state.lock().unwrap().objects.is_empty());
}

#[tokio::test]
async fn what_people_changed_stays_until_it_is_forced() {
    let pair = Pair::start().await;
    pair.report(&[]).await;
    pair.dashboards
        .change(BOARD, |o| o["attributes"]["timeFrom"] = "now-7d".into());
    pair.dashboards
        .change(PANEL, |o| o["attributes"]["title"] = "Ours".into());
    let kept = pair.report(&[]).await;
    assert_eq!(kept["changed"], 0);
    assert_eq!(
        kept["notes"],
        json!([
            "changed by people, left as they are (--force overwrites them): lf-errors-types, lf-errors"
        ])
    );
    assert_eq!(
        pair.dashboards.object(BOARD)["attributes"]["timeFrom"],
        "now-7d"
    );
    let forced = pair.report(&["--force"]).await;
    assert_eq!(forced["changed"], 2, "{forced}");
    assert_eq!(
        pair.dashboards.object(BOARD)["attributes"]["timeFrom"],
        "now-24h"
    );
    assert_ne!(pair.dashboards.object(PANEL)["attributes"]["title"], "Ours");
    assert_eq!(pair.report(&[]).await["notes"], json!([]));
}

/// A later logferry replaces what an earlier one wrote, and makes what people deleted.
#[tokio::test]
async fn an_older_form_is_replaced_and_a_deleted_panel_is_made_again() {
    let pair = Pair::start().await;
    pair.report(&[]).await;
    let wanted = pair.dashboards.object(PANEL);
    pair.dashboards.change(PANEL, |object| {
        // As an earlier version wrote it: another content, with the fingerprint of that content.
        object["attributes"]["uiStateJSON"] = "{\"older\":true}".into();
        let attributes = object["attributes"].as_object().unwrap();
        let mark = logferry_core::dashboards::fingerprint(attributes, &object["references"]);
        let description = object["attributes"]["description"].as_str().unwrap();
        let (text, _) = description.rsplit_once(" [logferry ").unwrap();
        object["attributes"]["description"] = format!("{text} [logferry {mark}]").into();
    });
    pair.dashboards.state.lock().unwrap().objects.remove(BOARD);
    let report = pair.report(&[]).await;
    let done: Vec<&Value> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["done"] == true)
        .collect();
    let shown: Vec<_> = done
        .iter()
        .map(|s| (s["action"].as_str().unwrap(), s["name"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [("update", "lf-errors-types"), ("make", "lf-errors")]
    );
    assert_eq!(pair.dashboards.object(PANEL), wanted);
}

/// Dashboards rewrites the fields of an index pattern, and people give them formats.
#[tokio::test]
async fn an_index_pattern_keeps_its_formats_and_gets_new_fields() {
    let pair = Pair::start().await;
    pair.report(&[]).await;
    let formats = "{\"lambda.duration_ms\":{\"id\":\"duration\"}}";
    pair.dashboards.change(PATTERN, |o| {
        o["attributes"]["fieldFormatMap"] = formats.into();
        let mut fields: Vec<Value> =
            serde_json::from_str(o["attributes"]["fields"].as_str().unwrap()).unwrap();
        fields.retain(|field| field["name"] != "lambda.durable.attempt");
        fields[5]["count"] = 9.into();
        o["attributes"]["fields"] = Value::from(fields).to_string().into();
    });
    let report = pair.report(&[]).await;
    assert_eq!(report["changed"], 1, "{report}");
    let attributes = &pair.dashboards.object(PATTERN)["attributes"];
    assert_eq!(attributes["fieldFormatMap"], formats);
    let fields: Vec<Value> = serde_json::from_str(attributes["fields"].as_str().unwrap()).unwrap();
    assert!(
        fields
            .iter()
            .any(|field| field["name"] == "lambda.durable.attempt")
    );
    assert_eq!(fields[5]["count"], 9);
    assert_eq!(pair.report(&[]).await["changed"], 0);
    // Another time field is people's choice.
    pair.dashboards.change(PATTERN, |o| {
        o["attributes"]["timeFieldName"] = "emf.timestamp".into()
    });
    let report = pair.report(&[]).await;
    assert_eq!(report["changed"], 0);
    assert!(report["notes"][0].as_str().unwrap().contains("lf-logs"));
}

#[tokio::test]
async fn user_password_and_tenant_reach_dashboards() {
    let pair = Pair::start().await;
    // u:p
    pair.dashboards.state.lock().unwrap().authorization = Some("Basic dTpw");
    let refused = pair.setup(&[]).await;
    assert!(!refused.success);
    assert!(refused.sentence().contains("401"), "{}", refused.err);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "p\n").unwrap();
    let file = file.to_str().unwrap();
    let flags = [
        "--opensearch-user",
        "u",
        "--opensearch-password-file",
        file,
        "--dashboards-tenant",
        "team",
    ];
    assert_eq!(pair.report(&flags).await["changed"], all());
    assert_eq!(pair.dashboards.imports(), [(all(), "team".to_owned())]);
}

#[tokio::test]
async fn each_refusal_is_a_sentence() {
    let pair = Pair::start().await;
    pair.dashboards.state.lock().unwrap().unsupported = vec!["visualization"];
    let output = pair.setup(&[]).await;
    assert!(!output.success);
    let sentence = output.sentence();
    assert!(
        sentence
            .contains("takes no objects of the type visualization by import (unsupported_type)"),
        "{sentence}"
    );
    // The rest is imported, and named as changed.
    assert!(
        output.out.contains("made dashboard lf-errors"),
        "{}",
        output.out
    );
    assert!(!output.out.contains("made visualization"), "{}", output.out);

    let pair = Pair::start().await;
    pair.dashboards.state.lock().unwrap().unsupported = vec!["index-pattern"];
    let output = pair.setup(&["--json"]).await;
    assert!(!output.success);
    let report: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(report["dashboards"]["changed"], 0);
    let steps = report["dashboards"]["steps"].as_array().unwrap();
    let error = |name: &str| {
        steps.iter().find(|s| s["name"] == name).unwrap()["error"]
            .as_str()
            .unwrap()
    };
    assert!(error("lf-logs").contains("unsupported_type"));
    assert_eq!(
        error("lf-errors-types"),
        "visualization lf-errors-types: it refers to objects that do not exist: index-pattern lf-logs"
    );
    assert!(
        error("lf-errors").starts_with("not imported because of visualization lf-"),
        "{}",
        error("lf-errors")
    );
    assert!(pair.dashboards.state.lock().unwrap().objects.is_empty());
}

#[tokio::test]
async fn a_wrong_url_changes_nothing_and_is_named() {
    let index = Stub::start("3.4.0").await;
    let dashboards = DashboardsStub::start().await;
    let without_base = dashboards.url.replace("/_dashboards", "");
    for (url, sentence) in [
        (
            "http://127.0.0.1:9",
            "nothing listens at http://127.0.0.1:9/: check --dashboards, and that OpenSearch Dashboards runs",
        ),
        (
            &*without_base,
            "--dashboards: nothing is at /api there (HTTP 404): give the URL of OpenSearch Dashboards with its base path, such as https://search.example/_dashboards",
        ),
    ] {
        let output = index.run(&["setup", "--dashboards", url]).await;
        assert!(!output.success);
        assert_eq!(output.sentence(), sentence);
        assert_eq!(index.requests(), [""; 0]);
    }
}
