/*! Flags of the index, the same for all commands. */

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

/// How the index is reached: what every command that talks to it shares.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// OpenSearch; may hold user and password. Several nodes (given several times, or with commas) are used in turn.
    #[arg(
        long,
        env = "LOGFERRY_OPENSEARCH_URL",
        value_name = "URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub opensearch_url: Vec<String>,
    /// User for basic authentication.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_USER", value_name = "NAME")]
    pub opensearch_user: Option<String>,
    /// Its password. Other users of the machine see arguments: better use the variable or the file.
    #[arg(
        long,
        env = "LOGFERRY_OPENSEARCH_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub opensearch_password: Option<String>,
    /// File with the password; read again when OpenSearch does not accept it any more.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_PASSWORD_FILE", value_name = "FILE")]
    pub opensearch_password_file: Option<PathBuf>,
    /// Certificates (PEM) of authorities to trust besides the system's.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_CA", value_name = "FILE")]
    pub opensearch_ca: Option<PathBuf>,
    /// Client certificate (PEM), with its intermediates.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_CLIENT_CERT", value_name = "FILE")]
    pub opensearch_client_cert: Option<PathBuf>,
    /// Key of the client certificate (PEM).
    #[arg(long, env = "LOGFERRY_OPENSEARCH_CLIENT_KEY", value_name = "FILE")]
    pub opensearch_client_key: Option<PathBuf>,
    /// Sign requests (SigV4) with the standard AWS credentials: es for Amazon OpenSearch Service, aoss for Serverless.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_AWS_SERVICE", value_enum)]
    pub opensearch_aws_service: Option<AwsServiceArg>,
    /// Region to sign for. Default: AWS_REGION, as every AWS tool finds it.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_AWS_REGION", value_name = "REGION")]
    pub opensearch_aws_region: Option<String>,
    /// For trials only: accept any certificate. Whoever stands between then reads and changes everything.
    #[arg(long, env = "LOGFERRY_OPENSEARCH_ACCEPT_INVALID_CERTIFICATES", value_parser = BoolishValueParser::new())]
    pub opensearch_accept_invalid_certificates: bool,
    /// Indices are named PREFIX-logs-YYYY.MM.DD and PREFIX-invocations-YYYY.MM.DD.
    #[arg(
        long,
        env = "LOGFERRY_INDEX_PREFIX",
        value_name = "PREFIX",
        default_value = "logferry"
    )]
    pub index_prefix: String,
}

/// What AWS calls the service in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AwsServiceArg {
    Es,
    Aoss,
}
