/*! The real node: the roles of docs/access.md are what the commands need, and no more. */

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::node::{Client, User, documented, path, printed_or_log, unique, url};
use crate::start::{ingest, logferry};
use crate::support::{Stage, export, export_key, finish, gzip};

/// Two parts of one request: the second is merged with what is there.
const PARTS: [&str; 2] = [
    "2026-11-23T10:00:00.000Z START RequestId: 11111111-2222-4333-8444-555555555555 Version: $LATEST\n",
    "2026-11-23T10:00:01.000Z END RequestId: 11111111-2222-4333-8444-555555555555\n",
];

/// A command that is run with its role.
trait Trial {
    const ROLE: &str;
    /// Permissions that the command can do without.
    const DISPENSABLE: &[&str] = &[];
    /// Creates what the command expects to exist.
    async fn before(prefix: &str);
    async fn run(user: &User<'_>) -> Result<(), String>;
}

/// Tested by `ingest`, which runs the worker's pipeline and needs no queue.
struct Worker;

impl Trial for Worker {
    const ROLE: &str = "logferry-worker";

    async fn before(prefix: &str) {
        User::admin(prefix).run(&["setup"]).await.unwrap();
    }

    async fn run(user: &User<'_>) -> Result<(), String> {
        for part in PARTS {
            user.ingest(part, &[]).await?;
        }
        Ok(())
    }
}

struct Setup;

impl Trial for Setup {
    const ROLE: &str = "logferry-setup";
    /// For a plugin that this node does not have.
    const DISPENSABLE: &[&str] = &[
        "cluster:admin/opendistro/ism/*",
        "indices:admin/opensearch/ism/managedindex",
    ];

    /// An index without the alias and the fields.
    async fn before(prefix: &str) {
        make(&format!("{prefix}-logs-2026.11.23")).await;
    }

    async fn run(user: &User<'_>) -> Result<(), String> {
        user.run(&["setup", "--retain-logs", "30d"]).await?;
        Ok(())
    }
}

struct Prune;

impl Trial for Prune {
    const ROLE: &str = "logferry-prune";

    async fn before(prefix: &str) {
        make(&format!("{prefix}-logs-2020.01.01")).await;
        make(&format!("{prefix}-invocations-2020.01.01")).await;
    }

    async fn run(user: &User<'_>) -> Result<(), String> {
        let flags = ["--retain-logs", "30d", "--yes"];
        let out = user.run(&[&["prune"], &flags[..]].concat()).await?;
        assert!(out.contains("Deleted 1 index"), "{out}");
        Ok(())
    }
}

struct Search;

impl Trial for Search {
    const ROLE: &str = "logferry-search";
    /// Without these permissions TEXT is not checked, only one closed index is named, and points in time expire later.
    const DISPENSABLE: &[&str] = &[
        "indices:admin/validate/query",
        "indices:data/read/point_in_time/delete",
        "indices:monitor/settings/get",
    ];

    /// More lines than a page has, and an invocation.
    async fn before(prefix: &str) {
        let lines = (0..1100).map(|i| format!("2026-11-23T10:00:00.{:03}Z line {i}\n", i % 1000));
        let lines = lines.chain(PARTS.map(str::to_owned));
        let admin = User::admin(prefix);
        admin
            .ingest(&lines.collect::<String>(), &["--setup"])
            .await
            .unwrap();
        let refresh = format!("/{prefix}-*/_refresh");
        Client::admin().done(Method::Post, &refresh, None).await;
    }

    async fn run(user: &User<'_>) -> Result<(), String> {
        let out = user.run(&["search", "line", "--limit", "all"]).await?;
        assert!(out.contains("line 1099"), "{out}");
        let day = ["--since", "2026-11-23", "--until", "2026-11-23"];
        let out = user.run(&[&["report"], &day[..]].concat()).await?;
        assert!(out.contains(": 1 invocation"), "{out}");
        Ok(())
    }
}

struct Coverage;

impl Trial for Coverage {
    const ROLE: &str = "logferry-coverage";

    /// A bucket with an object that nothing has indexed.
    async fn before(prefix: &str) {
        make(&format!("{prefix}-logs-2026.11.23")).await;
        make(&format!("{prefix}-invocations-2026.11.23")).await;
        let stage = Stage::new("coverage").await;
        let bucket = stage.s3.create_bucket().bucket(prefix).send().await;
        bucket.unwrap();
        let put = stage.s3.put_object().bucket(prefix).key(export_key(1));
        let put = put.body(gzip(&export(1, 5)).into()).send().await;
        put.unwrap();
    }

