/*! The checkpoint of a replay goes in and out of one S3 object, by conditional puts: two replays that use one
checkpoint cannot overwrite each other. */

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::source::aws_errors::sdk_reason;
use crate::source::listing::{Checkpoint, CheckpointStore};
use crate::source::s3::listing;

/// Attempts for one save, beside those of the SDK.
const ATTEMPTS: u32 = 6;

pub struct CheckpointObject {
    client: Client,
    bucket: String,
    key: String,
    /// The ETag of the object as this process has read or written it last.
    etag: Option<String>,
}

impl CheckpointObject {
    pub fn new(client: Client, bucket: String, key: String) -> Self {
        Self {
            client,
            bucket,
            key,
            etag: None,
        }
    }

    fn sentence(&self, reason: &str) -> String {
        format!("s3://{}/{}: {reason}", self.bucket, self.key)
    }

    fn refused<E>(&self, error: &SdkError<E, HttpResponse>) -> String
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error.code() {
            Some("AccessDenied") => self.sentence(&format!(
                "no permission: allow s3:GetObject and s3:PutObject on it, and s3:ListBucket on its bucket ({})",
                sdk_reason(error)
            )),
            _ => listing::sentence(&self.bucket, error).reason,
        }
    }
}

#[async_trait]
impl CheckpointStore for CheckpointObject {
    async fn load(&mut self) -> Result<Option<Vec<u8>>, String> {
        let request = self.client.get_object().bucket(&self.bucket).key(&self.key);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(self.refused(&error)),
        };
        self.etag = response.e_tag.clone();
        let body = response.body.collect().await;
        let body = body.map_err(|e| self.sentence(&e.to_string()))?;
        Ok(Some(body.to_vec()))
    }

    async fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        let json = checkpoint.to_json().map_err(|e| e.to_string())?;
        let bytes = bytes::Bytes::from(json);
        let mut failures = 0;
        loop {
            let request = (self.client.put_object())
                .bucket(&self.bucket)
                .key(&self.key)
                .content_type("application/json")
                .body(bytes.clone().into());
            let request = match &self.etag {
                Some(etag) => request.if_match(etag),
                None => request.if_none_match("*"),
            };
            let error = match request.send().await {
                Ok(response) => {
                    self.etag = response.e_tag;
                    return Ok(());
                }
                Err(error) => error,
            };
            failures += 1;
            match error.code() {
                // The response to an earlier attempt, perhaps the SDK's own, may have been lost.
                Some("PreconditionFailed") if self.holds(&bytes).await => {
                    return Ok(());
                }
                Some("PreconditionFailed") => {
                    return Err(self.sentence(
                        "another replay has written this checkpoint: only one may use it at a time",
                    ));
                }
                Some("AccessDenied" | "NoSuchBucket") => return Err(self.refused(&error)),
                _ if failures == ATTEMPTS => return Err(self.refused(&error)),
                _ => tokio::time::sleep(crate::retry::full_jitter(failures)).await,
            }
        }
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(1)
    }
}

impl CheckpointObject {
    /// Whether the object holds these bytes; if so, its ETag is taken over.
    async fn holds(&mut self, bytes: &[u8]) -> bool {
        let etag = self.etag.clone();
        let same = matches!(self.load().await, Ok(Some(stored)) if stored == bytes);
        if !same {
            self.etag = etag;
        }
        same
    }
}
