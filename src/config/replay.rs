/*! Flags of `replay` go in; its configuration or the mistakes come out. */

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::Timestamp;

use crate::cli::{ByArg, ReplayArgs};
use crate::config::shared::errors::s3_place;
use crate::config::{ConfigErrors, S3Config};
use crate::pipeline::{PipelineConfig, ReceiveConfig};
use crate::sink::dead_letters::DeadLetterTarget;
use crate::sink::opensearch::OpenSearchConfig;
use crate::source::listing::{ReplayIdentity, Selection, TimeOf};

/// Messages that are held at the same time; most of them only wait for verdicts or for the checkpoint.
const MESSAGES: usize = 1000;

#[derive(Debug)]
pub struct ReplayConfig {
    pub source: ReplaySource,
    pub selection: Selection,
    /// What a checkpoint must belong to.
    pub identity: ReplayIdentity,
    pub checkpoint: Option<CheckpointPlace>,
    pub dry_run: bool,
    pub listen: Option<SocketAddr>,
    pub destination: ReplayDestination,
    pub s3: S3Config,
    pub dead_letters: Option<DeadLetterTarget>,
    pub pipeline: PipelineConfig,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplaySource {
    Bucket {
        bucket: String,
        prefix: String,
    },
    /// A list on standard input; the bucket of lines that are keys only.
    List {
        bucket: Option<String>,
    },
    Files(Vec<PathBuf>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointPlace {
    File(PathBuf),
    Object { bucket: String, key: String },
}

#[derive(Debug)]
pub enum ReplayDestination {
    Index {
        index: Box<OpenSearchConfig>,
        setup: bool,
    },
    /// The URL of an SQS queue.
    Queue(String),
    /// A dry run without a URL of OpenSearch.
    Nothing,
}

pub fn replay(args: ReplayArgs) -> Result<ReplayConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let source = mistakes.source(&args.source, args.bucket.as_deref());
    let selection = mistakes.selection(&args, Timestamp::now());
    let checkpoint = mistakes.checkpoint(args.checkpoint.as_deref());
    let dead_letters = mistakes.dead_letters(args.dead_letters.as_deref());
    mistakes.bucket_owner(args.expected_bucket_owner.as_deref());
    if let Some(source) = &source {
        mistakes.places_outside(source, checkpoint.as_ref(), dead_letters.as_ref());
    }
    let destination = mistakes.destination(&args, source.as_ref());
    let identity = identity(&args);
    let listen = args.listen.as_deref().and_then(|at| mistakes.listen(at));
    let pipeline = mistakes.pipeline(args.pipeline, &args.index);
    match (source, destination, dead_letters, pipeline) {
        (Some(source), Some(destination), Some(dead_letters), Some(pipeline))
            if mistakes.0.is_empty() =>
        {
            Ok(ReplayConfig {
                source,
                selection,
                identity,
                checkpoint,
                dry_run: args.dry_run,
                listen,
                destination,
                s3: S3Config {
                    path_style: args.s3.s3_path_style,
                    expected_owner: args.expected_bucket_owner,
                    regions: Vec::new(),
                },
                dead_letters,
                pipeline: PipelineConfig {
                    receive: ReceiveConfig {
                        messages_in_flight: MESSAGES.max(pipeline.receive.objects_in_flight),
                        until_empty: Some(Duration::ZERO),
                        ..pipeline.receive
                    },
                    drain_timeout: Duration::from_secs(25),
                    ..pipeline
                },
            })
        }
        _ => Err(mistakes),
    }
}

/// The flags that a checkpoint belongs to, as typed.
fn identity(args: &ReplayArgs) -> ReplayIdentity {
    let destination = match &args.to_queue {
        Some(url) => url.clone(),
        None => format!("opensearch:{}", args.index.index_prefix),
    };
    ReplayIdentity {
        source: args.source.join(" "),
        destination,
        since: args.since.clone(),
        until: args.until.clone(),
        by: match args.by {
            ByArg::LastModified => "last-modified",
            ByArg::KeyDay => "key-day",
        }
        .to_owned(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
    }
}

impl ConfigErrors {
    fn source(&mut self, given: &[String], bucket: Option<&str>) -> Option<ReplaySource> {
        let is_remote = |source: &&String| *source == "-" || source.starts_with("s3://");
        let remote = given.iter().filter(is_remote).count();
        let source = match given {
            [one] if one == "-" => ReplaySource::List {
                bucket: bucket.map(str::to_owned),
            },
            [one] if one.starts_with("s3://") => {
                let (bucket, prefix) = self.s3_place("SOURCE", one, "s3://bucket/prefix")?;
                ReplaySource::Bucket { bucket, prefix }
            }
            paths if remote == 0 => ReplaySource::Files(paths.iter().map(PathBuf::from).collect()),
            several => {
                let sources = several.join(" ");
                self.add(
                    "SOURCE",
                    &sources,
                    "is more than one: give one s3:// URL, or -, or files and folders only",
                );
                return None;
            }
        };
        if let Some(bucket) = bucket
            && !matches!(source, ReplaySource::List { .. })
        {
            self.add(
                "--bucket",
                bucket,
                "is for a list of keys on standard input (-)",
            );
        }
        Some(source)
    }

    fn s3_place(&mut self, flag: &str, url: &str, form: &str) -> Option<(String, String)> {
        let (bucket, key) = s3_place(url)?;
        if bucket.is_empty() {
            self.add(flag, url, &format!("names no bucket: write {form}"));
            return None;
        }
        Some((bucket.to_owned(), key.to_owned()))
    }

    fn selection(&mut self, args: &ReplayArgs, now: Timestamp) -> Selection {
        let range = self.time_range(args.since.as_deref(), args.until.as_deref(), None, now);
        let since = range.since.map(|since| since.at(now).as_millisecond());
        let until = range.until.map(Timestamp::as_millisecond);
        let include = self.globs("--include", &args.include);
        Selection {
            include: (!args.include.is_empty()).then_some(include),
            exclude: self.globs("--exclude", &args.exclude),
            since,
            until,
            time_of: match args.by {
                ByArg::LastModified => TimeOf::LastModified,
                ByArg::KeyDay => TimeOf::KeyDay,
            },
            ..Selection::default()
        }
    }

    fn globs(&mut self, flag: &str, patterns: &[String]) -> GlobSet {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            match GlobBuilder::new(pattern).literal_separator(false).build() {
                Ok(glob) => drop(set.add(glob)),
                Err(error) => {
                    self.add(flag, pattern, &format!("is no glob: {}", error.kind()));
                }
            }
        }
        set.build().unwrap_or_else(|error| {
            self.0.push(format!("{flag}: {error}"));
            GlobSet::empty()
        })
    }

    fn checkpoint(&mut self, place: Option<&str>) -> Option<CheckpointPlace> {
        let place = place?;
        if !place.starts_with("s3://") {
            if place.is_empty() || place.ends_with('/') {
                self.add("--checkpoint", place, "is no file");
            }
            return Some(CheckpointPlace::File(PathBuf::from(place)));
        }
        let (bucket, key) = self.s3_place("--checkpoint", place, "s3://bucket/key")?;
        if key.is_empty() || key.ends_with('/') {
            self.add(
                "--checkpoint",
                place,
                "names no object: write s3://bucket/key",
            );
        }
        Some(CheckpointPlace::Object { bucket, key })
    }

    /// What the replay itself writes must not be replayed.
    fn places_outside(
        &mut self,
        source: &ReplaySource,
        checkpoint: Option<&CheckpointPlace>,
        dead_letters: Option<&Option<DeadLetterTarget>>,
    ) {
        let ReplaySource::Bucket { bucket, prefix } = source else {
            return;
        };
        let mut check = |flag: &str, of: &str, key: &str| {
            if of == bucket && key.starts_with(prefix.as_str()) {
                let place = format!("s3://{of}/{key}");
                self.add(
                    flag,
                    &place,
                    "lies in the source and would be replayed: choose a place outside of it",
                );
            }
        };
        if let Some(CheckpointPlace::Object { bucket, key }) = checkpoint {
            check("--checkpoint", bucket, key);
        }
        if let Some(Some(DeadLetterTarget::S3 { bucket, prefix })) = dead_letters {
            check("--dead-letters", bucket, prefix);
        }
    }

    fn destination(
        &mut self,
        args: &ReplayArgs,
        source: Option<&ReplaySource>,
    ) -> Option<ReplayDestination> {
        if let Some(url) = args.to_queue.as_deref() {
            if let Some(ReplaySource::Files(_)) = source {
                self.0.push(
                    "--to-queue: the workers of a queue cannot read local files: give s3://bucket/prefix or -"
                        .to_owned(),
                );
            }
            return self.queue("--to-queue", url).map(ReplayDestination::Queue);
        }
        if args.dry_run && args.index.opensearch_url.is_empty() {
            return Some(ReplayDestination::Nothing);
        }
        self.opensearch(&args.index)
            .map(|index| ReplayDestination::Index {
                index: Box::new(index),
                setup: args.start.setup,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn replay_of(flags: &[&str]) -> Result<ReplayConfig, ConfigErrors> {
        let line = ["logferry", "replay"].iter().chain(flags);
        match Cli::try_parse_from(line).unwrap().command {
            Command::Replay(args) => replay(*args),
            _ => unreachable!(),
        }
    }

    const OPENSEARCH: &str = "--opensearch-url=http://os:9200";

    #[test]
    fn sources() {
        let source = |flags: &[&str]| {
            let mut flags = flags.to_vec();
            flags.push(OPENSEARCH);
            replay_of(&flags).map(|config| config.source)
        };
        let bucket = |bucket: &str, prefix: &str| ReplaySource::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(source(&["s3://b"]).unwrap(), bucket("b", ""));
        assert_eq!(source(&["s3://b/"]).unwrap(), bucket("b", ""));
        assert_eq!(source(&["s3://b/a/c d"]).unwrap(), bucket("b", "a/c d"));
        let list = ReplaySource::List {
            bucket: Some("b".to_owned()),
        };
        assert_eq!(source(&["-", "--bucket", "b"]).unwrap(), list);
        let files = ReplaySource::Files(vec!["a".into(), "b".into()]);
        assert_eq!(source(&["a", "b"]).unwrap(), files);
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mut sentences = String::new();
        for flags in [
            &[
                "s3://logs/exports",
                "--since",
                "yesterday",
                "--until",
                "2026-13-01",
                "--include",
                "a[",
                "--exclude",
                "{a",
                "--bucket",
                "b",
                "--checkpoint",
                "s3://logs/exports/checkpoint",
                "--dead-letters",
                "s3://logs/exports/dead",
                "--memory",
                "lots",
            ][..],
            &["s3:///exports", "--checkpoint", "s3://b/", OPENSEARCH],
            &["s3://a", "s3://b", "--checkpoint", "folder/", OPENSEARCH],
            &["-", "folder", OPENSEARCH],
            &["folder", "--to-queue", "https://sqs/1/q"],
            &["s3://b", "--to-queue", "arn:aws:sqs:eu-central-1:1:q"],
            &["s3://b", "--since", "1h", "--until", "2h", OPENSEARCH],
        ] {
            sentences.push_str(&format!(
                "{}\n    {}\n",
                flags.join(" "),
                replay_of(flags)
                    .unwrap_err()
                    .to_string()
                    .replace('\n', "\n    ")
            ));
        }
        insta::assert_snapshot!(sentences);
    }

    #[test]
    fn a_dry_run_and_a_queue_need_no_index() {
        let dry = replay_of(&["s3://b", "--dry-run"]).unwrap();
        assert!(matches!(dry.destination, ReplayDestination::Nothing));
        let queue = replay_of(&["s3://b", "--to-queue", "https://sqs/1/q"]).unwrap();
        assert!(matches!(queue.destination, ReplayDestination::Queue(_)));
        assert_eq!(queue.identity.destination, "https://sqs/1/q");
    }
}
