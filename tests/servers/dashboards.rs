/*! The dashboards of `deploy/dashboards` on a real node: the search of each panel answers what the documents hold.
OpenSearch Dashboards itself is not run; the searches are built as it builds them. */

#[path = "../docs/generated_page.rs"]
mod generated_page;
#[path = "../dashboards/objects.rs"]
mod objects;
mod reference;
#[path = "../dashboards/requests.rs"]
mod requests;

use std::collections::BTreeMap;

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::corpus;
use crate::support::{NODE, Stage, export, export_key, finish, gzip};
use objects::{FILES, Object, objects};

/// A name of indices in the files, with the prefix of the test.
fn here(indices: &str, prefix: &str) -> String {
    indices.replacen("logferry-", &format!("{prefix}-"), 1)
}

/// All documents of these indices.
pub async fn all_documents(cluster: &Cluster, indices: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut body = json!({"size": 5000, "sort": [{"_index": "asc"}, {"_id": "asc"}]});
        if !after.is_null() {
            body["search_after"] = after;
        }
        let mut found = cluster
            .call(Method::Post, &format!("{indices}/_search"), Some(body))
            .await;
        let hits = found["hits"]["hits"].as_array_mut().unwrap();
        let Some(last) = hits.last() else {
            return all;
        };
        after = last["sort"].clone();
        all.extend(hits.iter_mut().map(|hit| hit["_source"].take()));
    }
}

/// Sends the search of each panel over `indices` and compares its answer. Returns panels and numbers compared.
async fn compare_panels(
    cluster: &Cluster,
    indices: &str,
    documents: &[Value],
) -> BTreeMap<String, usize> {
    let time = json!({"gte": "1970-01-01T00:00:00.000Z", "lte": "2261-12-31T00:00:00.000Z", "format": "strict_date_optional_time"});
    let mut compared = BTreeMap::new();
    for all in FILES.map(objects) {
        for panel in all
            .iter()
            .filter(|p| p.indices(&all).as_deref() == Some(indices))
        {
            let Some(body) = requests::body(panel, &time) else {
                continue;
            };
            let path = format!("{}/_search", here(indices, &cluster.prefix));
            let answer = cluster.call(Method::Post, &path, Some(body.clone())).await;
            assert_eq!(answer["_shards"]["failed"], 0, "{}: {answer}", panel.id);
            assert!(answer.get("error").is_none(), "{}: {answer}", panel.id);
            let query = query_of(panel);
            let fitting: Vec<&Value> = documents
                .iter()
                .filter(|d| reference::fits(&query, d))
                .collect();
            assert!(
                !fitting.is_empty(),
                "{}: the fixtures have no such document",
                panel.id
            );
            let mut numbers =
                reference::compare(&panel.id, &body["aggs"], &answer["aggregations"], &fitting);
            if body["size"] != 0 {
                numbers += compare_hits(panel, &body, &answer, &fitting);
            }
            compared.insert(panel.id.clone(), numbers);
        }
    }
    compared
}

