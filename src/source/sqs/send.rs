/*! Notifications go in; an SQS queue has them (SendMessageBatch), or a sentence says why not. */

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use crate::error_class::ErrorClass;
use crate::retry::full_jitter;
use crate::source::QueueError;
use crate::source::aws_errors::sdk_reason;
use crate::source::sqs::refusal;
use aws_sdk_sqs::error::ProvideErrorMetadata;

/// The most bytes that all bodies of one call may have together. A newer limit of SQS is higher.
pub const MOST_BYTES: usize = 256 << 10;
/// Attempts for the messages that SQS did not take, beside those of the SDK.
const ATTEMPTS: u32 = 8;
const CALL: &str = "SendMessageBatch";

pub struct Sender {
    client: Client,
    queue_url: String,
}

impl Sender {
    pub fn new(client: Client, queue_url: String) -> Self {
        Self { client, queue_url }
    }

    /// Sends at most ten bodies. Each is on the queue at least once when this returns without an error.
    pub async fn send(&self, bodies: &[&str]) -> Result<(), QueueError> {
        let mut left: Vec<&str> = bodies.to_vec();
        let mut failures = 0;
        while !left.is_empty() {
            let mut batch = left.clone();
            batch.truncate(fitting(&batch));
            let failed = match self.send_once(&batch).await {
                Ok(failed) => failed,
                Err(error) if error.class == ErrorClass::Fatal => return Err(error),
                Err(error) => (0..batch.len()).map(|at| (at, error.clone())).collect(),
            };
            let Some((_, error)) = failed.first() else {
                left.drain(..batch.len());
                continue;
            };
            failures += 1;
            if failures == ATTEMPTS || error.class == ErrorClass::Fatal {
                return Err(error.clone());
            }
            let delay = full_jitter(failures);
            tracing::warn!(%error, messages = failed.len(), ?delay, "cannot send");
            tokio::time::sleep(delay).await;
            let again: Vec<&str> = failed
                .iter()
                .filter_map(|(at, _)| left.get(*at).copied())
                .collect();
            left.splice(..batch.len(), again);
        }
        Ok(())
    }

    /// Returns the places of the bodies that SQS did not take, with the reasons.
    async fn send_once(&self, bodies: &[&str]) -> Result<Vec<(usize, QueueError)>, QueueError> {
        let entries = bodies.iter().enumerate().map(|(at, body)| {
            SendMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .message_body(*body)
                .build()
                .expect("id and body are set")
        });
        let request = self.client.send_message_batch().queue_url(&self.queue_url);
        let response = request.set_entries(Some(entries.collect())).send().await;
        let response = response.map_err(|error| {
            let (code, message) = (error.code().unwrap_or_default(), error.message());
            let reason = sdk_reason(&error);
            refusal(
                CALL,
                &self.queue_url,
                code,
                message.unwrap_or_default(),
                reason,
            )
        })?;
        let mut taken = vec![false; bodies.len()];
        for entry in &response.successful {
            if let Some(taken) = entry
                .id
                .parse()
                .ok()
                .and_then(|at: usize| taken.get_mut(at))
            {
                *taken = true;
            }
        }
        let missing = taken.iter().enumerate().filter(|(_, taken)| !**taken);
        let failed = missing.map(|(at, _)| {
            let entry = response.failed.iter().find(|f| f.id == at.to_string());
            let code = entry.map_or("", |entry| entry.code());
            let message = entry.and_then(|entry| entry.message()).unwrap_or_default();
            let reason = format!("{code}: {message}");
            (at, refusal(CALL, &self.queue_url, code, message, reason))
        });
        Ok(failed.collect())
    }
}

/// How many of the bodies fit into one call, at least one.
fn fitting(bodies: &[&str]) -> usize {
    let mut bytes = 0;
    let fit = bodies.iter().take(10).take_while(|body| {
        bytes += body.len();
        bytes <= MOST_BYTES
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_holds_ten_bodies_and_no_more_than_its_limit() {
        let small = "x".repeat(100);
        let large = "x".repeat(100 << 10);
        assert_eq!(fitting(&[small.as_str(); 12]), 10);
        assert_eq!(fitting(&[large.as_str(); 10]), 2);
        assert_eq!(fitting(&["x".repeat(300 << 10).as_str()]), 1);
    }
}
