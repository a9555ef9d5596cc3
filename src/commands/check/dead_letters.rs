/*! The store of dead letters is tried out: a test object is written, and removed if that is allowed. */

use std::sync::Arc;

use crate::check::{Area, Finding, dead_letters};
use crate::commands::check::aws::AwsSide;
use crate::commands::check::within::within;
use crate::config::CheckConfig;
use crate::sink::dead_letters::file::DeadLetterFolder;
use crate::sink::dead_letters::index::DeadLetterDocuments;
use crate::sink::dead_letters::s3::DeadLetterBucket;
use crate::sink::dead_letters::{DeadLetterTarget, Trial};
use crate::sink::opensearch::OpenSearch;

/// `opensearch` is `None` if it cannot be used.
pub(super) async fn check(
    config: &CheckConfig,
    aws: &AwsSide,
    opensearch: Option<Arc<OpenSearch>>,
) -> Vec<Finding> {
    let (Some(target), Some(name)) = (&config.worker.dead_letters, &config.dead_letters) else {
        return Vec::new();
    };
    let store: Option<Box<dyn Trial>> = match target {
        DeadLetterTarget::S3 { bucket, prefix } => (aws.s3.clone())
            .map(|client| Box::new(DeadLetterBucket::new(client, bucket.clone(), prefix)) as _),
        DeadLetterTarget::Folder(folder) => Some(Box::new(DeadLetterFolder::new(folder.clone()))),
        DeadLetterTarget::Index(name) => opensearch
            .map(|opensearch| Box::new(DeadLetterDocuments::new(opensearch, name.clone())) as _),
    };
    let Some(store) = store else {
        let reason = match target {
            DeadLetterTarget::Index(_) => "OpenSearch cannot be used",
            _ => "there are no usable credentials",
        };
        return vec![Finding::not_checked(Area::DeadLetters, "write", reason)];
    };
    if let Some(bucket) = aws.letters_come_back.first() {
        let reason = "the queue would get a message about the test object";
        return vec![
            dead_letters::comes_back(name, bucket),
            Finding::not_checked(Area::DeadLetters, "write", reason),
        ];
    }
    let trial = within(config.timeout, store.try_out()).await;
    vec![dead_letters::judge(name, &trial)]
}
