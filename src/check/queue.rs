/*! The attributes of the queue go in; findings about its kind, times and encryption come out. */

use std::collections::BTreeMap;
use std::time::Duration;

use crate::check::{Area, Finding};

const AREA: Area = Area::Queue;
const DAY: u64 = 24 * 3600;
/// The worker extends a lease at a third of the visibility timeout, and a call may take five seconds.
const LEAST_VISIBILITY: u64 = 10;
/// A crashed worker's messages come back only after the visibility timeout.
const LONG_VISIBILITY: u64 = 3600;

/// Attributes by SQS's names.
pub type QueueAttributes = BTreeMap<String, String>;

/// The checks that need the attributes.
const CHECKS: [&str; 5] = ["kind", "visibility", "retention", "redrive", "encryption"];

/// The number in an attribute.
pub(super) fn number(attributes: &QueueAttributes, name: &str) -> Option<u64> {
    attributes.get(name)?.parse().ok()
}

/// Whether this is SQS or keeps to it. ElasticMQ has neither retention nor policies.
pub fn tells_all(attributes: &QueueAttributes) -> bool {
    attributes.contains_key("MessageRetentionPeriod")
}

/// The queue answers, or a fault with the reason. Without attributes the other checks do not run.
pub fn reachable(attributes: &Result<QueueAttributes, String>) -> Vec<Finding> {
    match attributes {
        Ok(attributes) => {
            let count = |name| number(attributes, name).unwrap_or(0);
            let (visible, in_flight) = (
                count("ApproximateNumberOfMessages"),
                count("ApproximateNumberOfMessagesNotVisible"),
            );
            let arn = attributes.get("QueueArn").map_or("it", String::as_str);
            let text = format!("{arn} answers; messages: {visible} visible, {in_flight} in flight");
            vec![
                Finding::ok(AREA, "reachable", text),
                Finding::not_checked(
                    AREA,
                    "receive",
                    "a try would touch messages; the role needs sqs:ReceiveMessage, sqs:DeleteMessage and \
                     sqs:ChangeMessageVisibility",
                ),
            ]
        }
        Err(reason) => {
            let fault = Finding::fault(AREA, "reachable", reason)
                .remedy("check --queue-url, AWS_REGION and sqs:GetQueueAttributes");
            let reason = "the queue's attributes could not be read";
            let others = CHECKS.map(|check| Finding::not_checked(AREA, check, reason));
            std::iter::once(fault).chain(others).collect()
        }
    }
}

/// A queue of another region does not exist for SQS: the difference is seen before the call.
pub fn region(queue_url: &str, region: &str) -> Option<Finding> {
    let host = queue_url.split("://").nth(1)?.split('/').next()?;
    let mut parts = host.split('.');
    let of_queue = match (parts.next()?, parts.next()?) {
        ("sqs", region) => region,
        // https://eu-central-1.queue.amazonaws.com/…
        (region, "queue") => region,
        _ => return None,
    };
    let is_region = host.contains(".amazonaws.com") && of_queue.contains('-');
    (is_region && of_queue != region).then(|| {
        let text = format!("the queue is in {of_queue}, and requests go to {region}");
        Finding::fault(AREA, "region", text).remedy(format!("set AWS_REGION={of_queue}"))
    })
}

/// S3 and SNS send only to standard queues.
pub fn kind(attributes: &QueueAttributes) -> Finding {
    match attributes.get("FifoQueue").map(String::as_str) {
        Some("true") => Finding::warning(
            AREA,
            "kind",
            "S3 does not send to a FIFO queue, only EventBridge does",
        )
        .remedy("take a standard queue"),
        _ => Finding::ok(AREA, "kind", "a standard queue"),
    }
}

