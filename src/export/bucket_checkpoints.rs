/*! Checkpoints as S3 objects, written by conditional puts. */

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;

use crate::export::traits::is_name;
use crate::export::{CheckpointError, Checkpoints, Condition, PutOutcome, Stored};
use crate::source::aws_errors::{innermost, is_changed, sdk_reason};

pub struct BucketCheckpoints {
    client: Client,
    bucket: String,
    /// Without slashes at its ends; may be empty.
    prefix: String,
}

/// A checkpoint has some hundred bytes. A larger object is not one, and is not read.
const LARGEST: i64 = 1 << 20;

impl BucketCheckpoints {
    pub fn new(client: Client, bucket: String, prefix: &str) -> Self {
        Self {
            client,
            bucket,
            prefix: prefix.trim_matches('/').to_owned(),
        }
    }

    /// The key of a checkpoint; of an empty name, the folder of all of them.
    fn key(&self, name: &str) -> String {
        let key = format!("{}/{name}", self.prefix);
        key.trim_start_matches('/').to_owned()
    }

    fn error(&self, name: &str, verb: &str, reason: &str) -> CheckpointError {
        CheckpointError(format!("{} cannot be {verb}: {reason}", self.place(name)))
    }
}

#[async_trait]
impl Checkpoints for BucketCheckpoints {
    async fn get(&self, name: &str) -> Result<Option<Stored>, CheckpointError> {
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(self.key(name));
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(self.error(name, "read", &sdk_reason(&error))),
        };
        if response
            .content_length
            .is_some_and(|length| length > LARGEST)
        {
            return Err(self.error(name, "read", "the object is too large for a checkpoint"));
        }
        let etag = response.e_tag.unwrap_or_default();
        let bytes = response.body.collect().await;
        let bytes = bytes.map_err(|error| self.error(name, "read", &innermost(&error)))?;
        Ok(Some(Stored {
            bytes: bytes.to_vec(),
            etag,
        }))
    }

    async fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<PutOutcome, CheckpointError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.key(name));
        let request = request.content_type("application/json").body(bytes.into());
        let request = match condition {
            Condition::New => request.if_none_match("*"),
            Condition::Unchanged(etag) => request.if_match(etag),
        };
        match request.send().await {
            Ok(response) => Ok(PutOutcome::Written(response.e_tag.unwrap_or_default())),
            // Also a checkpoint that was deleted meanwhile.
            Err(error) if is_changed(error.code()) || error.code() == Some("NoSuchKey") => {
                Ok(PutOutcome::Lost)
            }
            Err(error) => Err(self.error(name, "written", &sdk_reason(&error))),
        }
    }

    async fn names(&self) -> Result<Vec<String>, CheckpointError> {
        let folder = self.key("");
        let mut names = Vec::new();
        let request = self.client.list_objects_v2().bucket(&self.bucket);
        let mut pages = request.prefix(&folder).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("", "listed", &sdk_reason(&error)))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            let found = keys.filter_map(|key| key.strip_prefix(&folder));
            names.extend(found.filter(|name| is_name(name)).map(str::to_owned));
        }
        Ok(names)
    }

    fn place(&self, name: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(name))
    }
}
