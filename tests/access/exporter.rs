/*! `export` against CloudWatch Logs and S3 that refuse: one group, one group's tags, the bucket, the checkpoint. */

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const GROUPS: [&str; 3] = [
    "/aws/lambda/open",
    "/aws/lambda/other",
    "/aws/lambda/secret",
];

#[derive(Default)]
struct State {
    /// Calls that are denied: all of them, or on the group `secret` only.
    denied: BTreeMap<&'static str, bool>,
    /// How often the tags of each group were asked for.
    tags_asked: BTreeMap<String, u32>,
    /// Groups of the tasks that were created.
    exported: Vec<String>,
    /// The region of the bucket, if it is another one.
    bucket_region: Option<&'static str>,
}

/// CloudWatch Logs and S3, with a folder of checkpoints.
struct Account {
    url: String,
    state: Arc<Mutex<State>>,
    checkpoints: tempfile::TempDir,
}

fn arn(group: &str) -> String {
    format!("arn:aws:logs:eu-central-1:123456789012:log-group:{group}")
}

/// As IAM words it.
fn denied(call: &str, group: &str) -> (u16, Value) {
    let message = format!(
        "User: arn:aws:iam::123456789012:user/exporter is not authorized to perform: logs:{call} on resource: {} \
         because no identity-based policy allows the logs:{call} action",
        arn(group)
    );
    let body = json!({"__type": "AccessDeniedException", "Message": message});
    (400, body)
}

impl State {
    fn logs(&mut self, call: &str, asked: &Value) -> (u16, Value) {
        let named = asked["logGroupName"]
            .as_str()
            .or(asked["resourceArn"].as_str());
        let group = named.map_or("", |name| name.rsplit(':').next().unwrap());
        if let Some(everywhere) = self.denied.get(call)
            && (*everywhere || group.ends_with("secret"))
        {
            return denied(call, group);
        }
        match call {
            "DescribeLogGroups" => {
                let groups = GROUPS.map(|name| {
                    json!({"logGroupName": name, "arn": format!("{}:*", arn(name)), "logGroupClass": "STANDARD"})
                });
                (200, json!({"logGroups": groups}))
            }
            "ListTagsForResource" => {
                assert_eq!(asked["resourceArn"], arn(group), "without :*");
                let times = self.tags_asked.entry(group.to_owned()).or_default();
                *times += 1;
                if *times < 3 {
                    let body = json!({"__type": "ThrottlingException", "message": "Rate exceeded"});
                    return (400, body);
                }
                let team = if group.ends_with("other") {
                    "site"
                } else {
                    "shop"
                };
                (200, json!({"tags": {"team": team}}))
            }
            "CreateExportTask" => {
                self.exported.push(group.to_owned());
                (
                    200,
                    json!({"taskId": format!("task-{}", self.exported.len())}),
                )
            }
            "DescribeExportTasks" => match asked["taskId"].as_str() {
                Some(id) => {
                    let task =
                        json!({"taskId": id, "from": 1, "to": 2, "status": {"code": "COMPLETED"}});
                    (200, json!({"exportTasks": [task]}))
                }
                None => (200, json!({"exportTasks": []})),
            },
            other => panic!("{other} is not expected"),
        }
    }

    fn bucket(&self) -> (StatusCode, HeaderMap) {
        let region = self.bucket_region.unwrap_or("eu-central-1");
        let header = ("x-amz-bucket-region", HeaderValue::from_static(region));
        let headers = [header].map(|(name, value)| (name.parse().unwrap(), value));
        let status = match self.bucket_region {
            None => StatusCode::OK,
            Some(_) => StatusCode::MOVED_PERMANENTLY,
        };
        (status, headers.into_iter().collect())
    }
}

impl Account {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state: Arc<Mutex<State>> = Arc::default();
        let answering = state.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let mut state = answering.lock().unwrap();
            let Some(target) = parts.headers.get("x-amz-target") else {
                if parts.method == "HEAD" {
                    let (status, headers) = state.bucket();
                    return (status, headers, String::new());
                }
                assert_eq!(parts.uri.query(), Some("policy"));
                let body = "<Error><Code>NoSuchBucketPolicy</Code><Message>none</Message></Error>";
                return (StatusCode::NOT_FOUND, HeaderMap::new(), body.to_owned());
            };
            let call = target.to_str().unwrap().rsplit('.').next().unwrap();
            let (status, answer) = state.logs(call, &serde_json::from_slice(&body).unwrap());
            let status = StatusCode::from_u16(status).unwrap();
            (status, HeaderMap::new(), answer.to_string())
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            state,
            checkpoints: tempfile::tempdir().unwrap(),
        }
    }

    fn deny(&self, call: &'static str, everywhere: bool) {
        self.state.lock().unwrap().denied.insert(call, everywhere);
    }

    fn exported(&self) -> Vec<String> {
        self.state.lock().unwrap().exported.clone()
    }

    fn checkpoint(&self, group: &str) -> PathBuf {
        let name = format!("123456789012/eu-central-1/{}.json", group.replace('/', "!"));
        self.checkpoints.path().join(name)
    }

    /// Exit code, standard output and standard error of `logferry export`.
    async fn export(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
        command
            .arg("export")
            .args(args)
            .args(["--all-lambda", "--destination", "s3://logs/exports"])
            .args(["--checkpoints", self.checkpoints.path().to_str().unwrap()])
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .stdin(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || command.output());
        let Output {
            status,
            stdout,
            stderr,
        } = ended.await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (status.code(), text(&stdout), text(&stderr))
    }
}

