/*! Flags of `export` and `export status` go in; their configuration or the mistakes come out. */

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{ExportArgs, ExportCommand, ExportScopeArgs, GroupArgs, PathStyle};
use crate::config::ConfigErrors;
use crate::config::shared::errors::s3_place;
use crate::export::ExportConfig;
use logferry_core::export::{Destination, GroupSelector, TagFilter, WindowRules};

#[derive(Debug)]
pub struct ExportCommandConfig {
    pub export: ExportConfig,
    pub checkpoints: CheckpointTarget,
    pub path_style: PathStyle,
    pub mode: ExportMode,
}

/// What `export` is to do.
#[derive(Debug)]
pub enum ExportMode {
    Once,
    Every {
        interval: Duration,
        listen: SocketAddr,
    },
    DryRun,
    PrintBucketPolicy,
    Status {
        json: bool,
    },
}

#[derive(Debug, Clone)]
pub enum CheckpointTarget {
    S3 { bucket: String, prefix: String },
    Folder(PathBuf),
}

/// The longest --initial: ten years.
const LONGEST_HISTORY: u32 = 3650;
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);
/// A task ends after 24 hours, done or not.
const LONGEST_WINDOW: Duration = DAY;

pub fn export(args: ExportArgs) -> Result<ExportCommandConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let (scope, mode) = match args.command {
        Some(ExportCommand::Status(status)) => {
            (status.scope, Some(ExportMode::Status { json: status.json }))
        }
        None if args.print_bucket_policy => (args.scope, Some(ExportMode::PrintBucketPolicy)),
        None if args.dry_run => (args.scope, Some(ExportMode::DryRun)),
        None => {
            let mode = mistakes.export_mode(args.once, args.every.as_deref(), &args.listen);
            (args.scope, mode)
        }
    };
    let is_policy = matches!(mode, Some(ExportMode::PrintBucketPolicy));
    let exported = mistakes.export_scope(&scope, is_policy);
    match (mode, exported) {
        (Some(mode), Some((export, checkpoints))) if mistakes.0.is_empty() => {
            Ok(ExportCommandConfig {
                export,
                checkpoints,
                path_style: scope.s3.s3_path_style,
                mode,
            })
        }
        _ => Err(mistakes),
    }
}

impl ConfigErrors {
    /// What is exported, and where its checkpoints are. For the bucket's policy neither groups nor checkpoints need be
    /// given.
    pub(super) fn export_scope(
        &mut self,
        scope: &ExportScopeArgs,
        is_policy: bool,
    ) -> Option<(ExportConfig, CheckpointTarget)> {
        let destination = self.export_destination(scope.destination.as_deref());
        let checkpoints = match is_policy {
            true => Some(CheckpointTarget::Folder(PathBuf::new())),
            false => self.checkpoints(scope.checkpoints.as_deref()),
        };
        let selector = self.selector(&scope.groups, &scope.log_group_tag, is_policy);
        let rules = self.window_rules(scope);
        let export = ExportConfig {
            selector: selector?,
            destination: destination?,
            rules: rules?,
        };
        Some((export, checkpoints?))
    }

    fn export_mode(&mut self, once: bool, every: Option<&str>, listen: &str) -> Option<ExportMode> {
        let Some(every) = every else {
            if !once {
                self.0.push("--once: give --once to export once, or --every 1h to export again and again (or --dry-run, --print-bucket-policy)".to_owned());
            }
            return once.then_some(ExportMode::Once);
        };
        if once {
            self.add("--every", every, "cannot be given together with --once");
        }
        let interval = self.interval(every);
        let (listen, interval) = (self.listen(listen)?, interval?);
        Some(ExportMode::Every { interval, listen })
    }

    /// The interval of passes.
    pub(super) fn interval(&mut self, every: &str) -> Option<Duration> {
        let interval = self.duration_to("--every", every, DAY);
        if interval.is_some_and(|interval| interval < Duration::from_secs(60)) {
            self.add("--every", every, "is less than a minute");
        }
        interval
    }

