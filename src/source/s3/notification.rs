/*! A bucket goes in; its notification configuration comes out (GetBucketNotificationConfiguration). */

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{Event, FilterRuleName, NotificationConfigurationFilter};

use crate::source::aws_errors::sdk_reason;

/// The notification configuration of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification {
    pub queues: Vec<Route>,
    pub topics: Vec<Route>,
    /// ARNs of Lambda functions.
    pub functions: Vec<String>,
    pub event_bridge: bool,
}

/// Events of some keys that go to one target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    pub target: String,
    pub events: Vec<String>,
    pub prefix: String,
    pub suffix: String,
}

/// Why the configuration is not known.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NotificationUnseen(String);

/// The notification configuration of a bucket.
pub async fn read(
    client: &Client,
    bucket: &str,
    expected_owner: Option<&str>,
) -> Result<Notification, NotificationUnseen> {
    let request = (client.get_bucket_notification_configuration())
        .bucket(bucket)
        .set_expected_bucket_owner(expected_owner.map(str::to_owned));
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) if is_empty(error.raw_response()) => return Ok(Notification::default()),
        Err(error) => {
            return Err(NotificationUnseen(match error.code() {
                Some("NotImplemented") => "this S3 server has no notifications".to_owned(),
                _ => sdk_reason(&error),
            }));
        }
    };
    let queues = answer.queue_configurations.unwrap_or_default();
    let topics = answer.topic_configurations.unwrap_or_default();
    let functions = answer.lambda_function_configurations.unwrap_or_default();
    Ok(Notification {
        queues: (queues.into_iter())
            .map(|each| route(each.queue_arn, &each.events, each.filter))
            .collect(),
        topics: (topics.into_iter())
            .map(|each| route(each.topic_arn, &each.events, each.filter))
            .collect(),
        functions: (functions.into_iter())
            .map(|each| each.lambda_function_arn)
            .collect(),
        event_bridge: answer.event_bridge_configuration.is_some(),
    })
}

/// Whether a response of success holds no configuration. moto writes an empty one under a name of its own, which the
/// SDK refuses.
fn is_empty(response: Option<&HttpResponse>) -> bool {
    let response = response.filter(|response| response.status().is_success());
    let body = response.and_then(|response| response.body().bytes());
    body.is_some_and(|body| {
        let text = String::from_utf8_lossy(body);
        text.contains("Notification") && !text.contains("Configuration")
    })
}

fn route(
    target: String,
    events: &[Event],
    filter: Option<NotificationConfigurationFilter>,
) -> Route {
    let rules = filter
        .and_then(|filter| filter.key)
        .and_then(|key| key.filter_rules);
    let rules = rules.unwrap_or_default();
    let value = |name: &FilterRuleName| {
        // Older configurations have the names with a capital letter.
        let rule = rules.iter().find(|rule| {
            let of_rule = rule.name.as_ref().map(|name| name.as_str());
            of_rule.is_some_and(|of_rule| of_rule.eq_ignore_ascii_case(name.as_str()))
        });
        rule.and_then(|rule| rule.value.clone()).unwrap_or_default()
    };
    Route {
        target,
        events: events
            .iter()
            .map(|event| event.as_str().to_owned())
            .collect(),
        prefix: value(&FilterRuleName::Prefix),
        suffix: value(&FilterRuleName::Suffix),
    }
}
