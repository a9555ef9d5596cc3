/*! A store goes in; the same store comes out, and a sentence if it refuses the first objects one and all. The worker
waits for a permission; a replay has a person who waits. */

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::source::{OpenError, Opened, Store};
use logferry_core::notification::ObjectRef;

/// Refusals before any object is given.
const ENOUGH: usize = 5;
/// Codes of S3 that concern every object of the bucket, and that waiting does not change.
const LASTING: [&str; 6] = [
    "NoSuchBucket",
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
];

/// A store that watches the answers of another.
pub struct WatchedStore {
    store: Arc<dyn Store>,
    /// Cancelled when enough objects were refused and none was given.
    all_refused: CancellationToken,
    answers: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    given: bool,
    refused: usize,
    reason: Option<String>,
}

impl WatchedStore {
    pub fn new(store: Arc<dyn Store>, all_refused: CancellationToken) -> Self {
        Self {
            store,
            all_refused,
            answers: Mutex::default(),
        }
    }

    /// Why all objects were refused, if they were.
    pub fn refusal(&self) -> Option<String> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.reason.clone()
    }
}

#[async_trait]
impl Store for WatchedStore {
    async fn open(
        &self,
        object: &ObjectRef,
        from: u64,
        etag: Option<&str>,
    ) -> Result<Opened, OpenError> {
        let opened = self.store.open(object, from, etag).await;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = match &opened {
            Ok(_) => {
                answers.given = true;
                None
            }
            Err(OpenError::Denied(reason)) => Some(format!(
                "no permission to read the objects: allow s3:GetObject on arn:aws:s3:::{}/*, and kms:Decrypt if a key \
                 encrypts them ({reason})",
                object.bucket
            )),
            Err(OpenError::Other(error)) => {
                let code = error.code.as_deref().unwrap_or_default();
                let lasts = LASTING.contains(&code);
                lasts.then(|| format!("s3://{}: no object can be read: {error}", object.bucket))
            }
            Err(_) => None,
        };
        if reason.is_some() && !answers.given {
            answers.refused += 1;
            if answers.refused >= ENOUGH {
                answers.reason = reason;
                self.all_refused.cancel();
            }
        }
        opened
    }
}
