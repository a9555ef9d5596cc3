/*! Lines of the platform in summaries, over a real index: the same timeline as with documents, and each line once. */

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::search::{Indices, text};
use crate::support::{NODE, opensearch};

const FOLDED: [&str; 2] = ["--platform-lines", "folded"];

impl Indices {
    fn printed(&self, args: &[&str]) -> String {
        let output = self.logferry(&["search"]).args(args).output();
        let output = output.expect("search runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).replace(&self.prefix, "PREFIX")
    }

    /// The requests that have summaries.
    async fn requests(&self) -> Vec<String> {
        let path = format!("/{}-invocations-*/_search", self.prefix);
        let body = json!({"size": 1000, "_source": ["faas.invocation_id"]});
        let found = opensearch(Method::Post, &path, Some(body)).await;
        let hits = found["hits"]["hits"].as_array().expect("hits");
        let id = |hit: &Value| {
            hit["_source"]["faas"]["invocation_id"]
                .as_str()
                .map(str::to_owned)
        };
        hits.iter().filter_map(id).collect()
    }

    async fn log_documents(&self) -> u64 {
        let path = format!("/{}-logs-*/_count", self.prefix);
        let counted = opensearch(Method::Get, &path, None).await;
        counted["count"].as_u64().expect("a count")
    }
}

/// The log lines among printed documents.
fn lines(printed: &str) -> Vec<Value> {
    let each = printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    each.filter(|line: &Value| {
        line["_index"]
            .as_str()
            .is_some_and(|i| i.contains("-logs-"))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_timeline_is_the_same_with_folded_lines_and_without() {
    let _node = NODE.read().await;
    let [all, folded, mixed] = ["all", "folded", "mixed"].map(Indices::new);
    all.load_demo_with(&[]).await;
    folded.load_demo_with(&FOLDED).await;
    // First as documents, then as lines of summaries, and the other way round.
    mixed.load_demo_with(&[]).await;
    mixed.load_demo_with(&FOLDED).await;
    mixed.load_demo_with(&[]).await;
    let [documents, fewer] = [all.log_documents().await, folded.log_documents().await];
    assert!(fewer < documents, "{fewer} of {documents}");
    assert_eq!(mixed.log_documents().await, documents);
    let requests = all.requests().await;
    assert!(requests.len() > 5, "{requests:?}");
    for request in requests {
        let by_id = ["--request-id", &request];
        let as_text = all.printed(&by_id);
        let as_json = [&by_id[..], &["--json"]].concat();
        let expected = lines(&all.printed(&as_json));
        for indices in [&folded, &mixed] {
            assert_eq!(indices.printed(&by_id), as_text, "{request}");
            assert_eq!(lines(&indices.printed(&as_json)), expected, "{request}");
        }
        let first = lines(&folded.printed(&[&as_json[..], &["--limit", "2"]].concat()));
        assert_eq!(first, expected[..expected.len().min(2)], "{request}");
    }
}