fn query_of(panel: &Object) -> String {
    panel.search_source()["query"]["query"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Each hit is one of the documents that fit, in the panel's order.
fn compare_hits(panel: &Object, body: &Value, answer: &Value, fitting: &[&Value]) -> usize {
    let hits = answer["hits"]["hits"].as_array().unwrap();
    let size = usize::try_from(body["size"].as_u64().unwrap()).unwrap();
    assert_eq!(hits.len(), fitting.len().min(size), "{}", panel.id);
    if panel.kind == "search" {
        assert_eq!(
            answer["hits"]["total"]["value"],
            fitting.len(),
            "{}",
            panel.id
        );
        let mut times: Vec<i64> = fitting.iter().map(|d| reference::time(d)).collect();
        times.sort_unstable();
        if panel.attributes["sort"][0][1] == "desc" {
            times.reverse();
        }
        let found: Vec<i64> = hits
            .iter()
            .map(|hit| reference::time(&hit["_source"]))
            .collect();
        assert_eq!(found, times[..found.len()], "{}", panel.id);
    }
    hits.len()
}

/// Over the demo and all other fixtures, by the built binary: each panel has something to show, and it is right.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn each_panel_answers_what_the_documents_hold() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("boards");
    let folder = tempfile::tempdir().unwrap();
    corpus::write(folder.path());
    cluster.setup(&[]);
    cluster.load(folder.path(), &corpus::FLAGS).await;
    for (indices, panels, least) in [
        ("logferry-logs-*", 10, 1000),
        ("logferry-invocations-*", 14, 1000),
    ] {
        let documents = all_documents(&cluster, &here(indices, &cluster.prefix)).await;
        let compared = compare_panels(&cluster, indices, &documents).await;
        let numbers: usize = compared.values().sum();
        assert_eq!(compared.len(), panels, "{compared:#?}");
        assert!(numbers > least, "{compared:#?}");
        assert!(compared.values().all(|n| *n > 0), "{compared:#?}");
        check_fields(&cluster, indices).await;
    }
}

/// Indices with the demo's documents.
async fn with_demo(name: &str) -> Cluster {
    let cluster = Cluster::new(name);
    let folder = tempfile::tempdir().unwrap();
    corpus::demo(folder.path());
    cluster.setup(&[]);
    let pattern = ["--log-group-pattern", "exports/{function}/"];
    cluster.load(folder.path(), &pattern).await;
    cluster
}

/// The demo's figures, counted in its text: the dashboards show them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_demo_has_the_figures_of_its_text() {
    let _node = NODE.read().await;
    let cluster = with_demo("boards-demo").await;
    let counts = demo_counts();
    let time = json!({"gte": "2026-11-20", "lte": "2026-11-25"});
    let all = objects("lambda-overview");
    let panel = |id: &str| all.iter().find(|o| o.id == id).unwrap();
    let ask = async |id: &str| {
        let panel = panel(id);
        let path = format!(
            "{}/_search",
            here(&panel.indices(&all).unwrap(), &cluster.prefix)
        );
        let body = requests::body(panel, &time);
        cluster.call(Method::Post, &path, body).await["aggregations"].take()
    };
    let numbers = ask("logferry-overview-counts").await;
    let numbers = &numbers["2"]["buckets"];
    assert_eq!(numbers["invocations"]["doc_count"], counts.invocations);
    assert_eq!(numbers["timeouts"]["doc_count"], counts.timeouts);
    assert_eq!(numbers["cold starts"]["doc_count"], counts.cold_starts);
    let functions = ask("logferry-overview-functions").await;
    let functions = functions["7"]["buckets"].as_array().unwrap();
    let found: BTreeMap<String, u64> = (functions.iter())
        .map(|b| {
            (
                b["key"].as_str().unwrap().to_owned(),
                b["doc_count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(found, counts.by_function);
}

/// What the text of the demo's objects says.
#[derive(Default)]
struct DemoCounts {
    by_function: BTreeMap<String, u64>,
    invocations: u64,
    timeouts: u64,
    cold_starts: u64,
}

/// Counts starts, cold starts and timeouts by the words of the platform.
fn demo_counts() -> DemoCounts {
    let mut counts = DemoCounts::default();
    let folder = format!("{}/fixtures/demo/exports", env!("CARGO_MANIFEST_DIR"));
    let mut requests = std::collections::BTreeSet::new();
    for (function, text) in texts(folder.as_ref()) {
        for line in text.lines() {
            let start = line.split_once("START RequestId: ");
            let start = start.or_else(|| {
                line.split_once("\"type\":\"platform.start\"")?
                    .1
                    .split_once("\"requestId\":\"")
            });
            if let Some((_, id)) = start
                && requests.insert(id[..36].to_owned())
            {
                *counts.by_function.entry(function.clone()).or_default() += 1;
                counts.invocations += 1;
            }
            let is_report =
                line.contains("REPORT RequestId: ") || line.contains("\"platform.report\"");
            // SnapStart restores an environment instead of its init.
            let is_cold = ["Init Duration", "initDurationMs", "Restore Duration"]
                .iter()
                .any(|word| line.contains(word));
            counts.cold_starts += u64::from(is_report && is_cold);
            counts.timeouts += u64::from(line.contains("Task timed out"));
        }
    }
    counts
}

/// The function and the text of each object of the demo.
fn texts(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts(&path));
        } else if path.extension().is_some_and(|e| e == "log") {
            let function = path.ancestors().nth(3).unwrap().file_name().unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((function.to_str().unwrap().to_owned(), text));
        }
    }
    found
}

/// The fields of an index pattern are as the node describes them.
async fn check_fields(cluster: &Cluster, indices: &str) {
    let pattern = FILES
        .into_iter()
        .flat_map(objects)
        .find(|o| o.attributes["title"] == indices)
        .unwrap();
    let path = format!("{}/_field_caps?fields=*", here(indices, &cluster.prefix));
    let caps = cluster.call(Method::Get, &path, None).await;
    let caps = caps["fields"].as_object().unwrap();
    let mut ours = BTreeMap::new();
    for field in pattern.inner("fields").as_array().unwrap() {
        let name = field["name"].as_str().unwrap().to_owned();
        ours.insert(
            name,
            (
                field["esTypes"][0].clone(),
                field["searchable"].clone(),
                field["aggregatable"].clone(),
            ),
        );
    }
    for (name, of_types) in caps {
        let of_types: Vec<&Value> = of_types.as_object().unwrap().values().collect();
        let [cap] = of_types[..] else {
            panic!("{name}: {of_types:?}")
        };
        if name.starts_with('_') || cap["type"] == "object" || name.contains("._value") {
            continue;
        }
        let caps = (
            cap["type"].clone(),
            cap["searchable"].clone(),
            cap["aggregatable"].clone(),
        );
        assert_eq!(ours.get(name), Some(&caps), "{indices}: {name}");
    }
    // OpenSearch maps a field of a dead letter when the first letter has it.
    let is_mapped = |name: &&String| !name.starts_with('_') && !indices.contains("dead-letters");
    for name in ours.keys().filter(is_mapped) {
        assert!(caps.contains_key(name), "{indices}: {name}");
    }
}

/// Real dead letters, in an index that OpenSearch maps by itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_panels_of_dead_letters() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("boards-dl", 4).await;
    let index = format!("{}-logs-2026.11.23", stage.prefix);
    let mapping =
        json!({"mappings": {"properties": {"log": {"properties": {"level": {"type": "long"}}}}}});
    stage.opensearch(Method::Put, &index, Some(mapping)).await;
    stage.upload(&export_key(1), gzip(&export(1, 5))).await;
    let mut cut = gzip(b"2026-11-23T10:00:00.000Z first\n2026-11-23T10:00:01.000Z second\n");
    cut.truncate(cut.len() - 6);
    stage.upload("cut.gz", cut).await;
    let letters = format!("opensearch:{}-dead-letters", stage.prefix);
    let log = finish(
        stage
            .worker()
            .args(["--dead-letters", &letters])
            .spawn()
            .unwrap(),
    );
    assert!(log.success, "{}", log.text);
    let cluster = Cluster {
        url: stage.index_url.clone(),
        prefix: stage.prefix.clone(),
    };
    let indices = "logferry-dead-letters*";
    let refresh = format!("{}/_refresh", here(indices, &cluster.prefix));
    cluster.call(Method::Post, &refresh, None).await;
    let documents = all_documents(&cluster, &here(indices, &cluster.prefix)).await;
    assert_eq!(documents.len(), 6, "five documents and an object");
    let compared = compare_panels(&cluster, indices, &documents).await;
    assert_eq!(compared.len(), 3, "{compared:?}");
    check_fields(&cluster, indices).await;
}

