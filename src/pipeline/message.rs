/*! One received message goes in: its objects are processed, then the message is deleted or released, once. */

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::pipeline::context::PipelineContext;
use crate::pipeline::lease::Lease;
use crate::pipeline::limits::ReaderPermit;
use crate::pipeline::object;
use crate::pipeline::settle::{ObjectInFlight, Settled};
use crate::source::{Message, Outcome};
use logferry_core::notification;
use logferry_core::notification::ObjectRef;

/// The permits that a message needs before it is received.
pub(crate) struct MessagePermits {
    /// To read its objects. Given back when they are read.
    pub(crate) read: ReaderPermit,
    /// To be held. Given back when the message is deleted or released.
    pub(crate) hold: OwnedSemaphorePermit,
}

enum Disposition {
    /// Every object is settled.
    Delete(Vec<Settled>),
    /// Some work is left, or the queue's redrive policy has to move the message.
    Release(Duration),
}

/// Works on a message until it is deleted or released.
pub(crate) async fn process(
    context: Arc<PipelineContext>,
    message: Message,
    permits: MessagePermits,
    abandon: CancellationToken,
) {
    // At the level of errors: the span has to be there whenever an event in it is.
    let span = tracing::error_span!("message", id = message.id, outcome = Empty);
    process_in_span(&context, &message, permits, &abandon)
        .instrument(span)
        .await;
}

