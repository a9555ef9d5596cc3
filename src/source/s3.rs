/*! The store over S3. Retries until the first byte are the SDK's; a body that breaks later is resumed by `unpack`. */

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
    /// Clients of other regions that notifications may name.
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
            return Err(OpenError::Other(StoreError {
                class: ErrorClass::Broken,
                reason: format!("{:?} is no name that S3 allows for a bucket", object.bucket),
            }));
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
        let answer = request.send().await.map_err(open_error)?;
        // A server that does not know Range answers with the whole object: what follows would be glued in twice.
        let range = format!("bytes {from}-");
        if from > 0
            && !answer
                .content_range()
                .is_some_and(|r| r.starts_with(&range))
        {
            return Err(OpenError::Other(StoreError {
                class: ErrorClass::Retryable,
                reason: format!("asked for bytes from {from} on, answered with something else"),
            }));
        }
        let etag = answer.e_tag.map(|e| e.trim_matches('"').to_owned());
        let last_modified = answer.last_modified.and_then(|t| t.to_millis().ok());
        let length = answer.content_length.and_then(|n| u64::try_from(n).ok());
        let chunks = futures_util::stream::unfold(answer.body, |mut body| async move {
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
    StoreError {
        class: ErrorClass::Retryable,
        reason: format!("the body broke: {}", innermost(error)),
    }
}

fn open_error(
    error: SdkError<GetObjectError, aws_sdk_s3::config::http::HttpResponse>,
) -> OpenError {
    let reason = match error.as_service_error() {
        Some(GetObjectError::InvalidObjectState(archived)) => {
            let place = (archived.storage_class().map(|class| class.as_str()))
                .or(archived.access_tier().map(|tier| tier.as_str()));
            let reason = sdk_reason(&error);
            match place {
                Some(place) => format!("{reason} ({place})"),
                None => reason,
            }
        }
        _ => match (error.code(), error.raw_response()) {
            // A proxy, a firewall, a wrong endpoint.
            (None, Some(response)) => {
                format!("HTTP {} without a code of S3's", response.status().as_u16())
            }
            _ => sdk_reason(&error),
        },
    };
    let message = error.message().unwrap_or_default();
    refusal(error.code().unwrap_or_default(), message, reason)
}

/**
What an answer to GetObject says, and of what: of this object, of this key or its whole bucket, or of neither. Only S3's own codes
say anything. A status alone may be that of anything between here and S3, and proves nothing.
*/
pub fn refusal(code: &str, message: &str, reason: String) -> OpenError {
    let other = |class, reason| OpenError::Other(StoreError { class, reason });
    match code {
        "NoSuchKey" | "NoSuchVersion" => OpenError::Gone,
        "PreconditionFailed" => OpenError::Changed,
        "InvalidObjectState" => {
            let reason = format!("{reason}: it is archived: restore it, then replay");
            other(ErrorClass::Broken, reason)
        }
        // A delete marker; a key that no object can have. `InvalidRange` is not among them: only a body that is
        // resumed has a range, and what is wrong with that range is not known to be wrong with the object.
        "MethodNotAllowed" | "KeyTooLongError" => other(ErrorClass::Broken, reason),
        // Encrypted with a key that only its owner has.
        "InvalidRequest" if message.contains("Server Side Encryption") => {
            other(ErrorClass::Broken, reason)
        }
        "AccessDenied" if !speaks_of_the_caller(message) => OpenError::Denied(reason),
        // Of the caller (credentials, clock, token, account), of the bucket or its KMS key, or of how busy S3 is: any object would get it.
        _ => other(ErrorClass::Retryable, reason),
    }
}

/// An `AccessDenied` whose reason lies with a KMS key or the request's credentials.
fn speaks_of_the_caller(message: &str) -> bool {
    // The resource's name is somebody else's words.
    let said = message.split(" on resource: ").next().unwrap_or_default();
    let said = said.to_ascii_lowercase();
    [
        "kms",
        "ciphertext",
        "request has expired",
        "token",
        "credential",
    ]
    .iter()
    .any(|word| said.contains(word))
}

/// S3's rules for bucket names, the older, laxer ones included as far as they are safe in a path.
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
        const DECRYPT: &str = "User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext";
        const OWN: &str = "User: u is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/kms token\" because no identity-based policy allows it";
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