/// A line of the request whose timeline is drawn.
const TIMEOUT: &str = "Task timed out";

/// The answers to the Vega panels on the last day of the demo are in `fixtures/dashboards`, for `deploy/tests/vega.sh`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn vega_panels_get_the_recorded_answers() {
    let _node = NODE.read().await;
    let cluster = with_demo("boards-vega").await;
    let time = json!({"gte": "2026-11-23T00:00:00Z", "lt": "2026-11-24T00:00:00Z"});
    let mut panels = 0;
    for all in FILES.map(objects) {
        for panel in all.iter().filter(|panel| panel.vega().is_some()) {
            let spec = panel.vega().unwrap();
            let mut body = requests::body(panel, &time).unwrap();
            if panel.id == "logferry-invocation-timeline" {
                let request = request_that_timed_out(&cluster).await;
                let filters = body["query"]["bool"]["filter"].as_array_mut().unwrap();
                filters.push(json!({"term": {"faas.invocation_id": request}}));
            }
            let path = format!(
                "{}/_search",
                here(&panel.indices(&all).unwrap(), &cluster.prefix)
            );
            let answer = cluster.call(Method::Post, &path, Some(body)).await;
            let property = spec["data"]["format"]["property"].as_str().unwrap();
            let rows = answer
                .pointer(&format!("/{}", property.replace('.', "/")))
                .unwrap();
            let file = format!("fixtures/dashboards/{}.json", panel.id);
            let recorded = recorded(rows);
            assert!(recorded.lines().count() > 5, "{}: {recorded}", panel.id);
            let source = "the answer of OpenSearch";
            generated_page::assert_up_to_date(&file, &recorded, source, "servers (by make test)");
            panels += 1;
        }
    }
    assert_eq!(panels, 4);
}

/// One row a line, without what differs from run to run.
fn recorded(rows: &Value) -> String {
    let rows = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| match row.get("_source") {
            Some(source) => json!({"_source": source}).to_string(),
            None => row.to_string(),
        });
    format!("[\n{}\n]\n", rows.collect::<Vec<_>>().join(",\n"))
}

async fn request_that_timed_out(cluster: &Cluster) -> String {
    let query = json!({"query": {"match_phrase": {"message": TIMEOUT}}});
    let path = format!("{}-logs/_search", cluster.prefix);
    let found = cluster.call(Method::Post, &path, Some(query)).await;
    let id = &found["hits"]["hits"][0]["_source"]["faas"]["invocation_id"];
    id.as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}
