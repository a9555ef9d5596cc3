/*! Basic authentication, and a password that is rotated. */

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logferry::error_class::ErrorClass;
use logferry::sink::Index;
use logferry::sink::opensearch::OpenSearch;
use logferry::sink::opensearch::{Auth, OpenSearchConfig, Password};

use crate::stub::{bulk, guarded};

/// Of `u:old` and `u:new`.
const OLD: &str = "Basic dTpvbGQ=";
const NEW: &str = "Basic dTpuZXc=";

async fn with_file(url: &str, file: &Path) -> OpenSearch {
    let mut config = OpenSearchConfig::of_url(url.parse().unwrap());
    config.auth = Auth::Basic {
        user: "u".to_owned(),
        password: Password::File(file.to_owned()),
    };
    OpenSearch::new(config, Duration::from_secs(30))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_rotated_password_is_read_from_its_file() {
    let accepted = Arc::new(Mutex::new(OLD));
    let node = guarded(accepted.clone()).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "old\n").unwrap();
    let index = with_file(&node.url, file.path()).await;
    index.bulk(&bulk(&["a"])).await.unwrap();

    std::fs::write(file.path(), "new\n").unwrap();
    *accepted.lock().unwrap() = NEW;
    index.bulk(&bulk(&["b"])).await.unwrap();
    index.bulk(&bulk(&["c"])).await.unwrap();
    let sent: Vec<_> = node
        .bulks()
        .iter()
        .map(|r| r.header("authorization").to_owned())
        .collect();
    assert_eq!(
        sent,
        [OLD, OLD, NEW, NEW],
        "once more, and then the new one"
    );
}

#[tokio::test]
async fn a_password_that_did_not_change_is_not_tried_twice() {
    let node = guarded(Arc::new(Mutex::new(NEW))).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "old").unwrap();
    let index = with_file(&node.url, file.path()).await;
    let error = index.bulk(&bulk(&["a"])).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Fatal);
    assert_eq!(node.bulks().len(), 1);
}
