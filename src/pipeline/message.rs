/*! One message: its objects, one after another, then exactly one disposition. */

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::pipeline::object;
use crate::pipeline::object::{ObjectInFlight, Settled};
use crate::pipeline::{MessagePermits, Pipeline};
use crate::source::{Message, Outcome};
use logferry_core::notification;
use logferry_core::notification::ObjectRef;

/// What becomes of a message.
enum Disposition {
    /// Every object is settled.
    Delete(Vec<Settled>),
    /// Something is left to do, or the queue's redrive policy has to decide.
    Release(Duration),
}

/// Works on a message until it is deleted or released.
pub(crate) async fn process(
    pipeline: Arc<Pipeline>,
    message: Message,
    permits: MessagePermits,
    abandon: CancellationToken,
) {
    let Some(lease) = pipeline.leases.hold(&message) else {
        tracing::info!(
            message_id = message.id,
            "delivered again while it is worked on: the work goes on under the newer delivery"
        );
        return;
    };
    let MessagePermits { read, hold: _hold } = permits;
    // What is dropped half done has deleted nothing: whatever it loaded meets 409s the next time.
    let work = AssertUnwindSafe(settle(&pipeline, &message, read)).catch_unwind();
    let disposition = tokio::select! {
        biased;
        settled = work => settled.unwrap_or_else(|_| {
            pipeline.metrics.panics.inc();
            tracing::error!(message_id = message.id, "a task panicked; its message is released");
            Disposition::Release(release_delay(message.receive_count))
        }),
        // Whoever has it now would read its objects a second time at once.
        () = lease.lost() => {
            tracing::info!(message_id = message.id, "no longer worked on: the lease was lost");
            return;
        }
        () = abandon.cancelled() => {
            for object in notification::read(&message.body).objects {
                tracing::warn!(bucket = object.bucket, key = object.key, "released unfinished");
            }
            Disposition::Release(Duration::ZERO)
        }
    };
    match disposition {
        Disposition::Delete(receipts) => match pipeline.acks.delete(lease, receipts).await {
            Some(Outcome::Done) => tracing::debug!(message_id = message.id, "deleted"),
            Some(Outcome::Lost) => {
                pipeline.metrics.leases_lost.inc();
                tracing::warn!(message_id = message.id, "not deleted: the lease was lost");
            }
            None => tracing::info!(message_id = message.id, "not deleted: the lease was lost"),
            Some(Outcome::Failed(reason) | Outcome::Fatal(reason)) => {
                tracing::warn!(
                    message_id = message.id,
                    reason,
                    "not deleted: it will come back and meet its documents"
                );
            }
        },
        Disposition::Release(delay) => {
            tracing::debug!(message_id = message.id, ?delay, "released");
            pipeline.acks.release(lease, delay).await;
        }
    }
}

async fn settle(pipeline: &Pipeline, message: &Message, read: OwnedSemaphorePermit) -> Disposition {
    let notification = notification::read(&message.body);
    for reason in &notification.ignored {
        pipeline.metrics.notifications_ignored.inc();
        tracing::info!(message_id = message.id, reason, "ignored");
    }
    for reason in &notification.invalid {
        pipeline.metrics.notifications_invalid.inc();
        tracing::warn!(
            message_id = message.id,
            reason,
            redrive = pipeline.redrive,
            "not a notification; left to the queue's redrive policy"
        );
    }
    let mut longest_pause = Duration::ZERO;
    let mut under_way = Vec::with_capacity(notification.objects.len());
    let delivery = pipeline.breakers.delivery();
    let mut permit = Some(read);
    for object in &notification.objects {
        if !is_allowed(pipeline, object) {
            continue;
        }
        match read_when_open(pipeline, object, delivery, &mut permit).await {
            Ok(read) => under_way.push(read),
            Err(pause) => {
                tracing::info!(
                    bucket = object.bucket,
                    key = object.key,
                    ?pause,
                    "not fetched: the bucket is left alone for a while"
                );
                longest_pause = longest_pause.max(pause);
                if pipeline.fatal_error.stop.is_cancelled() {
                    break;
                }
            }
        }
    }
    // All is read: another message may start while this one waits for its verdicts.
    drop(permit);
    let mut receipts = Vec::with_capacity(under_way.len());
    for object in under_way {
        receipts.extend(object.settled(pipeline).await);
    }
    match receipts.len() == notification.objects.len() && notification.invalid.is_empty() {
        true => Disposition::Delete(receipts),
        false => Disposition::Release(release_delay(message.receive_count).max(longest_pause)),
    }
}

/// Reads an object. While its bucket is left alone, the message waits under its lease and others have its permit to
/// read; if too many wait already, or the worker is to stop, the object is not read.
async fn read_when_open(
    pipeline: &Pipeline,
    object: &ObjectRef,
    delivery: u64,
    permit: &mut Option<OwnedSemaphorePermit>,
) -> Result<ObjectInFlight, Duration> {
    loop {
        let pause = match object::read(pipeline, object, delivery).await {
            Ok(read) => return Ok(read),
            Err(pause) => pause,
        };
        let Ok(_waiting) = pipeline.breakers.waiting.try_acquire() else {
            return Err(pause);
        };
        tracing::debug!(
            bucket = object.bucket,
            key = object.key,
            ?pause,
            "waits: the bucket is left alone for a while"
        );
        let reads = permit.take().map(|permit| permit.semaphore().clone());
        let reopened = async {
            let open = pipeline.breakers.until_open(&object.bucket, &object.key);
            open.await;
            reads?.acquire_owned().await.ok()
        };
        *permit = (pipeline.fatal_error.stop)
            .run_until_cancelled(reopened)
            .await
            .flatten();
        if permit.is_none() {
            return Err(pause);
        }
    }
}

fn is_allowed(pipeline: &Pipeline, object: &ObjectRef) -> bool {
    let allowed = pipeline.config.allowed_buckets.allow(&object.bucket);
    if !allowed {
        pipeline.metrics.buckets_not_allowed.inc();
        tracing::warn!(
            bucket = object.bucket,
            key = object.key,
            "not fetched: --allow-bucket does not allow this bucket; left to the queue's redrive policy"
        );
    }
    allowed
}

/// Two seconds after the first delivery, doubled with each further one, at most five minutes.
fn release_delay(receive_count: u32) -> Duration {
    Duration::from_secs(1 << receive_count.clamp(1, 9)).min(Duration::from_secs(300))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_keeps_failing_comes_back_ever_later() {
        let delays = [0, 1, 2, 3, 9, u32::MAX].map(|n| release_delay(n).as_secs());
        assert_eq!(delays, [2, 2, 4, 8, 300, 300]);
    }
}
