/*! The Lucene queries of `docs/queries.md` on a real node: each finds the documents that fit by hand. */

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::corpus::{self, at};
use crate::support::NODE;

/// Heading, index and Lucene query of each question.
fn questions() -> Vec<(String, String, String)> {
    let page = include_str!("../../docs/queries.md");
    let sections = page.split("\n## ").skip(1);
    let between = |text: &str, from: &str, to: &str| {
        let (_, rest) = text
            .split_once(from)
            .unwrap_or_else(|| panic!("{text}: {from}"));
        rest.split_once(to).unwrap().0.to_owned()
    };
    let question = |text: &str| {
        let heading = text.lines().next().unwrap().to_owned();
        (
            heading,
            between(text, "Index: `", "`"),
            between(text, "```lucene\n", "\n```"),
        )
    };
    sections.map(question).collect()
}

/// Whether a document answers a question, by the question's number.
fn answers(number: usize, document: &Value) -> bool {
    let text = |path: &str| {
        at(document, path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let over = |path: &str, least: f64| {
        at(document, path)
            .and_then(Value::as_f64)
            .is_some_and(|n| n > least)
    };
    let failed = ["error", "timeout", "out_of_memory"].contains(&text("invocation.status"));
    let words = |path: &str| {
        let value = text(path).to_lowercase();
        let words: Vec<&str> = value.split(|c: char| !c.is_alphanumeric()).collect();
        words.contains(&"become") && words.contains(&"negative")
    };
    match number {
        1 => failed,
        2 => at(document, "error.type").is_some(),
        3 => failed && text("faas.name") == "checkout",
        4 => text("faas.invocation_id") == "cda37447-b190-4a07-ac36-93074443603d",
        5 => text("invocation.status") == "timeout",
        6 => {
            text("invocation.status") == "out_of_memory"
                || over("lambda.max_memory_used_mb", 1023.999)
        }
        7 => over("lambda.duration_ms", 3000.0),
        8 => {
            at(document, "faas.coldstart") == Some(&json!(true))
                && over("lambda.init_duration_ms", 500.0)
        }
        9 => words("message") || words("error.message"),
        10 => {
            text("lambda.type") == "platform.logsDropped"
                || at(document, "logferry.flags").is_some()
        }
        _ => panic!("question {number} has no answer by hand"),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn each_question_finds_what_fits() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("queries");
    let folder = tempfile::tempdir().unwrap();
    corpus::write(folder.path());
    cluster.setup(&[]);
    cluster.load(folder.path(), &corpus::FLAGS).await;
    let questions = questions();
    assert_eq!(questions.len(), 10);
    for (place, (heading, index, query)) in questions.iter().enumerate() {
        let index = index.replace("logferry-", &format!("{}-", cluster.prefix));
        let all = crate::dashboards::all_documents(&cluster, &index).await;
        let fitting = all
            .iter()
            .filter(|document| answers(place + 1, document))
            .count();
        let body = json!({
            "size": 0, "track_total_hits": true, "query": {"query_string": {"query": query, "analyze_wildcard": true}},
        });
        let found = cluster
            .call(Method::Post, &format!("{index}/_search"), Some(body))
            .await;
        assert_eq!(found["_shards"]["failed"], 0, "{heading}: {found}");
        assert_eq!(found["hits"]["total"]["value"], fitting, "{heading}");
        assert!(fitting > 0, "{heading}: the fixtures answer nothing");
    }
}
