/*! The notification configuration of a bucket goes in; whether new objects are notified to the queue, and by which
service, comes out. */

use crate::check::{Area, Finding};
use crate::source::s3::notification::{Notification, Route};

/// How a notification reaches the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    S3,
    /// The ARN of the SNS topic.
    Topic(String),
    EventBridge,
}

/// A part of a bucket, with some of its keys.
#[derive(Debug, Clone, Copy)]
pub struct BucketPart<'a> {
    pub bucket: &'a str,
    pub prefix: &'a str,
    pub keys: &'a [String],
}

const CHECK: &str = "notification";

fn is_of_new_objects(route: &Route) -> bool {
    let created = |event: &String| event.starts_with("s3:ObjectCreated:");
    route.events.iter().any(created)
}

/// Whether some keys below the prefix may match.
fn touches(route: &Route, prefix: &str) -> bool {
    route.prefix.starts_with(prefix) || prefix.starts_with(&*route.prefix)
}

fn covers(route: &Route, key: &str) -> bool {
    key.starts_with(&*route.prefix) && key.ends_with(&*route.suffix)
}

/// The keys in words; `None`: all.
fn keys(route: &Route) -> Option<String> {
    let begin = (!route.prefix.is_empty()).then(|| format!("begin with {}", route.prefix));
    let end = (!route.suffix.is_empty()).then(|| format!("end with {}", route.suffix));
    let parts: Vec<String> = [begin, end].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("keys that {}", parts.join(" and ")))
}

/// The finding, and how notifications reach the queue if they do.
pub fn judge(
    notification: &Notification,
    queue_arn: &str,
    part: BucketPart<'_>,
) -> (Finding, Option<Via>) {
    let direct = notification
        .queues
        .iter()
        .filter(|route| route.target == queue_arn);
    let direct: Vec<&Route> = direct.collect();
    if !direct.is_empty() {
        return (routes(&direct, "the queue", part), Some(Via::S3));
    }
    if notification.event_bridge {
        let text =
            "EventBridge is told of all objects; the rule that sends them to the queue is not read";
        return (
            Finding::ok(Area::Bucket, CHECK, text),
            Some(Via::EventBridge),
        );
    }
    let created = |route: &&Route| is_of_new_objects(route);
    if let Some(topic) = notification.topics.iter().find(created) {
        let arn = &topic.target;
        let same = notification
            .topics
            .iter()
            .filter(|route| route.target == *arn);
        let mut finding = routes(&same.collect::<Vec<_>>(), arn, part);
        finding
            .text
            .push_str("; its subscription of the queue is not read");
        return (finding, Some(Via::Topic(arn.clone())));
    }
    let others: Vec<&str> = (notification.queues.iter())
        .map(|route| route.target.as_str())
        .chain(notification.functions.iter().map(String::as_str))
        .collect();
    let text = match &others[..] {
        [] => "the bucket notifies nobody of new objects".to_owned(),
        others => format!(
            "the bucket notifies {}, and not {queue_arn}",
            others.join(", ")
        ),
    };
    let bucket = part.bucket;
    let remedy = format!(
        "add a queue configuration with {queue_arn} and s3:ObjectCreated:* to the notification of {bucket} (see docs/getting-logs-to-s3.md)"
    );
    (
        Finding::fault(Area::Bucket, CHECK, text).remedy(remedy),
        None,
    )
}

fn routes(routes: &[&Route], target: &str, part: BucketPart<'_>) -> Finding {
    let created = routes.iter().filter(|route| is_of_new_objects(route));
    let created: Vec<&&Route> = created.collect();
    if created.is_empty() {
        let events = routes
            .iter()
            .flat_map(|route| route.events.iter().map(String::as_str));
        let text = format!(
            "{target} is told only of {}",
            events.collect::<Vec<_>>().join(", ")
        );
        return Finding::fault(Area::Bucket, CHECK, text)
            .remedy("add s3:ObjectCreated:* to the events");
    }
    let filters = || {
        let keys = created
            .iter()
            .map(|r| keys(r).unwrap_or("all keys".to_owned()));
        keys.collect::<Vec<_>>().join(", or of ")
    };
    let touching = created.iter().filter(|route| touches(route, part.prefix));
    let touching: Vec<_> = touching.collect();
    if touching.is_empty() {
        let text = format!(
            "{target} is told only of {}: of none below {}",
            filters(),
            part.prefix
        );
        return Finding::fault(Area::Bucket, CHECK, text)
            .remedy(format!("give the notification the prefix {}", part.prefix));
    }
    let left_out = part
        .keys
        .iter()
        .filter(|key| !touching.iter().any(|r| covers(r, key)));
    let left_out: Vec<&String> = left_out.collect();
    if let Some(example) = left_out.first() {
        let text = format!(
            "{target} is told only of {}: not of {} of the {} keys that were listed, such as {example}",
            filters(),
            left_out.len(),
            part.keys.len()
        );
        return Finding::warning(Area::Bucket, CHECK, text)
            .remedy("widen the filter if these are logs, or give --bucket NAME/PREFIX");
    }
    let has = |event: &str| {
        let full = format!("s3:ObjectCreated:{event}");
        touching.iter().any(|route| route.events.contains(&full))
    };
    let complete = has("*") || (has("Put") && has("CompleteMultipartUpload"));
    if !complete {
        let events = touching
            .iter()
            .flat_map(|route| route.events.iter().map(String::as_str));
        let events = events.collect::<Vec<_>>().join(", ");
        let text = format!(
            "{target} is told only of {events}: large objects come as s3:ObjectCreated:CompleteMultipartUpload, small ones as Put"
        );
        return Finding::warning(Area::Bucket, CHECK, text).remedy("take s3:ObjectCreated:*");
    }
    Finding::ok(
        Area::Bucket,
        CHECK,
        format!("{target} is told of {}", filters()),
    )
}

