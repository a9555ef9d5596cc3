/*! The environment's AWS configuration goes in; clients come out, with limits on how long a call may take. */

use std::time::Duration;

use anyhow::bail;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;

use crate::cli::PathStyle;

/// The configuration of the standard AWS chain. Fails without a region; `wanted` says which it must be.
pub(crate) async fn aws_config(wanted: &str) -> anyhow::Result<SdkConfig> {
    let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
    if aws.region().is_none() {
        bail!("no AWS region: set AWS_REGION to {wanted}");
    }
    Ok(aws)
}

/// An attempt ends after `longest`; without a limit a dead connection would hang.
pub(crate) fn sqs_client(aws: &SdkConfig, longest: Duration) -> aws_sdk_sqs::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(longest)
        .build();
    let config = aws_sdk_sqs::config::Builder::from(aws).timeout_config(timeouts);
    aws_sdk_sqs::Client::from_conf(config.build())
}

pub(crate) fn s3_client(
    aws: &SdkConfig,
    path_style: PathStyle,
    region: Option<String>,
) -> aws_sdk_s3::Client {
    let force = match path_style {
        PathStyle::On => true,
        PathStyle::Off => false,
        PathStyle::Auto => endpoint_has_no_subdomains(),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(30))
        .build();
    let mut config = aws_sdk_s3::config::Builder::from(aws)
        .force_path_style(force)
        .timeout_config(timeouts);
    if let Some(region) = region {
        config = config.region(aws_sdk_s3::config::Region::new(region));
    }
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(crate) fn sts_client(aws: &SdkConfig, longest: Duration) -> aws_sdk_sts::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(longest)
        .build();
    let config = aws_sdk_sts::config::Builder::from(aws).timeout_config(timeouts);
    aws_sdk_sts::Client::from_conf(config.build())
}

/// The exporter retries, so that the client does not.
pub(crate) fn logs_client(aws: &SdkConfig) -> aws_sdk_cloudwatchlogs::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(60))
        .build();
    let config = aws_sdk_cloudwatchlogs::config::Builder::from(aws)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::disabled());
    aws_sdk_cloudwatchlogs::Client::from_conf(config.build())
}

pub(crate) fn has_own_endpoint() -> bool {
    ["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|url| !url.is_empty()))
}

/// Whether the S3 endpoint is an IP address, localhost or a bare host name: no bucket can stand before such a name.
fn endpoint_has_no_subdomains() -> bool {
    let endpoint =
        std::env::var("AWS_ENDPOINT_URL_S3").or_else(|_| std::env::var("AWS_ENDPOINT_URL"));
    match endpoint.ok().and_then(|e| url::Url::parse(&e).ok()) {
        Some(url) => match url.host() {
            Some(url::Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
            Some(_) => true,
            None => false,
        },
        None => false,
    }
}
