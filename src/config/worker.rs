/*! Flags of `worker` and `check` go in; their configuration or the mistakes come out. */

use std::net::SocketAddr;
use std::time::Duration;

use crate::cli::{CheckArgs, PathStyle, WorkerArgs};
use crate::config::ConfigErrors;
use crate::pipeline::{PipelineConfig, ReadConfig, ReceiveConfig};
use crate::sink::dead_letters::DeadLetterTarget;
use crate::sink::opensearch::OpenSearchConfig;
use logferry_core::allow_list::BucketAllowList;

#[derive(Debug)]
pub struct WorkerConfig {
    pub queue_url: String,
    pub index: OpenSearchConfig,
    /// Make what is missing in the index at the start.
    pub setup: bool,
    pub listen: SocketAddr,
    pub s3: S3Config,
    pub dead_letters: Option<DeadLetterTarget>,
    pub pipeline: PipelineConfig,
}

/// What `check` looks at: the surroundings of this worker.
#[derive(Debug)]
pub struct CheckConfig {
    pub worker: WorkerConfig,
    /// The value of `--dead-letters`, for messages.
    pub dead_letters: Option<String>,
    pub buckets: Vec<BucketPrefix>,
    /// Whether warnings are faults.
    pub strict: bool,
    /// For one question.
    pub timeout: Duration,
    pub json: bool,
}

/// The part of a bucket whose objects are logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketPrefix {
    pub bucket: String,
    /// May be empty.
    pub prefix: String,
}

#[derive(Debug)]
pub struct S3Config {
    pub path_style: PathStyle,
    /// Buckets must belong to this account.
    pub expected_owner: Option<String>,
    /// Regions of notifications that are honoured; others are read through the configured one.
    pub regions: Vec<String>,
}

pub fn worker(args: WorkerArgs) -> Result<WorkerConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let queue_url = mistakes.queue_url(args.queue_url.as_deref());
    let index = mistakes.opensearch(&args.index);
    let listen = mistakes.listen(&args.listen);
    let messages = mistakes.count("--messages-in-flight", &args.messages_in_flight, 1, 100_000);
    let drain = mistakes.duration("--drain-timeout", &args.drain_timeout);
    let pipeline = mistakes.pipeline(args.pipeline, &args.index);
    let dead_letters = mistakes.dead_letters(args.dead_letters.as_deref());
    let allowed_buckets = mistakes.allowed_buckets(args.allow_bucket);
    mistakes.regions(&args.allow_region);
    mistakes.bucket_owner(args.expected_bucket_owner.as_deref());
    let required = (
        queue_url,
        index,
        listen,
        messages,
        drain,
        dead_letters,
        pipeline,
    );
    match required {
        (
            Some(queue_url),
            Some(index),
            Some(listen),
            Some(messages),
            Some(drain),
            Some(dead_letters),
            Some(pipeline),
        ) if mistakes.0.is_empty() => Ok(WorkerConfig {
            queue_url,
            index,
            setup: args.start.setup,
            listen,
            s3: S3Config {
                path_style: args.s3.s3_path_style,
                expected_owner: args.expected_bucket_owner,
                regions: args.allow_region,
            },
            dead_letters,
            pipeline: PipelineConfig {
                receive: ReceiveConfig {
                    messages_in_flight: messages,
                    until_empty: args.until_empty.then_some(Duration::from_secs(1)),
                    ..pipeline.receive
                },
                read: ReadConfig {
                    allowed_buckets,
                    ..pipeline.read
                },
                drain_timeout: drain,
                ..pipeline
            },
        }),
        _ => Err(mistakes),
    }
}

pub fn check(args: CheckArgs) -> Result<CheckConfig, ConfigErrors> {
    let dead_letters = args.worker.dead_letters.clone();
    let (worker, mut mistakes) = match worker(args.worker) {
        Ok(worker) => (Some(worker), ConfigErrors::default()),
        Err(mistakes) => (None, mistakes),
    };
    let mut buckets = Vec::new();
    for text in &args.bucket {
        let place = text.strip_prefix("s3://").unwrap_or(text);
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.contains('*') || BucketAllowList::check(bucket).is_err() {
            mistakes.add(
                "--bucket",
                text,
                "is no bucket, such as logs or logs/exports/",
            );
        }
        buckets.push(BucketPrefix {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        });
    }
    let timeout = mistakes.duration("--timeout", &args.timeout);
    match (worker, timeout) {
        (Some(worker), Some(timeout)) if mistakes.0.is_empty() => Ok(CheckConfig {
            worker,
            dead_letters,
            buckets,
            strict: args.strict,
            timeout,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn worker_of(flags: &[&str]) -> Result<WorkerConfig, ConfigErrors> {
        let line = ["logferry", "worker"].iter().chain(flags);
        match Cli::try_parse_from(line).unwrap().command {
            Command::Worker(args) => worker(args),
            _ => unreachable!(),
        }
    }

    #[test]
    fn the_two_urls_are_all_it_needs() {
        let config = worker_of(&[
            "--queue-url",
            "http://q/1/logs",
            "--opensearch-url",
            "http://os:9200",
        ])
        .unwrap();
        assert_eq!(config.pipeline.bulk.bytes, 5_000_000);
        assert_eq!(config.pipeline.memory, 48 << 20);
        assert_eq!(config.pipeline.drain_timeout, Duration::from_secs(25));
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mistakes = worker_of(&[
            "--queue-url",
            "arn:aws:sqs:eu-central-1:1:q",
            "--opensearch-url",
            "user:secret@host",
            "--listen",
            "9090",
            "--bulk-size",
            "much",
            "--bulk-linger",
            "200",
            "--memory",
            "1MB",
            "--bulks-in-flight",
            "0",
            "--index-prefix",
            "Log*",
            "--format",
            "xml",
            "--messages-in-flight",
            "none",
            "--drain-timeout",
            "2days",
            "--dead-letters",
            "ftp://x",
            "--allow-bucket",
            "a/b",
            "--allow-region",
            "EU",
            "--expected-bucket-owner",
            "me",
            "--max-ratio",
            "1",
            "--log-group-pattern",
            "{nothing}",
        ])
        .unwrap_err()
        .to_string();
        insta::assert_snapshot!(mistakes);
        assert!(!mistakes.contains("secret"));
    }

    fn check_of(flags: &[&str]) -> Result<CheckConfig, ConfigErrors> {
        let line = ["logferry", "check"].iter().chain(flags);
        match Cli::try_parse_from(line).unwrap().command {
            Command::Check(args) => check(*args),
            _ => unreachable!(),
        }
    }

    #[test]
    fn a_check_takes_the_flags_of_the_worker() {
        let urls = [
            "--queue-url",
            "http://q/1/logs",
            "--opensearch-url",
            "http://os:9200",
        ];
        let buckets = [
            "--bucket",
            "logs,s3://more/exports/",
            "--dead-letters",
            "file:///l",
        ];
        let config = check_of(&[urls, buckets].concat()).unwrap();
        let parts: Vec<_> = (config.buckets.iter())
            .map(|part| (part.bucket.as_str(), part.prefix.as_str()))
            .collect();
        assert_eq!(parts, [("logs", ""), ("more", "exports/")]);
        assert_eq!(config.dead_letters.as_deref(), Some("file:///l"));
        assert_eq!(config.timeout, Duration::from_secs(10));
        let mistakes = check_of(&["--bucket", "a*", "--timeout", "soon"]).unwrap_err();
        insta::assert_snapshot!(mistakes.to_string());
    }

    #[test]
    fn nothing_given() {
        insta::assert_snapshot!(worker_of(&[]).unwrap_err().to_string());
    }
}
