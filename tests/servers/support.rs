/*! A stage for one test: queues, a bucket, an index prefix, and workers. */

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::QueueAttributeName;
use opensearch::OpenSearch;
use opensearch::http::transport::Transport;
use opensearch::http::{Method, headers::HeaderMap};
use serde_json::{Value, json};

#[path = "process.rs"]
mod process;

pub use process::*;

pub fn server(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run these tests by `make test`"))
}

/// Tests that disturb the whole node take this for writing, all others for reading.
pub static NODE: LazyLock<tokio::sync::RwLock<()>> = LazyLock::new(Default::default);

static NUMBER: AtomicU32 = AtomicU32::new(0);

pub struct Stage {
    pub sqs: aws_sdk_sqs::Client,
    pub s3: aws_sdk_s3::Client,
    pub bucket: String,
    pub prefix: String,
    pub queue_url: String,
    pub dead_url: String,
    /// Of OpenSearch.
    pub index_url: String,
}

/// `maxReceiveCount` of the stage's queue.
pub const MAX_RECEIVES: u32 = 3;

impl Stage {
    pub async fn new(name: &str) -> Self {
        Self::with_visibility(name, 30).await
    }

    pub async fn with_visibility(name: &str, seconds: u32) -> Self {
        Self::with_queue(name, seconds, MAX_RECEIVES).await
    }

    /// With a queue of this visibility timeout and `maxReceiveCount`.
    pub async fn with_queue(name: &str, seconds: u32, max_receives: u32) -> Self {
        let servers = ("LOGFERRY_TEST_SQS", "LOGFERRY_TEST_S3");
        Self::at_servers(name, seconds, max_receives, servers).await
    }

    /// With the queue and the bucket of these servers.
    pub async fn at(name: &str, sqs: &str, s3: &str) -> Self {
        Self::at_servers(name, 30, MAX_RECEIVES, (sqs, s3)).await
    }

    async fn at_servers(
        name: &str,
        seconds: u32,
        max_receives: u32,
        (sqs_server, s3_server): (&str, &str),
    ) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "test");
        let sqs = aws_sdk_sqs::Client::from_conf(
            aws_sdk_sqs::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials.clone())
                .endpoint_url(server(sqs_server))
                .build(),
        );
        let s3 = aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials)
                .endpoint_url(server(s3_server))
                .force_path_style(true)
                .build(),
        );
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{name}-{}-{number}", std::process::id());
        let bucket = format!("b-{unique}");
        s3.create_bucket()
            .bucket(&bucket)
            .send()
            .await
            .expect("bucket");
        let dead_url = create_queue(&sqs, &format!("{unique}-dead"), &[]).await;
        let arn = sqs
            .get_queue_attributes()
            .queue_url(&dead_url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .expect("attributes of the dead-letter queue")
            .attributes
            .and_then(|mut a| a.remove(&QueueAttributeName::QueueArn))
            .expect("an ARN");
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": max_receives});
        let queue_url = create_queue(
            &sqs,
            &unique,
            &[
                (QueueAttributeName::VisibilityTimeout, seconds.to_string()),
                (QueueAttributeName::RedrivePolicy, policy.to_string()),
            ],
        )
        .await;
        Self {
            sqs,
            s3,
            bucket,
            prefix: format!("t-{unique}"),
            queue_url,
            dead_url,
            index_url: server("LOGFERRY_TEST_OPENSEARCH"),
        }
    }

    pub async fn put(&self, key: &str, bytes: Vec<u8>) {
        self.s3
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(bytes.into())
            .send()
            .await
            .unwrap_or_else(|e| panic!("cannot put {key}: {e:?}"));
    }

    pub async fn send(&self, body: &str) {
        self.sqs
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(body)
            .send()
            .await
            .expect("message sent");
    }

    /// Uploads an object and sends the notification that S3 would have sent.
    pub async fn upload(&self, key: &str, bytes: Vec<u8>) {
        self.put(key, bytes).await;
        self.send(&direct(&self.bucket, &[key])).await;
    }

    /// A worker over this stage; it ends when the queue is empty.
    pub fn worker(&self) -> Command {
        let mut command = self.endless_worker();
        command.arg("--until-empty");
        command
    }

    /// A worker over this stage that runs until a signal ends it.
    pub fn endless_worker(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
        command
            .args(["worker", "--listen", "127.0.0.1:0"])
            .env("LOGFERRY_QUEUE_URL", &self.queue_url)
            .env("LOGFERRY_OPENSEARCH_URL", &self.index_url)
            .env("LOGFERRY_INDEX_PREFIX", &self.prefix)
            .env("LOGFERRY_SETUP", "true")
            .env("AWS_ENDPOINT_URL_SQS", server("LOGFERRY_TEST_SQS"))
            .env("AWS_ENDPOINT_URL_S3", server("LOGFERRY_TEST_S3"))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a worker until the queue is empty.
    pub fn work(&self) -> Log {
        finish(self.worker().spawn().expect("the worker starts"))
    }

    /// Sends a request to OpenSearch.
    pub async fn opensearch(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        opensearch_at(&self.index_url, method, path, body).await
    }

    /// All documents of the stage by `index/id`.
    pub async fn documents(&self) -> BTreeMap<String, Value> {
        let prefix = &self.prefix;
        self.opensearch(Method::Post, &format!("{prefix}-*/_refresh"), None)
            .await;
        let mut documents = BTreeMap::new();
        let mut after = Value::Null;
        loop {
            let mut query = json!({"size": 5000, "query": {"match_all": {}}, "sort": [{"_index": "asc"}, {"_id": "asc"}]});
            if !after.is_null() {
                query["search_after"] = after;
            }
            let found = self
                .opensearch(Method::Post, &format!("{prefix}-*/_search"), Some(query))
                .await;
            let hits = found["hits"]["hits"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let Some(last) = hits.last() else {
                return documents;
            };
            after = last["sort"].clone();
            for mut hit in hits {
                let index = hit["_index"]
                    .as_str()
                    .unwrap_or_default()
                    .replacen(prefix, "logferry", 1);
                let key = format!("{index}/{}", hit["_id"].as_str().unwrap_or_default());
                assert!(documents.insert(key, hit["_source"].take()).is_none());
            }
        }
    }

    /// Visible and invisible messages of a queue.
    pub async fn depth(&self, url: &str) -> (u32, u32) {
        let attributes = self
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .send()
            .await
            .expect("queue attributes")
            .attributes
            .unwrap_or_default();
        let read = |name| {
            attributes
                .get(&name)
                .and_then(|v: &String| v.parse().ok())
                .unwrap_or(0)
        };
        (
            read(QueueAttributeName::ApproximateNumberOfMessages),
            read(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        )
    }
}

/// Sends a request to OpenSearch; the answer must be JSON.
pub async fn opensearch(method: Method, path: &str, body: Option<Value>) -> Value {
    opensearch_at(&server("LOGFERRY_TEST_OPENSEARCH"), method, path, body).await
}

pub async fn opensearch_at(url: &str, method: Method, path: &str, body: Option<Value>) -> Value {
    let body = body.map(|b| b.to_string());
    let answer = opensearch_text_at(url, method, path, body).await;
    serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Body and answer as they are written: JSON may have numbers that no `Value` holds.
pub async fn opensearch_text_at(
    url: &str,
    method: Method,
    path: &str,
    body: Option<String>,
) -> String {
    let transport = Transport::single_node(url).expect("a URL");
    let client = OpenSearch::new(transport);
    let answer = client
        .transport()
        .send::<String, ()>(
            method,
            path,
            HeaderMap::new(),
            None,
            body,
            Some(Duration::from_secs(60)),
        )
        .await
        .unwrap_or_else(|e| panic!("{path}: {e}"));
    answer
        .text()
        .await
        .unwrap_or_else(|e| panic!("{path}: {e}"))
}

async fn create_queue(
    sqs: &aws_sdk_sqs::Client,
    name: &str,
    attributes: &[(QueueAttributeName, String)],
) -> String {
    let attributes: HashMap<_, _> = attributes.iter().cloned().collect();
    sqs.create_queue()
        .queue_name(name)
        .set_attributes(Some(attributes))
        .send()
        .await
        .expect("queue")
        .queue_url
        .expect("a queue URL")
}

/// The message that S3 sends to SQS.
pub fn direct(bucket: &str, keys: &[&str]) -> String {
    let records: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": {"key": form_encode(key)}},
            })
        })
        .collect();
    json!({ "Records": records }).to_string()
}

