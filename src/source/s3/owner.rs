/*! A bucket and an account go in; whether the account owns the bucket comes out (HeadBucket with an expected owner). */

use aws_sdk_s3::Client;

/// `false` also if S3 does not answer.
pub async fn is(client: &Client, bucket: &str, account: &str) -> bool {
    let head = client
        .head_bucket()
        .bucket(bucket)
        .expected_bucket_owner(account);
    head.send().await.is_ok()
}
