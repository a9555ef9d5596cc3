/*! `search` over a real index: each flag, long lists, lines that arrive. */

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use opensearch::http::Method;
use serde_json::{Value, json};

use crate::support::{NODE, opensearch, server, signal};

mod days;
mod text;
mod whole;

/// Indices of one test.
pub struct Indices {
    pub prefix: String,
}

impl Indices {
    pub fn new(name: &str) -> Self {
        Self {
            prefix: format!("t-{name}-{}", std::process::id()),
        }
    }

    pub fn logferry(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
        command
            .args(args)
            .env(
                "LOGFERRY_OPENSEARCH_URL",
                server("LOGFERRY_TEST_OPENSEARCH"),
            )
            .env("LOGFERRY_INDEX_PREFIX", &self.prefix)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn search(&self, args: &[&str]) -> Output {
        let mut command = self.logferry(&["search"]);
        command.args(args).output().expect("search runs")
    }

    /// Names of all documents that a search with `--json` prints, in its order.
    fn found(&self, args: &[&str]) -> Vec<String> {
        let output = self.search(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr)
        );
        let lines = text(&output.stdout);
        let name = |line: &str| {
            let document: Value = serde_json::from_str(line).expect("a JSON document a line");
            document["_id"].as_str().expect("an id").to_owned()
        };
        lines.lines().map(name).collect()
    }

    pub async fn load_demo(&self) {
        self.load_demo_with(&[]).await;
    }

    /// The demo's objects, by `ingest` with further flags, as they lie in its bucket but not compressed.
    pub async fn load_demo_with(&self, flags: &[&str]) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
        let folder = tempfile::tempdir().expect("a folder");
        let mut folders = vec![fixtures.clone()];
        while let Some(inside) = folders.pop() {
            for entry in std::fs::read_dir(&inside).expect("fixtures") {
                let path = entry.expect("fixtures").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&fixtures).expect("inside");
                let name = name.to_str().expect("UTF-8").replace(".log", ".gz");
                let copy = folder.path().join(name);
                std::fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
                std::fs::copy(&path, copy).expect("a copy");
            }
        }
        let pattern = ["--log-group-pattern", "exports/{function}/"];
        let mut ingest = self.logferry(&["ingest", "--setup"]);
        let output = ingest.arg(folder.path()).args(pattern).args(flags).output();
        let output = output.expect("ingest runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        self.refresh().await;
    }

    pub async fn refresh(&self) {
        let path = format!("/{}-*/_refresh", self.prefix);
        opensearch(Method::Post, &path, None).await;
    }

    /// An index with fields of the kinds that ours have, but not all of them.
    async fn create(&self, shards: u32) {
        let body = json!({
            "settings": {"index": {"number_of_shards": shards, "number_of_replicas": 0}},
            "mappings": {"properties": {
                "@timestamp": {"type": "date"},
                "log": {"properties": {"level": {"type": "keyword"}, "offset": {"type": "long"}}},
                "aws": {"properties": {"s3": {"properties": {"key": {"type": "keyword"}}}}},
            }},
        });
        let path = format!("/{}-logs-2026.11.23", self.prefix);
        opensearch(Method::Put, &path, Some(body)).await;
    }

    /// Log documents by id, all in one index.
    async fn load(&self, documents: impl IntoIterator<Item = (String, Value)>) {
        let mut body = String::new();
        for (id, document) in documents {
            body.push_str(&format!("{}\n{document}\n", json!({"create": {"_id": id}})));
        }
        let path = format!("/{}-logs-2026.11.23/_bulk?refresh=true", self.prefix);
        let answer = bulk(&path, body).await;
        assert_eq!(answer["errors"], false, "{answer}");
    }
}