async fn process_in_span(
    context: &PipelineContext,
    message: &Message,
    permits: MessagePermits,
    abandon: &CancellationToken,
) {
    let Some(lease) = context.leases.hold(message) else {
        tracing::info!(
            message_id = message.id,
            "delivered again while it is worked on: the work goes on under the newer delivery"
        );
        return;
    };
    let MessagePermits { read, hold: _hold } = permits;
    // Dropping this future deletes nothing; documents that it indexed answer 409 on redelivery.
    let work = AssertUnwindSafe(process_objects(context, message, read)).catch_unwind();
    let disposition = tokio::select! {
        biased;
        result = work => result.unwrap_or_else(|_| {
            context.metrics.panics.inc();
            tracing::error!(message_id = message.id, "a task panicked; its message is released");
            Disposition::Release(release_delay(message.receive_count))
        }),
        // Another worker may read the same objects now.
        () = lease.lost() => {
            tracing::info!(message_id = message.id, "no longer worked on: the lease was lost");
            ended("lease lost");
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
        Disposition::Delete(receipts) => delete(context, message, lease, receipts).await,
        Disposition::Release(delay) => {
            tracing::debug!(message_id = message.id, ?delay, "released");
            context.acks.release(lease, delay).await;
            ended("released");
        }
    }
}

/// Completes the span that the task is in.
fn ended(outcome: &'static str) {
    Span::current().record("outcome", outcome);
}

async fn delete(
    context: &PipelineContext,
    message: &Message,
    lease: Lease,
    receipts: Vec<Settled>,
) {
    match context.acks.delete(lease, receipts).await {
        Some(Outcome::Done) => {
            if let Some(lag) = lag(message, SystemTime::now()) {
                context.metrics.observe_lag(lag);
            }
            tracing::debug!(message_id = message.id, "deleted");
            ended("deleted");
        }
        Some(Outcome::Lost) => {
            context.metrics.leases_lost.inc();
            tracing::warn!(message_id = message.id, "not deleted: the lease was lost");
            ended("lease lost");
        }
        None => {
            tracing::info!(message_id = message.id, "not deleted: the lease was lost");
            ended("lease lost");
        }
        Some(Outcome::Failed(reason) | Outcome::Fatal(reason)) => {
            tracing::warn!(
                message_id = message.id,
                reason,
                "not deleted: the message will come back, and its documents will be there already"
            );
            ended("not deleted");
        }
    }
}

/// The time from sending to deletion. None for a redelivery, whose lag says how long the queue hid the message.
fn lag(message: &Message, deleted: SystemTime) -> Option<Duration> {
    let sent = message.sent.filter(|_| message.receive_count == 1)?;
    // The queue's clock may be ahead of this machine's.
    Some(deleted.duration_since(sent).unwrap_or_default())
}

/// Reads the objects one after another, then awaits the verdicts of all of them.
async fn process_objects(
    context: &PipelineContext,
    message: &Message,
    read_permit: ReaderPermit,
) -> Disposition {
    let notification = notification::read(&message.body);
    for reason in &notification.ignored {
        context.metrics.notifications_ignored.inc();
        tracing::info!(message_id = message.id, reason, "ignored");
    }
    for reason in &notification.invalid {
        context.metrics.notifications_invalid.inc();
        tracing::warn!(
            message_id = message.id,
            reason,
            redrive = context.has_redrive_policy,
            "not a notification; left to the queue's redrive policy"
        );
    }
    let mut longest_pause = Duration::ZERO;
    let mut objects_in_flight = Vec::with_capacity(notification.objects.len());
    let delivery = context.breakers.delivery();
    let mut permit = Some(context.places.fit(read_permit, &notification.objects).await);
    for object in &notification.objects {
        if !is_allowed(context, object) {
            continue;
        }
        let (bucket, key) = (&object.bucket, &object.key);
        let span = tracing::error_span!("object", bucket, key, outcome = Empty);
        let read = read_when_open(context, object, delivery, &mut permit)
            .instrument(tracing::debug_span!(parent: &span, "read"));
        match read.instrument(span.clone()).await {
            Ok(object_in_flight) => objects_in_flight.push((object_in_flight, span)),
            Err(pause) => {
                tracing::info!(bucket, key, ?pause, "not fetched: the bucket is paused");
                span.record("outcome", "paused");
                longest_pause = longest_pause.max(pause);
                if context.fatal_error.stop().is_cancelled() {
                    break;
                }
            }
        }
    }
    // Every object is read: another message may start while this one waits for its verdicts.
    drop(permit);
    let mut receipts = Vec::with_capacity(objects_in_flight.len());
    for (object, span) in objects_in_flight {
        let settled = object.settle(
            &context.metrics,
            context.ends.dead_letters.as_deref(),
            context.bulk.delays(),
        );
        let settled = settled
            .instrument(tracing::debug_span!(parent: &span, "settle"))
            .instrument(span.clone())
            .await;
        span.record(
            "outcome",
            if settled.is_some() {
                "settled"
            } else {
                "unsettled"
            },
        );
        receipts.extend(settled);
    }
    match receipts.len() == notification.objects.len() && notification.invalid.is_empty() {
        true => Disposition::Delete(receipts),
        false => Disposition::Release(release_delay(message.receive_count).max(longest_pause)),
    }
}

/// Reads an object. While its bucket is paused, the message waits under its lease and others have its permit to read;
/// if
/// too many wait already, or the worker is to stop, the object is not read.
async fn read_when_open(
    context: &PipelineContext,
    object: &ObjectRef,
    delivery: u64,
    permit: &mut Option<ReaderPermit>,
) -> Result<ObjectInFlight, Duration> {
    loop {
        let pause = match object::read(context, object, delivery, permit).await {
            Ok(read) => return Ok(read),
            Err(pause) => pause,
        };
        let Ok(_waiting) = context.breakers.waiting.try_acquire() else {
            return Err(pause);
        };
        tracing::debug!(
            bucket = object.bucket,
            key = object.key,
            ?pause,
            "waits: the bucket is paused"
        );
        let parts = permit.take().map(|permit| permit.parts());
        let reopened = async {
            let open = context.breakers.until_open(&object.bucket, &object.key);
            open.await;
            Some(context.places.again(parts?).await)
        };
        *permit = (context.fatal_error.stop())
            .run_until_cancelled(reopened)
            .await
            .flatten();
        if permit.is_none() {
            return Err(pause);
        }
    }
}

fn is_allowed(context: &PipelineContext, object: &ObjectRef) -> bool {
    let allowed = context.read.allowed_buckets.allow(&object.bucket);
    if !allowed {
        context.metrics.buckets_not_allowed.inc();
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
    use crate::source::Handle;

    #[test]
    fn a_message_that_keeps_failing_comes_back_ever_later() {
        let delays = [0, 1, 2, 3, 9, u32::MAX].map(|n| release_delay(n).as_secs());
        assert_eq!(delays, [2, 2, 4, 8, 300, 300]);
    }

    #[test]
    fn only_a_first_delivery_has_a_lag() {
        let sent = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let message = |receive_count, sent| Message {
            id: "m".to_owned(),
            handle: Handle("h".to_owned()),
            body: String::new(),
            receive_count,
            sent,
            held_before: Duration::ZERO,
        };
        let three = Duration::from_secs(3);
        assert_eq!(lag(&message(1, Some(sent)), sent + three), Some(three));
        assert_eq!(
            lag(&message(1, Some(sent)), sent - three),
            Some(Duration::ZERO)
        );
        assert_eq!(lag(&message(2, Some(sent)), sent + three), None);
        assert_eq!(lag(&message(1, None), sent), None);
    }
}
