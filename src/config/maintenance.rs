/*! Flags of `setup` and `prune` go in; their configurations or the mistakes come out. */

use crate::cli::{ApiKeyFor, CodecArg, PruneArgs, ReplicationArg, RetainArgs, SetupArgs};
use crate::config::ConfigErrors;
use crate::sink::opensearch::{Auth, AwsService, DashboardsConfig, OpenSearchConfig};
use logferry_core::document::index_name::DocumentKind;

/// What `setup` is to do.
#[derive(Debug)]
pub enum SetupTask {
    Apply(Box<SetupConfig>),
    PrintApiKey(ApiKeyConfig),
}

#[derive(Debug)]
pub struct ApiKeyConfig {
    pub command: ApiKeyFor,
    pub prefix: String,
}

#[derive(Debug)]
pub struct SetupConfig {
    pub index: OpenSearchConfig,
    pub wanted: Wanted,
    /// OpenSearch Dashboards, if it is to get the dashboards.
    pub dashboards: Option<DashboardsConfig>,
    pub dry_run: bool,
    pub json: bool,
}

/// The wanted state of OpenSearch.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub prefix: String,
    /// Primary shards of an index; `None` keeps the present value, or takes the default in a new template.
    pub shards: Option<u32>,
    /// Replicas of an index; `None` as for `shards`.
    pub replicas: Option<u32>,
    /// OpenSearch's name of the way that replicas get documents; `None` as for `shards`.
    pub replication: Option<&'static str>,
    /// Refresh interval in OpenSearch's notation; `None` as for `shards`.
    pub refresh_interval: Option<String>,
    /// OpenSearch's name of the codec of an index; `None` as for `shards`.
    pub codec: Option<&'static str>,
    pub retention: Retention,
    /// Overwrite foreign templates and newer versions.
    pub force: bool,
    /// Keep newer versions and add a note. Without this flag and `force`, newer versions are an error.
    pub newer_stays: bool,
}

#[derive(Debug)]
pub struct PruneConfig {
    pub index: OpenSearchConfig,
    pub prefix: String,
    pub retention: Retention,
    pub yes: bool,
    pub dry_run: bool,
    pub json: bool,
}

/// Whole days that indices of each kind are kept; `None`: no retention was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    pub logs: Option<u32>,
    pub invocations: Option<u32>,
}

impl Retention {
    pub fn of(self, kind: DocumentKind) -> Option<u32> {
        match kind {
            DocumentKind::Log => self.logs,
            DocumentKind::Invocation => self.invocations,
        }
    }

    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// The retention as flags of a command line, for messages.
    pub fn flags(self) -> String {
        let flags = DocumentKind::ALL.into_iter().filter_map(|kind| {
            let days = self.of(kind)?;
            Some(format!("--retain-{} {days}d", kind.as_str()))
        });
        flags.collect::<Vec<_>>().join(" ")
    }
}

pub fn setup(args: SetupArgs) -> Result<SetupTask, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    if let Some(command) = args.print_api_key {
        let prefix = mistakes.index_prefix(&args.index.index_prefix);
        return match mistakes.0.is_empty() {
            true => Ok(SetupTask::PrintApiKey(ApiKeyConfig { command, prefix })),
            false => Err(mistakes),
        };
    }
    let index = mistakes.opensearch(&args.index);
    let prefix = mistakes.index_prefix(&args.index.index_prefix);
    let mut number = |flag, value: Option<String>, least| {
        let number = mistakes.count(flag, &value?, least, 1024)?;
        u32::try_from(number).ok()
    };
    let shards = number("--shards", args.shards.clone(), 1);
    let replicas = number("--replicas", args.replicas.clone(), 0);
    let refresh_interval = args.refresh_interval.as_deref().and_then(|text| {
        let interval = mistakes.duration("--refresh-interval", text)?;
        Some(format!("{}ms", interval.as_millis().max(1)))
    });
    let retention = mistakes.retention(&args.retain);
    let dashboards = mistakes.dashboards(&args, index.as_ref());
    match index {
        Some(index) if mistakes.0.is_empty() => Ok(SetupTask::Apply(Box::new(SetupConfig {
            index,
            dashboards,
            wanted: Wanted {
                prefix,
                shards,
                replicas,
                replication: args.replication.map(ReplicationArg::as_str),
                refresh_interval,
                codec: args.codec.map(CodecArg::as_str),
                retention,
                force: args.force,
                newer_stays: false,
            },
            dry_run: args.dry_run,
            json: args.json,
        }))),
        _ => Err(mistakes),
    }
}

