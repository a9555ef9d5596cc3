/*! Credentials, clock and queue; the buckets have a file of their own. */

use std::time::Duration;

use aws_config::SdkConfig;
use url::Url;

use crate::check::bucket::Seen;
use crate::check::queue::QueueAttributes;
use crate::check::redrive::{RedrivePolicy, Unseen};
use crate::check::{Area, Finding, clock, identity, queue, redrive};
use crate::commands::check::buckets;
use crate::commands::check::within::{no_answer, within};
use crate::commands::shared::aws_clients::{aws_config, s3_client, sqs_client, sts_client};
use crate::config::CheckConfig;
use crate::source::identity::{Identity, Unidentified};
use crate::source::sqs::inspect;
use crate::source::{clock as clock_source, identity as identity_source};

/// What was found about AWS.
pub(super) struct AwsSide {
    pub findings: Vec<Finding>,
    /// `None` without credentials.
    pub s3: Option<aws_sdk_s3::Client>,
    /// Buckets that notify the queue of objects where dead letters are stored.
    pub letters_come_back: Vec<String>,
}

pub(super) async fn check(config: &CheckConfig) -> AwsSide {
    let limit = config.timeout;
    let (clock, (aws, identity)) = tokio::join!(clock(config), credentials(limit));
    let mut findings = vec![clock, identity::judge(&identity)];
    let aws = match (aws, &identity) {
        (Some(aws), Ok(_) | Err(Unidentified::Unanswered(_) | Unidentified::Emulated)) => aws,
        _ => {
            let reason = "there are no usable credentials";
            findings.push(Finding::not_checked(Area::Queue, "reachable", reason));
            findings.push(Finding::not_checked(Area::Bucket, "list", reason));
            return AwsSide {
                findings,
                s3: None,
                letters_come_back: Vec::new(),
            };
        }
    };
    let s3 = s3_client(&aws, config.worker.s3.path_style, None);
    let attributes = queue_attributes(config, &aws, &mut findings).await;
    let account = identity.ok().map(|Identity { account, .. }| account);
    let buckets = buckets::check(config, &aws, attributes.as_ref(), account.as_deref()).await;
    if let Some(attributes) = &attributes {
        findings.extend(of_attributes(config, &aws, attributes, &buckets.seen).await);
    }
    findings.extend(buckets.findings);
    AwsSide {
        findings,
        s3: Some(s3),
        letters_come_back: buckets.letters_come_back,
    }
}

async fn clock(config: &CheckConfig) -> Finding {
    let own = ["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL"];
    let own = own
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|url| !url.is_empty()));
    let url = own.as_ref().unwrap_or(&config.worker.queue_url);
    let origin = Url::parse(url).map(|url| url.origin().ascii_serialization());
    let origin = origin.unwrap_or_else(|_| url.clone());
    let reading = clock_source::read(&origin, config.timeout).await;
    let host = origin.split("://").last().unwrap_or_default();
    clock::judge(host, reading.map_err(|error| error.to_string()))
}

/// The configuration of the standard AWS chain, and who its credentials belong to.
async fn credentials(limit: Duration) -> (Option<SdkConfig>, Result<Identity, Unidentified>) {
    let loaded = within(limit, aws_config("the queue's region")).await;
    let Ok(aws) = loaded else {
        return (None, Err(Unidentified::NoRegion));
    };
    let known = tokio::time::timeout(limit, identity_source::has_credentials(&aws)).await;
    let known = known.unwrap_or_else(|_| Err(Unidentified::Missing(no_answer(limit))));
    if let Err(missing) = known {
        return (None, Err(missing));
    }
    if is_emulated() {
        return (Some(aws), Err(Unidentified::Emulated));
    }
    let client = sts_client(&aws, limit);
    let asked = tokio::time::timeout(limit, identity_source::read(&client)).await;
    let identity = asked.unwrap_or_else(|_| Err(Unidentified::Unanswered(no_answer(limit))));
    (Some(aws), identity)
}

/// Whether SQS has an endpoint that is not AWS's, while STS would be AWS's.
fn is_emulated() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    let is_of_aws = |url: String| {
        let url = Url::parse(&url).ok();
        url.and_then(|url| {
            url.host_str()
                .map(|host| host.contains(".amazonaws.com") || host.ends_with(".api.aws"))
        })
        .unwrap_or(false)
    };
    let everywhere = set("AWS_ENDPOINT_URL").or(set("AWS_ENDPOINT_URL_STS"));
    everywhere.is_none() && set("AWS_ENDPOINT_URL_SQS").is_some_and(|url| !is_of_aws(url))
}

/// Asks for the attributes, unless the queue lies in another region.
async fn queue_attributes(
    config: &CheckConfig,
    aws: &SdkConfig,
    findings: &mut Vec<Finding>,
) -> Option<QueueAttributes> {
    let queue_url = &config.worker.queue_url;
    let region = aws
        .region()
        .map(|region| region.as_ref())
        .unwrap_or_default();
    if let Some(fault) = queue::region(queue_url, region) {
        findings.push(fault);
        let reason = "requests go to another region than the queue's";
        findings.push(Finding::not_checked(Area::Queue, "reachable", reason));
        return None;
    }
    let client = sqs_client(aws, config.timeout);
    let attributes = within(config.timeout, inspect::all_attributes(&client, queue_url)).await;
    findings.extend(queue::reachable(&attributes));
    attributes.ok()
}

async fn of_attributes(
    config: &CheckConfig,
    aws: &SdkConfig,
    attributes: &QueueAttributes,
    seen: &[Seen],
) -> Vec<Finding> {
    let largest = seen.iter().map(|seen| seen.largest).max().unwrap_or(0);
    let has_store = config.worker.dead_letters.is_some();
    let mut findings = vec![
        queue::kind(attributes),
        queue::visibility(attributes, queue::object_time(largest)),
        queue::retention(attributes),
        queue::encryption(attributes),
        redrive::policy(attributes, has_store),
    ];
    if let Some(policy) = RedrivePolicy::of(attributes) {
        let dead = dead_letter_queue(config, aws, &policy.target_arn).await;
        findings.extend(redrive::dead_letter_queue(attributes, &dead));
    }
    findings
}

async fn dead_letter_queue(
    config: &CheckConfig,
    aws: &SdkConfig,
    arn: &str,
) -> Result<QueueAttributes, Unseen> {
    let client = sqs_client(aws, config.timeout);
    let asked = inspect::all_attributes_of_arn(&client, arn);
    match tokio::time::timeout(config.timeout, asked).await {
        Ok(Ok(attributes)) => Ok(attributes),
        Ok(Err(error)) if inspect::is_missing(&error) => Err(Unseen::Missing),
        Ok(Err(error)) => Err(Unseen::Other(error.reason)),
        Err(_) => Err(Unseen::Other(no_answer(config.timeout))),
    }
}