pub async fn bulk(path: &str, body: String) -> Value {
    use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
    let url = server("LOGFERRY_TEST_OPENSEARCH");
    let transport = opensearch::http::transport::Transport::single_node(&url).expect("a URL");
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    let answer = transport
        .send::<String, ()>(Method::Post, path, headers, None, Some(body), None)
        .await
        .expect("an answer");
    answer.json().await.expect("JSON")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What each flag prints, on standard output and, marked by `!`, on standard error.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn each_flag_finds_its_own() {
    let _node = NODE.read().await;
    let indices = Indices::new("flags");
    indices.load_demo().await;
    let searches: &[(&str, &[&[&str]])] = &[
        (
            "sentences",
            &[
                &["--function", "order"],
                &[
                    "--errors",
                    "--since",
                    "2026-11-21",
                    "--until",
                    "2026-11-21T12:00",
                ],
                &["--request-id", "00000000"],
                &["--trace", "1-0"],
                &["nothing", "like", "this"],
                &["--slowest", "--cold-starts", "--errors"],
                &["payment AND (declined"],
                &["\"payment"],
                &["a ] b"],
                &["level:ERROR"],
                &["Error: boom"],
                &["log.level:ERROR OR (message:x AND nope:y*)"],
                &["--slowest", "log.level:ERROR"],
                &["a/b"],
                &["[ERROR] boom"],
                &["foo(bar"],
                &["arn:aws:lambda:eu-central-1:123456789012:function:orders"],
                &["@timestamp:yesterday"],
                &["--literal", "[ERROR] boom"],
                &["--literal", "--", "---"],
                &["lambda.duration_ms:long"],
                &["/unfinished[/"],
                &["--index-prefix", "nobody-has-this"],
                &["--index-prefix", "nobody-has-this", "--request-id", "1"],
                &["--index-prefix", "nobody-has-this", "word"],
                &["--index-prefix", "nobody-has-this", "--follow"],
            ],
        ),
        (
            "lists",
            &[
                &["--errors"],
                &["--errors", "--function", "thumb*,orders", "--limit", "2"],
                &["--limit", "3"],
                &["--since", "2026-11-23T21:43", "--until", "2026-11-23T21:44"],
                &["--until", "2026-11-21", "--limit", "1"],
                &["--request-id", "85d1f3f8", "--errors"],
                &["--function", "orders", "A-38849", "OR", "A-59186"],
                &["app.order:\"A-75502\""],
                &["\"colour profile\" AND log.level:WARN"],
                &["level:ERROR"],
            ],
        ),
        (
            "invocations",
            &[
                &["--slowest", "--limit", "4"],
                &["--slowest", "--errors"],
                &["--cold-starts", "--limit", "3", "--since", "2026-11-22"],
                &[
                    "--cold-starts",
                    "--slowest",
                    "--function",
                    "orders",
                    "--limit",
                    "2",
                ],
                &["--slowest", "invocation.attempts:>1"],
            ],
        ),
        (
            "timelines",
            &[
                &["--request-id", "ca516543-d0c3-46e0-a2d4-3a62f460dfff"],
                &["--request-id", "5f8d20d6"],
                &["--request-id", "5f8d20d6", "--limit", "2"],
                &["--trace", "1-6b021dec-dc354aec8f25eb1264b054c2"],
            ],
        ),
    ];
    for (name, searches) in searches {
        if *name == "lists" {
            // A copy, and an index of a longer prefix: neither is searched. Before, no index matches the exclusion.
            for stray in ["logs-2026.11.23-copy", "logs-logs-2026.11.23"] {
                let path = format!("/{}-{stray}/_doc/stray?refresh=true", indices.prefix);
                let document = json!({"@timestamp": "2026-11-24T00:00:00Z", "message": "stray", "log": {"level": "ERROR"}});
                opensearch(Method::Put, &path, Some(document)).await;
            }
        }
        let mut shown = String::new();
        for args in *searches {
            let output = indices.search(args);
            shown.push_str(&format!("$ logferry search {}\n", args.join(" ")));
            shown.push_str(&text(&output.stdout));
            for line in text(&output.stderr).lines() {
                shown.push_str(&format!("! {line}\n"));
            }
            shown.push_str(&format!("= {}\n\n", output.status.code().expect("a code")));
        }
        insta::assert_snapshot!(*name, shown);
    }
    let down = indices.search(&["--opensearch-url", "http://127.0.0.1:9"]);
    assert_eq!(down.status.code(), Some(1));
    assert!(text(&down.stderr).contains("nothing listens at http://127.0.0.1:9/"));

    let all = indices.found(&["--limit", "all", "--json"]);
    let invocations = indices.found(&["--slowest", "--limit", "all", "--json"]);
    let count = |kind: &str| {
        let daily = format!("{}-{kind}-*", indices.prefix);
        let path = format!("/{daily},-{daily}-*/_count");
        async move { opensearch(Method::Get, &path, None).await["count"].clone() }
    };
    assert_eq!(json!(all.len()), count("logs").await);
    assert_eq!(json!(invocations.len()), count("invocations").await);
    let request = indices.found(&["--request-id", "ca516543", "--json"]);
    assert_eq!(request.len(), 7, "a summary and six lines: {request:?}");

    // An index of somebody else's, which cannot answer.
    let strange = json!({"mappings": {"properties": {"@timestamp": {"type": "text"}}}});
    let path = format!("/{}-logs-strange", indices.prefix);
    opensearch(Method::Put, &path, Some(strange)).await;
    let partly = indices.search(&["--limit", "3"]);
    assert_eq!(partly.status.code(), Some(1));
    assert_eq!(
        text(&partly.stdout).lines().count(),
        4,
        "a head and three rows"
    );
    let why = text(&partly.stderr);
    assert!(
        why.contains("there may be more than was found: 1 of 4 shards"),
        "{why}"
    );
    assert!(why.contains("Text fields"), "{why}");
}

/// Documents whose sort tells them apart, and documents that nothing but their ids tell apart.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn long_lists_have_each_document_once() {
    // Points in time are counted for the whole node.
    let _node = NODE.write().await;
    const MANY: usize = 12_345;
    let start: Timestamp = "2026-11-23T10:00:00Z".parse().expect("a time");
    type Document = fn(usize, Timestamp) -> Value;
    let kinds: [(&str, Document); 3] = [
        ("apart", |i, start| {
            let time = start + SignedDuration::from_millis((i / 3) as i64);
            json!({"@timestamp": time.to_string(), "aws": {"s3": {"key": "k"}}, "log": {"offset": i}})
        }),
        ("nearly", |i, start| {
            let time = start + SignedDuration::from_secs((i / 1700) as i64);
            json!({"@timestamp": time.to_string(), "aws": {"s3": {"key": format!("{}", i % 2)}}})
        }),
        ("equal", |_, start| json!({"@timestamp": start.to_string()})),
    ];
    for (name, document) in kinds {
        let indices = Indices::new(name);
        indices.create(3).await;
        let id = |i: usize| format!("{i:05}");
        indices
            .load((0..MANY).map(|i| (id(i), document(i, start))))
            .await;
        let wanted: Vec<String> = (0..MANY).map(id).collect();
        let in_order = name == "apart";
        for limit in [MANY - 1, 10_001, 1000] {
            let newest = indices.found(&["--json", "--limit", &limit.to_string()]);
            assert_eq!(newest.len(), limit, "{name}");
            assert_eq!(
                newest.iter().collect::<BTreeSet<_>>().len(),
                limit,
                "{name}"
            );
            if in_order {
                assert_eq!(newest, wanted[MANY - limit..], "{name}");
            }
        }
        let mut all = indices.found(&["--json", "--limit", "all"]);
        if !in_order {
            all.sort_unstable();
        }
        assert!(all == wanted, "{name}: not each once");
        // A reader who has seen enough.
        let mut search = indices.logferry(&["search", "--limit", "all"]);
        let mut search = search.spawn().expect("search runs");
        let mut first = String::new();
        let out = search.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut first).expect("a line");
        let output = search.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
        let path = format!("/{}-logs-2026.11.23", indices.prefix);
        opensearch(Method::Delete, &path, None).await;
    }
    let left = opensearch(Method::Get, "/_search/point_in_time/_all", None).await;
    assert_eq!(left["pits"].as_array().map_or(0, Vec::len), 0, "{left}");
}

