/*! The policy of the queue and the way of a bucket's notifications go in; whether they may arrive comes out. */

use crate::check::notification::Via;
use crate::check::policy::{self, Policy, PolicyVerdict, Sender, Source};
use crate::check::queue::{QueueAttributes, tells_all};
use crate::check::{Area, Finding};

pub(super) const AREA: Area = Area::Queue;
pub(super) const CHECK: &str = "policy";

/// A bucket whose notifications the queue must take.
#[derive(Debug, Clone, Copy)]
pub struct NotifyingBucket<'a> {
    pub name: &'a str,
    /// The account that owns it, if it is known.
    pub account: Option<&'a str>,
    /// `None`: not known.
    pub via: Option<&'a Via>,
}

pub(super) const UNTOLD: &str = "the queue does not tell its policy";

/// The policy of a queue, as far as it is known.
pub(super) enum QueuePolicy {
    Known(Policy),
    /// Emulators have none, and say nothing.
    Untold,
    /// There is none that lets anybody in, for this reason.
    None(String),
}

pub(super) fn policy_of(attributes: &QueueAttributes) -> QueuePolicy {
    let text = attributes.get("Policy").filter(|policy| !policy.is_empty());
    match text.map(|text| Policy::parse(text)) {
        Some(Ok(policy)) => QueuePolicy::Known(policy),
        Some(Err(error)) => QueuePolicy::None(error.to_string()),
        None if !tells_all(attributes) => QueuePolicy::Untold,
        None => {
            let text =
                "the queue has no policy: only its own account may send, and S3 is none of it";
            QueuePolicy::None(text.to_owned())
        }
    }
}

/// Whether the policy lets notifications of the bucket in.
pub fn judge(attributes: &QueueAttributes, bucket: NotifyingBucket<'_>) -> Finding {
    let queue_arn = attributes.get("QueueArn").map_or("*", String::as_str);
    let senders = senders(bucket, queue_arn);
    let policy = match policy_of(attributes) {
        QueuePolicy::Known(policy) => policy,
        QueuePolicy::Untold => {
            return Finding::not_checked(AREA, CHECK, UNTOLD).about(bucket.name);
        }
        QueuePolicy::None(reason) => return fault(&reason, queue_arn, bucket, &senders),
    };
    let verdicts: Vec<(&Sender, PolicyVerdict)> = (senders.iter())
        .map(|sender| (sender, policy::judge(&policy, sender, queue_arn)))
        .collect();
    let allowed = verdicts
        .iter()
        .find(|(_, verdict)| matches!(verdict, PolicyVerdict::Allowed { .. }));
    // Without one that is allowed, the most likely sender is the first.
    let Some((sender, verdict)) = allowed.or(verdicts.first()) else {
        return Finding::not_checked(AREA, CHECK, "nobody sends").about(bucket.name);
    };
    let (service, name) = (&sender.service, bucket.name);
    match verdict {
        PolicyVerdict::Allowed { open: false } => {
            Finding::ok(AREA, CHECK, format!("{service} may send for {name}")).about(name)
        }
        PolicyVerdict::Allowed { open: true } => {
            let text =
                format!("{service} may send for {name}, and for sources of every other account");
            let remedy = format!(
                "limit it by a condition on aws:SourceArn and aws:SourceAccount: {}",
                statement(sender, queue_arn)
            );
            Finding::warning(AREA, CHECK, text)
                .remedy(remedy)
                .about(name)
        }
        PolicyVerdict::Unclear(why) => {
            let text = format!("whether {service} may send for {name} could not be seen: {why}");
            Finding::warning(AREA, CHECK, text)
                .remedy("see that the notification arrives: upload a small object")
                .about(name)
        }
        PolicyVerdict::Denied(by) => {
            let text = format!("the policy denies {service} to send for {name}: {by}");
            Finding::fault(AREA, CHECK, text)
                .remedy("exempt the service from this statement")
                .about(name)
        }
        PolicyVerdict::NotAllowed(near) => {
            let near = near
                .as_ref()
                .map_or(String::new(), |near| format!(": {near}"));
            let text = format!("the policy does not let {service} send for {name}{near}");
            fault(&text, queue_arn, bucket, &senders)
        }
    }
}

pub(super) fn fault(
    text: &str,
    queue_arn: &str,
    bucket: NotifyingBucket<'_>,
    senders: &[Sender],
) -> Finding {
    let fault = Finding::fault(AREA, CHECK, text).about(bucket.name);
    match senders.first() {
        Some(sender) => fault.remedy(format!(
            "add this statement to it: {}",
            statement(sender, queue_arn)
        )),
        None => fault,
    }
}

/// The statement that lets a sender in. It names the account where it is known.
pub(super) fn statement(sender: &Sender, queue_arn: &str) -> String {
    let source = match &sender.source {
        Source::Arn(arn) => arn.clone(),
        Source::Begins(begin) if begin.ends_with(":s3:::") => format!("{begin}{ANY_BUCKET}"),
        Source::Begins(begin) => format!("{begin}*:*:rule/*"),
    };
    let mut condition = serde_json::json!({"ArnLike": {"aws:SourceArn": source}});
    if let Some(account) = &sender.account {
        condition["StringEquals"]["aws:SourceAccount"] = account.as_str().into();
    }
    serde_json::json!({
        "Effect": "Allow", "Principal": {"Service": sender.service}, "Action": "sqs:SendMessage",
        "Resource": queue_arn, "Condition": condition,
    })
    .to_string()
}

/// Stands for the name of a bucket that is not known.
pub(super) const ANY_BUCKET: &str = "YOUR-BUCKET";

