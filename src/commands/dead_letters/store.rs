/*! The configuration of a store goes in; the store comes out. */

use std::sync::Arc;

use crate::commands::setup::TIMEOUT;
use crate::commands::shared::aws_clients::{aws_config, s3_client};
use crate::config::LetterStoreConfig;
use crate::sink::Index;
use crate::sink::dead_letters::file::DeadLetterFolder;
use crate::sink::dead_letters::index::{DeadLetterDocuments, DeadLetterIndex};
use crate::sink::dead_letters::s3::DeadLetterBucket;
use crate::sink::dead_letters::{DeadLetterArchive, DeadLetterTarget, DeadLetters};
use crate::sink::opensearch::OpenSearch;
use anyhow::bail;

/// A store, to read from and to write to.
pub(crate) struct Store {
    pub archive: Arc<dyn DeadLetterArchive>,
    pub letters: Arc<dyn DeadLetters>,
}

/// Opens a store. Nothing is sent yet.
pub(crate) async fn open(config: LetterStoreConfig) -> anyhow::Result<Store> {
    Ok(match config.target {
        DeadLetterTarget::Folder(folder) => {
            let folder = Arc::new(DeadLetterFolder::new(folder));
            Store {
                archive: folder.clone(),
                letters: folder,
            }
        }
        DeadLetterTarget::S3 { bucket, prefix } => {
            let aws = aws_config(&format!("the region of the bucket {bucket}")).await?;
            let client = s3_client(&aws, config.path_style, None);
            let bucket = Arc::new(DeadLetterBucket::new(client, bucket, &prefix));
            Store {
                archive: bucket.clone(),
                letters: bucket,
            }
        }
        DeadLetterTarget::Index(name) => {
            let Some(index) = config.index else {
                bail!("--opensearch-url: the store is an index: give the URL of OpenSearch");
            };
            let index = Arc::new(OpenSearch::new(index, TIMEOUT).await?);
            Store {
                archive: Arc::new(DeadLetterDocuments::new(index.clone(), name.clone())),
                letters: Arc::new(DeadLetterIndex::new(index as Arc<dyn Index>, name)),
            }
        }
    })
}
