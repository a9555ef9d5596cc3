/*! Flags of the access to OpenSearch, the same for all commands. */

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use crate::cli::shared::heading;

/// Flags of the access to OpenSearch.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::OPENSEARCH)]
pub struct IndexArgs {
    /// URL of OpenSearch; repeat it for more nodes of one cluster
    ///
    /// http(s)://host:port/path, with user:password@ before the host if wanted. Several nodes, also given with commas,
    /// are used in turn.
    #[arg(
        long,
        env = "LOGFERRY_OPENSEARCH_URL",
        value_name = "URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub opensearch_url: Vec<String>,
    /// User for basic authentication
    #[arg(long, env = "LOGFERRY_OPENSEARCH_USER", value_name = "NAME")]
    pub opensearch_user: Option<String>,
    /// Password of the user
    ///
    /// Other users of the machine can see arguments. Prefer the environment variable or the file.
    #[arg(
        long,
        env = "LOGFERRY_OPENSEARCH_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub opensearch_password: Option<String>,
    /// File that holds the password of the user
    ///
    /// The file is read again when OpenSearch refuses the password. Its last line break does not count.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_PASSWORD_FILE", value_name = "FILE")]
    pub opensearch_password_file: Option<PathBuf>,
    /// File that holds an API key of OpenSearch 3.7 or newer
    ///
    /// The key takes the place of user and password. The file is read again when OpenSearch refuses the key. Its last
    /// line break does not count. `setup --print-api-key` prints the request's body that makes a key.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_API_KEY_FILE", value_name = "FILE")]
    pub opensearch_api_key_file: Option<PathBuf>,
    /// Certificates (PEM) to trust in addition to the system's
    #[arg(long, env = "LOGFERRY_OPENSEARCH_CA", value_name = "FILE")]
    pub opensearch_ca: Option<PathBuf>,
    /// Client certificate (PEM), with its intermediates
    #[arg(long, env = "LOGFERRY_OPENSEARCH_CLIENT_CERT", value_name = "FILE")]
    pub opensearch_client_cert: Option<PathBuf>,
    /// Key (PEM) of the client certificate
    #[arg(long, env = "LOGFERRY_OPENSEARCH_CLIENT_KEY", value_name = "FILE")]
    pub opensearch_client_key: Option<PathBuf>,
    /// Sign requests (SigV4) with AWS credentials
    ///
    /// es for Amazon OpenSearch Service, aoss for OpenSearch Serverless. Credentials come from the standard AWS chain.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_AWS_SERVICE", value_enum)]
    pub opensearch_aws_service: Option<AwsServiceArg>,
    /// Region of the signature [default: AWS_REGION]
    ///
    /// Without it the region comes from the standard AWS chain.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_AWS_REGION", value_name = "REGION")]
    pub opensearch_aws_region: Option<String>,
    /// Accept any certificate; for trials only
    ///
    /// Anyone on the connection can then read and change everything.
    #[arg(
        long,
        env = "LOGFERRY_OPENSEARCH_ACCEPT_INVALID_CERTIFICATES",
        value_parser = BoolishValueParser::new()
    )]
    pub opensearch_accept_invalid_certificates: bool,
    /// Prefix of the names of all indices
    ///
    /// Indices are called PREFIX-logs-YYYY.MM.DD and PREFIX-invocations-YYYY.MM.DD.
    #[arg(
        long,
        env = "LOGFERRY_INDEX_PREFIX",
        value_name = "PREFIX",
        default_value = "logferry"
    )]
    pub index_prefix: String,
}

/// The AWS service that requests are signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AwsServiceArg {
    Es,
    Aoss,
}

/// What is done before the first document.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// Run `logferry setup` at the start
    ///
    /// Without it the command stops if templates are missing or older than itself.
    #[arg(
        long,
        env = "LOGFERRY_SETUP",
        value_parser = BoolishValueParser::new(),
        help_heading = heading::OPENSEARCH
    )]
    pub setup: bool,
}
