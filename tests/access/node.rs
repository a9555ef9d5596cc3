/*! The real node with the security plugin, which `make test` starts: its users, and how it is asked. */

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use logferry::config::{Auth, OpenSearchConfig, Password, Secret, Tls};
use logferry::sink::opensearch::OpenSearch;
use opensearch::auth::Credentials;
use opensearch::cert::{Certificate, CertificateValidation};
use opensearch::http::Method;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde_json::{Value, json};
use tokio::sync::Mutex;

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run these tests by `make test`"))
}

pub fn url() -> String {
    format!("{}/", variable("LOGFERRY_TEST_SECURE"))
}

pub fn tls(file: &str) -> PathBuf {
    Path::new(&variable("LOGFERRY_TEST_TLS")).join(file)
}

pub fn path(file: &str) -> String {
    tls(file).to_str().unwrap().to_owned()
}

pub const PASSWORD: &str = "Ferry-across-7";

/// Requests of one user.
pub struct Client(Transport);

impl Client {
    pub fn new(user: &str, password: &str) -> Self {
        let pem = std::fs::read(tls("ca.pem")).unwrap();
        let builder = TransportBuilder::new(SingleNodeConnectionPool::new(url().parse().unwrap()))
            .auth(Credentials::Basic(user.to_owned(), password.to_owned()))
            .cert_validation(CertificateValidation::Full(
                Certificate::from_pem(&pem).unwrap(),
            ));
        Self(builder.build().unwrap())
    }

    pub fn admin() -> Self {
        Self::new("admin", "admin")
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
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

    pub async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// Of roles, users and mappings. They are one document each: two changes at once would be a conflict.
    pub async fn security(&self, path: &str, body: Value) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let _one = ONE_AT_A_TIME.lock().await;
        let path = format!("/_plugins/_security/api/{path}");
        self.done(Method::Put, &path, Some(body)).await;
    }

    /// A user of this name with this role only.
    pub async fn user(&self, name: &str, role: &Value) {
        self.security(&format!("roles/{name}"), role.clone()).await;
        let user = json!({"password": PASSWORD, "opendistro_security_roles": [name]});
        self.security(&format!("internalusers/{name}"), user).await;
    }
}

/// An index prefix, role and user name of a test's own.
pub fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("t{}-{number}", std::process::id())
}

/// A role of docs/access.md, for this index prefix.
pub fn documented(name: &str, prefix: &str) -> Value {
    let page = include_str!("../../docs/access.md");
    let (_, section) = page.split_once(&format!("### Role `{name}`\n")).unwrap();
    let (_, json) = section.split_once("```json\n").unwrap();
    let (json, _) = json.split_once("```").unwrap();
    serde_json::from_str(&json.replace("\"logferry-", &format!("\"{prefix}-"))).unwrap()
}

pub async fn index_of(auth: Auth, client: Option<(PathBuf, PathBuf)>) -> OpenSearch {
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

pub fn basic(user: &str) -> Auth {
    Auth::Basic {
        user: user.to_owned(),
        password: Password::Given(Secret::new(PASSWORD.to_owned())),
    }
}

pub async fn admins_templates(prefix: &str) {
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
