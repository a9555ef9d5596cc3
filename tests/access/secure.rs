/*! The real node with the security plugin: TLS, users, roles. `make test` starts it. */

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use logferry::bulk::{Bulk, ItemStatus, Kept};
use logferry::config::{Auth, OpenSearchConfig, Password, Secret, Tls};
use logferry::sink::Index;
use logferry::sink::opensearch::OpenSearch;
use opensearch::auth::Credentials;
use opensearch::cert::{Certificate, CertificateValidation};
use opensearch::http::Method;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::start::{run, said};
use crate::stub::bulk_of;

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run these tests by `make test`"))
}

fn url() -> String {
    format!("{}/", variable("LOGFERRY_TEST_SECURE"))
}

fn tls(file: &str) -> PathBuf {
    Path::new(&variable("LOGFERRY_TEST_TLS")).join(file)
}

fn path(file: &str) -> String {
    tls(file).to_str().unwrap().to_owned()
}

const PASSWORD: &str = "Ferry-across-7";

/// Requests of one user.
struct Client(Transport);

impl Client {
    fn new(user: &str, password: &str) -> Self {
        let pem = std::fs::read(tls("ca.pem")).unwrap();
        let builder = TransportBuilder::new(SingleNodeConnectionPool::new(url().parse().unwrap()))
            .auth(Credentials::Basic(user.to_owned(), password.to_owned()))
            .cert_validation(CertificateValidation::Full(
                Certificate::from_pem(&pem).unwrap(),
            ));
        Self(builder.build().unwrap())
    }

    fn admin() -> Self {
        Self::new("admin", "admin")
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = body.map(|b| b.to_string());
        let limit = Some(Duration::from_secs(60));
        let answer = self
            .0
            .send::<String, ()>(method, path, headers, None, body, limit)
            .await
            .unwrap();
        let status = answer.status_code().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// Of roles, users and mappings. They are one document each: two changes at once would be a conflict.
    async fn security(&self, path: &str, body: Value) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let _one = ONE_AT_A_TIME.lock().await;
        let path = format!("/_plugins/_security/api/{path}");
        self.done(Method::Put, &path, Some(body)).await;
    }

    /// A user of this name with this role only.
    async fn user(&self, name: &str, role: &Value) {
        self.security(&format!("roles/{name}"), role.clone()).await;
        let user = json!({"password": PASSWORD, "opendistro_security_roles": [name]});
        self.security(&format!("internalusers/{name}"), user).await;
    }
}

/// An index prefix, role and user name of a test's own.
fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("t{}-{number}", std::process::id())
}

/// A role of docs/access.md, for this index prefix.
fn documented(name: &str, prefix: &str) -> Value {
    let page = include_str!("../../docs/access.md");
    let (_, section) = page.split_once(&format!("### Role `{name}`\n")).unwrap();
    let (_, json) = section.split_once("```json\n").unwrap();
    let (json, _) = json.split_once("```").unwrap();
    serde_json::from_str(&json.replace("\"logferry-", &format!("\"{prefix}-"))).unwrap()
}

async fn index_of(auth: Auth, client: Option<(PathBuf, PathBuf)>) -> OpenSearch {
    let config = OpenSearchConfig {
        auth,
        tls: Tls {
            ca: Some(tls("ca.pem")),
            client,
            accept_invalid: false,
        },
        ..OpenSearchConfig::of_url(url().parse().unwrap())
    };
    OpenSearch::new(config, Duration::from_secs(60))
        .await
        .unwrap()
}

fn basic(user: &str) -> Auth {
    Auth::Basic {
        user: user.to_owned(),
        password: Password::Given(Secret::new(PASSWORD.to_owned())),
    }
}

async fn admins_templates(prefix: &str) {
    let auth = Auth::Basic {
        user: "admin".to_owned(),
        password: Password::Given(Secret::new("admin".to_owned())),
    };
    index_of(auth, None)
        .await
        .put_missing_templates(prefix)
        .await
        .unwrap();
}

