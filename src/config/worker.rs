/*! What the operator meant: one validated config per command, with all mistakes reported at once. */

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{
    DecodeArgs, ExplainArgs, IndexArgs, IngestArgs, PathStyle, PipelineArgs, To, WorkerArgs,
};
use crate::pipeline::memory::MemoryConfig;
use crate::pipeline::{BulkConfig, ObjectLimits, PipelineConfig, ReadConfig, ReceiveConfig};
use logferry_core::allow_list::BucketAllowList;
use logferry_core::decode::{DecodeOptions, Format, LogGroupPattern};
use logferry_core::document::DocumentOptions;
use logferry_core::invocation::{Architecture, Prices};

use crate::config::errors::ConfigErrors;
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
    pub road: PipelineConfig,
}

#[derive(Debug)]
pub struct S3Config {
    pub path_style: PathStyle,
    /// Buckets must belong to this account.
    pub expected_owner: Option<String>,
    /// Regions of notifications that are honoured; others are read through the configured one.
    pub regions: Vec<String>,
}

/// Where dead letters go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterTarget {
    S3 { bucket: String, prefix: String },
    Folder(PathBuf),
    Index(String),
}

#[derive(Debug)]
pub struct IngestConfig {
    pub paths: Vec<PathBuf>,
    pub to: Target,
    /// As [`WorkerConfig::setup`].
    pub setup: bool,
    pub road: PipelineConfig,
}

#[derive(Debug)]
pub struct ExplainConfig {
    pub file: PathBuf,
    /// Instead of the file's path.
    pub key: Option<String>,
    pub json: bool,
    pub decode: DecodeOptions,
}

#[derive(Debug)]
pub enum Target {
    OpenSearch(OpenSearchConfig),
    Ndjson,
}

pub fn worker(args: WorkerArgs) -> Result<WorkerConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let queue_url = mistakes.queue_url(args.queue_url.as_deref());
    let index = mistakes.opensearch(&args.index);
    let listen = args.listen.parse().ok();
    if listen.is_none() {
        mistakes.add(
            "--listen",
            &args.listen,
            "is no address and port, such as 0.0.0.0:9090",
        );
    }
    let messages = mistakes.count("--messages-in-flight", &args.messages_in_flight, 1, 100_000);
    let drain = mistakes.duration("--drain-timeout", &args.drain_timeout);
    let road = mistakes.road(args.road, &args.index);
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
        road,
    );
    match required {
        (
            Some(queue_url),
            Some(index),
            Some(listen),
            Some(messages),
            Some(drain),
            Some(dead_letters),
            Some(road),
        ) if mistakes.0.is_empty() => Ok(WorkerConfig {
            queue_url,
            index,
            setup: args.setup,
            listen,
            s3: S3Config {
                path_style: args.s3_path_style,
                expected_owner: args.expected_bucket_owner,
                regions: args.allow_region,
            },
            dead_letters,
            road: PipelineConfig {
                receive: ReceiveConfig {
                    messages_in_flight: messages,
                    until_empty: args.until_empty.then_some(Duration::from_secs(1)),
                    ..road.receive
                },
                read: ReadConfig {
                    allowed_buckets,
                    ..road.read
                },
                drain_timeout: drain,
                ..road
            },
        }),
        _ => Err(mistakes),
    }
}

pub fn ingest(args: IngestArgs) -> Result<IngestConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let no_url = args.index.opensearch_url.is_empty();
    let to = match (args.to, no_url) {
        (Some(To::Ndjson), _) | (None, true) => Some(Target::Ndjson),
        _ => mistakes.opensearch(&args.index).map(Target::OpenSearch),
    };
    let stdin = args.paths.iter().filter(|p| p.as_os_str() == "-").count();
    if stdin > 1 {
        mistakes
            .0
            .push("PATH: - stands for standard input and can be given once".to_owned());
    }
    let road = mistakes.road(args.road, &args.index);
    match (to, road) {
        (Some(to), Some(road)) if mistakes.0.is_empty() => Ok(IngestConfig {
            paths: args.paths,
            to,
            setup: args.setup,
            road: PipelineConfig {
                receive: ReceiveConfig {
                    until_empty: Some(Duration::ZERO),
                    ..road.receive
                },
                ..road
            },
        }),
        _ => Err(mistakes),
    }
}