/// The services that may be meant, the most likely first.
pub(super) fn senders(bucket: NotifyingBucket<'_>, queue_arn: &str) -> Vec<Sender> {
    let partition = queue_arn.split(':').nth(1).unwrap_or("aws");
    let account = bucket.account.map(str::to_owned);
    let of = |service: &str, source, account| Sender {
        service: format!("{service}.amazonaws.com"),
        source,
        account,
    };
    let s3 = || {
        let arn = format!("arn:{partition}:s3:::{}", bucket.name);
        of("s3", Source::Arn(arn), account.clone())
    };
    let events = || {
        let begin = format!("arn:{partition}:events:");
        of("events", Source::Begins(begin), account.clone())
    };
    match bucket.via {
        Some(Via::S3) => vec![s3()],
        Some(Via::EventBridge) => vec![events()],
        Some(Via::Topic(arn)) => {
            let account = arn.split(':').nth(4).map(str::to_owned);
            vec![of("sns", Source::Arn(arn.clone()), account)]
        }
        None => {
            let begin = format!("arn:{partition}:sns:");
            vec![s3(), events(), of("sns", Source::Begins(begin), None)]
        }
    }
}

/// The buckets that the policy's conditions on `aws:SourceArn` name exactly.
pub fn named_buckets(attributes: &QueueAttributes) -> Vec<String> {
    let policy = attributes
        .get("Policy")
        .and_then(|text| Policy::parse(text).ok());
    let Some(policy) = policy else {
        return Vec::new();
    };
    let mut buckets: Vec<String> = (policy.allowed_values("aws:SourceArn").into_iter())
        .filter(|arn| !arn.contains(['*', '?', '$']))
        .filter_map(|arn| match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", _, "s3", _, _, bucket] => Some(bucket.to_owned()),
            _ => None,
        })
        .collect();
    buckets.sort();
    buckets.dedup();
    buckets
}

/// Accounts that the policy's conditions on `aws:SourceAccount` name.
pub fn named_accounts(attributes: &QueueAttributes) -> Vec<String> {
    let policy = attributes
        .get("Policy")
        .and_then(|text| Policy::parse(text).ok());
    let values = policy
        .as_ref()
        .map(|policy| policy.allowed_values("aws:SourceAccount"));
    values.into_iter().flatten().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:111111111111:q";

    fn attributes(policy: &str) -> QueueAttributes {
        [
            ("QueueArn", QUEUE),
            ("MessageRetentionPeriod", "345600"),
            ("Policy", policy),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn logs(via: Option<&Via>) -> NotifyingBucket<'_> {
        NotifyingBucket {
            name: "logs",
            account: Some("111111111111"),
            via,
        }
    }

    fn statement_with(condition: &str) -> String {
        format!(
            r#"{{"Statement":{{"Sid":"FromS3","Effect":"Allow","Principal":{{"Service":"s3.amazonaws.com"}},"Action":"SQS:SendMessage","Resource":"{QUEUE}"{condition}}}}}"#
        )
    }

    #[test]
    fn what_is_missing_is_said_with_the_statement_to_add() {
        let other = r#","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::other"}}"#;
        let account = r#","Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}"#;
        let mut text = String::new();
        for (policy, outcome) in [
            (String::new(), Outcome::Fault),
            (r#"{"Statement":[]}"#.to_owned(), Outcome::Fault),
            ("{".to_owned(), Outcome::Fault),
            (statement_with(other), Outcome::Fault),
            (statement_with(account), Outcome::Fault),
            (statement_with(""), Outcome::Warning),
            (statement_with(&other.replace("other", "logs")), Outcome::Ok),
        ] {
            let found = judge(&attributes(&policy), logs(Some(&Via::S3)));
            assert_eq!(found.outcome, outcome, "{policy}: {}", found.text);
            text.push_str(&format!("{}\n", found.sentence()));
        }
        insta::assert_snapshot!(text);
    }

    /// What a fault tells to add is enough.
    #[test]
    fn the_statement_to_add_lets_the_sender_in() {
        let topic = Via::Topic("arn:aws:sns:eu-central-1:2:t".to_owned());
        for via in [Via::S3, Via::EventBridge, topic] {
            let found = judge(&attributes(""), logs(Some(&via)));
            let remedy = found.remedy.unwrap();
            let (_, statement) = remedy.split_once(": ").unwrap();
            let policy = format!(r#"{{"Statement":[{statement}]}}"#);
            let again = judge(&attributes(&policy), logs(Some(&via)));
            assert_eq!(
                again.outcome,
                Outcome::Ok,
                "{via:?}: {statement}: {}",
                again.text
            );
        }
    }

    #[test]
    fn any_way_counts_while_the_notification_is_not_known() {
        let policy = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",
            "Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:eu-central-1:111111111111:rule/logs"}}}]}"#;
        assert_eq!(judge(&attributes(policy), logs(None)).outcome, Outcome::Ok);
        assert_eq!(
            judge(&attributes(policy), logs(Some(&Via::S3))).outcome,
            Outcome::Fault
        );
    }

    #[test]
    fn an_emulator_without_policies_is_not_judged() {
        let attributes = QueueAttributes::from([("QueueArn".to_owned(), QUEUE.to_owned())]);
        assert_eq!(judge(&attributes, logs(None)).outcome, Outcome::NotChecked);
    }

    #[test]
    fn buckets_are_read_from_the_policy() {
        let policy = r#"{"Statement":[
            {"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"ArnLike":{"AWS:SourceArn":["arn:aws:s3:::b","arn:aws:s3:*:*:a","arn:aws:s3:::a-*"]}}},
            {"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:x:1:t"}}},
            {"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"ArnNotEquals":{"aws:SourceArn":"arn:aws:s3:::c"}}}]}"#;
        assert_eq!(named_buckets(&attributes(policy)), ["b"]);
        assert!(named_buckets(&attributes("junk")).is_empty());
    }
}
