/*! The queue over SQS: calls of the trait go in, requests of the SDK come out. The SDK retries single calls. */

pub mod inspect;
pub mod redrive;
mod refusal;
pub mod send;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry,
    DeleteMessageBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName,
};

pub use self::refusal::refusal;
use crate::error_class::ErrorClass;
use crate::source::aws_errors::sdk_reason;
use crate::source::{Attributes, Depth, Handle, Message, Outcome, Queue, QueueError};

pub struct Sqs {
    /// For long polls.
    patient: Client,
    /// For all other calls, with a short timeout: a lease does not wait.
    client: Client,
    queue_url: String,
    /// Long poll, at most 20 s.
    wait: Duration,
}

impl Sqs {
    pub fn new(patient: Client, client: Client, queue_url: String, wait: Duration) -> Self {
        Self {
            patient,
            client,
            queue_url,
            wait,
        }
    }

    fn error<E>(&self, call: &str, error: SdkError<E, HttpResponse>) -> QueueError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = error.code().unwrap_or_default();
        let message = error.message().unwrap_or_default();
        let mut queue_error = refusal(call, &self.queue_url, code, message, sdk_reason(&error));
        queue_error.status = error.raw_response().map(|r| r.status().as_u16());
        if matches!(error, SdkError::ConstructionFailure(_)) {
            queue_error.class = ErrorClass::Fatal;
        }
        queue_error
    }

    /// Outcomes in the order of the request. An entry that the response leaves out has failed.
    fn outcomes(
        &self,
        call: &str,
        asked: usize,
        done: &[&str],
        failed: &[BatchResultErrorEntry],
    ) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Failed("missing in the response".to_owned()); asked];
        let done = done.iter().map(|id| (*id, Outcome::Done));
        let failed = failed
            .iter()
            .map(|entry| (entry.id(), outcome_of(call, &self.queue_url, entry)));
        for (id, entry) in done.chain(failed) {
            if let Some(outcome) = id.parse().ok().and_then(|i: usize| outcomes.get_mut(i)) {
                *outcome = entry;
            }
        }
        outcomes
    }

    async fn change_visibility(
        &self,
        handles: &[Handle],
        seconds: u64,
    ) -> Result<Vec<Outcome>, QueueError> {
        let seconds = seconds.min(43_200) as i32;
        let entries = handles
            .iter()
            .enumerate()
            .map(|(i, handle)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(i.to_string())
                    .receipt_handle(&handle.0)
                    .visibility_timeout(seconds)
                    .build()
                    .expect("id and handle are set")
            })
            .collect();
        let response = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.queue_url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|e| self.error("ChangeMessageVisibilityBatch", e))?;
        let done: Vec<&str> = response.successful.iter().map(|e| e.id.as_str()).collect();
        let call = "ChangeMessageVisibilityBatch";
        Ok(self.outcomes(call, handles.len(), &done, &response.failed))
    }

    async fn read_attributes(
        &self,
        names: &[QueueAttributeName],
    ) -> Result<std::collections::HashMap<QueueAttributeName, String>, QueueError> {
        let response = self
            .client
            .get_queue_attributes()
            .queue_url(&self.queue_url)
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(|e| self.error("GetQueueAttributes", e))?;
        Ok(response.attributes.unwrap_or_default())
    }
}

fn outcome_of(call: &str, queue_url: &str, entry: &BatchResultErrorEntry) -> Outcome {
    let message = entry.message().unwrap_or_default();
    let lost = match entry.code() {
        "ReceiptHandleIsInvalid" | "MessageNotInflight" => true,
        code if code.ends_with("MessageNotInflight") => true,
        // SQS and its emulators report an expired handle as an invalid parameter, and say so only in the message.
        "InvalidParameterValue" => {
            let message = message.to_ascii_lowercase();
            message.contains("receipt")
                || message.contains("expired")
                || message.contains("not available")
        }
        _ => false,
    };
    if lost {
        return Outcome::Lost;
    }
    let reason = format!("{}: {message}", entry.code());
    let error = refusal(call, queue_url, entry.code(), message, reason.clone());
    match error.class {
        ErrorClass::Fatal => Outcome::Fatal(error.to_string()),
        _ => Outcome::Failed(reason),
    }
}

/// Rounded up: a message that comes back before its time is delivered for nothing.
fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

fn parse<T: std::str::FromStr>(value: Option<&String>) -> Option<T> {
    value.and_then(|v| v.parse().ok())
}