pub fn explain(args: ExplainArgs) -> Result<ExplainConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let decode = mistakes.decode(&args.decode);
    if args.file.is_none() {
        mistakes
            .0
            .push("FILE: give a log file, or - for standard input".to_owned());
    }
    match (args.file, decode) {
        (Some(file), Some(decode)) if mistakes.0.is_empty() => Ok(ExplainConfig {
            file,
            key: args.key,
            json: args.json,
            decode,
        }),
        _ => Err(mistakes),
    }
}

impl ConfigErrors {
    fn road(&mut self, args: PipelineArgs, index: &IndexArgs) -> Option<PipelineConfig> {
        let timeout = self.duration("--bulk-timeout", &args.bulk_timeout);
        let prefix = self.index_prefix(&index.index_prefix);
        let decode = self.decode(&args.decode);
        let objects = self.count("--objects-in-flight", &args.objects_in_flight, 1, 10_000);
        let in_flight = self.count("--bulks-in-flight", &args.bulks_in_flight, 1, 1000);
        let attempts = self.count("--bulk-attempts", &args.bulk_attempts, 1, 1000);
        let linger = self.duration("--bulk-linger", &args.bulk_linger);
        let bulk = self.size("--bulk-size", &args.bulk_size, 1 << 16, 100 << 20);
        let memory = self.size("--memory", &args.memory, 16 << 20, 1 << 40);
        if let (Some(memory), Some(bulk), Some(objects), Some(decode)) =
            (memory, bulk, objects, &decode)
        {
            let config = MemoryConfig {
                bytes: memory,
                objects_in_flight: objects,
                max_event_bytes: decode.max_event_bytes,
                bulk_bytes: bulk,
            };
            let least = config.least();
            if memory < least {
                let least = bytesize::ByteSize(least as u64).display().iec();
                self.add(
                    "--memory",
                    &args.memory,
                    &format!("is too little for {objects} objects at once, --bulk-size and --max-event-bytes: give {least} or more, or lower one of these"),
                );
            }
        }
        let longest = self.size(
            "--max-object-bytes",
            &args.max_object_bytes,
            1 << 10,
            1 << 50,
        );
        let ratio = self.count("--max-ratio", &args.max_ratio, 2, 1_000_000);
        Some(PipelineConfig {
            receive: ReceiveConfig {
                objects_in_flight: objects?,
                messages_in_flight: objects?,
                until_empty: None,
            },
            read: ReadConfig {
                allowed_buckets: BucketAllowList::default(),
                limits: ObjectLimits {
                    max_object_bytes: longest? as u64,
                    max_ratio: ratio? as u64,
                },
                decode: decode?,
                prices: Prices::builtin(Architecture::X86),
                document: DocumentOptions {
                    index_prefix: prefix,
                    keep_original: args.keep_original,
                },
            },
            bulk: BulkConfig {
                bytes: bulk?,
                linger: linger?,
                in_flight: in_flight?,
                attempts: attempts?,
                first_delay: Duration::from_millis(200),
                longest_delay: Duration::from_secs(30),
            },
            memory: memory?,
            bulk_timeout: timeout?,
            drain_timeout: Duration::from_secs(5),
        })
    }

    fn decode(&mut self, args: &DecodeArgs) -> Option<DecodeOptions> {
        let format = match args.format.as_deref() {
            None => Some(None),
            Some(text) => match text.parse::<Format>() {
                Ok(format) => Some(Some(format)),
                Err(_) => {
                    self.add(
                        "--format",
                        text,
                        "is none of export, subscription, json-lines, tail, text",
                    );
                    None
                }
            },
        };
        let mut patterns = Vec::new();
        for text in &args.log_group_pattern {
            match text.parse::<LogGroupPattern>() {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.add(
                    "--log-group-pattern",
                    text,
                    &format!("is no pattern: {error}"),
                ),
            }
        }
        let event = self.size(
            "--max-event-bytes",
            &args.max_event_bytes,
            1 << 10,
            16 << 20,
        );
        // A pattern that is none was reported and the whole is not used.
        Some(DecodeOptions {
            format: format?,
            max_event_bytes: event?,
            log_groups: patterns,
        })
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
        assert_eq!(config.road.bulk.bytes, 5_000_000);
        assert_eq!(config.road.memory, 48 << 20);
        assert_eq!(config.road.drain_timeout, Duration::from_secs(25));
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
