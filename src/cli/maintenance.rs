/*! Flags of `setup` and `prune`. */

use clap::{Args, ValueEnum};

use crate::cli::shared::heading;
use crate::cli::shared::opensearch::IndexArgs;

#[derive(Debug, Args)]
pub struct SetupArgs {
    #[command(flatten)]
    pub index: IndexArgs,
    /// Primary shards of each new daily index
    ///
    /// Default: as set before; 1 at the first setup.
    #[arg(long, env = "LOGFERRY_SHARDS", value_name = "N", help_heading = heading::OPENSEARCH)]
    pub shards: Option<String>,
    /// Replicas of each new daily index
    ///
    /// Default: as set before; the cluster's default at the first setup.
    #[arg(long, env = "LOGFERRY_REPLICAS", value_name = "N", help_heading = heading::OPENSEARCH)]
    pub replicas: Option<String>,
    /// How a replica gets the documents of its primary: document, segment
    ///
    /// With segment, a replica copies the primary's segments instead of indexing every document again. Default: as set
    /// before; the cluster's default at the first setup. Indices that exist keep their way.
    #[arg(long, env = "LOGFERRY_REPLICATION", value_enum, help_heading = heading::OPENSEARCH)]
    pub replication: Option<ReplicationArg>,
    /// Time until a document can be found
    ///
    /// Default: as set before; 5s at the first setup.
    #[arg(
        long,
        env = "LOGFERRY_REFRESH_INTERVAL",
        value_name = "DURATION",
        help_heading = heading::OPENSEARCH
    )]
    pub refresh_interval: Option<String>,
    /// Compression of each new daily index
    ///
    /// Default: as set before; best_compression at the first setup. zstd and zstd_no_dict need the plugin
    /// opensearch-custom-codecs, which the minimal distribution of OpenSearch lacks.
    #[arg(long, env = "LOGFERRY_CODEC", value_enum, help_heading = heading::OPENSEARCH)]
    pub codec: Option<CodecArg>,
    #[command(flatten)]
    pub retain: RetainArgs,
    /// URL of OpenSearch Dashboards; imports the dashboards of logferry
    ///
    /// http(s)://host:port/path, with its base path. User, key, certificates and signature are those of OpenSearch.
    /// Dashboards and panels that people have changed stay as they are.
    #[arg(long, env = "LOGFERRY_DASHBOARDS", value_name = "URL", help_heading = heading::DASHBOARDS)]
    pub dashboards: Option<String>,
    /// Tenant that gets the dashboards
    ///
    /// Only for Dashboards with the security plugin: global is the tenant that all users share.
    #[arg(
        long,
        env = "LOGFERRY_DASHBOARDS_TENANT",
        value_name = "NAME",
        default_value = "global",
        help_heading = heading::DASHBOARDS
    )]
    pub dashboards_tenant: String,
    /// Overwrite templates and policies that logferry did not make
    ///
    /// Also overwrites those of a newer logferry, and dashboards and panels that people have changed.
    #[arg(long, help_heading = heading::OPENSEARCH)]
    pub force: bool,
    /// Print the body that makes the least API key for a command, and end
    ///
    /// For POST _plugins/_security/api/apitokens of OpenSearch 3.7 or newer. No request is sent.
    #[arg(
        long,
        value_enum,
        value_name = "COMMAND",
        conflicts_with_all = ["dry_run", "json", "force"],
        help_heading = heading::OUTPUT
    )]
    pub print_api_key: Option<ApiKeyFor>,
    /// Print the plan and its requests, and change nothing
    #[arg(long, help_heading = heading::OUTPUT)]
    pub dry_run: bool,
    /// Print one JSON object instead of tables
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    pub index: IndexArgs,
    #[command(flatten)]
    pub retain: RetainArgs,
    /// Delete without asking
    #[arg(long, help_heading = heading::OPENSEARCH)]
    pub yes: bool,
    /// Print the plan and its requests, and delete nothing
    #[arg(long, help_heading = heading::OUTPUT)]
    pub dry_run: bool,
    /// Print one JSON object instead of a table; needs --yes or --dry-run
    #[arg(long, help_heading = heading::OUTPUT)]
    pub json: bool,
}

/// Flags of the retention.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::OPENSEARCH)]
pub struct RetainArgs {
    /// Time to keep log documents, such as 30d or 8weeks
    #[arg(long, env = "LOGFERRY_RETAIN_LOGS", value_name = "DAYS")]
    pub retain_logs: Option<String>,
    /// Time to keep invocation summaries, such as 365d
    #[arg(long, env = "LOGFERRY_RETAIN_INVOCATIONS", value_name = "DAYS")]
    pub retain_invocations: Option<String>,
}

/// A way of replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReplicationArg {
    Document,
    Segment,
}

impl ReplicationArg {
    /// OpenSearch's value of `index.replication.type`.
    pub fn as_str(self) -> &'static str {
        match self {
            ReplicationArg::Document => "DOCUMENT",
            ReplicationArg::Segment => "SEGMENT",
        }
    }
}

/// OpenSearch's name of a codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum CodecArg {
    Zstd,
    ZstdNoDict,
    BestCompression,
    Default,
}

impl CodecArg {
    pub fn as_str(self) -> &'static str {
        match self {
            CodecArg::Zstd => "zstd",
            CodecArg::ZstdNoDict => "zstd_no_dict",
            CodecArg::BestCompression => "best_compression",
            CodecArg::Default => "default",
        }
    }
}

/// A command that an API key is for. `ingest` needs the key of `worker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApiKeyFor {
    Worker,
    Setup,
    Prune,
    Search,
    Coverage,
}

impl ApiKeyFor {
    pub const ALL: [Self; 5] = [
        Self::Worker,
        Self::Setup,
        Self::Prune,
        Self::Search,
        Self::Coverage,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ApiKeyFor::Worker => "worker",
            ApiKeyFor::Setup => "setup",
            ApiKeyFor::Prune => "prune",
            ApiKeyFor::Search => "search",
            ApiKeyFor::Coverage => "coverage",
        }
    }
}
