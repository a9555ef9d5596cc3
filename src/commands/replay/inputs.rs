//! The configured source and checkpoint go in; a listing, a store and the state of the last run come out.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aws_config::SdkConfig;

use crate::cli::PathStyle;
use crate::commands::shared::aws_clients::{aws_config, s3_client, sqs_client};
use crate::config::{CheckpointPlace, ReplayConfig, ReplayDestination, ReplaySource, S3Config};
use crate::sink::dead_letters::DeadLetterTarget;
use crate::source::Store;
use crate::source::files::{Files, LocalStore};
use crate::source::listing::checkpoint::CheckpointFile;
use crate::source::listing::key_list::{KeyList, ListInput};
use crate::source::listing::{Checkpoint, CheckpointStore, Lister, ReplayIdentity, Selection};
use crate::source::s3::S3;
use crate::source::s3::checkpoint::CheckpointObject;
use crate::source::s3::listing::BucketListing;

/// Clients of AWS, if the replay needs any.
pub(super) struct Clients {
    aws: Option<SdkConfig>,
    path_style: PathStyle,
}

impl Clients {
    pub(super) async fn of(config: &ReplayConfig) -> anyhow::Result<Self> {
        let needs_aws = !matches!(config.source, ReplaySource::Files(_))
            || matches!(config.checkpoint, Some(CheckpointPlace::Object { .. }))
            || matches!(config.dead_letters, Some(DeadLetterTarget::S3 { .. }))
            || matches!(config.destination, ReplayDestination::Queue(_));
        let path_style = config.s3.path_style;
        if !needs_aws {
            return Ok(Self {
                aws: None,
                path_style,
            });
        }
        Ok(Self {
            aws: Some(aws_config("the bucket's region").await?),
            path_style,
        })
    }

    fn aws(&self) -> anyhow::Result<&SdkConfig> {
        self.aws.as_ref().context("AWS is not configured")
    }

    pub(super) fn s3(&self) -> anyhow::Result<aws_sdk_s3::Client> {
        Ok(s3_client(self.aws()?, self.path_style, None))
    }

    pub(super) fn sqs(&self) -> anyhow::Result<aws_sdk_sqs::Client> {
        Ok(sqs_client(self.aws()?, Duration::from_secs(10)))
    }
}

/// Where objects are listed and read.
pub(super) struct Inputs {
    pub(super) lister: Arc<dyn Lister>,
    pub(super) store: Arc<dyn Store>,
}

impl Inputs {
    pub(super) async fn open(
        source: &ReplaySource,
        s3: &S3Config,
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        let owner = s3.expected_owner.clone();
        let store = |client| S3::new(client, std::collections::HashMap::new(), owner.clone());
        match source {
            ReplaySource::Bucket { bucket, prefix } => {
                let client = clients.s3()?;
                let (bucket, prefix) = (bucket.clone(), prefix.clone());
                let listing = BucketListing::new(client.clone(), bucket, prefix, owner.clone());
                Ok(Self {
                    lister: Arc::new(listing),
                    store: Arc::new(store(client)),
                })
            }
            ReplaySource::List { bucket } => {
                let store = store(clients.s3()?);
                let bucket = bucket.clone();
                let read = || ListInput::read(std::io::stdin().lock(), bucket);
                let input = tokio::task::spawn_blocking(read).await?;
                let list = match input.context("cannot read the list on standard input")? {
                    ListInput::Lines(list) => list,
                    ListInput::Manifest(manifest) => {
                        let list = KeyList::of_inventory(&manifest, &store).await;
                        list.map_err(|reason| anyhow!("cannot read the inventory: {reason}"))?
                    }
                };
                Ok(Self {
                    lister: Arc::new(list),
                    store: Arc::new(store),
                })
            }
            ReplaySource::Files(paths) => {
                let mut files = Files::default();
                for path in paths {
                    files.add(path)?;
                }
                let files = Arc::new(files);
                Ok(Self {
                    lister: files.clone(),
                    store: Arc::new(LocalStore::new(files)),
                })
            }
        }
    }
}

/// A checkpoint that this replay may use, and its place.
pub(super) struct Checkpoints {
    pub(super) checkpoint: Checkpoint,
    pub(super) store: Box<dyn CheckpointStore>,
}

impl Checkpoints {
    /// Reads the checkpoint, or begins one. The range of time of an older run replaces that of the selection.
    pub(super) async fn open(
        place: &CheckpointPlace,
        replay: ReplayIdentity,
        selection: &mut Selection,
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        let (name, mut store): (String, Box<dyn CheckpointStore>) = match place {
            CheckpointPlace::File(path) => (
                path.display().to_string(),
                Box::new(CheckpointFile::new(path.clone())),
            ),
            CheckpointPlace::Object { bucket, key } => (
                format!("s3://{bucket}/{key}"),
                Box::new(CheckpointObject::new(
                    clients.s3()?,
                    bucket.clone(),
                    key.clone(),
                )),
            ),
        };
        let loaded = store.load().await;
        let bytes = loaded.map_err(|reason| anyhow!("cannot use the checkpoint {reason}"))?;
        let checkpoint = match bytes {
            Some(bytes) => Checkpoint::of_replay(&bytes, &replay)
                .map_err(|error| anyhow!("the checkpoint {name} {error}"))?,
            None => Checkpoint {
                replay,
                since: selection.since,
                until: selection.until,
                ..Checkpoint::default()
            },
        };
        (selection.since, selection.until) = (checkpoint.since, checkpoint.until);
        Ok(Self { checkpoint, store })
    }
}