/// Whether the queue is told of a new object with this key.
pub fn tells_of(notification: &Notification, queue_arn: &str, key: &str) -> bool {
    let routes = notification
        .queues
        .iter()
        .filter(|route| route.target == queue_arn);
    routes
        .filter(|route| is_of_new_objects(route))
        .any(|route| covers(route, key))
}

/// The configuration could not be read.
pub fn unseen(bucket: &str, reason: &str) -> Finding {
    let text =
        format!("whether new objects are notified to the queue could not be seen ({reason})");
    Finding::warning(Area::Bucket, CHECK, text).remedy(format!(
        "allow s3:GetBucketNotification on arn:aws:s3:::{bucket} to have it checked"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:1:q";
    const TOPIC: &str = "arn:aws:sns:eu-central-1:1:t";

    fn route(target: &str, events: &[&str], prefix: &str, suffix: &str) -> Route {
        Route {
            target: target.to_owned(),
            events: events.iter().map(|event| format!("s3:{event}")).collect(),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        }
    }

    fn of(queues: Vec<Route>) -> Notification {
        Notification {
            queues,
            ..Notification::default()
        }
    }

    fn seen(notification: &Notification, prefix: &str, keys: &[&str]) -> (Finding, Option<Via>) {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let part = BucketPart {
            bucket: "logs",
            prefix,
            keys: &keys,
        };
        judge(notification, QUEUE, part)
    }

    #[test]
    fn new_objects_are_notified_to_the_queue() {
        const ALL: &[&str] = &["ObjectCreated:*"];
        let other = "arn:aws:sqs:eu-central-1:1:other";
        let key = "exports/fn/000000.gz";
        let mut text = String::new();
        for (name, queues, prefix, outcome) in [
            ("all", vec![route(QUEUE, ALL, "", "")], "", Outcome::Ok),
            (
                "filter that fits",
                vec![route(QUEUE, ALL, "exports/", ".gz")],
                "",
                Outcome::Ok,
            ),
            (
                "filter below the prefix",
                vec![route(QUEUE, ALL, "exports/fn/", "")],
                "exports/",
                Outcome::Ok,
            ),
            (
                "two filters",
                vec![
                    route(QUEUE, ALL, "a/", ""),
                    route(QUEUE, ALL, "exports/", ""),
                ],
                "",
                Outcome::Ok,
            ),
            (
                "suffix",
                vec![route(QUEUE, ALL, "", ".json")],
                "",
                Outcome::Warning,
            ),
            (
                "another prefix",
                vec![route(QUEUE, ALL, "app/", "")],
                "exports/",
                Outcome::Fault,
            ),
            (
                "removals",
                vec![route(QUEUE, &["ObjectRemoved:*"], "", "")],
                "",
                Outcome::Fault,
            ),
            (
                "puts",
                vec![route(QUEUE, &["ObjectCreated:Put"], "", "")],
                "",
                Outcome::Warning,
            ),
            (
                "puts and uploads",
                vec![route(
                    QUEUE,
                    &["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"],
                    "",
                    "",
                )],
                "",
                Outcome::Ok,
            ),
            (
                "another queue",
                vec![route(other, ALL, "", "")],
                "",
                Outcome::Fault,
            ),
            ("nobody", vec![], "", Outcome::Fault),
        ] {
            let (finding, via) = seen(&of(queues), prefix, &[key]);
            assert_eq!(finding.outcome, outcome, "{name}: {}", finding.text);
            assert_eq!(
                via.is_some(),
                !["another queue", "nobody"].contains(&name),
                "{name}"
            );
            text.push_str(&format!("{name}: {}\n", finding.sentence()));
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn topics_and_event_bridge_are_other_ways() {
        let bridge = Notification {
            event_bridge: true,
            ..Notification::default()
        };
        let (finding, via) = seen(&bridge, "", &[]);
        assert_eq!(
            (finding.outcome, via),
            (Outcome::Ok, Some(Via::EventBridge))
        );
        let topic = Notification {
            topics: vec![route(TOPIC, &["ObjectCreated:*"], "", "")],
            ..Notification::default()
        };
        let (finding, via) = seen(&topic, "", &[]);
        assert_eq!(
            (finding.outcome, via),
            (Outcome::Ok, Some(Via::Topic(TOPIC.to_owned())))
        );
        // S3 sends directly: EventBridge serves others.
        let both = Notification {
            event_bridge: true,
            ..of(vec![route(QUEUE, &["ObjectCreated:*"], "", "")])
        };
        assert_eq!(seen(&both, "", &[]).1, Some(Via::S3));
    }
}