#[async_trait]
impl Queue for Sqs {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        let attributes = self
            .read_attributes(&[
                QueueAttributeName::VisibilityTimeout,
                QueueAttributeName::RedrivePolicy,
            ])
            .await?;
        let visibility: u64 =
            parse(attributes.get(&QueueAttributeName::VisibilityTimeout)).unwrap_or(30);
        let max_receive_count = attributes
            .get(&QueueAttributeName::RedrivePolicy)
            .and_then(|policy| serde_json::from_str::<serde_json::Value>(policy).ok())
            .and_then(|policy| {
                let count = policy.get("maxReceiveCount")?;
                // SQS returns a number or a string, as the policy was set.
                count
                    .as_u64()
                    .or_else(|| count.as_str()?.parse().ok())
                    .and_then(|n| u32::try_from(n).ok())
            });
        Ok(Attributes {
            visibility: Duration::from_secs(visibility),
            longest_visibility: Duration::from_secs(12 * 3600),
            max_receive_count,
        })
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        let response = self
            .patient
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(at_most.clamp(1, 10) as i32)
            .wait_time_seconds(self.wait.as_secs().min(20) as i32)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(
                MessageSystemAttributeName::ApproximateFirstReceiveTimestamp,
            )
            .send()
            .await
            .map_err(|e| self.error("ReceiveMessage", e))?;
        let now = SystemTime::now();
        Ok(response
            .messages
            .unwrap_or_default()
            .into_iter()
            .filter_map(|message| {
                let attributes = message.attributes.unwrap_or_default();
                let time = |name| {
                    let milliseconds = parse(attributes.get(&name)).map(Duration::from_millis)?;
                    UNIX_EPOCH.checked_add(milliseconds)
                };
                let first = time(MessageSystemAttributeName::ApproximateFirstReceiveTimestamp);
                Some(Message {
                    id: message.message_id.unwrap_or_default(),
                    // Without a handle nothing can be done with a message; SQS always sends one.
                    handle: Handle(message.receipt_handle?),
                    body: message.body.unwrap_or_default(),
                    receive_count: parse(
                        attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount),
                    )
                    .unwrap_or(1),
                    sent: time(MessageSystemAttributeName::SentTimestamp),
                    held_before: first
                        .and_then(|first| now.duration_since(first).ok())
                        .unwrap_or_default(),
                })
            })
            .collect())
    }

    async fn extend(
        &self,
        handles: &[Handle],
        visibility: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        // Rounded down: more than what is left of the twelve hours would be refused.
        self.change_visibility(handles, visibility.as_secs()).await
    }

    async fn release(
        &self,
        handles: &[Handle],
        delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        self.change_visibility(handles, whole_seconds(delay)).await
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        let entries = handles
            .iter()
            .enumerate()
            .map(|(i, handle)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(i.to_string())
                    .receipt_handle(&handle.0)
                    .build()
                    .expect("id and handle are set")
            })
            .collect();
        let response = self
            .client
            .delete_message_batch()
            .queue_url(&self.queue_url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|e| self.error("DeleteMessageBatch", e))?;
        let done: Vec<&str> = response.successful.iter().map(|e| e.id.as_str()).collect();
        Ok(self.outcomes("DeleteMessageBatch", handles.len(), &done, &response.failed))
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let attributes = self
            .read_attributes(&[
                QueueAttributeName::ApproximateNumberOfMessages,
                QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
                QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            ])
            .await?;
        let read = |name| parse(attributes.get(&name)).unwrap_or(0);
        Ok(Depth {
            visible: read(QueueAttributeName::ApproximateNumberOfMessages),
            in_flight: read(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
            delayed: read(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(id: &str, code: &str, message: &str) -> BatchResultErrorEntry {
        BatchResultErrorEntry::builder()
            .id(id)
            .code(code)
            .message(message)
            .sender_fault(true)
            .build()
            .unwrap()
    }

    fn sqs() -> Sqs {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest());
        let client = Client::from_conf(config.build());
        Sqs::new(client.clone(), client, "queue".to_owned(), Duration::ZERO)
    }

    #[test]
    fn a_delay_is_whole_seconds_and_no_shorter() {
        let seconds = [0, 1, 999, 1000, 4001].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(seconds, [0, 1, 1, 1, 5]);
    }

    #[test]
    fn outcomes_follow_the_request() {
        let outcomes = sqs().outcomes(
            "DeleteMessageBatch",
            4,
            &["2", "junk", "9"],
            &[
                failed("0", "ReceiptHandleIsInvalid", ""),
                failed("3", "InternalError", "try again"),
            ],
        );
        assert_eq!(
            outcomes,
            [
                Outcome::Lost,
                Outcome::Failed("missing in the response".to_owned()),
                Outcome::Done,
                Outcome::Failed("InternalError: try again".to_owned()),
            ]
        );
    }

    #[test]
    fn an_expired_handle_is_a_lost_lease() {
        let outcome = |entry| outcome_of("ChangeMessageVisibilityBatch", "queue", &entry);
        let expired = failed(
            "0",
            "InvalidParameterValue",
            "Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        );
        assert_eq!(outcome(expired), Outcome::Lost);
        let other = failed(
            "0",
            "InvalidParameterValue",
            "VisibilityTimeout is too large",
        );
        assert!(matches!(outcome(other), Outcome::Failed(_)));
    }

    #[test]
    fn an_entry_that_is_not_permitted_is_fatal() {
        let denied = failed("0", "AccessDenied", "");
        let Outcome::Fatal(reason) = outcome_of("DeleteMessageBatch", "queue", &denied) else {
            panic!("it would be tried again and again");
        };
        assert!(reason.contains("sqs:DeleteMessage"), "{reason}");
    }
}
