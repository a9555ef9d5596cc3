/*! From export tasks to gaps: what was never settled is named, and nothing else. */

use std::process::Output;

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::export::{Account, shown};
use crate::support::*;

const FIRST: &str = "2026/11/27/[$LATEST]11111111111111111111111111111111";
const SECOND: &str = "2026/11/27/[$LATEST]22222222222222222222222222222222";

/// An account whose exports a worker indexes.
struct Pipeline {
    stage: Stage,
    account: Account,
    letters: tempfile::TempDir,
}

impl Pipeline {
    async fn new(name: &str) -> Self {
        Self {
            stage: Stage::new(name).await,
            account: Account::new(name).await,
            letters: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Exports, and names the objects as CloudWatch does: moto makes up a task id for each stream.
    async fn export(&self) {
        let before = self.keys().await;
        let output = self.account.export(&["--once"]);
        assert!(output.status.success(), "{}", shown(&output));
        for key in self.keys().await {
            if before.contains(&key) {
                continue;
            }
            let (folder, stream) = (key.rsplitn(3, '/').last().unwrap(), stream_of(&key));
            let group = folder.rsplit('/').nth(1).unwrap();
            let checkpoint = self.checkpoint(group).await;
            let task = checkpoint["last_task"]["id"].as_str().unwrap();
            let prefix = folder.rsplit_once('/').unwrap().0;
            let bytes = self.bytes(&key).await;
            self.put(&format!("{prefix}/{task}/{stream}"), bytes).await;
            let deleted = self.account.s3.delete_object();
            let deleted = deleted.bucket(&self.account.bucket).key(&key).send();
            deleted.await.expect("deleted");
        }
    }

    async fn keys(&self) -> Vec<String> {
        self.account.keys("exports/").await
    }

    fn checkpoint_key(group: &str) -> String {
        format!("checkpoints/123456789012/us-east-1/{group}.json")
    }

    async fn checkpoint(&self, group: &str) -> Value {
        let bytes = self.bytes(&Self::checkpoint_key(group)).await;
        serde_json::from_slice(&bytes).expect("a checkpoint")
    }

    async fn bytes(&self, key: &str) -> Vec<u8> {
        let got = self.account.s3.get_object();
        let got = got.bucket(&self.account.bucket).key(key).send().await;
        let body = got.expect("an object").body.collect().await;
        body.expect("a body").to_vec()
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) {
        let put = self.account.s3.put_object();
        let put = put.bucket(&self.account.bucket).key(key);
        put.body(bytes.into()).send().await.expect("put");
    }

    fn letters(&self) -> String {
        format!("file://{}", self.letters.path().display())
    }

    async fn work(&self, keys: &[&str]) {
        for key in keys {
            self.stage.send(&direct(&self.account.bucket, &[key])).await;
        }
        let mut worker = self.stage.worker();
        worker
            .env("AWS_ENDPOINT_URL_S3", server("LOGFERRY_TEST_MOTO"))
            .env("LOGFERRY_DEAD_LETTERS", self.letters());
        let log = finish(worker.spawn().expect("a worker"));
        assert!(log.success, "{}", log.text);
        self.refresh().await;
    }

    async fn refresh(&self) {
        let path = format!("{}-*/_refresh", self.stage.prefix);
        self.stage.opensearch(Method::Post, &path, None).await;
    }

    /// Deletes at most `n` documents of an object.
    async fn forget(&self, key: &str, n: usize) {
        let path = format!("{}-logs-*/_delete_by_query?refresh=true", self.stage.prefix);
        let query = json!({"query": {"term": {"aws.s3.key": key}}, "max_docs": n});
        let deleted = self
            .stage
            .opensearch(Method::Post, &path, Some(query))
            .await;
        assert!(deleted["deleted"].as_u64() > Some(0), "{deleted}");
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.account.logferry(&[&["coverage"], arguments].concat());
        command
            .env("LOGFERRY_OPENSEARCH_URL", &self.stage.index_url)
            .env("LOGFERRY_INDEX_PREFIX", &self.stage.prefix);
        command
    }

    fn coverage(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("coverage runs")
    }

    /// The report and the exit code.
    fn json(&self, arguments: &[&str]) -> (Value, Option<i32>) {
        let output = self.coverage(&[&["--json"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout);
        let report = report.unwrap_or_else(|e| panic!("{e}: {}", shown(&output)));
        (report, output.status.code())
    }
}

/// Stream and chunk.
fn stream_of(key: &str) -> &str {
    let chunk = key.rfind('/').unwrap();
    &key[key[..chunk].rfind('/').unwrap() + 1..]
}

fn group<'a>(report: &'a Value, name: &str) -> &'a Value {
    let groups = report["groups"].as_array().unwrap();
    let found = groups.iter().find(|group| group["log_group"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {report:#}"))
}

fn names(group: &Value, list: &str) -> Vec<String> {
    let objects = group[list].as_array().unwrap().iter();
    let names = objects.map(|object| object["object"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn each_object_that_was_never_settled_is_named_and_the_printed_command_brings_it() {
    let _node = NODE.read().await;
    let pipeline = Pipeline::new("coverage").await;
    let account = &pipeline.account;
    let orders = account.group("orders", 20).await;
    account.stream(&orders, FIRST, 5).await;
    account.stream(&orders, SECOND, 400).await;
    let payments = account.group("payments", 5).await;
    pipeline.export().await;
    let keys = pipeline.keys().await;
    assert_eq!(keys.len(), 4, "{keys:?}");
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    pipeline.work(&all).await;

    let strict = ["--grace", "0s"];
    let (report, code) = pipeline.json(&strict);
    assert_eq!(
        (code, &report["state"]),
        (Some(0), &json!("covered")),
        "{report:#}"
    );
    let counted = group(&report, &orders);
    assert_eq!(counted["objects"]["settled"], 3, "{report:#}");
    assert_eq!(counted["windows"]["exported"], 1);
    assert_eq!(counted["documents"], 3 * 425);

    // Settled without documents of their own: an overlap, an empty object, a broken one with its dead letter.
    let of = |stream: &str| {
        let stream = stream.replace('/', "-");
        let found = all.iter().find(|key| key.contains(&stream));
        *found.unwrap()
    };
    let (first, second) = (of(FIRST), of(SECOND));
    let task = first.strip_suffix(stream_of(first)).unwrap();
    let beside = |chunk: &str| second.replace("000000.gz", chunk);
    pipeline
        .put(&beside("000001.gz"), pipeline.bytes(second).await)
        .await;
    pipeline.put(&beside("000002.gz"), gzip(b"")).await;
    let broken = beside("000003.gz");
    let mut bytes = pipeline.bytes(second).await;
    bytes.truncate(bytes.len() - 20);
    pipeline.put(&broken, bytes).await;
    pipeline.work(&[&broken]).await;
    pipeline
        .put(&format!("{task}aws-logs-write-test"), b"x".to_vec())
        .await;
    let letters = pipeline.letters();
    let strict = ["--grace", "0s", "--dead-letters", &letters];
    let (report, code) = pipeline.json(&strict);
    assert_eq!(code, Some(0), "{report:#}");
    let objects = &group(&report, &orders)["objects"];
    assert_eq!(
        (&objects["listed"], &objects["settled"]),
        (&json!(6), &json!(6))
    );
    assert_eq!(objects["settled_by_other_objects"], 1, "{report:#}");
    assert_eq!(objects["settled_without_events"], 1);
    assert_eq!(objects["settled_by_dead_letters"], 1);

    // Gaps: lost documents, an object that no worker saw, a hole between two windows.
    pipeline.forget(first, 100_000).await;
    let unseen = beside("000004.gz");
    pipeline
        .put(&unseen, gzip(&crate::support::export(7, 3)))
        .await;
    let name = payments.replace('/', "!");
    let kept = pipeline.bytes(&Pipeline::checkpoint_key(&name)).await;
    let mut holed = pipeline.checkpoint(&name).await;
    let until = holed["exported_until"].as_i64().unwrap();
    holed["windows"]
        .as_array_mut()
        .unwrap()
        .push(json!({"task": "t", "from": until + 60_000, "to": until + 120_000}));
    holed["exported_until"] = json!(until + 120_000);
    pipeline
        .put(
            &Pipeline::checkpoint_key(&name),
            holed.to_string().into_bytes(),
        )
        .await;
    let url = |key: &str| format!("s3://{}/{key}", account.bucket);
    let (report, code) = pipeline.json(&strict);
    assert_eq!(
        (code, &report["state"]),
        (Some(1), &json!("gap")),
        "{report:#}"
    );
    let missing = names(group(&report, &orders), "missing");
    assert_eq!(missing, [url(first), url(&unseen)]);
    assert_eq!(names(group(&report, &payments), "missing"), [""; 0]);
    let holes = group(&report, &payments)["unexported"].as_array().unwrap();
    assert_eq!(holes.len(), 1, "{report:#}");
    assert_eq!(group(&report, &orders)["unexported"], json!([]));
    pipeline.put(&Pipeline::checkpoint_key(&name), kept).await;
    // Young objects may still wait for a worker.
    let (report, code) = pipeline.json(&["--dead-letters", &letters]);
    assert_eq!(
        (code, &report["state"]),
        (Some(0), &json!("lag")),
        "{report:#}"
    );
    assert_eq!(names(group(&report, &orders), "waiting"), missing);

    let output = pipeline.coverage(&strict);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(missing.iter().all(|object| text.contains(object)), "{text}");
    let commands: Vec<&str> = (text.lines().map(str::trim))
        .filter(|line| line.starts_with("logferry replay "))
        .collect();
    assert_eq!(commands.len(), 1, "{text}");
    let line = commands[0].replacen("logferry", env!("CARGO_BIN_EXE_logferry"), 1);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]);
    for (name, value) in account.logferry(&[]).get_envs() {
        shell.env(name, value.unwrap());
    }
    let replayed = shell.output().expect("a shell");
    assert!(replayed.status.success(), "{line}: {}", shown(&replayed));
    let (report, code) = pipeline.json(&strict);
    assert_eq!(code, Some(0), "{report:#}");

    // One document of many: only a reading of all objects finds that.
    pipeline.refresh().await;
    pipeline.forget(first, 1).await;
    assert_eq!(pipeline.json(&strict).1, Some(0));
    let (report, code) = pipeline.json(&[&strict[..], &["--verify"]].concat());
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(names(group(&report, &orders), "missing"), [url(first)]);
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_cannot_be_judged_has_a_sentence_and_the_others_go_on() {
    let _node = NODE.read().await;
    let pipeline = Pipeline::new("judged").await;
    let account = &pipeline.account;
    let good = account.group("good", 2).await;
    let bad = account.group("bad", 2).await;
    let output = pipeline.coverage(&[]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("there are no checkpoints below s3://"),
        "{text}"
    );

    pipeline.export().await;
    let name = bad.replace('/', "!");
    pipeline
        .put(&Pipeline::checkpoint_key(&name), b"{\"mine\": 1}".to_vec())
        .await;
    let (report, code) = pipeline.json(&["--grace", "0s"]);
    assert_eq!(
        (code, &report["state"]),
        (Some(1), &json!("failed")),
        "{report:#}"
    );
    let error = group(&report, &bad)["error"].as_str().unwrap();
    assert!(
        error.contains("is no checkpoint of logferry export"),
        "{error}"
    );
    assert_eq!(group(&report, &good)["objects"]["missing"], 1, "{report:#}");

    for (arguments, sentence) in [
        (
            &["s3://no-such-bucket-here/x"][..],
            "there is no such bucket",
        ),
        (
            &["--checkpoints", "s3://no-such-bucket-here/x"],
            "cannot be listed",
        ),
        (&["--checkpoints", "/no/such/folder"], "/no/such/folder"),
        (
            &["--log-group", "/aws/lambda/none"],
            "/aws/lambda/none: it has no checkpoint",
        ),
        (
            &["--destination", "s3://others/x"],
            "not to one to s3://others/x",
        ),
        (
            &["--opensearch-url", "http://127.0.0.1:9"],
            "nothing listens",
        ),
        (
            &["--dead-letters", "s3://no-such-bucket-here/x"],
            "--dead-letters",
        ),
    ] {
        let output = pipeline.coverage(arguments);
        let text = shown(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(
            text.contains(sentence) && !text.contains("panicked"),
            "{arguments:?}: {text}"
        );
    }

    // Without checkpoints: the keys tell the groups.
    let all = pipeline.keys().await;
    let keys: Vec<&str> = all.iter().map(String::as_str).collect();
    let of_good = |key: &&&str| key.contains("-good/");
    let (settled, open) = (
        keys.iter().find(of_good).unwrap(),
        keys.iter().find(|key| !of_good(key)).unwrap(),
    );
    pipeline.work(&[settled]).await;
    let source = format!("s3://{}/exports", account.bucket);
    let (report, code) = pipeline.json(&[&source, "--grace", "0s"]);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(group(&report, &good)["state"], "covered", "{report:#}");
    let missing = names(group(&report, &bad), "missing");
    assert_eq!(missing, [format!("s3://{}/{open}", account.bucket)]);
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_daemon_serves_the_gaps_as_metrics() {
    let _node = NODE.read().await;
    let pipeline = Pipeline::new("gauges").await;
    let orders = pipeline.account.group("orders", 2).await;
    pipeline.export().await;
    let arguments = ["--every", "1h", "--listen", "127.0.0.1:0", "--grace", "0s"];
    let mut command = pipeline.command(&arguments);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut daemon = Watched::start(&mut command);
    let serving: Value = serde_json::from_str(&daemon.until("serving")).expect("JSON");
    daemon.until("1 object missing");
    daemon.until("pass ends");
    let url = format!("http://{}", serving["listen"].as_str().unwrap());
    let metrics = opensearch_text_at(&url, Method::Get, "/metrics", None).await;
    for line in [
        "logferry_coverage_groups{state=\"gap\"} 1",
        "logferry_coverage_objects{finding=\"missing\"} 1",
        &format!("logferry_coverage_missing_objects{{log_group=\"{orders}\"}} 1"),
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    let ready = opensearch_text_at(&url, Method::Get, "/readyz", None).await;
    assert!(ready.starts_with("ready"), "{ready}");
    signal(daemon.pid(), "TERM");
    assert_eq!(daemon.finish().1, Some(0));
}
