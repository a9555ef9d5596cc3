/*! The monitors of `deploy/alerts/opensearch` on a real node: their searches over documents that must and must not
trigger them, their conditions as Painless. The Alerting plugin itself is not there. */

use opensearch::http::Method;
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::support::{NODE, opensearch_text_at};

/// The end of the monitors' period: 2026-11-23T12:00:00Z.
const NOW: i64 = 1_795_435_200_000;
const MINUTE: i64 = 60_000;

/// So many documents of one kind.
struct Documents {
    /// `invocations`, `logs` or `dead-letters`.
    kind: &'static str,
    function: &'static str,
    status: &'static str,
    minutes_ago: i64,
    count: u32,
}

fn invocations(
    function: &'static str,
    status: &'static str,
    minutes_ago: i64,
    count: u32,
) -> Documents {
    Documents {
        kind: "invocations",
        function,
        status,
        minutes_ago,
        count,
    }
}

fn of_kind(kind: &'static str, minutes_ago: i64, count: u32) -> Documents {
    Documents {
        kind,
        function: "f",
        status: "",
        minutes_ago,
        count,
    }
}

/// A monitor with this prefix of indices, at [`NOW`].
fn monitor(name: &str, prefix: &str) -> Value {
    let path = format!(
        "{}/deploy/alerts/opensearch/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let text = text
        .replace("logferry-", &format!("{prefix}-"))
        .replace("{{period_end}}", &NOW.to_string());
    serde_json::from_str(&text).unwrap()
}

async fn index(cluster: &Cluster, documents: &[Documents]) {
    let mut body = String::new();
    for (number, of) in documents.iter().enumerate() {
        let time = NOW - of.minutes_ago * MINUTE;
        let day = jiff::Timestamp::from_millisecond(time).unwrap();
        let index = match of.kind {
            "dead-letters" => format!("{}-dead-letters", cluster.prefix),
            kind => format!("{}-{kind}-{}", cluster.prefix, day.strftime("%Y.%m.%d")),
        };
        for copy in 0..of.count {
            let mut source = json!({"@timestamp": day.to_string(), "faas": {"name": of.function}});
            match of.kind {
                "invocations" => source["invocation"] = json!({"status": of.status}),
                "logs" => source["message"] = "m".into(),
                _ => {
                    source = json!({"@timestamp": day.to_string(), "kind": "document", "reason": "r", "key": "k", "bucket": "b"});
                }
            }
            let action = json!({"create": {"_index": index, "_id": format!("{number}-{copy}")}});
            body.push_str(&format!("{action}\n{source}\n"));
        }
    }
    if body.is_empty() {
        return;
    }
    let answer =
        opensearch_text_at(&cluster.url, Method::Post, "_bulk?refresh=true", Some(body)).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["errors"], false, "{answer}");
}

/// The answer of the monitor's search.
async fn search(cluster: &Cluster, monitor: &Value, body: &Value) -> Value {
    let indices = monitor["inputs"][0]["search"]["indices"][0]
        .as_str()
        .unwrap();
    let answer = cluster
        .call(
            Method::Post,
            &format!("{indices}/_search"),
            Some(body.clone()),
        )
        .await;
    assert!(answer.get("error").is_none(), "{answer}");
    answer
}

