/*! The redrive policy of the queue and the attributes of its dead-letter queue go in; findings come out. */

use serde_json::Value;

use crate::check::queue::{QueueAttributes, number, shown};
use crate::check::{Area, Finding};

const AREA: Area = Area::Queue;
/// Each restart of a worker may cost a delivery.
const FEW_RECEIVES: u64 = 3;

/// The redrive policy of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedrivePolicy {
    pub target_arn: String,
    pub max_receives: u64,
}

impl RedrivePolicy {
    /// `None` if the queue has no policy, or an empty one.
    pub fn of(attributes: &QueueAttributes) -> Option<Self> {
        let policy: Value = serde_json::from_str(attributes.get("RedrivePolicy")?).ok()?;
        let count = &policy["maxReceiveCount"];
        // SQS returns a number or a string, as the policy was set.
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok());
        Some(Self {
            target_arn: policy["deadLetterTargetArn"].as_str()?.to_owned(),
            max_receives: count?,
        })
    }
}

/// Why the dead-letter queue cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    Missing,
    /// No permission, or no answer.
    Other(String),
}

/// The redrive policy itself. `has_store`: dead letters have a store of their own.
pub fn policy(attributes: &QueueAttributes, has_store: bool) -> Finding {
    let check = "redrive";
    let Some(policy) = RedrivePolicy::of(attributes) else {
        let text = "there is no redrive policy: a message that cannot be settled comes back until it expires";
        let finding = match has_store {
            true => Finding::warning(AREA, check, text),
            false => Finding::fault(
                AREA,
                check,
                format!("{text}, and with it the logs that it names are lost"),
            ),
        };
        return finding.remedy(
            "give the queue a dead-letter queue (RedrivePolicy with deadLetterTargetArn and maxReceiveCount 20)",
        );
    };
    let text = format!(
        "after {} deliveries to {}",
        policy.max_receives, policy.target_arn
    );
    match policy.max_receives < FEW_RECEIVES {
        true => Finding::warning(
            AREA,
            check,
            format!("{text}: restarts and short outages use deliveries up, so that good messages are moved"),
        )
        .remedy("set maxReceiveCount to 20"),
        false => Finding::ok(AREA, check, text),
    }
}

/// The dead-letter queue, if the policy names one.
pub fn dead_letter_queue(
    attributes: &QueueAttributes,
    dead: &Result<QueueAttributes, Unseen>,
) -> Option<Finding> {
    let check = "dead-letter queue";
    let policy = RedrivePolicy::of(attributes)?;
    let target = &policy.target_arn;
    let dead = match dead {
        Ok(dead) => dead,
        Err(Unseen::Missing) => {
            let text = format!(
                "{target} does not exist: SQS keeps the messages in the queue, and then they expire"
            );
            return Some(
                Finding::fault(AREA, check, text)
                    .remedy("make it, or name another in the RedrivePolicy"),
            );
        }
        Err(Unseen::Other(reason)) => {
            let text = format!(
                "{target} could not be seen: whether it exists and how long it keeps messages ({reason})"
            );
            let remedy = format!(
                "allow sqs:GetQueueUrl and sqs:GetQueueAttributes on {target} to have it checked"
            );
            return Some(Finding::warning(AREA, check, text).remedy(remedy));
        }
    };
    let own = attributes.get("QueueArn").map_or("", String::as_str);
    if !allows(dead, own) {
        let text =
            format!("{target} does not take messages of this queue (its RedriveAllowPolicy)");
        return Some(
            Finding::fault(AREA, check, text).remedy(format!("add {own} to its sourceQueueArns")),
        );
    }
    let kept = number(dead, "MessageRetentionPeriod");
    let own_retention = number(attributes, "MessageRetentionPeriod");
    if let (Some(kept), Some(own)) = (kept, own_retention)
        && kept <= own
    {
        let text = format!(
            "it keeps messages for {}, the queue for {}: the age of a message goes on counting when it is moved, so that it may expire at once",
            shown(kept),
            shown(own)
        );
        let remedy = match own >= 1_209_600 {
            // SQS keeps no message longer.
            true => {
                "set the MessageRetentionPeriod of the queue to 864000 (10 days) and that of the dead-letter queue to 1209600 (14 days)"
            }
            false => "set its MessageRetentionPeriod to 1209600 (14 days)",
        };
        return Some(Finding::warning(AREA, check, text).remedy(remedy));
    }
    let waiting = number(dead, "ApproximateNumberOfMessages").unwrap_or(0);
    if waiting > 0 {
        let text = format!("{waiting} messages wait in it for a person");
        return Some(
            Finding::warning(AREA, check, text)
                .remedy("mend their cause, then `logferry dead-letters redrive`"),
        );
    }
    let kept = match kept {
        Some(kept) => format!("keeps messages for {}", shown(kept)),
        None => "answers".to_owned(),
    };
    Some(Finding::ok(
        AREA,
        check,
        format!("{target} {kept} and is empty"),
    ))
}