/// `object_time` is the time that the largest objects take.
pub fn visibility(attributes: &QueueAttributes, object_time: Duration) -> Finding {
    let check = "visibility";
    let Some(seconds) = number(attributes, "VisibilityTimeout") else {
        return Finding::not_checked(
            AREA,
            check,
            "the queue does not tell its visibility timeout",
        );
    };
    let wanted = 6 * object_time.as_secs().max(1);
    let wanted = wanted.clamp(30, 12 * 3600);
    let have = format!("the visibility timeout is {}", shown(seconds));
    let set = format!("set VisibilityTimeout to {wanted}");
    if seconds < LEAST_VISIBILITY {
        let text = format!(
            "{have}: one slow call loses a lease, so that messages come back while they are worked on, and end in the dead-letter queue"
        );
        Finding::fault(AREA, check, text).remedy(set)
    } else if seconds < wanted {
        let text = format!(
            "{have}, less than six times the time of an object ({}); the worker extends it while it works, but not after a pause of that length",
            shown(object_time.as_secs())
        );
        Finding::warning(AREA, check, text).remedy(set)
    } else if seconds > LONG_VISIBILITY.max(wanted) {
        let text = format!("{have}: the messages of a worker that crashes come back only then");
        Finding::warning(AREA, check, text)
            .remedy(format!("{set}: the worker extends it while it works"))
    } else {
        let text = format!(
            "{have}, six times the time of an object ({}) or more",
            shown(object_time.as_secs())
        );
        Finding::ok(AREA, check, text)
    }
}

pub fn retention(attributes: &QueueAttributes) -> Finding {
    let check = "retention";
    let Some(seconds) = number(attributes, "MessageRetentionPeriod") else {
        return Finding::not_checked(
            AREA,
            check,
            "the queue does not tell how long it keeps messages",
        );
    };
    let visibility = number(attributes, "VisibilityTimeout").unwrap_or(30);
    let have = format!("messages are kept for {}", shown(seconds));
    let set = "set MessageRetentionPeriod to 1209600 (14 days)";
    if seconds <= visibility {
        let text = format!(
            "{have}, no longer than the visibility timeout: a message can end while it is worked on"
        );
        Finding::fault(AREA, check, text).remedy(set)
    } else if seconds < 4 * DAY {
        let text = format!(
            "{have}: an outage of the worker or of OpenSearch that lasts longer loses logs"
        );
        Finding::warning(AREA, check, text).remedy(set)
    } else {
        Finding::ok(AREA, check, have)
    }
}

/// S3 can use a key only if the key's policy lets it, and nobody can change the policy of an AWS managed key.
pub fn encryption(attributes: &QueueAttributes) -> Finding {
    let check = "encryption";
    let managed = attributes
        .get("SqsManagedSseEnabled")
        .is_some_and(|on| on == "true");
    match attributes.get("KmsMasterKeyId").filter(|key| !key.is_empty()) {
        Some(key) if key.ends_with("alias/aws/sqs") => Finding::fault(
            AREA,
            check,
            format!("S3 cannot send to a queue that is encrypted with the AWS managed key {key}"),
        )
        .remedy("take SSE-SQS (SqsManagedSseEnabled), or a key of your own whose policy lets s3.amazonaws.com use kms:GenerateDataKey and kms:Decrypt"),
        Some(key) => Finding::not_checked(
            AREA,
            check,
            format!(
                "SSE-KMS with {key}, whose policy is not read: it must let s3.amazonaws.com (or the service that sends) use kms:GenerateDataKey and kms:Decrypt, and the worker's role kms:Decrypt"
            ),
        ),
        None if managed => Finding::ok(AREA, check, "SSE-SQS"),
        None if !tells_all(attributes) => {
            Finding::not_checked(AREA, check, "the queue does not tell how it encrypts messages")
        }
        None => Finding::ok(
            AREA,
            check,
            "none; messages hold names of objects, no log lines",
        ),
    }
}

/// A duration in words, such as `4 days`.
pub(super) fn shown(seconds: u64) -> String {
    match (seconds / DAY, seconds % DAY) {
        (1, 0) => "1 day".to_owned(),
        (days @ 2.., 0) => format!("{days} days"),
        _ => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
    }
}