pub fn prune(args: PruneArgs) -> Result<PruneConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let index = mistakes.opensearch(&args.index);
    let prefix = mistakes.index_prefix(&args.index.index_prefix);
    let retention = mistakes.retention(&args.retain);
    if retention.is_none() && mistakes.0.is_empty() {
        mistakes.0.push(
            "--retain-logs, --retain-invocations: give one or both, such as --retain-logs 30d"
                .to_owned(),
        );
    }
    if args.json && !args.yes && !args.dry_run {
        mistakes.0.push(
            "--json: give --yes to delete, or --dry-run to see what: it asks nobody".to_owned(),
        );
    }
    match index {
        Some(index) if mistakes.0.is_empty() => Ok(PruneConfig {
            index,
            prefix,
            retention,
            yes: args.yes,
            dry_run: args.dry_run,
            json: args.json,
        }),
        _ => Err(mistakes),
    }
}

impl ConfigErrors {
    /// Authentication and TLS of OpenSearch, at the URL of Dashboards.
    fn dashboards(
        &mut self,
        args: &SetupArgs,
        index: Option<&OpenSearchConfig>,
    ) -> Option<DashboardsConfig> {
        let value = args.dashboards.as_deref().filter(|url| !url.is_empty())?;
        // The message does not show the URL: it may contain a password.
        let url = self.node_url("--dashboards", value)?;
        if !url.username().is_empty() || url.password().is_some() {
            self.0.push("--dashboards: give no user in this URL: Dashboards gets the user of OpenSearch, by --opensearch-user and --opensearch-password-file".to_owned());
        }
        if args.dashboards_tenant.is_empty() {
            self.0
                .push("--dashboards-tenant: give a name, such as global".to_owned());
        }
        let index = index?;
        if matches!(
            &index.auth,
            Auth::Aws {
                service: AwsService::Aoss,
                ..
            }
        ) {
            self.0.push("--dashboards: the Dashboards of OpenSearch Serverless take no signed request: import the files of deploy/dashboards there by hand".to_owned());
        }
        Some(DashboardsConfig {
            access: OpenSearchConfig {
                urls: vec![url],
                ..index.clone()
            },
            tenant: args.dashboards_tenant.clone(),
        })
    }

    fn retention(&mut self, args: &RetainArgs) -> Retention {
        Retention {
            logs: self.days("--retain-logs", args.retain_logs.as_deref()),
            invocations: self.days("--retain-invocations", args.retain_invocations.as_deref()),
        }
    }

