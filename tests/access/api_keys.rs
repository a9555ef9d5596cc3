/*! API keys of the security plugin (OpenSearch 3.7), against a stub: the tests' node is older and has none. */

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logferry::error_class::ErrorClass;
use logferry::sink::Index;
use logferry::sink::opensearch::OpenSearch;
use logferry::sink::opensearch::{Auth, OpenSearchConfig};
use serde_json::json;

use crate::start::reason_given;
use crate::stub::{Stub, bulk, guarded};

const OLD: &str = "ApiKey os_old";
const NEW: &str = "ApiKey os_new";

async fn with_file(url: &str, file: &Path) -> OpenSearch {
    let mut config = OpenSearchConfig::of_url(url.parse().unwrap());
    config.auth = Auth::ApiKey {
        file: file.to_owned(),
    };
    OpenSearch::new(config, Duration::from_secs(30))
        .await
        .unwrap()
}

fn sent(node: &Stub) -> Vec<String> {
    let bulks = node.bulks();
    let headers = bulks.iter().map(|r| r.header("authorization").to_owned());
    headers.collect()
}

#[tokio::test]
async fn a_rotated_key_is_read_from_its_file() {
    let accepted = Arc::new(Mutex::new(OLD));
    let node = guarded(accepted.clone()).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "os_old\n").unwrap();
    let index = with_file(&node.url, file.path()).await;
    index.bulk(&bulk(&["a"])).await.unwrap();

    std::fs::write(file.path(), "os_new\n").unwrap();
    *accepted.lock().unwrap() = NEW;
    index.bulk(&bulk(&["b"])).await.unwrap();
    index.bulk(&bulk(&["c"])).await.unwrap();
    assert_eq!(
        sent(&node),
        [OLD, OLD, NEW, NEW],
        "once more, and then the new one"
    );
}

#[tokio::test]
async fn a_key_that_did_not_change_is_not_tried_twice() {
    let node = guarded(Arc::new(Mutex::new(NEW))).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "os_old").unwrap();
    let index = with_file(&node.url, file.path()).await;
    let error = index.bulk(&bulk(&["a"])).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Fatal);
    assert_eq!(sent(&node), [OLD]);
    assert!(!error.to_string().contains("os_old"), "{error}");
}

#[tokio::test]
async fn a_refused_key_is_named() {
    let node = guarded(Arc::new(Mutex::new(NEW))).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "os_old").unwrap();
    let (url, path) = (&node.url, file.path().to_str().unwrap());
    let flags = ["--opensearch-url", url, "--opensearch-api-key-file", path];
    assert_eq!(
        reason_given(&flags).await,
        format!(
            "{url} does not accept this API key (HTTP 401): write one that is neither expired nor revoked to the file of --opensearch-api-key-file, and check that the cluster has API keys (OpenSearch 3.7, api_tokens)"
        )
    );
}

#[tokio::test]
async fn a_missing_permission_of_a_key_is_named() {
    let reason = "no permissions for [indices:data/read/mget] and User [name=token:lf, backend_roles=[], requestedTenant=null]";
    let error = json!({"error": {"type": "security_exception", "reason": reason}, "status": 403});
    let node = Stub::start(move |_| (403, error.clone())).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "os_key").unwrap();
    let (url, path) = (&node.url, file.path().to_str().unwrap());
    let flags = ["--opensearch-url", url, "--opensearch-api-key-file", path];
    let sentence = reason_given(&flags).await;
    assert!(
        sentence.ends_with("user token:lf has no permission for indices:data/read/mget: compare its key with `logferry setup --print-api-key`"),
        "{sentence}"
    );
}
