/*! Flags of `coverage` go in; its configuration or the mistakes come out. */

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::{CoverageArgs, PathStyle};
use crate::config::export::{DAY, milliseconds};
use crate::config::{CheckpointTarget, ConfigErrors, LetterStoreConfig};
use crate::search::Since;
use crate::sink::dead_letters::DeadLetterTarget;
use crate::sink::opensearch::{Auth, OpenSearchConfig};
use logferry_core::coverage::ReplayFlags;
use logferry_core::export::{Destination, GroupSelector};

#[derive(Debug)]
pub struct CoverageConfig {
    pub source: CoverageSource,
    pub path_style: PathStyle,
    pub index: OpenSearchConfig,
    pub index_prefix: String,
    pub dead_letters: Option<LetterStoreConfig>,
    pub since: Option<Since>,
    /// Milliseconds since 1970.
    pub until: Option<i64>,
    /// Milliseconds.
    pub grace: i64,
    /// Milliseconds.
    pub lateness: i64,
    /// Days that log documents are kept.
    pub retained_days: Option<u32>,
    pub verify: bool,
    /// Most objects of a group that are named.
    pub limit: usize,
    /// For the command lines that close the gaps.
    pub replay: ReplayFlags,
    pub run: CoverageRun,
}

#[derive(Debug)]
pub enum CoverageSource {
    Checkpoints {
        place: CheckpointTarget,
        /// Others are left out. Empty: all.
        selector: GroupSelector,
        /// Checkpoints of other destinations are refused.
        destination: Option<Destination>,
    },
    Listing(Destination),
}

#[derive(Debug)]
pub enum CoverageRun {
    Once {
        json: bool,
    },
    Every {
        interval: Duration,
        listen: SocketAddr,
    },
}

pub fn coverage(args: CoverageArgs) -> Result<CoverageConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let source = mistakes.coverage_source(&args);
    let index = mistakes.opensearch(&args.index);
    let index_prefix = mistakes.index_prefix(&args.index.index_prefix);
    let letters = mistakes.dead_letters(args.dead_letters.as_deref());
    let now = Timestamp::now();
    let range = mistakes.time_range(args.since.as_deref(), args.until.as_deref(), None, now);
    let grace = mistakes.duration_to("--grace", &args.grace, 365 * DAY);
    let lateness = mistakes.duration_to("--lateness", &args.lateness, 14 * DAY);
    let retained_days = mistakes.days("--retain-logs", args.retain_logs.as_deref());
    let limit = mistakes.count("--limit", &args.limit, 0, 10_000);
    let run = mistakes.coverage_run(&args);
    match (source, index, letters, grace, lateness, limit, run) {
        (
            Some(source),
            Some(index),
            Some(letters),
            Some(grace),
            Some(lateness),
            Some(limit),
            Some(run),
        ) if mistakes.0.is_empty() => Ok(CoverageConfig {
            source,
            path_style: args.s3.s3_path_style,
            replay: replay_flags(&args, &index, &index_prefix),
            dead_letters: letters.map(|target| LetterStoreConfig {
                name: args.dead_letters.unwrap_or_default(),
                index: matches!(target, DeadLetterTarget::Index(_)).then(|| index.clone()),
                target,
                path_style: args.s3.s3_path_style,
            }),
            index,
            index_prefix,
            since: range.since,
            until: range.until.map(Timestamp::as_millisecond),
            grace: milliseconds(grace),
            lateness: milliseconds(lateness),
            retained_days,
            verify: args.verify,
            limit,
            run,
        }),
        _ => Err(mistakes),
    }
}

