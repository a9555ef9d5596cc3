/*! Flags of `explain` go in; its configuration or the mistakes come out. */

use std::path::PathBuf;

use crate::cli::ExplainArgs;
use crate::config::ConfigErrors;
use logferry_core::decode::DecodeOptions;
use logferry_core::document::PlatformLines;

#[derive(Debug)]
pub struct ExplainConfig {
    pub file: PathBuf,
    /// Key of the object; `None`: the path of the file.
    pub key: Option<String>,
    pub json: bool,
    pub decode: DecodeOptions,
    pub platform_lines: PlatformLines,
}

pub fn explain(args: ExplainArgs) -> Result<ExplainConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let decode = mistakes.decode(&args.decode);
    let platform_lines = mistakes.platform_lines(&args.platform);
    if args.file.is_none() {
        mistakes
            .0
            .push("FILE: give a log file, or - for standard input".to_owned());
    }
    match (args.file, decode, platform_lines) {
        (Some(file), Some(decode), Some(platform_lines)) if mistakes.0.is_empty() => {
            Ok(ExplainConfig {
                file,
                key: args.key,
                json: args.json,
                decode,
                platform_lines,
            })
        }
        _ => Err(mistakes),
    }
}
