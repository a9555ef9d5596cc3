/*! Signed requests, verified by the stub that receives them. */

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::TimeSource;
use logferry::error_class::ErrorClass;
use logferry::sink::opensearch::{AwsService, Encoding, OpenSearch, OpenSearchConfig};
use logferry::sink::{BulkCompression, Index};
use logferry_core::bulk::Bulk;
use serde_json::{Value, json};

use crate::sigv4::{Signed, verify};
use crate::stub::{Received, Stub, bulk, healthy, parcel};

/// 2026-12-31T23:59:59Z.
const LAST_SECOND: u64 = 1_798_761_599;
const HOUR: u64 = 3600;

#[derive(Debug, Clone)]
struct Clock(Arc<Mutex<u64>>);

impl Clock {
    fn at(seconds: u64) -> Self {
        Self(Arc::new(Mutex::new(seconds)))
    }

    fn seconds(&self) -> u64 {
        *self.0.lock().unwrap()
    }

    fn to(&self, seconds: u64) {
        *self.0.lock().unwrap() = seconds;
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds())
    }
}

/// Credentials of an hour: KEY1, KEY2, …
#[derive(Debug, Clone)]
struct Role {
    clock: Clock,
    given: Arc<Mutex<Vec<u64>>>,
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let mut given = self.given.lock().unwrap();
        given.push(self.clock.seconds());
        let id = format!("KEY{}", given.len());
        let expiry = self.clock.now() + Duration::from_secs(HOUR);
        let credentials =
            Credentials::new(&id, secret(&id), Some(token(&id)), Some(expiry), "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

fn secret(key_id: &str) -> String {
    format!("secret/of+{key_id}")
}

fn token(key_id: &str) -> String {
    format!("token/of+{key_id}==")
}

/// Accepts valid signatures by keys that have not expired, and records their contents.
#[derive(Clone)]
struct SignatureCheck {
    clock: Clock,
    /// The times at which KEY1, KEY2, … were issued, in seconds of the clock.
    given: Arc<Mutex<Vec<u64>>>,
    signed: Arc<Mutex<Vec<Signed>>>,
    /// Keys that were revoked before they expired.
    revoked: Arc<Mutex<Vec<String>>>,
}

impl SignatureCheck {
    fn answer(&self, request: &Received) -> (u16, Value) {
        let refused = |why: &str| (403, json!({ "message": why }));
        let seen = match verify(request, secret) {
            Ok(seen) => seen,
            Err(why) => return refused(&why),
        };
        // A body in chunks has its length too.
        if !request.body.is_empty()
            && request.header("content-length") != request.body.len().to_string()
        {
            return refused("no Content-Length");
        }
        if request.header("x-amz-security-token") != token(&seen.key_id) {
            return refused("The security token included in the request is invalid");
        }
        let n: usize = seen.key_id.trim_start_matches("KEY").parse().unwrap();
        if self.revoked.lock().unwrap().contains(&seen.key_id) {
            return refused("The security token included in the request is expired");
        }
        if self.clock.seconds() >= self.given.lock().unwrap()[n - 1] + HOUR {
            return refused("The security token included in the request is expired");
        }
        self.signed.lock().unwrap().push(seen);
        healthy(&request.decoded())
    }

    fn take(&self) -> Vec<Signed> {
        std::mem::take(&mut self.signed.lock().unwrap())
    }
}

struct Stage {
    index: OpenSearch,
    node: Stub,
    check: SignatureCheck,
    clock: Clock,
    role: Role,
}

async fn stage(service: AwsService) -> Stage {
    let clock = Clock::at(LAST_SECOND);
    let role = Role {
        clock: clock.clone(),
        given: Arc::default(),
    };
    let check = SignatureCheck {
        clock: clock.clone(),
        given: role.given.clone(),
        signed: Arc::default(),
        revoked: Arc::default(),
    };
    let answering = check.clone();
    let node = Stub::start(move |request| answering.answer(request)).await;
    let aws = SdkConfig::builder()
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(role.clone()))
        .time_source(clock.clone())
        .build();
    // With a path, as a proxy may have one.
    let url = format!("{}search/", node.url).parse().unwrap();
    let config = OpenSearchConfig::of_url(url);
    let timeout = Duration::from_secs(30);
    let index = OpenSearch::with_aws(config, timeout, service, &aws);
    Stage {
        index: index.await.unwrap(),
        node,
        check,
        clock,
        role,
    }
}

#[tokio::test]
async fn a_signature_holds_over_midnight() {
    for (service, name) in [(AwsService::Es, "es"), (AwsService::Aoss, "aoss")] {
        let stage = stage(service).await;
        stage.index.bulk(&bulk(&["a", "ü"])).await.unwrap();
        stage.clock.to(LAST_SECOND + 1);
        stage.index.bulk(&bulk(&["b"])).await.unwrap();
        let signed = |day: &str, time: &str| Signed {
            key_id: "KEY1".to_owned(),
            day: day.to_owned(),
            time: time.to_owned(),
            region: "eu-central-1".to_owned(),
            service: name.to_owned(),
        };
        assert_eq!(
            stage.check.take(),
            [
                signed("20261231", "20261231T235959Z"),
                signed("20270101", "20270101T000000Z")
            ]
        );
    }
}

#[tokio::test]
async fn every_kind_of_request_is_signed_correctly() {
    let stage = stage(AwsService::Es).await;
    let index = &stage.index;
    index.version().await.unwrap();
    index.fetch(&[("i".into(), "x".into())]).await.unwrap();
    assert_eq!(stage.check.take().len(), 2);
    // Five megabytes in chunks: the hash is of the whole body.
    let ids: Vec<String> = (0..60_000).map(|i| format!("{i:040}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let bulk = Bulk::pack(ids.chunks(20_000).map(parcel));
    assert!(bulk.body().len() > 5_000_000 && bulk.body().iter().len() == 3);
    index.bulk(&bulk).await.unwrap();
}

/// The signature covers the compressed body; Amazon documents gzip only.
#[tokio::test]
async fn a_compressed_bulk_is_signed_as_it_is_sent() {
    for service in [AwsService::Es, AwsService::Aoss] {
        let stage = stage(service).await;
        let Stage { index, node, .. } = stage;
        let asked = node.requests().len();
        for wanted in [BulkCompression::Zstd, BulkCompression::Auto] {
            let encoding = index.bulk_encoding(wanted).await;
            match wanted {
                BulkCompression::Auto => assert_eq!(encoding.unwrap(), Some(Encoding::Gzip)),
                _ => assert!(
                    encoding
                        .unwrap_err()
                        .to_string()
                        .contains("names only gzip")
                ),
            }
        }
        assert_eq!(node.requests().len(), asked + 1, "zstd was not tried");
        let index = index.compressing(Some(Encoding::Gzip));
        stage.check.take();
        let ids: Vec<String> = (0..10_000).map(|i| format!("{i:040}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let bulk = bulk(&ids);
        index.bulk(&bulk).await.unwrap();
        assert_eq!(stage.check.take().len(), 1);
        let sent = node.requests();
        let sent = sent.last().unwrap();
        assert_eq!(sent.header("content-encoding"), "gzip");
        assert!(sent.body.len() * 3 < bulk.body().len());
        assert_eq!(sent.decoded().body, bulk.body().to_bytes());
    }
}

#[tokio::test]
async fn credentials_are_asked_for_once_and_renewed_before_they_expire() {
    let stage = stage(AwsService::Es).await;
    for seconds in [0, 10, HOUR - 61, HOUR - 60, HOUR + 1, 2 * HOUR, 10 * HOUR] {
        stage.clock.to(LAST_SECOND + seconds);
        stage.index.bulk(&bulk(&["a"])).await.unwrap();
    }
    let keys: Vec<_> = stage.check.take().into_iter().map(|s| s.key_id).collect();
    assert_eq!(
        keys,
        ["KEY1", "KEY1", "KEY1", "KEY2", "KEY2", "KEY3", "KEY4"]
    );
    assert_eq!(stage.role.given.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_revoked_key_is_replaced_and_one_without_permission_is_not() {
    let stage = stage(AwsService::Es).await;
    let revoke = |key: &str| stage.check.revoked.lock().unwrap().push(key.to_owned());
    stage.index.bulk(&bulk(&["a"])).await.unwrap();
    revoke("KEY1");
    stage.index.bulk(&bulk(&["b"])).await.unwrap();
    let keys: Vec<_> = stage.check.take().into_iter().map(|s| s.key_id).collect();
    assert_eq!(keys, ["KEY1", "KEY2"]);
    revoke("KEY2");
    revoke("KEY3");
    let error = stage.index.bulk(&bulk(&["c"])).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Fatal);
    assert!(
        error
            .to_string()
            .contains("token included in the request is expired"),
        "{error}"
    );
    assert_eq!(
        stage.role.given.lock().unwrap().len(),
        3,
        "once for each refusal"
    );
}

/// What a path may hold: blanks, stars, commas, letters beyond ASCII.
#[tokio::test]
async fn unusual_paths_are_signed_correctly() {
    let stage = stage(AwsService::Aoss).await;
    let wanted = [("a b*,ü+~".to_owned(), "x".to_owned())];
    stage.index.fetch(&wanted).await.unwrap();
    let asked = stage.node.requests();
    assert_eq!(asked[0].path(), "/search/a%20b*,%C3%BC+~/_mget");
    assert_eq!(stage.check.take().len(), 1);
}

/// Serverless documents `GET <index>/_mget`, and no version at `/`.
#[tokio::test]
async fn serverless_gets_only_requests_that_it_supports() {
    let stage = stage(AwsService::Aoss).await;
    stage.index.version().await.unwrap();
    let wanted =
        [("b", "1"), ("a", "there-2"), ("b", "there-3")].map(|(i, d)| (i.to_owned(), d.to_owned()));
    let found = stage.index.fetch(&wanted).await.unwrap();
    let found = found
        .into_iter()
        .map(|found| found.map(|f| String::from_utf8(f.source).unwrap()));
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            None,
            Some(r#"{"is":"there-2"}"#.to_owned()),
            Some(r#"{"is":"there-3"}"#.to_owned())
        ]
    );
    let asked = stage.node.requests();
    let asked: Vec<_> = asked
        .iter()
        .map(|r| format!("{} {}", r.method, r.path()))
        .collect();
    assert_eq!(
        asked,
        [
            "GET /search/_cat/indices",
            "GET /search/a/_mget",
            "GET /search/b/_mget"
        ]
    );
}
