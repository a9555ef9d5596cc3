/*! Mistakes of an operator that make an index refuse every document: no document is given up, and loading resumes by
itself once the mistake is corrected. */

use std::time::{Duration, Instant};

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::support::{NODE, Stage, Watched, export, export_key, gzip, opensearch_text_at, signal};

const OBJECTS: u32 = 6;
const INVOCATIONS: u32 = 3;

/// A mistake that breaks all daily indices of logs, and its correction.
struct Slip {
    /// A template with precedence over ours.
    template: Value,
    /// The reason that `/readyz` gives.
    says: &'static str,
}

fn slips() -> Vec<(&'static str, Slip)> {
    let with = |template: Value, says| Slip { template, says };
    vec![
        (
            "wrong-type",
            with(
                json!({"mappings": {"properties": {"@timestamp": {"type": "boolean"}}}}),
                "mapper_parsing_exception",
            ),
        ),
        (
            "strict",
            with(
                json!({"mappings": {"dynamic": "strict"}}),
                "strict_dynamic_mapping_exception",
            ),
        ),
        (
            "pipeline",
            with(
                json!({"settings": {"default_pipeline": "there-is-none"}}),
                "pipeline with id [there-is-none] does not exist",
            ),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn an_operators_slip_condemns_nothing_and_all_arrives_when_it_is_mended() {
    let _node = NODE.read().await;
    for (name, slip) in slips() {
        let stage = Stage::with_visibility(name, 10).await;
        let template = format!("_index_template/{}-slip", stage.prefix);
        let body = json!({
            "index_patterns": [format!("{}-logs-2*", stage.prefix)],
            "priority": 300,
            "template": slip.template,
        });
        let made = stage.opensearch(Method::Put, &template, Some(body)).await;
        assert_eq!(made["acknowledged"], true, "{made}");
        for seed in 1..=OBJECTS {
            let events = gzip(&export(seed, INVOCATIONS));
            stage.upload(&export_key(seed), events).await;
        }
        let letters = tempfile::tempdir().unwrap();
        let mut command = stage.endless_worker();
        command.env(
            "LOGFERRY_DEAD_LETTERS",
            format!("file://{}", letters.path().display()),
        );
        let mut worker = Watched::start(&mut command);
        let starts: Value = serde_json::from_str(&worker.until("logferry starts")).unwrap();
        let listen = format!("http://{}", starts["listen"].as_str().unwrap());
        worker.until("refuses every document");
        let why = opensearch_text_at(&listen, Method::Get, "/readyz", None).await;
        assert!(
            why.starts_with("not ready: the index ") && why.contains(slip.says),
            "{name}: {why}"
        );
        // Long enough for each bulk to be refused again.
        worker.until("will be sent again");
        worker.until("will be sent again");

        let deleted = stage.opensearch(Method::Delete, &template, None).await;
        assert_eq!(deleted["acknowledged"], true, "{deleted}");
        let indices = format!("{}-logs-2*", stage.prefix);
        stage.opensearch(Method::Delete, &indices, None).await;
        let deadline = Instant::now() + Duration::from_secs(90);
        while opensearch_text_at(&listen, Method::Get, "/readyz", None).await != "ready\n"
            || stage.depth(&stage.queue_url).await != (0, 0)
        {
            assert!(Instant::now() < deadline, "{name}: it does not go on");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        signal(worker.pid(), "TERM");
        let (log, code) = worker.finish();
        assert_eq!(code, Some(0), "{}", log.text);
        assert_eq!(
            log.with_message("document rejected").len(),
            0,
            "{}",
            log.text
        );
        assert_eq!(std::fs::read_dir(letters.path()).unwrap().count(), 0);
        // Of an invocation: four events and a summary.
        let documents = stage.documents().await;
        assert_eq!(documents.len() as u32, OBJECTS * INVOCATIONS * 5, "{name}");
        assert_eq!(stage.depth(&stage.dead_url).await, (0, 0), "{name}");
    }
}

/// An append-only index refuses merged summaries, and only these; the error names the setting.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_merge_in_an_append_only_index_is_refused_and_names_the_setting() {
    let _node = NODE.read().await;
    let stage = Stage::new("append-only").await;
    let template = format!("_index_template/{}-slip", stage.prefix);
    let body = json!({
        "index_patterns": [format!("{}-invocations-2*", stage.prefix)],
        "priority": 300,
        "template": {"settings": {"index.append_only.enabled": true}},
    });
    let made = stage.opensearch(Method::Put, &template, Some(body)).await;
    assert_eq!(made["acknowledged"], true, "{made}");
    // One request in two objects.
    let whole = String::from_utf8(export(1, 1)).unwrap();
    let at = whole.match_indices('\n').nth(1).unwrap().0 + 1;
    let key = export_key(1);
    let (first, second) = whole.split_at(at);
    stage.upload(&key, gzip(first.as_bytes())).await;
    let letters = tempfile::tempdir().unwrap();
    let work = || {
        let mut command = stage.worker();
        command.env(
            "LOGFERRY_DEAD_LETTERS",
            format!("file://{}", letters.path().display()),
        );
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(!work().contains("document rejected"));
    let other = key.replace("000000.gz", "000001.gz");
    assert_ne!(other, key);
    stage.upload(&other, gzip(second.as_bytes())).await;
    let log = work();
    assert_eq!(log.matches("document rejected").count(), 1, "{log}");
    assert!(log.contains("remove index.append_only.enabled"), "{log}");
    assert!(!log.contains("refuses every document"), "{log}");
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    assert_eq!(stage.depth(&stage.dead_url).await, (0, 0));
}
