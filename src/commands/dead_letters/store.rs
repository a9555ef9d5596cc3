/*! The configuration of a store goes in; the store comes out, and the sets of letters in it. */

use std::sync::Arc;

use anyhow::bail;
use futures_util::{Stream, StreamExt};

use crate::commands::setup::TIMEOUT;
use crate::commands::shared::aws_clients::{aws_config, s3_client};
use crate::config::LetterStoreConfig;
use crate::sink::Index;
use crate::sink::dead_letters::file::DeadLetterFolder;
use crate::sink::dead_letters::index::{DeadLetterDocuments, DeadLetterIndex};
use crate::sink::dead_letters::s3::DeadLetterBucket;
use crate::sink::dead_letters::{
    ArchiveError, DeadLetterArchive, DeadLetterTarget, DeadLetters, LetterAddress, LetterSet,
};
use crate::sink::opensearch::OpenSearch;

/// Sets that are read ahead.
const READ_AHEAD: usize = 8;

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

/// An item of [`sets`].
pub(crate) enum Read {
    Set(LetterSet),
    /// A file that cannot be read. The others can.
    Unreadable(ArchiveError),
    /// The list ends early.
    Failed(ArchiveError),
}

/// The sets at all addresses that `wanted` takes, some of them read ahead.
pub(crate) fn sets<'a>(
    archive: &'a dyn DeadLetterArchive,
    wanted: impl Fn(&LetterAddress) -> bool + 'a,
) -> impl Stream<Item = Read> + 'a {
    archive
        .addresses()
        .map(move |address| match address {
            Ok(address) if !wanted(&address) => Ok(None),
            Ok(address) => Ok(Some(address)),
            Err(error) => Err(error),
        })
        .map(move |address| async move {
            match address {
                Ok(None) => None,
                Ok(Some(address)) => match archive.read(address).await {
                    Ok(set) => set.map(Read::Set),
                    Err(error) => Some(Read::Unreadable(error)),
                },
                Err(error) => Some(Read::Failed(error)),
            }
        })
        .buffered(READ_AHEAD)
        .filter_map(std::future::ready)
}
