/*! The policy of a queue goes in while no bucket is known; whether any service may send notifications, and for which
sources, comes out. */

use crate::check::Finding;
use crate::check::policy::{self, Policy, PolicyVerdict, Sender, Source};
use crate::check::queue::QueueAttributes;
use crate::check::senders::{
    ANY_BUCKET, AREA, CHECK, NotifyingBucket, QueuePolicy, UNTOLD, fault, named_accounts,
    policy_of, senders, statement,
};

/// Sources that a text names.
const SHOWN: usize = 5;

/// `account` is that of the credentials, if it is known.
pub fn judge(attributes: &QueueAttributes, account: Option<&str>) -> Finding {
    let queue_arn = attributes.get("QueueArn").map_or("*", String::as_str);
    let services = services(queue_arn, account);
    let unknown = NotifyingBucket {
        name: ANY_BUCKET,
        account,
        via: None,
    };
    let lacking = |text: &str| {
        let mut finding = fault(text, queue_arn, unknown, &services);
        finding.subject = None;
        finding
    };
    let policy = match policy_of(attributes) {
        QueuePolicy::Known(policy) => policy,
        QueuePolicy::Untold => return Finding::not_checked(AREA, CHECK, UNTOLD),
        QueuePolicy::None(reason) => return lacking(&reason),
    };
    let verdicts: Vec<(Sender, PolicyVerdict)> = (services.iter())
        .map(|service| best(&policy, service, queue_arn, attributes))
        .collect();
    let mut texts = Vec::new();
    let mut open = None;
    for (sender, verdict) in &verdicts {
        if let PolicyVerdict::Allowed { open: is_open } = verdict {
            let sources = sources(&policy, sender, queue_arn);
            texts.push(format!("{} may send for {sources}", sender.service));
            open = open.or(is_open.then_some(sender));
        }
    }
    let text = texts.join("; ");
    match (open, texts.is_empty()) {
        (Some(sender), _) => Finding::warning(AREA, CHECK, text).remedy(format!(
            "limit it by a condition on aws:SourceArn and aws:SourceAccount: {}",
            statement(sender, queue_arn)
        )),
        (None, false) => Finding::ok(AREA, CHECK, text),
        (None, true) => nobody(&verdicts).unwrap_or_else(|| {
            lacking(&format!(
                "the policy lets none of S3, EventBridge and SNS send{}",
                nearest(&verdicts)
            ))
        }),
    }
}

/// S3, EventBridge and SNS, each for any source.
fn services(queue_arn: &str, account: Option<&str>) -> Vec<Sender> {
    let bucket = NotifyingBucket {
        name: "",
        account,
        via: None,
    };
    let mut senders = senders(bucket, queue_arn);
    for sender in &mut senders {
        if let Source::Arn(begin) = &sender.source {
            sender.source = Source::Begins(begin.clone());
        }
    }
    senders
}

/// The verdict for the account that the policy lets in, if it lets one in: buckets may belong to any.
fn best(
    policy: &Policy,
    service: &Sender,
    queue_arn: &str,
    attributes: &QueueAttributes,
) -> (Sender, PolicyVerdict) {
    let named = named_accounts(attributes).into_iter().map(Some);
    let accounts = std::iter::once(service.account.clone()).chain(named);
    let mut judged = accounts.map(|account| {
        let sender = Sender {
            account,
            ..service.clone()
        };
        let verdict = policy::judge(policy, &sender, queue_arn);
        (sender, verdict)
    });
    let first = judged.next();
    let is_allowed =
        |(_, verdict): &(Sender, PolicyVerdict)| matches!(verdict, PolicyVerdict::Allowed { .. });
    let allowed = first.clone().into_iter().chain(judged).find(is_allowed);
    allowed
        .or(first)
        .unwrap_or((service.clone(), PolicyVerdict::NotAllowed(None)))
}

/// What the policy asks of the sources, in words.
fn sources(policy: &Policy, sender: &Sender, queue_arn: &str) -> String {
    let mut arns = policy::asked(policy, sender, queue_arn, "aws:SourceArn");
    let accounts = policy::asked(policy, sender, queue_arn, "aws:SourceAccount");
    let more = arns.len().saturating_sub(SHOWN);
    arns.truncate(SHOWN);
    let mut text = match arns.is_empty() {
        true => "every source".to_owned(),
        false => arns.join(", "),
    };
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    if !accounts.is_empty() {
        text.push_str(&format!(" of the account {}", accounts.join(" or ")));
    }
    text
}

