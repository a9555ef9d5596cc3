/*! The real node: TLS and passwords. */

use opensearch::http::Method;
use serde_json::json;

use crate::node::{Client, User, path, tls, unique, url};
use crate::start::{reason_given, run};

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_private_certificate_authority_is_trusted_if_given() {
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
            "--setup",
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
async fn an_untrusted_authority_is_named() {
    let (url, other) = (url(), path("other-ca.pem"));
    let plain = url.replace("https:", "http:");
    assert_eq!(
        reason_given(&["--opensearch-url", &url, "--opensearch-ca", &other]).await,
        format!(
            "{url} shows a certificate that no authority in {other} has signed: check --opensearch-ca"
        )
    );
    assert_eq!(
        reason_given(&["--opensearch-url", &url]).await,
        format!(
            "{url} shows a certificate of an authority that is not trusted here: give its certificate by --opensearch-ca"
        )
    );
    assert_eq!(
        reason_given(&["--opensearch-url", &plain]).await,
        format!(
            "{plain} does not answer: it ends the connection (if it wants TLS, give https:// in --opensearch-url)"
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
        "--setup",
    ];
    let (success, log) = run(&arguments, &[]).await;
    assert!(success, "{log}");
    assert!(log.contains("any certificate is accepted"), "{log}");
    assert!(!log.contains("admin:admin"), "{log}");
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_wrong_or_missing_password_is_named() {
    let (url, ca) = (url(), path("ca.pem"));
    let arguments = ["--opensearch-url", &url, "--opensearch-ca", &ca];
    let user = [
        "--opensearch-user",
        "admin",
        "--opensearch-password",
        "wrong",
    ];
    assert_eq!(
        reason_given(&[&arguments[..], &user].concat()).await,
        format!(
            "{url} does not accept user admin with this password (HTTP 401): check --opensearch-user and --opensearch-password or its file"
        )
    );
    assert_eq!(
        reason_given(&arguments).await,
        format!(
            "{url} wants to know who asks (HTTP 401): give --opensearch-user and --opensearch-password-file, or --opensearch-api-key-file, or --opensearch-aws-service"
        )
    );
}

/// OpenSearch answers a block with 403, as it does a missing permission.
#[tokio::test]
#[ignore = "needs servers: make test"]
async fn an_index_block_is_not_reported_as_a_missing_permission() {
    let prefix = unique();
    let index = format!("/{prefix}-logs-2020.01.01");
    let admin = Client::admin();
    let blocked = json!({"settings": {"index.blocks.read_only": true}});
    admin.done(Method::Put, &index, Some(blocked)).await;
    let prune = ["prune", "--retain-logs", "30d", "--yes"];
    let log = User::admin(&prefix).run(&prune).await.unwrap_err();
    assert!(
        log.contains("blocked by: [FORBIDDEN/5/index read-only (api)]: free disk space if it ran out, or lift the block"),
        "{log}"
    );
    assert!(!log.contains("permission"), "{log}");
}
