/*! Flags about S3 that several commands have. */

use clap::{Args, ValueEnum};

/// How S3 is asked. The command says under which heading.
#[derive(Debug, Args)]
pub struct S3Args {
    /// Put the bucket into the path of S3 requests
    ///
    /// auto: on if the S3 endpoint is an IP address, localhost or a bare host name; else the bucket is in the host
    /// name.
    #[arg(
        long,
        env = "LOGFERRY_S3_PATH_STYLE",
        value_enum,
        default_value = "auto"
    )]
    pub s3_path_style: PathStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PathStyle {
    Auto,
    On,
    Off,
}
