/*! Queue and store of the bench: servers of `stack/`, a bucket, queues, and the objects and messages in them. */

use std::process::Command;

use anyhow::{Context, Result, bail};
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use futures_util::{StreamExt, TryStreamExt};

use crate::Options;
use crate::load::Object;
use crate::stack_server::Server;

pub const BUCKET: &str = "logs";

/// A queue and a store, with a bucket.
pub struct Ends {
    sqs: aws_sdk_sqs::Client,
    s3: aws_sdk_s3::Client,
    queue: Server,
    store: Server,
}

impl Ends {
    pub async fn start(options: &Options) -> Result<Self> {
        let queue = Server::start("elasticmq", options.port, &[])?;
        // As Amazon S3 does; versitygw closes each connection unless it is told.
        let store = Server::start("s3", options.port + 1, &[("VGW_KEEP_ALIVE", "true")])?;
        let credentials = Credentials::new("test", "test", None, None, "bench");
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials.clone())
            .endpoint_url(queue.url())
            .build();
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(store.url())
            .force_path_style(true)
            .build();
        let ends = Self {
            sqs: aws_sdk_sqs::Client::from_conf(sqs),
            s3: aws_sdk_s3::Client::from_conf(s3),
            queue,
            store,
        };
        ends.s3.create_bucket().bucket(BUCKET).send().await?;
        Ok(ends)
    }

    pub async fn create_queue(&self, name: &str) -> Result<String> {
        let queue = self
            .sqs
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::VisibilityTimeout, "300")
            .send()
            .await?;
        queue.queue_url.context("a queue without a URL")
    }

    pub async fn upload(&self, objects: &[Object]) -> Result<()> {
        futures_util::stream::iter(objects.iter().map(Ok))
            .try_for_each_concurrent(8, |object| async move {
                let body = ByteStream::from_path(&object.file).await?;
                let put = self.s3.put_object().bucket(BUCKET).key(&object.key);
                put.body(body).send().await?;
                anyhow::Ok(())
            })
            .await
    }

    /// Sends S3's message for each object.
    pub async fn notify(&self, queue: &str, objects: &[Object]) -> Result<()> {
        futures_util::stream::iter(objects.chunks(10))
            .map(Ok)
            .try_for_each_concurrent(4, |ten| async move {
                let entries = ten.iter().enumerate().map(|(i, object)| {
                    SendMessageBatchRequestEntry::builder()
                        .id(i.to_string())
                        .message_body(notification(object))
                        .build()
                });
                let entries = entries.collect::<Result<_, _>>()?;
                let send = self.sqs.send_message_batch().queue_url(queue);
                let sent = send.set_entries(Some(entries)).send().await?;
                if !sent.failed.is_empty() {
                    bail!("the queue refuses messages: {:?}", sent.failed);
                }
                Ok(())
            })
            .await
    }

    /// Numbers of visible messages and of messages in flight.
    pub async fn depth(&self, queue: &str) -> Result<[usize; 2]> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as Held,
        };
        let attributes = self.sqs.get_queue_attributes().queue_url(queue);
        let attributes = attributes.attribute_names(Visible).attribute_names(Held);
        let attributes = attributes.send().await?.attributes.unwrap_or_default();
        let read = |name| attributes.get(&name).and_then(|n| n.parse().ok());
        Ok([read(Visible).unwrap_or(0), read(Held).unwrap_or(0)])
    }

    /// Command line of a worker on this queue and store, with default settings.
    pub fn worker(&self, options: &Options, queue: &str, index: &str) -> Command {
        let mut command = worker(options, queue, index);
        command
            .env("AWS_ENDPOINT_URL_SQS", self.queue.url())
            .env("AWS_ENDPOINT_URL_S3", self.store.url());
        command
    }
}

/// Command line of a worker without the addresses of queue and store.
pub fn worker(options: &Options, queue: &str, index: &str) -> Command {
    let mut command = Command::new(&options.worker);
    command
        .args(["worker", "--listen", "127.0.0.1:0", "--queue-url", queue])
        .args(["--opensearch-url", index])
        .args(["--log-group-pattern", "exports/{log_group}/"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1");
    command
}

/// S3's message for an object.
pub fn notification(object: &Object) -> String {
    // An export's key contains no other characters that need encoding.
    let key = object
        .key
        .replace('[', "%5B")
        .replace('$', "%24")
        .replace(']', "%5D");
    serde_json::json!({"Records": [{
        "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-11-21T09:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:session"},
        "requestParameters": {"sourceIPAddress": "10.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S"},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "logs",
            "bucket": {"name": BUCKET, "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}, "arn": format!("arn:aws:s3:::{BUCKET}")},
            "object": {"key": key, "size": object.packed, "sequencer": "0055AED6DCD90281E5"},
        },
    }]})
    .to_string()
}