/// A search that goes on. Its lines are awaited, a minute at the most.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    /// Reads so many lines, then no more.
    fn start(command: &mut Command, most: usize) -> Self {
        let mut child = command.spawn().expect("search runs");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (read, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().take(most) {
                read.send(line.expect("a line")).expect("a test");
            }
        });
        Self { child, lines }
    }

    /// The next document's id; none at the end.
    fn next(&mut self) -> Option<String> {
        let line = match self.lines.recv_timeout(Duration::from_secs(60)) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                self.child.kill().expect("a child");
                panic!("no line in a minute");
            }
        };
        let document: Value = serde_json::from_str(&line).expect("a JSON document");
        Some(document["_id"].as_str().expect("an id").to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn lines_are_followed_each_once_and_late_ones_too() {
    let _node = NODE.read().await;
    let indices = Indices::new("follow");
    indices.create(2).await;
    let now = Timestamp::now();
    let ago = |minutes: i64| now - SignedDuration::from_mins(minutes);
    let line = |id: &str, minutes: i64, level: &str| {
        let log = json!({"level": level, "offset": 1});
        let document = json!({"@timestamp": ago(minutes).to_string(), "message": id, "log": log});
        (id.to_owned(), document)
    };
    let many = (0..1500).map(|i| line(&format!("before-{i}"), 5, "ERROR"));
    indices.load(many).await;
    indices
        .load([line("last", 4, "ERROR"), line("no-error", 4, "INFO")])
        .await;
    let mut command = indices.logferry(&["search", "--json", "--limit", "1"]);
    command.args(["--follow", "--errors", "--since", "1h"]);
    let mut following = Following::start(&mut command, usize::MAX);
    assert_eq!(following.next().as_deref(), Some("last"));
    indices.load([line("too-late", 120, "ERROR")]).await;
    // Deeper than the newest, and beside equals.
    indices
        .load([line("late", 30, "ERROR"), line("between", 5, "ERROR")])
        .await;
    let two = [following.next(), following.next()];
    assert_eq!(
        two.each_ref().map(Option::as_deref),
        [Some("late"), Some("between")]
    );
    indices
        .load([line("new-no-error", 0, "INFO"), line("new", 0, "ERROR")])
        .await;
    assert_eq!(following.next().as_deref(), Some("new"));
    signal(following.child.id(), "INT");
    assert_eq!(following.next(), None);
    let output = following.child.wait_with_output().expect("an end");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// Nothing arrives that could not be written: the end of the reader alone must do.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn following_ends_with_its_reader() {
    let _node = NODE.read().await;
    let indices = Indices::new("reader");
    let line = json!({"@timestamp": Timestamp::now().to_string(), "message": "one"});
    indices.load([("one".to_owned(), line)]).await;
    let mut following = Following::start(&mut indices.logferry(&["search", "-f", "--json"]), 1);
    assert_eq!(following.next().as_deref(), Some("one"));
    let status = following.child.wait().expect("an end");
    assert_eq!(status.code(), Some(0));
}