/// Whether the dead-letter queue takes messages of the queue. Without a `RedriveAllowPolicy` it takes all.
fn allows(dead: &QueueAttributes, queue_arn: &str) -> bool {
    let policy = dead.get("RedriveAllowPolicy");
    let policy = policy.and_then(|policy| serde_json::from_str::<Value>(policy).ok());
    let Some(policy) = policy else {
        return true;
    };
    match policy["redrivePermission"].as_str() {
        Some("denyAll") => false,
        Some("byQueue") => {
            let listed = policy["sourceQueueArns"].as_array();
            listed.is_some_and(|arns| arns.iter().any(|arn| arn == queue_arn))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    const DEAD: &str = "arn:aws:sqs:eu-central-1:1:dead";

    fn attributes(of: &[(&str, &str)]) -> QueueAttributes {
        let pairs = of
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    fn queue(policy: &str) -> QueueAttributes {
        attributes(&[
            ("QueueArn", "arn:aws:sqs:eu-central-1:1:q"),
            ("MessageRetentionPeriod", "345600"),
            ("RedrivePolicy", policy),
        ])
    }

    fn redriving(count: &str) -> QueueAttributes {
        queue(&format!(
            r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":{count}}}"#
        ))
    }

    #[test]
    fn messages_that_cannot_be_settled_have_a_way_out() {
        for (attributes, has_store, outcome) in [
            (queue(""), false, Outcome::Fault),
            (queue("{}"), false, Outcome::Fault),
            (queue(""), true, Outcome::Warning),
            (redriving("1"), false, Outcome::Warning),
            (redriving("\"20\""), false, Outcome::Ok),
            (redriving("20"), false, Outcome::Ok),
        ] {
            assert_eq!(
                policy(&attributes, has_store).outcome,
                outcome,
                "{attributes:?}"
            );
        }
    }

    #[test]
    fn the_dead_letter_queue_keeps_messages_longer_and_takes_them() {
        let by_queue =
            |arn: &str| format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{arn}"]}}"#);
        let (own, other) = (
            by_queue("arn:aws:sqs:eu-central-1:1:q"),
            by_queue("arn:aws:sqs:eu-central-1:1:x"),
        );
        let longest = ("MessageRetentionPeriod", "1209600");
        for (dead, outcome) in [
            (Ok(attributes(&[longest])), Outcome::Ok),
            (
                Ok(attributes(&[("MessageRetentionPeriod", "345600")])),
                Outcome::Warning,
            ),
            (
                Ok(attributes(&[longest, ("ApproximateNumberOfMessages", "3")])),
                Outcome::Warning,
            ),
            (
                Ok(attributes(&[longest, ("RedriveAllowPolicy", &own)])),
                Outcome::Ok,
            ),
            (
                Ok(attributes(&[longest, ("RedriveAllowPolicy", &other)])),
                Outcome::Fault,
            ),
            (
                Ok(attributes(&[
                    longest,
                    ("RedriveAllowPolicy", r#"{"redrivePermission":"denyAll"}"#),
                ])),
                Outcome::Fault,
            ),
            (Err(Unseen::Missing), Outcome::Fault),
            (
                Err(Unseen::Other("AccessDenied".to_owned())),
                Outcome::Warning,
            ),
        ] {
            let found = dead_letter_queue(&redriving("20"), &dead).unwrap();
            assert_eq!(found.outcome, outcome, "{dead:?}: {}", found.text);
            assert!(
                found.outcome == Outcome::Ok || found.remedy.is_some(),
                "{}",
                found.text
            );
        }
        assert_eq!(dead_letter_queue(&queue(""), &Err(Unseen::Missing)), None);
    }
}