/// The functions that a bucket-level monitor would raise an alert for: its condition runs as a `bucket_selector`, which
/// the plugin's own selector extends.
async fn functions(cluster: &Cluster, name: &str) -> Vec<String> {
    let monitor = monitor(name, &cluster.prefix);
    assert_eq!(monitor["monitor_type"], "bucket_level_monitor");
    let condition = &monitor["triggers"][0]["bucket_level_trigger"]["condition"];
    let parent = condition["parent_bucket_path"].as_str().unwrap();
    let mut body = monitor["inputs"][0]["search"]["query"].clone();
    body["aggs"][parent]["aggs"]["condition"] = json!({"bucket_selector": {
        "buckets_path": condition["buckets_path"], "script": condition["script"], "gap_policy": condition["gap_policy"],
    }});
    let answer = search(cluster, &monitor, &body).await;
    // A search over no index has no aggregations.
    let buckets = answer["aggregations"][parent]["buckets"].as_array();
    let names = buckets
        .into_iter()
        .flatten()
        .map(|b| b["key"]["function"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

/// Whether a query-level monitor would raise an alert: its condition runs over the answer of its search, as Painless.
async fn fires(cluster: &Cluster, name: &str) -> bool {
    let monitor = monitor(name, &cluster.prefix);
    assert_eq!(monitor["monitor_type"], "query_level_monitor");
    let answer = search(cluster, &monitor, &monitor["inputs"][0]["search"]["query"]).await;
    evaluate(cluster, &monitor, &answer).await
}

async fn evaluate(cluster: &Cluster, monitor: &Value, answer: &Value) -> bool {
    let condition = &monitor["triggers"][0]["query_level_trigger"]["condition"]["script"];
    let script = format!("ctx.fires = ({})", condition["source"].as_str().unwrap());
    let body = json!({
        "pipeline": {"processors": [{"script": {"lang": condition["lang"], "source": script}}]},
        "docs": [{"_index": "i", "_id": "1", "_source": {"results": [answer]}}],
    });
    let result = cluster
        .call(Method::Post, "_ingest/pipeline/_simulate", Some(body))
        .await;
    let fires = result["docs"][0]["doc"]["_source"]["fires"].as_bool();
    fires.unwrap_or_else(|| panic!("{result}"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn monitors_of_functions_name_exactly_those_over_the_threshold() {
    let _node = NODE.read().await;
    let cases: [(&str, Vec<Documents>, &[&str]); 4] = [
        (
            "error-rate",
            vec![
                invocations("over", "success", 5, 17),
                invocations("over", "error", 5, 1),
                invocations("over", "timeout", 5, 1),
                invocations("over", "out_of_memory", 29, 1),
                invocations("at-the-limit", "success", 5, 18),
                invocations("at-the-limit", "error", 5, 2),
                invocations("too-few", "error", 5, 19),
                invocations("long-ago", "error", 31, 30),
                invocations("running", "incomplete", 1, 30),
                invocations("later", "error", -1, 30),
            ],
            &["over"],
        ),
        (
            "timeouts",
            vec![
                invocations("over", "timeout", 5, 3),
                invocations("over", "success", 5, 1000),
                invocations("below", "timeout", 5, 2),
                invocations("other", "error", 5, 5),
                invocations("long-ago", "timeout", 31, 5),
            ],
            &["over"],
        ),
        (
            "out-of-memory",
            vec![
                invocations("over", "out_of_memory", 29, 1),
                invocations("other", "timeout", 5, 5),
                invocations("long-ago", "out_of_memory", 31, 5),
            ],
            &["over"],
        ),
        (
            "silent-function",
            vec![
                invocations("silent", "success", 121, 48),
                invocations("seldom", "success", 121, 47),
                invocations("alive", "success", 121, 48),
                invocations("alive", "error", 119, 1),
                invocations("retired", "success", 24 * 60 + 1, 500),
            ],
            &["silent"],
        ),
    ];
    for (name, documents, expected) in cases {
        let cluster = Cluster::new(&format!("alert-{name}"));
        cluster.setup(&[]);
        assert_eq!(
            functions(&cluster, name).await,
            [""; 0],
            "{name}: without any index"
        );
        index(&cluster, &documents).await;
        assert_eq!(functions(&cluster, name).await, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn monitors_of_the_pipeline_trigger_on_one_side_of_the_threshold() {
    let _node = NODE.read().await;
    let cases: [(&str, Vec<Documents>, bool); 8] = [
        ("pipeline-lag", vec![], false),
        ("pipeline-lag", vec![of_kind("logs", 31, 100)], true),
        ("pipeline-lag", vec![of_kind("logs", 31, 99)], false),
        (
            "pipeline-lag",
            vec![of_kind("logs", 31, 100), of_kind("logs", 29, 1)],
            false,
        ),
        (
            "pipeline-lag",
            vec![of_kind("logs", 24 * 60 + 1, 100)],
            false,
        ),
        ("dead-letters", vec![], false),
        ("dead-letters", vec![of_kind("dead-letters", 9, 1)], true),
        ("dead-letters", vec![of_kind("dead-letters", 11, 50)], false),
    ];
    for (number, (name, documents, expected)) in cases.into_iter().enumerate() {
        let cluster = Cluster::new(&format!("alert-{name}-{number}"));
        cluster.setup(&[]);
        index(&cluster, &documents).await;
        assert_eq!(
            fires(&cluster, name).await,
            expected,
            "{name}, case {number}"
        );
    }
}

/// The fields that the messages show are in the answers.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn messages_show_what_the_answer_has() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("alert-messages");
    cluster.setup(&[]);
    index(
        &cluster,
        &[of_kind("logs", 31, 100), of_kind("dead-letters", 1, 2)],
    )
    .await;
    let shown = regex::Regex::new(r"\{\{#?ctx\.results\.0\.([\w.]+)\}\}").unwrap();
    for (name, count) in [("pipeline-lag", 1), ("dead-letters", 2)] {
        let monitor = monitor(name, &cluster.prefix);
        let answer = search(&cluster, &monitor, &monitor["inputs"][0]["search"]["query"]).await;
        let action = &monitor["triggers"][0]["query_level_trigger"]["actions"][0];
        let text = action["message_template"]["source"].as_str().unwrap();
        let mut paths = Map::new();
        for found in shown.captures_iter(text) {
            let pointer = format!("/{}", found[1].replace('.', "/"));
            let value = answer
                .pointer(&pointer)
                .unwrap_or_else(|| panic!("{name}: {pointer}: {answer}"));
            paths.insert(pointer, value.clone());
        }
        assert_eq!(paths.len(), count, "{name}: {paths:?}");
    }
}
