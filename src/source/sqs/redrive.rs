/*! A queue goes in; the messages of its dead-letter queue are moved back, by a task of SQS, or in batches where an
emulator has no such tasks. */

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, ListMessageMoveTasksResultEntry, Message, QueueAttributeName,
    SendMessageBatchRequestEntry,
};

use crate::error_class::ErrorClass;
use crate::source::aws_errors::sdk_reason;
use crate::source::sqs::refusal::refusal;
use crate::source::{Depth, QueueError};

/// A queue and its dead-letter queue.
pub struct Redrive {
    client: Client,
    /// The queue that messages are moved to. `None`: the dead-letter queue itself was given, and serves several queues.
    queue_url: Option<String>,
    pub dead_url: String,
    dead_arn: String,
}

/// The state of a task that moves messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// There is one while the task is running.
    pub handle: Option<String>,
    /// SQS's word: RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED.
    pub status: String,
    pub moved: u64,
    /// Messages that the queue held at the start.
    pub of: Option<u64>,
    pub failure: Option<String>,
    pub started: i64,
}

impl MoveTask {
    pub fn is_running(&self) -> bool {
        matches!(&*self.status, "RUNNING" | "CANCELLING")
    }
}

/// Why a call on tasks failed.
pub enum TaskError {
    /// The server has no such call.
    Unknown(QueueError),
    Failed(QueueError),
}

impl Redrive {
    /// Finds the dead-letter queue: that of the queue, or the queue itself if it is one.
    pub async fn find(client: Client, queue_url: &str) -> Result<Self, QueueError> {
        let names = [
            QueueAttributeName::RedrivePolicy,
            QueueAttributeName::QueueArn,
        ];
        let attributes = attributes(&client, queue_url, &names).await?;
        let policy = attributes.get(&QueueAttributeName::RedrivePolicy);
        let policy = policy.and_then(|p| serde_json::from_str::<serde_json::Value>(p).ok());
        let target = policy.and_then(|p| p["deadLetterTargetArn"].as_str().map(str::to_owned));
        if let Some(arn) = target {
            let dead_url = url_of(&client, queue_url, &arn).await?;
            return Ok(Self {
                client,
                queue_url: Some(queue_url.to_owned()),
                dead_url,
                dead_arn: arn,
            });
        }
        let sources = (client.list_dead_letter_source_queues())
            .queue_url(queue_url)
            .send()
            .await
            .map_err(|e| error("ListDeadLetterSourceQueues", queue_url, &e))?;
        let arn = attributes.get(&QueueAttributeName::QueueArn).cloned();
        let (Some(source), Some(dead_arn)) = (sources.queue_urls.first(), arn) else {
            let reason = "the queue has no dead-letter queue (redrive policy), and is none";
            return Err(QueueError::new(ErrorClass::Fatal, queue_url, reason));
        };
        Ok(Self {
            client,
            queue_url: (sources.queue_urls.len() == 1).then(|| source.clone()),
            dead_url: queue_url.to_owned(),
            dead_arn,
        })
    }

    /// Messages in the dead-letter queue.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let attributes = attributes(&self.client, &self.dead_url, &names).await?;
        let read = |name| {
            let value = attributes.get(&name);
            value.and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        Ok(Depth {
            visible: read(QueueAttributeName::ApproximateNumberOfMessages),
            in_flight: read(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
            delayed: read(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
        })
    }

    /// Starts a task that moves messages to the queues that they came from.
    pub async fn start(&self, rate: Option<i32>) -> Result<(), TaskError> {
        (self.client.start_message_move_task())
            .source_arn(&self.dead_arn)
            .set_max_number_of_messages_per_second(rate)
            .send()
            .await
            .map_err(|e| self.task_error("StartMessageMoveTask", &e))?;
        Ok(())
    }

    /// The latest task of the dead-letter queue. Emulators forget a task that has ended.
    pub async fn latest(&self) -> Result<Option<MoveTask>, TaskError> {
        let tasks = (self.client.list_message_move_tasks())
            .source_arn(&self.dead_arn)
            .max_results(10)
            .send()
            .await
            .map_err(|e| self.task_error("ListMessageMoveTasks", &e))?;
        let tasks = tasks.results.unwrap_or_default().into_iter().map(task);
        Ok(tasks.max_by_key(|task| (task.is_running(), task.started)))
    }

    /// Cancels a task. Returns how many messages were moved.
    pub async fn cancel(&self, handle: &str) -> Result<u64, TaskError> {
        let cancelled = (self.client.cancel_message_move_task())
            .task_handle(handle)
            .send()
            .await
            .map_err(|e| self.task_error("CancelMessageMoveTask", &e))?;
        Ok(count(cancelled.approximate_number_of_messages_moved))
    }

    /// Moves at most ten messages by hand. A message is deleted only after it was sent: a crash in between leaves it in
    /// both queues, which doubles no document. Returns how many were received and moved.
    pub async fn move_by_hand(&self) -> Result<(usize, usize), QueueError> {
        let Some(queue_url) = &self.queue_url else {
            let reason = "the dead-letter queue serves several queues: give the URL of the one to move messages to";
            return Err(QueueError::new(ErrorClass::Fatal, &self.dead_url, reason));
        };
        let received = (self.client.receive_message())
            .queue_url(&self.dead_url)
            .max_number_of_messages(10)
            .wait_time_seconds(1)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|e| error("ReceiveMessage", &self.dead_url, &e))?;
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok((0, 0));
        }
        let entries = messages.iter().enumerate().map(|(i, message)| {
            SendMessageBatchRequestEntry::builder()
                .id(i.to_string())
                .message_body(message.body.clone().unwrap_or_default())
                .set_message_attributes(message.message_attributes.clone())
                .build()
                .expect("id and body are set")
        });
        let sent = (self.client.send_message_batch())
            .queue_url(queue_url)
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(|e| error("SendMessageBatch", queue_url, &e))?;
        let sent: Vec<&str> = sent.successful.iter().map(|entry| &*entry.id).collect();
        let moved = self.delete(&messages, &sent).await?;
        Ok((messages.len(), moved))
    }

