/*! An index prefix of the test's own on a node, and the built binary run with it. */

use std::path::Path;
use std::process::{Command, Stdio};

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::support::{opensearch_at, opensearch_text_at, server};

pub struct Cluster {
    pub url: String,
    pub prefix: String,
}

pub struct CommandOutput {
    pub success: bool,
    pub out: String,
    pub err: String,
}

impl Cluster {
    pub fn new(name: &str) -> Self {
        Self::at(server("LOGFERRY_TEST_OPENSEARCH"), name)
    }

    pub fn at(url: String, name: &str) -> Self {
        let prefix = format!("t-{name}-{}", std::process::id());
        Self { url, prefix }
    }

    pub fn run(&self, args: &[&str]) -> CommandOutput {
        let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
            .args(args)
            .env("LOGFERRY_OPENSEARCH_URL", &self.url)
            .env("LOGFERRY_INDEX_PREFIX", &self.prefix)
            .env("LOGFERRY_LISTEN", "127.0.0.1:0")
            .env("LOGFERRY_QUEUE_URL", "http://127.0.0.1:9/1/none")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null())
            .output()
            .expect("logferry runs");
        CommandOutput {
            success: output.status.success(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Runs a command that must succeed; returns its standard output.
    pub fn run_well(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.success, "{args:?}: {}", output.err);
        output.out
    }

    /// The JSON that `setup --json` prints.
    pub fn setup(&self, flags: &[&str]) -> Value {
        let output = self.run_well(&[&["setup", "--json"], flags].concat());
        serde_json::from_str(&output).expect("JSON")
    }

    /// Loads files; nothing of them may be refused.
    pub async fn load(&self, folder: &Path, flags: &[&str]) {
        let folder = folder.to_str().expect("UTF-8");
        let output = self.run(&[&["ingest", "--to", "opensearch", folder], flags].concat());
        assert!(output.success, "{}", output.err);
        let refresh = format!("{}-*/_refresh", self.prefix);
        self.call(Method::Post, &refresh, None).await;
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        opensearch_at(&self.url, method, path, body).await
    }

    /// Ids that a query finds in the alias of a kind.
    pub async fn find(&self, kind: &str, query: Value) -> Vec<String> {
        let path = format!("{}-{kind}/_search", self.prefix);
        let body = json!({"size": 100, "_source": false, "query": query});
        let found = self.call(Method::Post, &path, Some(body)).await;
        let Some(hits) = found["hits"]["hits"].as_array() else {
            panic!("{found}");
        };
        let ids = hits.iter().map(|hit| hit["_id"].as_str().expect("an id"));
        ids.map(str::to_owned).collect()
    }

    /// Whether each query finds a document in its index, all in one request.
    pub async fn find_each(&self, queries: &[(String, Value)]) -> Vec<bool> {
        let mut body = String::new();
        for (index, query) in queries {
            let index = json!({"index": index});
            let search = json!({"size": 0, "track_total_hits": true, "query": query});
            body.push_str(&format!("{index}\n{search}\n"));
        }
        let answer = opensearch_text_at(&self.url, Method::Post, "_msearch", Some(body)).await;
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let answers = answer["responses"].as_array();
        let answers = answers.unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(answers.len(), queries.len());
        let found = answers.iter().map(|answer| {
            let total = answer["hits"]["total"]["value"].as_u64();
            total.unwrap_or_else(|| panic!("{answer}")) > 0
        });
        found.collect()
    }

    /// The answer to a `GET` as it is written.
    pub async fn text(&self, path: &str) -> String {
        opensearch_text_at(&self.url, Method::Get, path, None).await
    }

    /// Sources of all documents of a kind, not more than a thousand.
    pub async fn sources(&self, kind: &str) -> Vec<Value> {
        let path = format!("{}-{kind}/_search?size=1000", self.prefix);
        let mut found = self.call(Method::Get, &path, None).await;
        let Some(hits) = found["hits"]["hits"].as_array_mut() else {
            panic!("{found}");
        };
        hits.iter_mut().map(|hit| hit["_source"].take()).collect()
    }
}