/// The time of an object from its stored size: log text shrinks about tenfold, and one object of one worker flows at
/// 10 MB/s of text into an OpenSearch node under load. At least five seconds: lingering, one bulk, a retry.
pub fn object_time(stored: u64) -> Duration {
    const STORED_PER_SECOND: u64 = 1_000_000;
    Duration::from_secs((stored / STORED_PER_SECOND).max(5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    fn attributes(of: &[(&str, &str)]) -> QueueAttributes {
        let pairs = of
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    #[test]
    fn visibility_is_six_times_the_time_of_an_object() {
        let seen = |seconds: &str, stored: u64| {
            let attributes = attributes(&[("VisibilityTimeout", seconds)]);
            visibility(&attributes, object_time(stored))
        };
        for (seconds, stored, outcome) in [
            ("0", 0, Outcome::Fault),
            ("9", 0, Outcome::Fault),
            ("10", 0, Outcome::Warning),
            ("30", 0, Outcome::Ok),
            ("30", 50_000_000, Outcome::Warning),
            ("300", 50_000_000, Outcome::Ok),
            ("3601", 0, Outcome::Warning),
            ("3600", 600_000_000, Outcome::Ok),
        ] {
            let found = seen(seconds, stored);
            assert_eq!(found.outcome, outcome, "{seconds} {stored}: {}", found.text);
        }
        let remedy = seen("30", 50_000_000).remedy.unwrap();
        assert_eq!(remedy, "set VisibilityTimeout to 300");
        assert_eq!(
            visibility(&attributes(&[]), object_time(0)).outcome,
            Outcome::NotChecked
        );
    }

    #[test]
    fn retention_is_longer_than_an_outage() {
        let seen = |seconds: &str| {
            let attributes = attributes(&[
                ("MessageRetentionPeriod", seconds),
                ("VisibilityTimeout", "300"),
            ]);
            retention(&attributes).outcome
        };
        let outcomes = ["300", "3600", "345599", "345600", "1209600"].map(seen);
        assert_eq!(
            outcomes,
            [
                Outcome::Fault,
                Outcome::Warning,
                Outcome::Warning,
                Outcome::Ok,
                Outcome::Ok
            ]
        );
        assert_eq!(retention(&attributes(&[])).outcome, Outcome::NotChecked);
    }

    #[test]
    fn a_key_that_s3_cannot_use_is_a_fault() {
        for (of, outcome) in [
            (("KmsMasterKeyId", "alias/aws/sqs"), Outcome::Fault),
            (
                ("KmsMasterKeyId", "arn:aws:kms:eu-central-1:1:alias/aws/sqs"),
                Outcome::Fault,
            ),
            (("KmsMasterKeyId", "alias/logs"), Outcome::NotChecked),
            (("SqsManagedSseEnabled", "true"), Outcome::Ok),
            (("KmsMasterKeyId", ""), Outcome::NotChecked),
        ] {
            assert_eq!(encryption(&attributes(&[of])).outcome, outcome, "{of:?}");
        }
        let plain = attributes(&[
            ("MessageRetentionPeriod", "345600"),
            ("SqsManagedSseEnabled", "false"),
        ]);
        assert_eq!(encryption(&plain).outcome, Outcome::Ok);
    }

    #[test]
    fn fifo_queues_are_noted() {
        assert_eq!(
            kind(&attributes(&[("FifoQueue", "true")])).outcome,
            Outcome::Warning
        );
        assert_eq!(kind(&attributes(&[])).outcome, Outcome::Ok);
    }

    #[test]
    fn the_region_of_the_url_is_that_of_the_requests() {
        for (url, other) in [
            ("https://sqs.eu-west-1.amazonaws.com/1/q", true),
            ("https://eu-west-1.queue.amazonaws.com/1/q", true),
            ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", true),
            ("https://sqs.eu-central-1.amazonaws.com/1/q", false),
            ("https://queue.amazonaws.com/1/q", false),
            ("http://127.0.0.1:9324/0/q", false),
            (
                "http://sqs.us-east-1.localhost.localstack.cloud:4566/0/q",
                false,
            ),
            ("junk", false),
        ] {
            let found = region(url, "eu-central-1");
            assert_eq!(found.is_some(), other, "{url}");
        }
        let remedy = region("https://sqs.eu-west-1.amazonaws.com/1/q", "us-east-1").unwrap();
        assert_eq!(remedy.remedy.as_deref(), Some("set AWS_REGION=eu-west-1"));
    }

    #[test]
    fn a_queue_that_does_not_answer_leaves_the_rest_unchecked() {
        let found = reachable(&Err("no such queue".to_owned()));
        let outcomes: Vec<_> = found.iter().map(|f| f.outcome).collect();
        assert_eq!(outcomes[0], Outcome::Fault);
        assert!(outcomes[1..].iter().all(|o| *o == Outcome::NotChecked));
    }
}