    /// Deletes the messages at these positions. Returns how many were deleted.
    async fn delete(&self, messages: &[Message], sent: &[&str]) -> Result<usize, QueueError> {
        let entries = sent.iter().filter_map(|id| {
            let position: usize = id.parse().ok()?;
            let handle = messages.get(position)?.receipt_handle.clone()?;
            let entry = DeleteMessageBatchRequestEntry::builder().id(*id);
            entry.receipt_handle(handle).build().ok()
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return Ok(0);
        }
        let deleted = (self.client.delete_message_batch())
            .queue_url(&self.dead_url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|e| error("DeleteMessageBatch", &self.dead_url, &e))?;
        Ok(deleted.successful.len())
    }

    fn task_error<E>(&self, call: &str, sdk: &SdkError<E, HttpResponse>) -> TaskError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let failed = error(call, &self.dead_url, sdk);
        let is_unknown = match failed.code.as_deref() {
            // An error page of an emulator.
            None => failed.status.is_some_and(|status| status >= 500),
            Some(code) => matches!(
                code.rsplit('#').next(),
                Some(
                    "InvalidAction"
                        | "UnknownOperation"
                        | "UnknownOperationException"
                        | "NotImplemented"
                )
            ),
        };
        match is_unknown {
            true => TaskError::Unknown(failed),
            false => TaskError::Failed(failed),
        }
    }
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn task(entry: ListMessageMoveTasksResultEntry) -> MoveTask {
    MoveTask {
        handle: entry.task_handle,
        status: entry.status.unwrap_or_default(),
        moved: count(entry.approximate_number_of_messages_moved),
        of: entry.approximate_number_of_messages_to_move.map(count),
        failure: entry.failure_reason,
        started: entry.started_timestamp,
    }
}

pub(super) async fn attributes(
    client: &Client,
    queue_url: &str,
    names: &[QueueAttributeName],
) -> Result<HashMap<QueueAttributeName, String>, QueueError> {
    let response = (client.get_queue_attributes())
        .queue_url(queue_url)
        .set_attribute_names(Some(names.to_vec()))
        .send()
        .await
        .map_err(|e| error("GetQueueAttributes", queue_url, &e))?;
    Ok(response.attributes.unwrap_or_default())
}

/// The URL of the queue with this ARN.
pub(super) async fn url_of(
    client: &Client,
    queue_url: &str,
    arn: &str,
) -> Result<String, QueueError> {
    let mut parts = arn.rsplit(':');
    let (name, account) = (parts.next(), parts.next());
    let response = (client.get_queue_url())
        .set_queue_name(name.map(str::to_owned))
        .set_queue_owner_aws_account_id(account.map(str::to_owned))
        .send()
        .await
        .map_err(|e| error("GetQueueUrl", arn, &e))?;
    response.queue_url.ok_or_else(|| {
        let reason = format!("SQS gives no URL for {arn}");
        QueueError::new(ErrorClass::Fatal, queue_url, reason)
    })
}

fn error<E>(call: &str, queue: &str, error: &SdkError<E, HttpResponse>) -> QueueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code().unwrap_or_default();
    let message = error.message().unwrap_or_default();
    let mut failed = refusal(call, queue, code, message, sdk_reason(error));
    failed.status = error.raw_response().map(|r| r.status().as_u16());
    failed
}