fn taken(statuses: &[ItemStatus]) -> Result<(), String> {
    match statuses {
        [ItemStatus::Indexed] => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// All that the worker asks of an index.
async fn work(index: &OpenSearch, prefix: &str) -> Result<(), String> {
    let text = |e: logferry::sink::IndexError| e.to_string();
    index.version().await.map_err(text)?;
    index.put_missing_templates(prefix).await.map_err(text)?;
    let day = format!("{prefix}-invocations-2026.11.23");
    let source = r#"{"@timestamp":"2026-11-23T10:00:00.000Z","message":"m","app":{"a":1}}"#;
    let bulk = bulk_of(&[(&day, "a", source)]);
    taken(&index.bulk(&bulk).await.map_err(text)?)?;
    let stored = index
        .fetch(&[(day.clone(), "a".to_owned())])
        .await
        .map_err(text)?;
    let stored = stored[0].as_ref().ok_or("not there")?;
    let action = format!(
        r#"{{"index":{{"_index":"{day}","_id":"a","if_seq_no":{},"if_primary_term":{}}}}}"#,
        stored.seq_no, stored.primary_term
    );
    let merged: Bulk = bulk.rebuild(&[Kept {
        document: 0,
        lines: Some((action.into_bytes(), b"{}".to_vec())),
    }]);
    taken(&index.bulk(&merged).await.map_err(text)?)
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn an_authority_of_ones_own() {
    let bundle = tempfile::NamedTempFile::new().unwrap();
    let both = [tls("other-ca.pem"), tls("ca.pem")]
        .map(|f| std::fs::read(f).unwrap())
        .concat();
    std::fs::write(bundle.path(), both).unwrap();
    let prefix = unique();
    for ca in [&path("ca.pem"), bundle.path().to_str().unwrap()] {
        let url = url();
        let arguments = [
            "--opensearch-url",
            &url,
            "--opensearch-ca",
            ca,
            "--index-prefix",
            &prefix,
        ];
        let variables = [
            ("LOGFERRY_OPENSEARCH_USER", "admin"),
            ("LOGFERRY_OPENSEARCH_PASSWORD", "admin"),
        ];
        let (success, log) = run(&arguments, &variables).await;
        assert!(success, "{log}");
    }
    let count = format!("/{prefix}-logs-2026.11.23/_count");
    let admin = Client::admin();
    admin
        .done(Method::Post, &format!("/{prefix}-*/_refresh"), None)
        .await;
    let counted = admin.done(Method::Get, &count, None).await;
    assert_eq!(counted["count"], 2, "a file each time");
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn another_authority_or_none_is_said() {
    let (url, other) = (url(), path("other-ca.pem"));
    let plain = url.replace("https:", "http:");
    assert_eq!(
        said(&["--opensearch-url", &url, "--opensearch-ca", &other]).await,
        format!(
            "{url} shows a certificate that no authority in {other} has signed: check --opensearch-ca"
        )
    );
    assert_eq!(
        said(&["--opensearch-url", &url]).await,
        format!(
            "{url} shows a certificate of an authority that is not trusted here: give its certificate by --opensearch-ca"
        )
    );
    assert_eq!(
        said(&["--opensearch-url", &plain]).await,
        format!(
            "{plain} ends the connection without an answer (if it wants TLS, give https:// in --opensearch-url)"
        )
    );
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn any_certificate_is_accepted_only_with_a_warning() {
    let (url, prefix) = (url().replace("://", "://admin:admin@"), unique());
    let arguments = [
        "--opensearch-url",
        &url,
        "--opensearch-accept-invalid-certificates",
        "--index-prefix",
        &prefix,
    ];
    let (success, log) = run(&arguments, &[]).await;
    assert!(success, "{log}");
    assert!(log.contains("any certificate is accepted"), "{log}");
    assert!(!log.contains("admin:admin"), "{log}");
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_wrong_password_or_none_is_said() {
    let (url, ca) = (url(), path("ca.pem"));
    let arguments = ["--opensearch-url", &url, "--opensearch-ca", &ca];
    let user = [
        "--opensearch-user",
        "admin",
        "--opensearch-password",
        "wrong",
    ];
    assert_eq!(
        said(&[&arguments[..], &user].concat()).await,
        format!(
            "{url} does not accept user admin with this password (HTTP 401): check --opensearch-user and --opensearch-password or its file"
        )
    );
    assert_eq!(
        said(&arguments).await,
        format!(
            "{url} wants to know who asks (HTTP 401): give --opensearch-user and --opensearch-password-file, or --opensearch-aws-service"
        )
    );
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_client_certificate_is_a_user() {
    let prefix = unique();
    admins_templates(&prefix).await;
    let admin = Client::admin();
    let role = documented("logferry-worker", &prefix);
    admin.security(&format!("roles/{prefix}"), role).await;
    let users = json!({"users": ["client"]});
    admin
        .security(&format!("rolesmapping/{prefix}"), users)
        .await;
    let files = (tls("client.pem"), tls("client-key.pem"));
    let index = index_of(Auth::None, Some(files)).await;
    work(&index, &prefix).await.unwrap();
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn the_documented_role_is_enough_for_the_worker() {
    let prefix = unique();
    admins_templates(&prefix).await;
    Client::admin()
        .user(&prefix, &documented("logferry-worker", &prefix))
        .await;
    work(&index_of(basic(&prefix), None).await, &prefix)
        .await
        .unwrap();
    let (url, ca) = (url(), path("ca.pem"));
    let arguments = [
        "--opensearch-url",
        &url,
        "--opensearch-ca",
        &ca,
        "--opensearch-user",
        &prefix,
        "--index-prefix",
        &prefix,
    ];
    let (success, log) = run(&arguments, &[("LOGFERRY_OPENSEARCH_PASSWORD", PASSWORD)]).await;
    assert!(success, "{log}");
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn each_permission_of_the_worker_is_needed_and_named_when_it_is_missing() {
    let admin = Client::admin();
    let shape = documented("logferry-worker", "x");
    let lists = [
        "/cluster_permissions",
        "/index_permissions/0/allowed_actions",
    ];
    let mut named = BTreeSet::new();
    for list in lists {
        for i in 0..shape.pointer(list).unwrap().as_array().unwrap().len() {
            let prefix = unique();
            admins_templates(&prefix).await;
            let mut role = documented("logferry-worker", &prefix);
            let list = role.pointer_mut(list).unwrap().as_array_mut().unwrap();
            let missing = list.remove(i).as_str().unwrap().to_owned();
            admin.user(&prefix, &role).await;
            let refused = work(&index_of(basic(&prefix), None).await, &prefix).await;
            let error = refused.expect_err(&format!("{missing} is not needed"));
            assert!(error.contains(&missing), "without {missing}: {error}");
            named.insert(missing);
        }
    }
    assert_eq!(named.len(), 8);
}

/// A role that may be asked these things, and is refused another.
async fn suffices(role: &str, may: &[(Method, String, Option<Value>)], may_not: (Method, String)) {
    let prefix = unique();
    let admin = Client::admin();
    admin.user(&prefix, &documented(role, &prefix)).await;
    let at = |path: &str| path.replace("PREFIX", &prefix);
    let day = at("/PREFIX-logs-2026.11.23");
    admin.done(Method::Put, &day, Some(json!({}))).await;
    let user = Client::new(&prefix, PASSWORD);
    let (status, answer) = user.ask(may_not.0, &at(&may_not.1), None).await;
    assert_eq!(status, 403, "{answer}");
    for (method, path, body) in may {
        let body = body
            .as_ref()
            .map(|b| serde_json::from_str(&at(&b.to_string())).unwrap());
        user.done(*method, &at(path), body).await;
    }
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn the_documented_role_is_enough_for_setup() {
    let prefix = unique();
    Client::admin()
        .user(&prefix, &documented("logferry-setup", &prefix))
        .await;
    index_of(basic(&prefix), None)
        .await
        .put_missing_templates(&prefix)
        .await
        .unwrap();
    let alias =
        json!({"actions": [{"add": {"index": "PREFIX-logs-*", "alias": "PREFIX-logs-all"}}]});
    let field = json!({"properties": {"x": {"type": "keyword"}}});
    let may = [
        (Method::Get, "/", None),
        (Method::Get, "/_component_template", None),
        (
            Method::Put,
            "/_component_template/PREFIX-c",
            Some(json!({"template": {}})),
        ),
        (Method::Get, "/_index_template", None),
        (Method::Get, "/_cat/plugins?format=json", None),
        (
            Method::Get,
            "/_cat/indices/PREFIX-logs-*,PREFIX-invocations-*?format=json&expand_wildcards=open,closed",
            None,
        ),
        (Method::Post, "/_aliases", Some(alias)),
        (Method::Get, "/PREFIX-logs-*/_mapping", None),
        (Method::Put, "/PREFIX-logs-*/_mapping", Some(field)),
        (Method::Delete, "/PREFIX-logs-2026.11.23", None),
    ];
    let may = may.map(|(method, path, body)| (method, path.to_owned(), body));
    suffices(
        "logferry-setup",
        &may,
        (Method::Get, "/PREFIX-logs-*/_search".to_owned()),
    )
    .await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn the_documented_role_is_enough_for_search() {
    let all = json!({"query": {"match_all": {}}});
    let may = [
        (
            Method::Post,
            "/PREFIX-logs-*/_search?ignore_unavailable=true",
            Some(all.clone()),
        ),
        (
            Method::Post,
            "/PREFIX-logs-*/_validate/query?explain=true",
            Some(all),
        ),
    ];
    let may = may.map(|(method, path, body)| (method, path.to_owned(), body));
    suffices(
        "logferry-search",
        &may,
        (Method::Delete, "/PREFIX-logs-2026.11.23".to_owned()),
    )
    .await;

    // Page by page over a point in time.
    let prefix = unique();
    let admin = Client::admin();
    admin
        .done(Method::Put, &format!("/{prefix}-logs-2026.11.23"), None)
        .await;
    admin
        .user(&prefix, &documented("logferry-search", &prefix))
        .await;
    let user = Client::new(&prefix, PASSWORD);
    let open =
        format!("/{prefix}-logs-*,{prefix}-invocations-*/_search/point_in_time?keep_alive=1m");
    let id = user.done(Method::Post, &open, None).await["pit_id"].clone();
    let page = json!({"pit": {"id": id.clone()}, "sort": ["_doc"]});
    user.done(Method::Post, "/_search", Some(page)).await;
    user.done(
        Method::Delete,
        "/_search/point_in_time",
        Some(json!({"pit_id": [id]})),
    )
    .await;
}
