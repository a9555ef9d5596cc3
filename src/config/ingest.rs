/*! Flags of `ingest` go in; its configuration or the mistakes come out. */

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{IngestArgs, To};
use crate::config::ConfigErrors;
use crate::pipeline::{PipelineConfig, ReceiveConfig};
use crate::sink::opensearch::OpenSearchConfig;

#[derive(Debug)]
pub struct IngestConfig {
    pub paths: Vec<PathBuf>,
    pub to: Target,
    /// Run setup at the start.
    pub setup: bool,
    pub pipeline: PipelineConfig,
}

#[derive(Debug)]
pub enum Target {
    OpenSearch(OpenSearchConfig),
    Ndjson,
}

pub fn ingest(args: IngestArgs) -> Result<IngestConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let no_url = args.index.opensearch_url.is_empty();
    let to = match (args.to, no_url) {
        (Some(To::Ndjson), _) | (None, true) => Some(Target::Ndjson),
        _ => mistakes.opensearch(&args.index).map(Target::OpenSearch),
    };
    let stdin = args.paths.iter().filter(|p| p.as_os_str() == "-").count();
    if stdin > 1 {
        mistakes
            .0
            .push("PATH: - stands for standard input and can be given once".to_owned());
    }
    let pipeline = mistakes.pipeline(args.pipeline, &args.index);
    match (to, pipeline) {
        (Some(to), Some(pipeline)) if mistakes.0.is_empty() => Ok(IngestConfig {
            paths: args.paths,
            to,
            setup: args.start.setup,
            pipeline: PipelineConfig {
                receive: ReceiveConfig {
                    until_empty: Some(Duration::ZERO),
                    ..pipeline.receive
                },
                ..pipeline
            },
        }),
        _ => Err(mistakes),
    }
}
