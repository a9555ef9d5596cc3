/*! Dead letters go in; one S3 object per set comes out: `<prefix>/<name>.ndjson.gz`. A put is atomic, and its response
confirms it. */

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;

use crate::sink::dead_letters::{DeadLetterError, DeadLetterFile, DeadLetters};
use crate::source::aws_errors::sdk_reason;

pub struct DeadLetterBucket {
    client: Client,
    bucket: String,
    /// Key prefix without slashes at its ends; may be empty.
    prefix: String,
}

impl DeadLetterBucket {
    pub fn new(client: Client, bucket: String, prefix: &str) -> Self {
        Self {
            client,
            bucket,
            prefix: prefix.trim_matches('/').to_owned(),
        }
    }
}

#[async_trait]
impl DeadLetters for DeadLetterBucket {
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError> {
        let key = format!("{}/{}.ndjson.gz", self.prefix, letters.name);
        let key = key.trim_start_matches('/');
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/gzip")
            .body(letters.gzip()?.into())
            .send()
            .await
            .map_err(|e| DeadLetterError {
                status: e.raw_response().map(|response| response.status().as_u16()),
                code: e.code().map(str::to_owned),
                reason: format!("s3://{}/{key}: {}", self.bucket, sdk_reason(&e)),
            })?;
        Ok(())
    }
}