    async fn run(user: &User<'_>) -> Result<(), String> {
        let source = format!("s3://{}", user.prefix);
        let (url, ca) = (url(), path("ca.pem"));
        let s3 = std::env::var("LOGFERRY_TEST_S3").unwrap();
        let aws = [
            ("AWS_ENDPOINT_URL_S3", s3.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
        ];
        let variables = [&user.variables(&url, &ca)[..], &aws].concat();
        let output = logferry(&["coverage", &source, "--grace", "0s"], &variables).await;
        match printed_or_log(output) {
            Err(log) if last(&log).contains("1 object missing") => Ok(()),
            Err(log) => Err(log),
            Ok(printed) => Err(printed),
        }
    }
}

/// Every view of `serve`, with the role of `search`.
struct Serve;

impl Trial for Serve {
    const ROLE: &str = "logferry-search";
    /// Without these permissions TEXT is not checked and only one closed index is named; lists need no point in time.
    const DISPENSABLE: &[&str] = &[
        "indices:admin/validate/query",
        "indices:data/read/point_in_time/create",
        "indices:data/read/point_in_time/delete",
        "indices:monitor/settings/get",
    ];

    async fn before(prefix: &str) {
        Search::before(prefix).await;
    }

    async fn run(user: &User<'_>) -> Result<(), String> {
        let day = "since=2026-11-23&until=2026-11-23";
        for (path, shown) in [
            (format!("/?{day}"), "at most 1 invocations in a bar"),
            (format!("/search?q=line&{day}"), "1,100 lines"),
            (format!("/errors?{day}"), "No line tells of an error"),
            ("/invocation?request=11111111".to_owned(), "Timeline"),
            ("/pipeline".to_owned(), "Newest line"),
        ] {
            let html = user.shown(&path).await;
            // The page says what OpenSearch says.
            if !html.contains(shown) || html.contains("role=\"alert\"") {
                let start = html.find("role=\"alert\"").unwrap_or(0);
                return Err(html[start..].replace('\n', " "));
            }
        }
        Ok(())
    }
}

async fn make(index: &str) {
    let admin = Client::admin();
    admin
        .done(Method::Put, &format!("/{index}"), Some(json!({})))
        .await;
}

/// The whole role is enough; without one permission the command fails and names it, or does not need it.
async fn try_out<T: Trial>() {
    let admin = Client::admin();
    let name = unique();
    T::before(&name).await;
    admin.user(&name, &documented(T::ROLE, &name)).await;
    T::run(&User::new(&name)).await.unwrap();

    let lists = [
        "/cluster_permissions",
        "/index_permissions/0/allowed_actions",
    ];
    let shape = documented(T::ROLE, "x");
    let mut wrong = Vec::new();
    for list in lists {
        for i in 0..shape
            .pointer(list)
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
        {
            let name = unique();
            T::before(&name).await;
            let mut role = documented(T::ROLE, &name);
            let actions = role.pointer_mut(list).unwrap().as_array_mut().unwrap();
            let Value::String(missing) = actions.remove(i) else {
                panic!("{shape}")
            };
            admin.user(&name, &role).await;
            let needed = !T::DISPENSABLE.contains(&missing.as_str());
            match T::run(&User::new(&name)).await {
                Ok(()) if !needed => {}
                Err(log) if needed && last(&log).contains(&missing) => {}
                Ok(()) => wrong.push(format!("{missing} is not needed")),
                Err(log) => wrong.push(format!("without {missing}: {}", last(&log))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", T::ROLE);
}

/// The sentence that a command ends with.
fn last(log: &str) -> &str {
    log.trim_end().lines().last().unwrap_or_default()
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_the_worker_needs() {
    try_out::<Worker>().await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_setup_needs() {
    try_out::<Setup>().await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_prune_needs() {
    try_out::<Prune>().await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_search_needs() {
    try_out::<Search>().await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_coverage_needs() {
    try_out::<Coverage>().await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_serve_needs() {
    try_out::<Serve>().await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_worker_with_its_role() {
    let stage = Stage::new("role").await;
    let prefix = stage.prefix.as_str();
    User::admin(prefix).run(&["setup"]).await.unwrap();
    let admin = Client::admin();
    admin
        .user(prefix, &documented("logferry-worker", prefix))
        .await;
    stage.upload(&export_key(1), gzip(&export(1, 50))).await;
    let mut worker = stage.worker();
    let (url, ca) = (url(), path("ca.pem"));
    worker
        .env_remove("LOGFERRY_SETUP")
        .envs(User::new(prefix).variables(&url, &ca));
    let log = finish(worker.spawn().unwrap());
    assert!(log.success, "{}", log.text);
    assert!(log.sum("indexed") > 50, "{}", log.text);
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_client_certificate_is_a_user() {
    let prefix = unique();
    Worker::before(&prefix).await;
    let admin = Client::admin();
    let role = documented("logferry-worker", &prefix);
    admin.security(&format!("roles/{prefix}"), role).await;
    let users = json!({"users": ["client"]});
    admin
        .security(&format!("rolesmapping/{prefix}"), users)
        .await;
    let url = url();
    let files = ["ca.pem", "client.pem", "client-key.pem"].map(path);
    let arguments = [
        "--opensearch-url",
        &url,
        "--opensearch-ca",
        &files[0],
        "--opensearch-client-cert",
        &files[1],
        "--opensearch-client-key",
        &files[2],
        "--index-prefix",
        &prefix,
    ];
    for part in PARTS {
        printed_or_log(ingest(part, &arguments, &[]).await).unwrap();
    }
}