/// The last line of a log, which is the error.
fn error(log: &str) -> &str {
    log.lines().last().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_permission_is_one_sentence_and_the_others_go_on() {
    let account = Account::start().await;
    account.deny("CreateExportTask", false);
    let (code, _, log) = account.export(&["--once"]).await;
    assert_eq!(code, Some(1), "{log}");
    assert_eq!(
        account.exported(),
        ["/aws/lambda/open", "/aws/lambda/other"]
    );
    let expected =
        "/aws/lambda/secret: logs:CreateExportTask: no permission: AccessDeniedException: User: ";
    assert!(error(&log).trim().starts_with(expected), "{log}");
    assert!(log.contains("1 log group was not exported"), "{log}");

    account.deny("DescribeLogGroups", true);
    for args in [&["--once"][..], &["--dry-run"]] {
        let (code, _, log) = account.export(args).await;
        assert_eq!(code, Some(1), "{log}");
        let sentence = "logs:DescribeLogGroups: no permission: AccessDeniedException: User: ";
        assert!(error(&log).contains(sentence), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_asked_for_until_they_are_told_and_a_group_that_refuses_stops_no_other() {
    let account = Account::start().await;
    let tag = ["--log-group-tag", "team=shop"];
    let (code, _, log) = account.export(&[&["--once"][..], &tag].concat()).await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(
        account.exported(),
        ["/aws/lambda/open", "/aws/lambda/secret"]
    );
    let asked = account.state.lock().unwrap().tags_asked.clone();
    assert!(
        asked.values().all(|times| *times == 3),
        "throttled twice: {asked:?}"
    );

    account.deny("ListTagsForResource", false);
    let refused = format!(
        "/aws/lambda/secret: its tags cannot be read: logs:ListTagsForResource: no permission: AccessDeniedException: \
         User: arn:aws:iam::123456789012:user/exporter is not authorized to perform: logs:ListTagsForResource on \
         resource: {arn} because no identity-based policy allows the logs:ListTagsForResource action (allow it on {arn})",
        arn = arn("/aws/lambda/secret")
    );
    let later = ["--once", "--lateness", "1h"];
    let (code, _, log) = account.export(&[&later[..], &tag].concat()).await;
    assert_eq!(code, Some(1), "{log}");
    assert_eq!(error(&log).trim(), refused);
    assert_eq!(account.exported().last().unwrap(), "/aws/lambda/open");
    assert_eq!(account.exported().len(), 3);

    let (code, table, log) = account
        .export(&["status", "--log-group-tag", "team=shop"])
        .await;
    assert_eq!(code, Some(1), "{log}");
    assert!(error(&log).contains("its tags cannot be read"), "{log}");
    assert!(
        table.contains("/aws/lambda/secret is left out: its tags cannot be read"),
        "{table}"
    );
    assert!(
        table.contains("left out, without the tags of --log-group-tag: /aws/lambda/other\n"),
        "{table}"
    );
    let (code, _, log) = account
        .export(&["--once", "--log-group-tag", "team=nobody"])
        .await;
    assert_eq!(code, Some(1), "the tags of one group are not known: {log}");
    account.state.lock().unwrap().denied.clear();
    let (code, _, log) = account
        .export(&["--once", "--log-group-tag", "team=nobody"])
        .await;
    assert_eq!(code, Some(1), "{log}");
    let sentence = "no log group is selected: the names fit 3, and none of these has the tags of --log-group-tag";
    assert!(error(&log).contains(sentence), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_elsewhere_and_a_checkpoint_in_the_future_are_one_sentence_each() {
    let account = Account::start().await;
    let (code, _, log) = account.export(&["--once"]).await;
    assert_eq!(code, Some(0), "{log}");
    let path = account.checkpoint("/aws/lambda/open");
    let mut checkpoint: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    checkpoint["exported_until"] = json!(4_102_444_800_000_i64);
    let future = checkpoint.to_string();
    std::fs::write(&path, &future).unwrap();
    let sentence = "/aws/lambda/open: ";
    for args in [
        &["--once", "--lateness", "1h"][..],
        &["--dry-run"],
        &["status"],
    ] {
        let (code, _, log) = account.export(args).await;
        assert_eq!(code, Some(1), "{log}");
        let error = error(&log);
        assert!(error.contains(sentence), "{log}");
        let reason = "says that all is exported until 2100-01-01T00:00:00Z, which is in the future";
        assert!(error.contains(reason), "{log}");
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        future,
        "nothing overwrites it"
    );
    assert_eq!(account.exported().len(), 5, "the others went on");

    account.state.lock().unwrap().bucket_region = Some("eu-west-1");
    for args in [
        &["--once"][..],
        &["--dry-run"],
        &["--every", "1h", "--listen", "127.0.0.1:0"],
    ] {
        let (code, _, log) = account.export(args).await;
        assert_eq!(code, Some(1), "{log}");
        let sentence = "--destination: the bucket logs is in eu-west-1, and CloudWatch exports the log groups of \
            eu-central-1 only to a bucket in eu-central-1";
        assert!(error(&log).contains(sentence), "{log}");
    }
    assert_eq!(account.exported().len(), 5);
}
