/*! The real node with the security plugin, which `make test` starts: users, roles and requests. */

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use opensearch::auth::Credentials;
use opensearch::cert::{Certificate, CertificateValidation};
use opensearch::http::Method;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::start::{ingest, logferry};

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

/// A user who runs commands, and the prefix of the indices.
pub struct User<'a> {
    pub name: &'a str,
    pub password: &'a str,
    pub prefix: &'a str,
}

impl<'a> User<'a> {
    pub fn admin(prefix: &'a str) -> Self {
        Self {
            name: "admin",
            password: "admin",
            prefix,
        }
    }

    /// A user whose index prefix is the user name.
    pub fn new(name: &'a str) -> Self {
        Self {
            name,
            password: PASSWORD,
            prefix: name,
        }
    }

    /// What a command printed, or its log if it failed.
    pub async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let (url, ca) = (url(), path("ca.pem"));
        let output = logferry(arguments, &self.variables(&url, &ca)).await;
        printed_or_log(output)
    }

    /// A page of `serve`, run by this user.
    pub async fn shown(&self, path: &str) -> String {
        let (node, ca) = (url(), crate::node::path("ca.pem"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_logferry"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .envs(self.variables(&node, &ca))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut base = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut base).unwrap();
        let address = format!("{}{path}", base.trim().trim_end_matches('/'));
        let html = reqwest::get(address).await.unwrap().text().await.unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        html
    }

    /// What a command printed, also if it failed.
    pub async fn printed(&self, arguments: &[&str]) -> String {
        let (url, ca) = (url(), path("ca.pem"));
        let output = logferry(arguments, &self.variables(&url, &ca)).await;
        String::from_utf8(output.stdout).unwrap()
    }

    pub async fn ingest(&self, text: &str, flags: &[&str]) -> Result<String, String> {
        let (url, ca) = (url(), path("ca.pem"));
        printed_or_log(ingest(text, flags, &self.variables(&url, &ca)).await)
    }

    pub fn variables<'v>(&'v self, url: &'v str, ca: &'v str) -> [(&'v str, &'v str); 5] {
        [
            ("LOGFERRY_OPENSEARCH_URL", url),
            ("LOGFERRY_OPENSEARCH_CA", ca),
            ("LOGFERRY_OPENSEARCH_USER", self.name),
            ("LOGFERRY_OPENSEARCH_PASSWORD", self.password),
            ("LOGFERRY_INDEX_PREFIX", self.prefix),
        ]
    }
}

pub fn printed_or_log(output: Output) -> Result<String, String> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}
