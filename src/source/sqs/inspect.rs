/*! A queue goes in; all its attributes and those of its dead-letter queue come out. No message is touched. */

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::source::QueueError;
use crate::source::sqs::redrive::{attributes, url_of};

/// All attributes, by SQS's names.
pub async fn all_attributes(
    client: &Client,
    queue_url: &str,
) -> Result<BTreeMap<String, String>, QueueError> {
    let all = attributes(client, queue_url, &[QueueAttributeName::All]).await?;
    let named = all
        .into_iter()
        .map(|(name, value)| (name.as_str().to_owned(), value));
    Ok(named.collect())
}

/// All attributes of the queue with this ARN.
pub async fn all_attributes_of_arn(
    client: &Client,
    arn: &str,
) -> Result<BTreeMap<String, String>, QueueError> {
    let url = url_of(client, arn, arn).await?;
    all_attributes(client, &url).await
}

/// Whether the error says that there is no such queue.
pub fn is_missing(error: &QueueError) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    code.ends_with("NonExistentQueue") || code.ends_with("QueueDoesNotExist")
}