/// The same message in the envelope of SNS without raw delivery.
pub fn by_sns(bucket: &str, keys: &[&str]) -> String {
    json!({
        "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:1:t",
        "Subject": "Amazon S3 Notification", "Message": direct(bucket, keys),
    })
    .to_string()
}

/// The message of EventBridge; its keys are not encoded.
pub fn by_eventbridge(bucket: &str, key: &str) -> String {
    json!({
        "version": "0", "id": "i", "detail-type": "Object Created", "source": "aws.s3",
        "account": "123456789012", "region": "us-east-1",
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": {"key": key}, "reason": "PutObject"},
    })
    .to_string()
}

/// Encodes a key as S3 does: a blank becomes a plus.
fn form_encode(key: &str) -> String {
    key.bytes()
        .map(|b| match b {
            b' ' => "+".to_owned(),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' => {
                (b as char).to_string()
            }
            b => format!("%{b:02X}"),
        })
        .collect()
}

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

/// Export text of `n` invocations, three events each, from one stream; `seed` tells streams apart.
pub fn export(seed: u32, n: u32) -> Vec<u8> {
    let mut text = String::new();
    for i in 0..n {
        let time = format!(
            "2026-11-23T{:02}:{:02}:{:02}.{:03}Z",
            i / 36000 % 24,
            i / 600 % 60,
            i / 10 % 60,
            i % 1000
        );
        let id = format!("{seed:08x}-0000-4000-8000-{i:012x}");
        text.push_str(&format!(
            "{time} START RequestId: {id} Version: $LATEST\n\n\
             {time} {time}\t{id}\tINFO\tline {i} of stream {seed}\n\n\
             {time} END RequestId: {id}\n\n\
             {time} REPORT RequestId: {id}\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t\n\n"
        ));
    }
    text.into_bytes()
}

/// The key of an export object of stream `seed`.
pub fn export_key(seed: u32) -> String {
    format!(
        "exports/fn/0f0f0f0f-1111-4222-8333-444444444444/2026-11-23-[$LATEST]{seed:032x}/000000.gz"
    )
}
