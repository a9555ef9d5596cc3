/*! The configuration of an export goes in; its exporter and the store of its checkpoints come out. */

use std::sync::Arc;

use aws_config::SdkConfig;

use crate::commands::shared::aws_clients::logs_client;
use crate::config::CheckpointTarget;
use crate::export::bucket_checkpoints::BucketCheckpoints;
use crate::export::cloudwatch::CloudWatchLogs;
use crate::export::folder_checkpoints::FolderCheckpoints;
use crate::export::{Checkpoints, ExportConfig, Exporter};
use crate::observe::Metrics;

pub(crate) fn exporter(
    config: ExportConfig,
    checkpoints: CheckpointTarget,
    aws: &SdkConfig,
    s3: &aws_sdk_s3::Client,
) -> Exporter {
    Exporter {
        api: Arc::new(CloudWatchLogs::new(logs_client(aws))),
        checkpoints: checkpoint_store(checkpoints, s3),
        config,
        metrics: Arc::new(Metrics::new()),
        now: Arc::new(|| jiff::Timestamp::now().as_millisecond()),
    }
}

pub(crate) fn checkpoint_store(
    place: CheckpointTarget,
    s3: &aws_sdk_s3::Client,
) -> Arc<dyn Checkpoints> {
    match place {
        CheckpointTarget::S3 { bucket, prefix } => {
            Arc::new(BucketCheckpoints::new(s3.clone(), bucket, &prefix))
        }
        CheckpointTarget::Folder(folder) => Arc::new(FolderCheckpoints::new(folder)),
    }
}