    pub(super) fn export_destination(&mut self, value: Option<&str>) -> Option<Destination> {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            self.0.push("--destination: give the bucket and the prefix of the exported objects, such as s3://my-logs/exports (or set LOGFERRY_EXPORT_DESTINATION)".to_owned());
            return None;
        };
        let Some((bucket, prefix)) = s3_url(value) else {
            self.add("--destination", value, "is no s3://bucket/prefix");
            return None;
        };
        Some(Destination { bucket, prefix })
    }

    pub(super) fn checkpoints(&mut self, value: Option<&str>) -> Option<CheckpointTarget> {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            self.0.push("--checkpoints: give the place of the checkpoints, such as s3://my-logs/checkpoints or file:///folder (or set LOGFERRY_EXPORT_CHECKPOINTS)".to_owned());
            return None;
        };
        if let Some((bucket, prefix)) = s3_url(value) {
            return Some(CheckpointTarget::S3 { bucket, prefix });
        }
        let folder = value.strip_prefix("file://").unwrap_or(value);
        if folder.is_empty() || folder.contains("://") {
            self.add(
                "--checkpoints",
                value,
                "is neither s3://bucket/prefix nor file:///folder",
            );
            return None;
        }
        Some(CheckpointTarget::Folder(PathBuf::from(folder)))
    }

    pub(super) fn selector(
        &mut self,
        scope: &GroupArgs,
        tags: &[String],
        may_be_empty: bool,
    ) -> Option<GroupSelector> {
        let named = (scope.log_group.iter().map(|name| ("--log-group", name))).chain(
            scope
                .log_group_prefix
                .iter()
                .map(|p| ("--log-group-prefix", p)),
        );
        for (flag, name) in named {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-/.#".contains(&b);
            if name.is_empty() || name.len() > 512 || !name.bytes().all(fits) {
                self.add(
                    flag,
                    name,
                    "is no name of a log group: give the name, not the ARN",
                );
            }
        }
        let mut selector = GroupSelector {
            names: scope.log_group.clone(),
            prefixes: scope.log_group_prefix.clone(),
            all_lambda: scope.all_lambda,
            tags: self.tags(tags),
            ..GroupSelector::default()
        };
        if let Some(pattern) = &scope.log_group_pattern
            && let Err(reason) = selector.add_pattern(pattern)
        {
            let what = format!("is no regular expression: {reason}");
            self.add("--log-group-pattern", pattern, &what);
            return None;
        }
        if selector.is_empty() && !may_be_empty {
            self.0.push("--log-group: say which log groups: --log-group NAME, --log-group-prefix P, --log-group-pattern RE, --all-lambda or --log-group-tag KEY=VALUE".to_owned());
        }
        Some(selector)
    }

    fn tags(&mut self, given: &[String]) -> Vec<TagFilter> {
        const FLAG: &str = "--log-group-tag";
        let mut tags: Vec<TagFilter> = Vec::new();
        for text in given {
            let tag = match TagFilter::read(text) {
                Ok(tag) => tag,
                Err(reason) => {
                    self.add(FLAG, text, &reason);
                    continue;
                }
            };
            if let Some(other) = tags.iter().find(|other| other.contradicts(&tag)) {
                let reason = format!(
                    "and {other} are two values of one key, and a group must have all the tags"
                );
                self.add(FLAG, text, &reason);
            }
            tags.push(tag);
        }
        tags
    }

    fn window_rules(&mut self, scope: &ExportScopeArgs) -> Option<WindowRules> {
        let initial = self.duration_to("--initial", &scope.initial, LONGEST_HISTORY * DAY);
        let overlap = self.duration_to("--overlap", &scope.overlap, DAY);
        let lateness = self.duration_to("--lateness", &scope.lateness, 14 * DAY);
        Some(WindowRules {
            initial: milliseconds(initial?),
            overlap: milliseconds(overlap?),
            lateness: milliseconds(lateness?),
            longest: milliseconds(LONGEST_WINDOW),
        })
    }

    pub(super) fn duration_to(
        &mut self,
        flag: &str,
        value: &str,
        longest: Duration,
    ) -> Option<Duration> {
        match humantime::parse_duration(value) {
            Ok(duration) if duration <= longest => Some(duration),
            Ok(_) => {
                let days = longest.as_secs() / DAY.as_secs();
                let unit = if days == 1 { "day" } else { "days" };
                self.add(flag, value, &format!("is more than {days} {unit}"));
                None
            }
            Err(_) => {
                self.add(flag, value, "is no duration, such as 15m, 24h or 30days");
                None
            }
        }
    }
}

pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Bucket and prefix, without slashes at its ends.
fn s3_url(value: &str) -> Option<(String, String)> {
    let (bucket, prefix) = s3_place(value)?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    let is_bucket = bucket.len() >= 3 && bucket.bytes().all(fits);
    (is_bucket && !prefix.contains("//"))
        .then(|| (bucket.to_owned(), prefix.trim_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn read(line: &str) -> Result<ExportCommandConfig, ConfigErrors> {
        let line = format!("logferry export {line}");
        match Cli::try_parse_from(line.split_whitespace())
            .unwrap()
            .command
        {
            Command::Export(args) => export(args),
            _ => unreachable!(),
        }
    }

    const GOOD: &str =
        "--all-lambda --destination s3://logs/exports/ --checkpoints s3://logs/checkpoints";

    #[test]
    fn the_flags_of_the_documentation() {
        let config = read(&format!(
            "{GOOD} --initial 24h --overlap 15m --lateness 12h --once"
        ))
        .unwrap();
        assert!(matches!(config.mode, ExportMode::Once));
        assert_eq!(config.export.destination.to_string(), "s3://logs/exports");
        let hour = 3_600_000;
        let expected = WindowRules {
            initial: 24 * hour,
            overlap: hour / 4,
            lateness: 12 * hour,
            longest: 24 * hour,
        };
        assert_eq!(config.export.rules, expected);
        assert_eq!(
            read(&format!("{GOOD} --once")).unwrap().export.rules,
            expected
        );
        let every = read(&format!("{GOOD} --every 1h")).unwrap().mode;
        assert!(matches!(every, ExportMode::Every { interval, .. } if interval.as_secs() == 3600));
        let status = read(&format!("status {GOOD} --json")).unwrap().mode;
        assert!(matches!(status, ExportMode::Status { json: true }));
        let names = read(
            "--log-group a b --log-group c,d --destination s3://logs --checkpoints /tmp/x --once",
        );
        assert_eq!(names.unwrap().export.selector.names, ["a", "b", "c", "d"]);
        let tagged = read(
            "--log-group-tag team=orders --log-group-tag live,query=a=b --destination s3://logs --checkpoints /tmp/x --once",
        );
        let selector = tagged.unwrap().export.selector;
        let tags: Vec<String> = selector.tags.iter().map(ToString::to_string).collect();
        assert_eq!(tags, ["team=orders", "live", "query=a=b"]);
        let policy = read("--print-bucket-policy --destination s3://logs/exports")
            .unwrap()
            .mode;
        assert!(matches!(policy, ExportMode::PrintBucketPolicy));
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mistakes = read(
            "--log-group arn:aws:logs:eu-central-1:1:log-group:x --log-group-pattern ( --destination logs \
             --checkpoints http://x --initial 9000days --overlap 2days --lateness soon --every 1s --once --listen 90 \
             --log-group-tag =x --log-group-tag env=a --log-group-tag env=b*,env=c",
        )
        .unwrap_err();
        let nothing = read("").unwrap_err();
        insta::assert_snapshot!(format!("{mistakes}\n\n{nothing}"));
    }
}
