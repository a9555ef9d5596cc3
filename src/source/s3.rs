/*! The store over S3. The SDK retries until the first byte; `decompress` resumes a body that breaks later. */

pub mod checkpoint;
pub mod listing;
pub mod notification;
pub mod owner;

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use bytes::Bytes;

use crate::error_class::ErrorClass;
use crate::source::aws_errors::{innermost, sdk_reason};
use crate::source::{OpenError, Opened, Store, StoreError};
use logferry_core::notification::ObjectRef;

pub struct S3 {
    client: Client,
    /// Clients for other regions that notifications may name.
    regional: HashMap<String, Client>,
    expected_owner: Option<String>,
}

impl S3 {
    pub fn new(
        client: Client,
        regional: HashMap<String, Client>,
        expected_owner: Option<String>,
    ) -> Self {
        Self {
            client,
            regional,
            expected_owner,
        }
    }

    fn client(&self, region: Option<&str>) -> &Client {
        region
            .and_then(|r| self.regional.get(r))
            .unwrap_or(&self.client)
    }
}

#[async_trait]
impl Store for S3 {
    async fn open(
        &self,
        object: &ObjectRef,
        from: u64,
        etag: Option<&str>,
    ) -> Result<Opened, OpenError> {
        if !is_bucket_name(&object.bucket) {
            let reason = format!("{:?} is not a valid bucket name", object.bucket);
            return Err(StoreError::new(ErrorClass::Broken, reason).into());
        }
        let mut request = self
            .client(object.region.as_deref())
            .get_object()
            .set_expected_bucket_owner(self.expected_owner.clone())
            .bucket(&object.bucket)
            .key(&object.key)
            .set_version_id(object.version_id.clone());
        if from > 0 {
            request = request.range(format!("bytes={from}-"));
        }
        if let Some(etag) = etag {
            request = request.if_match(format!("\"{etag}\""));
        }
        let response = request.send().await.map_err(to_open_error)?;
        // A server without Range support answers with the whole object, whose start would be read twice.
        let range = format!("bytes {from}-");
        if from > 0
            && !response
                .content_range()
                .is_some_and(|r| r.starts_with(&range))
        {
            let reason =
                format!("asked for the bytes from {from} on, and the response has another range");
            return Err(StoreError::new(ErrorClass::Retryable, reason).into());
        }
        let etag = response.e_tag.map(|e| e.trim_matches('"').to_owned());
        let last_modified = response.last_modified.and_then(|t| t.to_millis().ok());
        let length = response.content_length.and_then(|n| u64::try_from(n).ok());
        let chunks = futures_util::stream::unfold(response.body, |mut body| async move {
            let next: Option<Result<Bytes, _>> = body.next().await;
            next.map(|chunk| (chunk.map_err(|e| body_error(&e)), body))
        });
        Ok(Opened {
            chunks: Box::pin(chunks),
            etag,
            last_modified,
            size: length.map(|n| n + from),
        })
    }
}

