/*! Flags of `serve`. */

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::cli::export::ExportScopeArgs;
use crate::cli::shared::heading;
use crate::cli::shared::opensearch::IndexArgs;

#[derive(Debug, Args)]
#[command(next_help_heading = heading::PAGE)]
#[command(after_help = "\
Examples:
  logferry serve --opensearch-url https://search.example:9200
  logferry serve --queue-url https://sqs.eu-central-1.amazonaws.com/123456789012/logs \\
                 --worker-metrics http://worker-1:9090/metrics --dead-letters s3://my-logs/dead-letters
  logferry serve --listen 0.0.0.0:9180 --auth-file users

The page only reads. The least role in OpenSearch is logferry-search (docs/access.md).")]
pub struct ServeArgs {
    /// Address of the page
    ///
    /// An address that other machines reach needs --auth-file, --proxy-user-header or --insecure-no-auth.
    #[arg(
        long,
        env = "LOGFERRY_SERVE_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:9180"
    )]
    pub listen: String,
    /// File with a user and a password in each line
    ///
    /// user:password; lines that begin with # do not count. The browser asks for them (basic authentication), so that
    /// other machines should reach the page by a proxy with TLS only.
    #[arg(long, env = "LOGFERRY_SERVE_AUTH_FILE", value_name = "FILE")]
    pub auth_file: Option<PathBuf>,
    /// Header in which a trusted proxy names the user
    ///
    /// Such as X-Forwarded-User of oauth2-proxy. Needs --trusted-proxy.
    #[arg(long, env = "LOGFERRY_SERVE_PROXY_USER_HEADER", value_name = "NAME")]
    pub proxy_user_header: Option<String>,
    /// Address or network of the proxy, such as 10.0.0.0/8
    ///
    /// May be repeated. Other peers are refused.
    #[arg(
        long,
        env = "LOGFERRY_SERVE_TRUSTED_PROXY",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<String>,
    /// User whom the proxy may name [default: every user]
    ///
    /// May be repeated.
    #[arg(
        long,
        env = "LOGFERRY_SERVE_ALLOW_USER",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub allow_user: Vec<String>,
    /// Show the page to everyone who reaches the address
    #[arg(
        long,
        env = "LOGFERRY_SERVE_INSECURE_NO_AUTH",
        value_parser = BoolishValueParser::new()
    )]
    pub insecure_no_auth: bool,
    /// Further host name of the page
    ///
    /// May be repeated. On a local address only localhost and the address itself are answered, so that no page of the
    /// web can read this one through a name that leads here.
    #[arg(
        long,
        env = "LOGFERRY_SERVE_ALLOWED_HOST",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub allowed_host: Vec<String>,
    /// Time limit of the questions of one page
    #[arg(
        long,
        env = "LOGFERRY_SERVE_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s"
    )]
    pub timeout: String,
    /// URL of OpenSearch Dashboards, for links to the same there
    #[arg(long, env = "LOGFERRY_DASHBOARDS_URL", value_name = "URL")]
    pub dashboards_url: Option<String>,
    /// Id of the index pattern of log lines in Dashboards
    ///
    /// Default: the name of the alias over all days, such as logferry-logs.
    #[arg(long, env = "LOGFERRY_DASHBOARDS_INDEX_PATTERN", value_name = "ID")]
    pub dashboards_index_pattern: Option<String>,
    /// URL of the SQS queue, for its depth
    #[arg(long, env = "LOGFERRY_QUEUE_URL", value_name = "URL", help_heading = heading::QUEUE)]
    pub queue_url: Option<String>,
    /// URL of a worker's metrics, such as http://worker:9090/metrics
    ///
    /// May be repeated, for each worker.
    #[arg(
        long,
        env = "LOGFERRY_WORKER_METRICS",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub worker_metrics: Vec<String>,
    /// Store of dead letters, as given to the worker
    ///
    /// s3://bucket/prefix, file:///folder or opensearch:index.
    #[arg(
        long,
        env = "LOGFERRY_DEAD_LETTERS",
        value_name = "WHERE",
        help_heading = heading::LETTERS
    )]
    pub dead_letters: Option<String>,
    #[command(flatten)]
    pub export: ExportScopeArgs,
    #[command(flatten)]
    pub index: IndexArgs,
}