    pub(super) fn days(&mut self, flag: &str, value: Option<&str>) -> Option<u32> {
        const DAY: u64 = 24 * 3600;
        let value = value.filter(|v| !v.is_empty())?;
        let days = humantime::parse_duration(value)
            .ok()
            .filter(|d| d.subsec_nanos() == 0 && d.as_secs().is_multiple_of(DAY))
            .map(|d| d.as_secs() / DAY)
            .filter(|days| (1..=36_500).contains(days))
            .and_then(|days| u32::try_from(days).ok());
        if days.is_none() {
            self.add(
                flag,
                value,
                "is no retention: give whole days, at least one, such as 30d or 8weeks",
            );
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn pruned(flags: &[&str]) -> Result<PruneConfig, ConfigErrors> {
        let line = ["logferry", "prune", "--opensearch-url", "http://os:9200"];
        match Cli::try_parse_from(line.iter().chain(flags))
            .unwrap()
            .command
        {
            Command::Prune(args) => prune(args),
            _ => unreachable!(),
        }
    }

    #[test]
    fn retention_takes_whole_days_from_one() {
        for (text, days) in [("1d", 1), ("30d", 30), ("2weeks", 14), ("48h", 2)] {
            let config = pruned(&["--retain-logs", text]).unwrap();
            let expected = Retention {
                logs: Some(days),
                invocations: None,
            };
            assert_eq!(config.retention, expected, "{text}");
        }
        for text in ["0d", "0", "30", "12h", "1month", "-1d", "200years", "*"] {
            let flag = format!("--retain-invocations={text}");
            let mistakes = pruned(&[&flag]).unwrap_err().to_string();
            assert!(mistakes.contains("whole days"), "{text}: {mistakes}");
            assert!(!mistakes.contains('\n'), "{text}: {mistakes}");
        }
        let nothing = pruned(&[]).unwrap_err().to_string();
        assert!(nothing.contains("give one or both"), "{nothing}");
    }

    #[test]
    fn an_api_key_is_printed_without_an_opensearch() {
        let printed = |line: &str| {
            let Command::Setup(args) = Cli::try_parse_from(line.split(' ')).unwrap().command else {
                unreachable!()
            };
            setup(args)
        };
        let task = printed("logferry setup --print-api-key search --index-prefix lf").unwrap();
        let SetupTask::PrintApiKey(config) = task else {
            panic!("{task:?}")
        };
        assert_eq!(config.command, ApiKeyFor::Search);
        assert_eq!(config.prefix, "lf");
        let mistakes = printed("logferry setup --print-api-key search --index-prefix A*");
        assert!(mistakes.unwrap_err().0[0].starts_with("--index-prefix: "));
    }

    #[test]
    fn dashboards_have_the_access_of_opensearch() {
        let configured = |flags: &str| {
            let line = format!("logferry setup --opensearch-url https://os:9200 {flags}");
            let Command::Setup(args) = Cli::try_parse_from(line.split(' ')).unwrap().command else {
                unreachable!()
            };
            setup(args)
        };
        let flags = "--opensearch-user u --opensearch-password p --dashboards https://d:5601/base";
        let SetupTask::Apply(config) = configured(flags).unwrap() else {
            unreachable!()
        };
        let dashboards = config.dashboards.unwrap();
        assert_eq!(dashboards.access.urls[0].as_str(), "https://d:5601/base/");
        assert_eq!(dashboards.access.auth, config.index.auth);
        assert_eq!(dashboards.tenant, "global");
        for (flags, mistake) in [
            ("--dashboards d:5601", "--dashboards: not a URL"),
            (
                "--dashboards https://u:secret@d",
                "--dashboards: give no user",
            ),
            (
                "--dashboards http://d --dashboards-tenant=",
                "--dashboards-tenant: ",
            ),
            (
                "--dashboards http://d --opensearch-aws-service aoss",
                "--dashboards: the Dashboards of",
            ),
        ] {
            let mistakes = configured(flags).unwrap_err().to_string();
            assert!(mistakes.starts_with(mistake), "{flags}: {mistakes}");
            assert!(!mistakes.contains("secret"), "{mistakes}");
        }
    }

    #[test]
    fn every_mistake_of_setup_is_reported_at_once() {
        let line = "logferry setup --shards 0 --replicas x --refresh-interval soon --retain-logs 0d --index-prefix A*";
        let Command::Setup(args) = Cli::try_parse_from(line.split(' ')).unwrap().command else {
            unreachable!()
        };
        insta::assert_snapshot!(setup(args).unwrap_err().to_string());
    }
}