/// Flags of a replay to the same index. Secrets stay out of it: the replay takes them from its environment.
fn replay_flags(args: &CoverageArgs, index: &OpenSearchConfig, prefix: &str) -> ReplayFlags {
    let has_secret_in_url = matches!(index.auth, Auth::Basic { .. });
    let has_secret_in_url = has_secret_in_url && args.index.opensearch_user.is_none();
    let urls = index.urls.iter().filter(|_| !has_secret_in_url);
    ReplayFlags {
        opensearch_urls: urls.map(ToString::to_string).collect(),
        index_prefix: (prefix != "logferry").then(|| prefix.to_owned()),
        dead_letters: args.dead_letters.clone(),
    }
}

impl ConfigErrors {
    fn coverage_source(&mut self, args: &CoverageArgs) -> Option<CoverageSource> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let selector = self.selector(&args.groups, &[], true);
        let destination = match given(&args.destination) {
            Some(value) => Some(self.export_destination(Some(&value))?),
            None => None,
        };
        if let Some(source) = given(&args.source) {
            let listing = self.listing(&source)?;
            return Some(CoverageSource::Listing(listing));
        }
        if let Some(place) = given(&args.checkpoints) {
            return Some(CoverageSource::Checkpoints {
                place: self.checkpoints(Some(&place))?,
                selector: selector?,
                destination,
            });
        }
        if destination.is_none() {
            self.0.push("--checkpoints: give the place of the exporter's checkpoints, such as s3://my-logs/checkpoints, or s3://bucket/prefix for objects without checkpoints".to_owned());
        }
        destination.map(CoverageSource::Listing)
    }

    fn listing(&mut self, source: &str) -> Option<Destination> {
        let destination = Destination::read(source);
        if destination.is_none() {
            self.add("SOURCE", source, "is no s3://bucket/prefix");
        }
        destination
    }

    fn coverage_run(&mut self, args: &CoverageArgs) -> Option<CoverageRun> {
        let Some(every) = args.every.as_deref().filter(|every| !every.is_empty()) else {
            return Some(CoverageRun::Once { json: args.json });
        };
        if args.json {
            self.0.push("--json: it prints one result, and --every looks again and again: leave one of them out".to_owned());
        }
        let (interval, listen) = (self.interval(every), self.listen(&args.listen));
        Some(CoverageRun::Every {
            interval: interval?,
            listen: listen?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn read(line: &str) -> Result<CoverageConfig, ConfigErrors> {
        let line = format!("logferry coverage {line}");
        match Cli::try_parse_from(line.split_whitespace())
            .unwrap()
            .command
        {
            Command::Coverage(args) => coverage(*args),
            _ => unreachable!(),
        }
    }

    #[test]
    fn checkpoints_or_a_listing() {
        let source = |line: &str| {
            let config = read(&format!("{line} --opensearch-url http://os:9200"));
            format!("{:?}", config.unwrap().source)
        };
        let listing = source("s3://logs/exports/fn");
        assert!(listing.starts_with("Listing("), "{listing}");
        assert_eq!(source("--destination s3://logs/exports/fn"), listing);
        let checkpoints = source("--checkpoints s3://logs/state --all-lambda");
        assert!(checkpoints.starts_with("Checkpoints"), "{checkpoints}");
    }

    #[test]
    fn a_replay_command_has_the_index_and_no_secret() {
        let flags = |line: &str| read(&format!("s3://logs {line}")).unwrap().replay;
        let plain = flags("--opensearch-url https://os:9200 --index-prefix app");
        assert_eq!(plain.opensearch_urls, ["https://os:9200/"]);
        assert_eq!(plain.index_prefix.as_deref(), Some("app"));
        let secret = flags("--opensearch-url https://me:secret@os:9200");
        assert_eq!(secret, ReplayFlags::default());
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mistakes = read(
            "logs --since never --grace long --lateness 90days --retain-logs 5 --limit all --dead-letters x \
             --every 1s --json --listen 90 --log-group-pattern (",
        );
        let nothing = read("--opensearch-url http://os:9200");
        insta::assert_snapshot!(format!(
            "{}\n\n{}",
            mistakes.unwrap_err(),
            nothing.unwrap_err()
        ));
    }
}
