/*! Flags of `worker` go in; its configuration or the mistakes come out. */

use std::net::SocketAddr;
use std::time::Duration;

use crate::cli::{PathStyle, WorkerArgs};
use crate::config::ConfigErrors;
use crate::pipeline::{PipelineConfig, ReadConfig, ReceiveConfig};
use crate::sink::dead_letters::DeadLetterTarget;
use crate::sink::opensearch::OpenSearchConfig;

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

    #[test]
    fn nothing_given() {
        insta::assert_snapshot!(worker_of(&[]).unwrap_err().to_string());
    }
}
