/*! `setup` on a real node, and documents that are awkward for its mappings. */

use logferry_core::document::template::SCHEMA_VERSION;
use opensearch::http::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::corpus::subscription;
use crate::support::NODE;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_second_run_changes_nothing() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("twice");
    assert_eq!(cluster.setup(&["--dry-run"])["changed"], 0);
    let first = cluster.setup(&[]);
    assert_eq!(first["changed"], 5, "{first}");
    let before = state(&cluster).await;
    let second = cluster.setup(&[]);
    assert_eq!(second["changed"], 0, "{second}");
    assert_eq!(state(&cluster).await, before);
    // With documents in both kinds of indices too.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("a.json"),
        lines(&[
            "START RequestId: 1b2c3d4e-0000-4000-8000-000000000001 Version: $LATEST".to_owned(),
        ]),
    )
    .unwrap();
    cluster.load(folder.path(), &[]).await;
    assert_eq!(cluster.sources("logs").await.len(), 1);
    assert_eq!(cluster.sources("invocations").await.len(), 1);
    let before = state(&cluster).await;
    let third = cluster.setup(&[]);
    assert_eq!(third["changed"], 0, "{third}");
    assert_eq!(state(&cluster).await, before);
}

/// All state of the cluster that `setup` can change.
async fn state(cluster: &Cluster) -> Value {
    let prefix = &cluster.prefix;
    let mut all = Vec::new();
    for path in [
        format!("_component_template/{prefix}-*"),
        format!("_index_template/{prefix}-*"),
        format!("{prefix}-*"),
        format!(
            "_cluster/state/metadata/{prefix}-*?filter_path=metadata.indices.*.version,metadata.indices.*.mapping_version,metadata.indices.*.aliases_version"
        ),
    ] {
        all.push(cluster.call(Method::Get, &path, None).await);
    }
    Value::Array(all)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn what_is_older_is_brought_up_to_date_and_what_is_not_ours_is_left() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("upgrade");
    let prefix = &cluster.prefix;
    // As the first version made it.
    let old = json!({
        "index_patterns": [format!("{prefix}-logs-*")], "priority": 200,
        "_meta": {"made_by": "logferry", "version": "0.0.1"},
        "template": {"mappings": {"dynamic": false, "properties": {"message": {"type": "text"}}}},
    });
    let put = |path: String, body: Value| {
        cluster.call(Method::Put, Box::leak(path.into_boxed_str()), Some(body))
    };
    put(format!("_index_template/{prefix}-logs"), old).await;
    let ours = format!("{prefix}-logs-2026.11.22");
    let theirs = format!("{prefix}-logs-2026.11.22-copy");
    for index in [&ours, &theirs] {
        put(index.clone(), json!({})).await;
    }
    let output = cluster.run(&["worker"]);
    assert!(
        !output.success && output.err.contains("run `logferry setup` once"),
        "{}",
        output.err
    );

    let done = cluster.setup(&[]);
    let steps = done["steps"].as_array().unwrap();
    let step = |name: &str, what: &str| {
        let found = steps
            .iter()
            .find(|s| s["name"] == name && s["what"] == what);
        found.unwrap_or_else(|| panic!("{name} {what}: {done}"))["why"]
            .as_str()
            .unwrap()
    };
    assert_eq!(
        step(&format!("{prefix}-logs"), "index template"),
        format!("schema 0 → {SCHEMA_VERSION}")
    );
    assert!(step(&ours, "mappings").contains("fields"), "{done}");
    step(&ours, "aliases");
    let notes = done["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{done}");
    assert!(
        notes[0]
            .as_str()
            .unwrap()
            .ends_with("only reindexing changes: message"),
        "{done}"
    );

    let about = cluster
        .call(Method::Get, &format!("{ours},{theirs}"), None)
        .await;
    assert_eq!(
        about[&ours]["mappings"]["properties"]["lambda"]["properties"]["duration_ms"]["type"],
        "double"
    );
    assert_eq!(
        about[&ours]["mappings"]["properties"]["message"]["type"],
        "text"
    );
    assert!(
        about[&ours]["aliases"]
            .get(format!("{prefix}-logs"))
            .is_some()
    );
    assert_eq!(about[&theirs]["aliases"], json!({}));
    assert_eq!(
        about[&theirs]["mappings"]["properties"],
        json!({"message": {"type": "text"}})
    );
    assert_eq!(cluster.setup(&[])["changed"], 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn without_setup_nothing_is_sent() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("none");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.log"), "2026-11-23T10:00:00.000Z x\n").unwrap();
    let load = [
        "ingest",
        "--to",
        "opensearch",
        folder.path().to_str().unwrap(),
    ];
    for command in [&["worker"][..], &load] {
        let output = cluster.run(command);
        let sentence = format!(
            "the index template {}-logs is missing: run `logferry setup` once, or give --setup",
            cluster.prefix
        );
        assert!(
            !output.success && output.err.contains(&sentence),
            "{}",
            output.err
        );
    }
    let none = cluster
        .call(
            Method::Get,
            &format!("_cat/indices/{}-*?format=json", cluster.prefix),
            None,
        )
        .await;
    assert_eq!(none, json!([]));
    cluster.run_well(&[&load[..], &["--setup"]].concat());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn an_old_index_that_cannot_be_mended_stops_nobody() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("readonly");
    let old = format!("{}-logs-2026.11.22", cluster.prefix);
    let read_only = json!({"settings": {"index.blocks.read_only": true}});
    cluster.call(Method::Put, &old, Some(read_only)).await;
    let output = cluster.run(&["setup", "--json"]);
    assert!(!output.success);
    let report: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(report["changed"], 5, "{report}");
    let steps = report["steps"].as_array().unwrap().iter();
    let failed: Vec<&Value> = steps.filter(|step| step.get("error").is_some()).collect();
    assert_eq!(failed.len(), 2, "{report}");
    for step in failed {
        assert_eq!((&step["name"], &step["done"]), (&json!(old), &json!(false)));
        assert!(
            step["error"].as_str().unwrap().contains("read-only"),
            "{step}"
        );
    }
    load(&cluster, &["a line".to_owned()]).await;
    assert_eq!(cluster.sources("logs").await.len(), 1);
    let open = json!({"index.blocks.read_only": false});
    cluster
        .call(Method::Put, &format!("{old}/_settings"), Some(open))
        .await;
    assert_eq!(cluster.setup(&[])["changed"], 2);
}

/// An object with these messages.
fn lines(messages: &[String]) -> String {
    subscription("/aws/lambda/awkward", messages)
}

async fn load(cluster: &Cluster, messages: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), lines(messages)).unwrap();
    cluster.load(folder.path(), &["--setup"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn thousands_of_keys_do_not_grow_the_mapping() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("keys");
    load(&cluster, &[r#"{"level":"INFO","a":1}"#.to_owned()]).await;
    assert_eq!(cluster.sources("logs").await.len(), 1);
    let mapping = format!("{}-logs/_mapping", cluster.prefix);
    let before = cluster.call(Method::Get, &mapping, None).await;
    let keys: serde_json::Map<String, Value> = (0..5000)
        .map(|n| (format!("key{n}"), json!(format!("value{n}"))))
        .collect();
    let again = [
        r#"{"level":"INFO","a":2}"#.to_owned(),
        json!(keys).to_string(),
    ];
    load(&cluster, &again).await;
    let sources = cluster.sources("logs").await;
    let big: Vec<_> = sources
        .iter()
        .filter(|s| s["app"].get("key4999").is_some())
        .collect();
    assert_eq!(big.len(), 1);
    assert_eq!(big[0].get("logferry"), None);
    assert_eq!(cluster.call(Method::Get, &mapping, None).await, before);
    let found = cluster
        .find("logs", json!({"term": {"app.key4999": "value4999"}}))
        .await;
    assert_eq!(found.len(), 1);
}

/// Logged JSON that a mapping or Lucene might refuse, and the flag that states how it was changed.
pub fn awkward() -> Vec<(&'static str, String, Option<&'static str>)> {
    let long = "x".repeat(40_000);
    let nested = |levels: usize| format!("{}1{}", "{\"n\":".repeat(levels), "}".repeat(levels));
    vec![
        (
            "a long value",
            json!({"level": "INFO", "long": long}).to_string(),
            Some("app_truncated"),
        ),
        (
            "a long value of wide letters",
            json!({"a": "ü".repeat(20_000)}).to_string(),
            Some("app_truncated"),
        ),
        (
            "a long key",
            json!({"k".repeat(33_000): 1}).to_string(),
            Some("app_truncated"),
        ),
        (
            "a key with dots",
            r#"{"a.b.c": 1, "a": {"b": {"c": "x"}}, "a.b": "y"}"#.to_owned(),
            None,
        ),
        (
            "a key of dots",
            r#"{".": 1, "..": 2, "a.": 3, ".a": 4, "a..b": 5}"#.to_owned(),
            None,
        ),
        (
            "keys with blanks",
            r#"{" ": 1, "a b": 2, " c": 3, "": 4, "\t": 5, "\u0000": 6}"#.to_owned(),
            None,
        ),
        ("no name", r#"{"": {"": {"": 1}}}"#.to_owned(), None),
        ("100 levels", nested(100), Some("app_as_text")),
        (
            "100 lists",
            format!("{{\"l\":{}1{}}}", "[".repeat(100), "]".repeat(100)),
            Some("app_as_text"),
        ),
        (
            "numbers beyond a long",
            format!(
                r#"{{"n": 9223372036854775808, "m": -170141183460469231731687303715884105728, "f": 1e400, "d": {}}}"#,
                "9".repeat(300)
            ),
            None,
        ),
        (
            "mixed types",
            r#"{"m": [1, "a", null, {"b": []}, [true]], "n": null}"#.to_owned(),
            None,
        ),
        (
            "names of ours",
            r#"{"_id": "1", "_source": {}, "_index": "x", "_type": 1, "app": {"app": 2}}"#
                .to_owned(),
            None,
        ),
    ]
}

/// The checked fields of a document, with the text of `app` as stored.
#[derive(serde::Deserialize)]
struct Source {
    message: String,
    app: Option<Box<RawValue>>,
    #[serde(default)]
    logferry: Logferry,
    #[serde(default)]
    event: Original,
}

#[derive(Default, serde::Deserialize)]
struct Logferry {
    flags: Vec<String>,
}

#[derive(Default, serde::Deserialize)]
struct Original {
    original: Option<String>,
}

#[derive(serde::Deserialize)]
struct Hit {
    _source: Source,
}

#[derive(serde::Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(serde::Deserialize)]
struct Found {
    hits: Hits,
}

/// Sends the awkward documents and checks each.
pub async fn bears_awkward_json(cluster: &Cluster) {
    let awkward = awkward();
    let messages: Vec<String> = awkward.iter().map(|(_, text, _)| text.clone()).collect();
    load(cluster, &messages).await;
    let path = format!("{}-logs/_search?size=100&sort=@timestamp", cluster.prefix);
    let found: Found = serde_json::from_str(&cluster.text(&path).await).expect("documents");
    assert_eq!(found.hits.hits.len(), awkward.len());
    for ((name, text, flag), hit) in awkward.iter().zip(&found.hits.hits) {
        let source = &hit._source;
        let flags = &source.logferry.flags;
        let app = source.app.as_ref().map_or("", |app| app.get());
        match flag {
            None => {
                assert!(flags.is_empty(), "{name}: {flags:?}");
                // A number may be one that no `Value` holds.
                let value = |text: &str| serde_json::from_str::<Value>(text).ok();
                let same = value(app).is_some_and(|app| Some(app) == value(text));
                assert!(same || app == text, "{name}: {app}");
            }
            Some(flag) => {
                assert_eq!(flags, &[*flag], "{name}");
                // A value that `app` cannot hold whole is beside it, or in it as text.
                let kept = source.message == *text
                    || source.event.original.as_deref() == Some(text)
                    || *flag == "app_as_text";
                assert!(kept, "{name}: a part is lost: {app}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn awkward_json_is_not_refused_and_loses_nothing_unsaid() {
    let _node = NODE.read().await;
    bears_awkward_json(&Cluster::new("awkward")).await;
}
