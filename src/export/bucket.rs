/*! The bucket of the destination: whether it can be written from this region, and what its policy lacks. */

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;

use crate::source::aws_errors::sdk_reason;
use logferry_core::export::{BucketPolicy, Destination};

/// Fails if the bucket does not exist or is in another region. CloudWatch exports only within one region.
pub async fn check_region(
    s3: &Client,
    destination: &Destination,
    region: &str,
) -> Result<(), String> {
    const REGION: &str = "x-amz-bucket-region";
    let bucket = &destination.bucket;
    let found = match s3.head_bucket().bucket(bucket).send().await {
        Ok(response) => response.bucket_region.clone(),
        Err(error) => {
            let response = error.raw_response();
            let found = response.and_then(|r| r.headers().get(REGION).map(str::to_owned));
            match response.map(|r| r.status().as_u16()) {
                Some(404) => return Err(format!("the bucket {bucket} does not exist")),
                // The exporter itself needs no permission on the bucket, only CloudWatch does.
                Some(301 | 400 | 403) => found,
                _ => return Err(format!("the bucket {bucket}: {}", sdk_reason(&error))),
            }
        }
    };
    match found {
        Some(found) if found != region => Err(format!(
            "the bucket {bucket} is in {found}, and CloudWatch exports the log groups of {region} only to a bucket in {region}"
        )),
        _ => Ok(()),
    }
}

/// The permissions that the bucket's policy lacks.
pub async fn missing_permissions(
    s3: &Client,
    needed: &BucketPolicy<'_>,
) -> Result<Vec<String>, String> {
    let bucket = &needed.destination.bucket;
    match s3.get_bucket_policy().bucket(bucket).send().await {
        Ok(response) => Ok(needed.missing(response.policy().unwrap_or_default())),
        Err(error) if error.code() == Some("NoSuchBucketPolicy") => Ok(needed.missing("")),
        Err(error) => Err(format!("the policy of {bucket}: {}", sdk_reason(&error))),
    }
}
