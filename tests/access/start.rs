/*! Errors that stop a command at its start: each is one sentence that names the flag. */

use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::stub::Stub;

/// Runs `ingest` over one line; returns whether it succeeded, and its log.
pub async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let text = "2026-11-23T10:00:00.000Z hello\n";
    let output = ingest(text, arguments, variables).await;
    let log = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), log)
}

/// `ingest` of a file.
pub async fn ingest(text: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.log");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    logferry(&[&["ingest"], arguments, &[file]].concat(), variables).await
}

/// Any command.
pub async fn logferry(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::cargo_bin("logferry").unwrap();
    command
        .args(arguments)
        .envs(variables.iter().copied())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nowhere")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap()
}

/// The reason that `ingest` gives for not using the index.
pub async fn reason_given(arguments: &[&str]) -> String {
    reason_given_with(arguments, &[]).await
}

async fn reason_given_with(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let (success, log) = run(arguments, variables).await;
    assert!(!success, "{log}");
    let last = log.lines().last().unwrap();
    last.strip_prefix("logferry: the index cannot be used: ")
        .unwrap_or_else(|| panic!("{log}"))
        .to_owned()
}

async fn refusing(status: u16, body: Value) -> Stub {
    Stub::start(move |_| (status, body.clone())).await
}

#[tokio::test]
async fn an_unknown_host_is_named() {
    let sentence = reason_given(&["--opensearch-url", "http://no-such-host.invalid:9200"]).await;
    assert!(
        sentence.starts_with("the host of http://no-such-host.invalid:9200/ is not known: check the name in --opensearch-url ("),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(
        reason_given(&["--opensearch-url", &url]).await,
        format!("nothing listens at {url}: check --opensearch-url, and that OpenSearch runs")
    );
}

#[tokio::test]
async fn tls_to_a_port_without_tls_is_named() {
    let node = refusing(200, json!({})).await;
    let url = node.url.replace("http:", "https:");
    assert_eq!(
        reason_given(&["--opensearch-url", &url]).await,
        format!(
            "{url} does not speak TLS: check --opensearch-url (http:// instead of https://, or another port)"
        )
    );
}

#[tokio::test]
async fn missing_credentials_are_named() {
    let node = refusing(401, json!("Unauthorized")).await;
    let url = &node.url;
    assert_eq!(
        reason_given(&["--opensearch-url", url]).await,
        format!(
            "{url} wants to know who asks (HTTP 401): give --opensearch-user and --opensearch-password-file, or --opensearch-api-key-file, or --opensearch-aws-service"
        )
    );
}

#[tokio::test]
async fn a_wrong_password_is_named() {
    let node = refusing(401, json!("Unauthorized")).await;
    let with_user = node.url.replace("http://", "http://writer:sec%2Cret@");
    let url = &node.url;
    assert_eq!(
        reason_given(&["--opensearch-url", &with_user]).await,
        format!(
            "{url} does not accept user writer with this password (HTTP 401): check --opensearch-user and --opensearch-password or its file"
        )
    );
    // "writer:sec,ret"
    assert_eq!(
        node.requests()[0].header("authorization"),
        "Basic d3JpdGVyOnNlYyxyZXQ="
    );
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let reason = "no permissions for [indices:admin/index_template/get] and User [name=writer, backend_roles=[], requestedTenant=null]";
    let node = refusing(
        403,
        json!({"error": {"type": "security_exception", "reason": reason}, "status": 403}),
    )
    .await;
    let url = &node.url;
    let arguments = [
        "--opensearch-url",
        url,
        "--opensearch-user",
        "writer",
        "--opensearch-password",
        "x",
    ];
    let sentence = reason_given(&arguments).await;
    let path = node.requests()[0].path().to_owned();
    assert_eq!(
        sentence,
        format!(
            "{url} refuses {path} (HTTP 403): user writer has no permission for indices:admin/index_template/get: compare its role with those in docs/access.md"
        )
    );
}

#[tokio::test]
async fn missing_aws_credentials_are_named() {
    let node = refusing(500, json!({})).await;
    let arguments = [
        "--opensearch-url",
        &node.url,
        "--opensearch-aws-service",
        "es",
        "--opensearch-aws-region",
        "eu-west-1",
    ];
    assert_eq!(
        reason_given(&arguments).await,
        "--opensearch-aws-service: no AWS credentials to sign with: give the task a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    );
    assert!(node.requests().is_empty());
    let no_region = reason_given(&arguments[..4]).await;
    assert_eq!(
        no_region,
        "--opensearch-aws-service: no AWS region: set AWS_REGION, or give --opensearch-aws-region"
    );
}

#[tokio::test]
async fn a_refused_signature_is_named() {
    let message = "The security token included in the request is invalid.";
    let node = refusing(403, json!({ "message": message })).await;
    let url = &node.url;
    let arguments = ["--opensearch-url", url, "--opensearch-aws-service", "es"];
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "very secret"),
    ];
    let sentence = reason_given_with(&arguments, &variables).await;
    let path = node.requests()[0].path().to_owned();
    assert_eq!(
        sentence,
        format!(
            "{url} refuses {path} (HTTP 403): {message}: check the role's permissions, the access policy, --opensearch-aws-service and the region; see docs/access.md"
        )
    );
}

#[tokio::test]
async fn unusable_files_are_named() {
    let garbage = tempfile::NamedTempFile::new().unwrap();
    let path = garbage.path().to_str().unwrap();
    let url = ["--opensearch-url", "https://localhost:1"];
    for (arguments, flag) in [
        (
            &["--opensearch-ca", "/nowhere/ca.pem"][..],
            "--opensearch-ca: /nowhere/ca.pem cannot be read",
        ),
        (
            &["--opensearch-ca", path],
            "--opensearch-ca: no PEM certificates",
        ),
        (
            &[
                "--opensearch-client-cert",
                path,
                "--opensearch-client-key",
                path,
            ],
            "--opensearch-client-cert, --opensearch-client-key: cannot be used",
        ),
        (
            &[
                "--opensearch-user",
                "u",
                "--opensearch-password-file",
                "/nowhere/password",
            ],
            "--opensearch-password-file: /nowhere/password: cannot be read",
        ),
    ] {
        let sentence = reason_given(&[&url[..], arguments].concat()).await;
        assert!(sentence.starts_with(flag), "{sentence}");
    }
}