/// What cannot be decided without a bucket.
fn nobody(verdicts: &[(Sender, PolicyVerdict)]) -> Option<Finding> {
    verdicts.iter().find_map(|(sender, verdict)| {
        let why = match verdict {
            PolicyVerdict::Unclear(why) => why.clone(),
            // It may be about other sources than the bucket's.
            PolicyVerdict::Denied(by) => format!("{by} denies some or all sources"),
            PolicyVerdict::Allowed { .. } | PolicyVerdict::NotAllowed(_) => return None,
        };
        let text = format!(
            "whether {} may send could not be seen: {why}",
            sender.service
        );
        Some(Finding::warning(AREA, CHECK, text).remedy("give --bucket NAME"))
    })
}

fn nearest(verdicts: &[(Sender, PolicyVerdict)]) -> String {
    let near = verdicts.iter().find_map(|(_, verdict)| match verdict {
        PolicyVerdict::NotAllowed(near) => near.as_ref(),
        _ => None,
    });
    near.map_or(String::new(), |near| format!(": {near}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:111111111111:q";
    const OWN: Option<&str> = Some("111111111111");

    fn found(policy: &str) -> Finding {
        let attributes = [
            ("QueueArn", QUEUE),
            ("MessageRetentionPeriod", "345600"),
            ("Policy", policy),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        judge(&attributes.into(), OWN)
    }

    fn statement_of(service: &str, action: &str, condition: &str) -> String {
        format!(
            r#"{{"Sid":"In","Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}},"Action":"{action}","Resource":"*","Condition":{condition}}}"#
        )
    }

    fn policy(statements: &[String]) -> String {
        format!(r#"{{"Statement":[{}]}}"#, statements.join(","))
    }

    #[test]
    fn what_a_policy_lets_in_is_named() {
        const SEND: &str = "sqs:SendMessage";
        let arn = |arn: &str| format!(r#"{{"ArnLike":{{"aws:SourceArn":"{arn}"}}}}"#);
        let account =
            |account: &str| format!(r#"{{"StringEquals":{{"aws:SourceAccount":"{account}"}}}}"#);
        let both = r#"{"ArnLike":{"aws:SourceArn":["arn:aws:s3:::b-*","arn:aws:s3:::a-*"]},"StringEquals":{"aws:SourceAccount":"222222222222"}}"#;
        let deny = r#"{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
        let no_other = r#"{"Sid":"Not","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bad"}}}"#;
        let mut text = String::new();
        for (statements, outcome) in [
            (vec![], Outcome::Fault),
            (
                vec![statement_of("s3", "sqs:ReceiveMessage", &arn("*"))],
                Outcome::Fault,
            ),
            (vec![statement_of("lambda", SEND, "{}")], Outcome::Fault),
            (
                vec![statement_of(
                    "s3",
                    SEND,
                    &arn("arn:aws:sns:eu-central-1:1:t"),
                )],
                Outcome::Fault,
            ),
            (
                vec![statement_of("s3", SEND, &arn("arn:aws:s3:::logs-*"))],
                Outcome::Ok,
            ),
            (
                vec![statement_of("s3", SEND, both), deny.to_owned()],
                Outcome::Ok,
            ),
            (
                vec![statement_of("s3", SEND, &account("222222222222"))],
                Outcome::Ok,
            ),
            (
                vec![statement_of(
                    "events",
                    SEND,
                    &arn("arn:aws:events:eu-central-1:111111111111:rule/logs"),
                )],
                Outcome::Ok,
            ),
            (
                vec![statement_of(
                    "sns",
                    SEND,
                    &arn("arn:aws:sns:eu-central-1:111111111111:t"),
                )],
                Outcome::Ok,
            ),
            (vec![statement_of("s3", SEND, "{}")], Outcome::Warning),
            (
                vec![statement_of("s3", SEND, &arn("arn:aws:s3:::*"))],
                Outcome::Warning,
            ),
            (
                vec![statement_of(
                    "s3",
                    SEND,
                    r#"{"StringEquals":{"aws:SourceOrgID":"o-1"}}"#,
                )],
                Outcome::Warning,
            ),
            (
                vec![
                    statement_of("s3", SEND, &arn("arn:aws:s3:::logs-*")),
                    no_other.to_owned(),
                ],
                Outcome::Warning,
            ),
        ] {
            let found = found(&policy(&statements));
            assert_eq!(found.outcome, outcome, "{statements:?}: {}", found.text);
            text.push_str(&format!("{} {}\n", found.outcome.mark(), found.sentence()));
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn no_policy_and_a_broken_one_are_faults() {
        for policy in ["", "{"] {
            let found = found(policy);
            assert_eq!(found.outcome, Outcome::Fault);
            let remedy = found.remedy.unwrap();
            assert!(remedy.contains("arn:aws:s3:::YOUR-BUCKET"), "{remedy}");
            assert!(
                remedy.contains(r#""aws:SourceAccount":"111111111111""#),
                "{remedy}"
            );
        }
        let silent = QueueAttributes::from([("QueueArn".to_owned(), QUEUE.to_owned())]);
        assert_eq!(judge(&silent, OWN).outcome, Outcome::NotChecked);
    }
}