fn body_error(error: &(dyn std::error::Error + 'static)) -> StoreError {
    let reason = format!("the body broke: {}", innermost(error));
    StoreError::new(ErrorClass::Retryable, reason)
}

fn to_open_error(
    error: SdkError<GetObjectError, aws_sdk_s3::config::http::HttpResponse>,
) -> OpenError {
    let reason = match error.as_service_error() {
        Some(GetObjectError::InvalidObjectState(archived)) => {
            let tier = (archived.storage_class().map(|class| class.as_str()))
                .or(archived.access_tier().map(|tier| tier.as_str()));
            let reason = sdk_reason(&error);
            match tier {
                Some(tier) => format!("{reason} ({tier})"),
                None => reason,
            }
        }
        _ => match (error.code(), error.raw_response()) {
            // A proxy, a firewall, a wrong endpoint.
            (None, Some(response)) => {
                format!(
                    "HTTP {} without an error code of S3",
                    response.status().as_u16()
                )
            }
            _ => sdk_reason(&error),
        },
    };
    let message = error.message().unwrap_or_default();
    let mut open_error = refusal(error.code().unwrap_or_default(), message, reason);
    if let OpenError::Other(other) = &mut open_error {
        other.status = error.raw_response().map(|r| r.status().as_u16());
    }
    open_error
}

/**
Tells from S3's error code whether a failed GetObject concerns this object, its key or bucket, or neither. Only the code
counts: any proxy between the worker and S3 may answer with the same status, so a status alone proves nothing.
*/
pub fn refusal(code: &str, message: &str, reason: String) -> OpenError {
    let other = |class, reason| {
        OpenError::Other(StoreError {
            class,
            status: None,
            code: (!code.is_empty()).then(|| code.to_owned()),
            reason,
        })
    };
    match code {
        "NoSuchKey" | "NoSuchVersion" => OpenError::Gone,
        "PreconditionFailed" => OpenError::Changed,
        "InvalidObjectState" => {
            let reason = format!("{reason}: it is archived: restore it, then replay");
            other(ErrorClass::Broken, reason)
        }
        // A delete marker; a key that is too long for any object. `InvalidRange` is not among them: only a body that is
        // resumed has a range, and a wrong range proves nothing about the object.
        "MethodNotAllowed" | "KeyTooLongError" => other(ErrorClass::Broken, reason),
        // Encrypted with a key that only its owner has (SSE-C). S3 has no code of its own for it.
        "InvalidRequest" if message.contains("Server Side Encryption") => {
            other(ErrorClass::Broken, reason)
        }
        "AccessDenied" if !concerns_the_caller(message) => OpenError::Denied(reason),
        // The caller (credentials, clock, token, account), the bucket or its KMS key, or the load of S3: any object
        // would meet it.
        _ => other(ErrorClass::Retryable, reason),
    }
}

/// Whether an `AccessDenied` concerns a KMS key or the request's credentials. S3 says so only in the message.
fn concerns_the_caller(message: &str) -> bool {
    // The resource's name is not S3's text.
    let text = message.split(" on resource: ").next().unwrap_or_default();
    let text = text.to_ascii_lowercase();
    [
        "kms",
        "ciphertext",
        "request has expired",
        "token",
        "credential",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// S3's rules for bucket names, with the older, laxer rules as far as the names are safe in a path.
fn is_bucket_name(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && !name.starts_with(['.', '-'])
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_honoured_only_if_it_is_allowed() {
        let client = |region: &'static str| {
            let config = aws_sdk_s3::Config::builder()
                .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
                .region(aws_sdk_s3::config::Region::new(region));
            Client::from_conf(config.build())
        };
        let regional = HashMap::from([("eu-west-1".to_owned(), client("eu-west-1"))]);
        let store = S3::new(client("eu-central-1"), regional, None);
        for (asked, used) in [
            (None, "eu-central-1"),
            (Some("eu-west-1"), "eu-west-1"),
            (Some("us-east-1"), "eu-central-1"),
            (Some("evil.example/?"), "eu-central-1"),
        ] {
            let region = store.client(asked).config().region().map(|r| r.as_ref());
            assert_eq!(region, Some(used), "{asked:?}");
        }
    }

    #[test]
    fn a_refusal_is_of_the_object_of_its_key_or_of_neither() {
        const DECRYPT: &str = "User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: kms:Decrypt \
                               on the resource associated with this ciphertext";
        const OWN: &str = "User: u is not authorized to perform: s3:GetObject on resource: \
                           \"arn:aws:s3:::b/kms token\" because no identity-based policy allows it";
        let class = |code: &str, message: &str| match refusal(code, message, String::new()) {
            OpenError::Denied(_) => None,
            error => Some(error.class()),
        };
        for code in ["InvalidObjectState", "MethodNotAllowed"] {
            assert_eq!(class(code, ""), Some(ErrorClass::Broken), "{code}");
        }
        assert_eq!(class("AccessDenied", "Access Denied"), None);
        assert_eq!(class("AccessDenied", OWN), None);
        assert_eq!(class("AccessDenied", DECRYPT), Some(ErrorClass::Retryable));
        for code in CALLER {
            assert_eq!(class(code, ""), Some(ErrorClass::Retryable), "{code}");
        }
    }

    const CALLER: &[&str] = &[
        "",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InternalError",
        "InvalidAccessKeyId",
        "InvalidPayer",
        "InvalidRange",
        "InvalidSecurity",
        "InvalidToken",
        "KMS.DisabledException",
        "NoSuchBucket",
        "NotSignedUp",
        "OptInRequired",
        "PermanentRedirect",
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestTimeTooSkewed",
        "ServiceUnavailable",
        "SignatureDoesNotMatch",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TokenRefreshRequired",
    ];

    #[test]
    fn bucket_names() {
        for good in ["logs", "my.logs-2026", "Old_Bucket", "a1b"] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in [
            "",
            "ab",
            "a/b",
            "..",
            "a..b",
            "-ab",
            "a b",
            "a?b",
            "logs@evil",
            "ä-logs",
            "a\r\nb",
        ] {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }
}
