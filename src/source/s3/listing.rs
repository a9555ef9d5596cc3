/*! A bucket and a prefix go in; pages of their objects come out (ListObjectsV2), in the order of the keys. */

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::source::aws_errors::sdk_reason;
use crate::source::listing::{ListError, Listed, Lister, Page};
use logferry_core::notification::ObjectRef;

/// The objects of a bucket whose keys begin with a prefix.
pub struct BucketListing {
    client: Client,
    bucket: String,
    prefix: String,
    expected_owner: Option<String>,
}

impl BucketListing {
    pub fn new(
        client: Client,
        bucket: String,
        prefix: String,
        expected_owner: Option<String>,
    ) -> Self {
        Self {
            client,
            bucket,
            prefix,
            expected_owner,
        }
    }
}

#[async_trait]
impl Lister for BucketListing {
    async fn page(&self, after: Option<&str>) -> Result<Page, ListError> {
        let request = (self.client.list_objects_v2())
            .bucket(&self.bucket)
            .prefix(&self.prefix)
            .set_expected_bucket_owner(self.expected_owner.clone())
            // A key, not a continuation token: it is valid in a later process too.
            .set_start_after(after.map(str::to_owned));
        let response = request
            .send()
            .await
            .map_err(|e| sentence(&self.bucket, &e))?;
        let mut objects = Vec::new();
        let mut last = after.map(str::to_owned);
        for object in response.contents.unwrap_or_default() {
            let Some(key) = object.key else {
                continue;
            };
            if last.as_ref().is_some_and(|last| *last >= key) {
                return Err(ListError::fatal(format!(
                    "s3://{}: the bucket does not list its keys in their order, as directory buckets do not: give the \
                     keys on standard input",
                    self.bucket
                )));
            }
            objects.push(Listed {
                last_modified: object.last_modified.and_then(|t| t.to_millis().ok()),
                object: ObjectRef {
                    size: object.size.and_then(|n| u64::try_from(n).ok()),
                    etag: object.e_tag.map(|e| e.trim_matches('"').to_owned()),
                    ..ObjectRef::new(&self.bucket, &key)
                },
            });
            last = Some(key);
        }
        let more = response.is_truncated == Some(true) && !objects.is_empty();
        Ok(Page {
            objects,
            through: last,
            more,
        })
    }
}

/// One sentence for a person: the bucket, what is wrong, and what to do.
pub(crate) fn sentence<E>(
    bucket: &str,
    error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> ListError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let response = error.raw_response();
    let status = response.map(|r| r.status().as_u16());
    let region = response.and_then(|r| r.headers().get("x-amz-bucket-region"));
    let region = region.or_else(|| expected_region(error.message().unwrap_or_default()));
    let code = error.code().unwrap_or_default();
    let reason = sdk_reason(error);
    let s3 = format!("s3://{bucket}");
    match (code, status) {
        ("NoSuchBucket", _) => ListError::fatal(format!("{s3}: there is no such bucket")),
        (
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
            _,
        )
        | (_, Some(301 | 307)) => ListError::fatal(match region {
            Some(region) => {
                format!("{s3}: the bucket is in region {region}: set AWS_REGION={region}")
            }
            None => format!("{s3}: the bucket is in another region: set AWS_REGION ({reason})"),
        }),
        ("AccessDenied" | "AllAccessDisabled" | "AccountProblem", _) => ListError::fatal(format!(
            "{s3}: no permission: allow s3:ListBucket on arn:aws:s3:::{bucket} and s3:GetObject on its objects \
             ({reason})"
        )),
        (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "RequestTimeTooSkewed"
            | "InvalidBucketName",
            _,
        ) => ListError::fatal(format!("{s3}: {reason}")),
        (_, Some(401 | 403)) => ListError::fatal(format!("{s3}: no permission ({reason})")),
        _ if matches!(error, SdkError::ConstructionFailure(_)) => {
            ListError::fatal(format!("{s3}: {reason}"))
        }
        _ => ListError::retryable(format!("{s3}: {reason}")),
    }
}

/// S3 names the region of a bucket in the message too: `the region 'us-east-1' is wrong; expecting 'eu-west-1'`.
fn expected_region(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("expecting ")?;
    let region = rest.trim_start_matches(['\'', '"']);
    let end = region.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
    (end > 0).then(|| &region[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_from_the_message() {
        for (message, region) in [
            (
                "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
                Some("eu-west-1"),
            ),
            (
                "the region \"a\" is wrong; expecting \"us-east-1\"",
                Some("us-east-1"),
            ),
            ("expecting ''", None),
            ("the credential is malformed", None),
        ] {
            assert_eq!(expected_region(message), region, "{message}");
        }
    }
}
