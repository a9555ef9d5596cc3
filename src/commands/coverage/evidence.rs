/*! A configuration goes in; checkpoints, listings, dead letters and documents are read; the report comes out. */

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context, bail};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::commands::coverage::progress::Progress;
use crate::commands::coverage::report::CoverageReport;
use crate::commands::dead_letters::store;
use crate::commands::setup::TIMEOUT;
use crate::commands::shared::aws_clients::{aws_config, s3_client};
use crate::commands::shared::exporter::checkpoint_store;
use crate::config::{CoverageConfig, CoverageSource};
use crate::coverage::{CoverageError, Examiner, Groups, KnownLetters, Surveyor};
use crate::export::Checkpoints;
use crate::search::SearchClient;
use crate::sink::dead_letters::{DeadLetterArchive, Read, sets};
use crate::sink::opensearch::OpenSearch;
use crate::source::s3::S3;
use crate::source::s3::listing::BucketListing;
use logferry_core::coverage::{FindingRules, GroupCoverage, GroupName};
use logferry_core::decode::export_prefix::group_of_escaped;
use logferry_core::export::{
    Checkpoint, CheckpointFault, Destination, GroupSelector, Target, Window, behind,
};
use logferry_core::time::calendar::DAY_MS;

/// Where evidence is, for one pass or for many.
pub(super) struct Evidence {
    config: CoverageConfig,
    s3: aws_sdk_s3::Client,
    checkpoints: Option<Arc<dyn Checkpoints>>,
    letters: Option<store::Store>,
    index: Arc<OpenSearch>,
}

/// A group that a checkpoint tells.
struct Exported {
    coverage: GroupCoverage,
    target: Target,
}

impl Evidence {
    pub(super) async fn new(mut config: CoverageConfig) -> anyhow::Result<Self> {
        let aws = aws_config("the region of the bucket").await?;
        let s3 = s3_client(&aws, config.path_style, None);
        let checkpoints = match &config.source {
            CoverageSource::Checkpoints { place, .. } => Some(checkpoint_store(place.clone(), &s3)),
            CoverageSource::Listing(_) => None,
        };
        let letters = match config.dead_letters.take() {
            Some(letters) => Some(store::open(letters).await?),
            None => None,
        };
        let index = OpenSearch::new(config.index.clone(), TIMEOUT).await?;
        Ok(Self {
            config,
            s3,
            checkpoints,
            letters,
            index: Arc::new(index),
        })
    }

    pub(super) async fn gather(&self) -> anyhow::Result<CoverageReport> {
        let now = jiff::Timestamp::now();
        let range = Window {
            from: (self.config.since).map_or(i64::MIN, |since| since.at(now).as_millisecond()),
            to: self.config.until.unwrap_or(i64::MAX),
        };
        let now = now.as_millisecond();
        let progress = Progress::start();
        let groups = match (&self.config.source, &self.checkpoints) {
            (CoverageSource::Listing(listed), _) => {
                let surveyor = self.surveyor(now).await?;
                self.listing(&surveyor, listed, range, &progress).await?
            }
            (
                CoverageSource::Checkpoints {
                    selector,
                    destination,
                    ..
                },
                Some(checkpoints),
            ) => {
                let exported = Selected {
                    checkpoints: &**checkpoints,
                    selector,
                    destination: destination.as_ref(),
                };
                let (exported, failed) = self.exported(&exported, range, now).await?;
                let surveyor = self.surveyor(now).await?;
                let mut groups = self.groups(&surveyor, exported, range, &progress).await?;
                groups.extend(failed);
                groups
            }
            (CoverageSource::Checkpoints { .. }, None) => bail!("--checkpoints: not opened"),
        };
        Ok(CoverageReport::new(groups, self.config.replay.clone(), now))
    }

    async fn surveyor(&self, now: i64) -> anyhow::Result<Surveyor> {
        let letters = match &self.letters {
            Some(store) => known_letters(&*store.archive).await?,
            None => KnownLetters::default(),
        };
        let first_day = self.config.retained_days.map(|days| {
            let today = now.div_euclid(DAY_MS);
            today - i64::from(days)
        });
        let prefix = self.config.index_prefix.clone();
        let stop = CancellationToken::new();
        Ok(Surveyor {
            search: SearchClient::new(self.index.clone(), prefix.clone(), stop),
            examiner: Examiner {
                store: Arc::new(S3::new(self.s3.clone(), HashMap::new(), None)),
                index: self.index.clone(),
                letters,
                index_prefix: prefix,
                first_day,
            },
            rules: FindingRules {
                verify: self.config.verify,
                grace: self.config.grace,
                knows_dead_letters: self.letters.is_some(),
            },
            now,
        })
    }

    fn lister(&self, bucket: &str, prefix: String) -> BucketListing {
        BucketListing::new(self.s3.clone(), bucket.to_owned(), prefix, None)
    }

    /// The groups that the keys below a prefix tell.
    async fn listing(
        &self,
        surveyor: &Surveyor,
        listed: &Destination,
        range: Window,
        progress: &Progress,
    ) -> anyhow::Result<Vec<GroupCoverage>> {
        let name = GroupName {
            log_group: listed.to_string(),
            ..GroupName::default()
        };
        let label = name.log_group.clone();
        let mut groups = Groups::of_keys(name, listed.bucket.clone(), range, self.config.limit);
        let lister = self.lister(&listed.bucket, listed.prefix.clone());
        let judged = |objects, missing| progress.add(&label, objects, missing);
        surveyor.survey(&lister, &mut groups, &judged).await?;
        let groups: Vec<GroupCoverage> = groups.into_groups().collect();
        if groups.is_empty() {
            bail!("there are no objects below {label}: check bucket, prefix, --since and --until");
        }
        Ok(groups)
    }

    /// The selected groups that checkpoints tell, and those whose checkpoint cannot be used.
    async fn exported(
        &self,
        selected: &Selected<'_>,
        range: Window,
        now: i64,
    ) -> anyhow::Result<(Vec<Exported>, Vec<GroupCoverage>)> {
        let place = selected.checkpoints.place("");
        let names = selected.checkpoints.names().await?;
        if names.is_empty() {
            bail!(
                "there are no checkpoints below {place}: give the --checkpoints of logferry export, or s3://bucket/prefix for objects without checkpoints"
            );
        }
        let (mut exported, mut failed) = (Vec::new(), Vec::new());
        let mut found = BTreeSet::new();
        for name in names {
            let group = named_group(&name);
            if !selected.takes(&group.log_group) {
                continue;
            }
            found.insert(group.log_group.clone());
            match selected.read(&name, now).await {
                Ok(Some((checkpoint, target))) => {
                    let mut coverage = GroupCoverage::new(
                        group,
                        target.destination.bucket.clone(),
                        self.config.limit,
                    );
                    let until = checkpoint.exported_until;
                    let behind = behind(until, self.config.lateness, now);
                    coverage.exported(checkpoint.windows(), until, behind, range);
                    exported.push(Exported { coverage, target });
                }
                Ok(None) => {}
                Err(reason) => failed.push(GroupCoverage::failed(group, reason)),
            }
        }
        for name in &selected.selector.names {
            if !found.contains(name) {
                let group = GroupName {
                    log_group: name.clone(),
                    ..GroupName::default()
                };
                let reason = format!("it has no checkpoint below {place}: it was never exported");
                failed.push(GroupCoverage::failed(group, reason));
            }
        }
        if exported.is_empty() && failed.is_empty() {
            bail!("no checkpoint below {place} is of a selected log group");
        }
        Ok((exported, failed))
    }

    /// Judges the objects of each group, one group after another.
    async fn groups(
        &self,
        surveyor: &Surveyor,
        exported: Vec<Exported>,
        range: Window,
        progress: &Progress,
    ) -> anyhow::Result<Vec<GroupCoverage>> {
        let (mut judged, mut failed) = (Vec::new(), Vec::new());
        for Exported { coverage, target } in exported {
            let name = coverage.name.clone();
            let lister = self.lister(&coverage.bucket, format!("{}/", target.prefix));
            let mut groups = Groups::one(coverage, range);
            let shown = |objects, missing| progress.add(&name.log_group, objects, missing);
            match surveyor.survey(&lister, &mut groups, &shown).await {
                Ok(()) => judged.extend(
                    groups
                        .into_groups()
                        .map(|group| (group, target.prefix.clone())),
                ),
                // Another group may lie in another bucket.
                Err(CoverageError::Listing(error)) => {
                    failed.push(GroupCoverage::failed(name.clone(), error.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let oldest = judged.iter().filter_map(|(group, _)| group.oldest_object());
        let oldest = oldest.min();
        let delays = judged.iter().filter_map(|(group, _)| group.least_delay());
        let delay = delays.min().unwrap_or(0);
        let mut groups = failed;
        for (mut group, prefix) in judged {
            surveyor
                .judge_windows(&mut group, &prefix, oldest, delay)
                .await
                .context("the documents of deleted objects cannot be counted")?;
            groups.push(group);
        }
        Ok(groups)
    }
}

/// The checkpoints that are asked for.
struct Selected<'a> {
    checkpoints: &'a dyn Checkpoints,
    selector: &'a GroupSelector,
    destination: Option<&'a Destination>,
}

impl Selected<'_> {
    fn takes(&self, log_group: &str) -> bool {
        self.selector.is_empty() || self.selector.names_group(log_group)
    }

    /// `None`: it was deleted meanwhile.
    async fn read(&self, name: &str, now: i64) -> Result<Option<(Checkpoint, Target)>, String> {
        let stored = self.checkpoints.get(name).await;
        let Some(stored) = stored.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let read = Checkpoint::read_named(&stored.bytes, name, now);
        let read = read.and_then(|(checkpoint, target)| match self.destination {
            Some(expected) if *expected != target.destination => Err(CheckpointFault::Foreign {
                found: format!("an export to {}", target.destination),
                expected: format!("one to {expected}"),
            }),
            _ => Ok((checkpoint, target)),
        });
        read.map(Some)
            .map_err(|fault| format!("{} {fault}", self.checkpoints.place(name)))
    }
}

/// The group in the name of a checkpoint, `<account>/<region>/<group>.json`.
fn named_group(name: &str) -> GroupName {
    let mut parts = name.splitn(3, '/').map(str::to_owned);
    let (account, region) = (parts.next(), parts.next());
    let group = parts.next().unwrap_or_default();
    GroupName {
        log_group: group_of_escaped(group.trim_end_matches(".json")),
        account,
        region,
    }
}

/// Reads all dead letters, a few files at a time.
async fn known_letters(archive: &dyn DeadLetterArchive) -> anyhow::Result<KnownLetters> {
    let mut known = KnownLetters::default();
    let mut sets = pin!(sets(archive, |_| true));
    while let Some(read) = sets.next().await {
        let set = match read {
            Read::Set(set) => set,
            Read::Unreadable(error) => {
                tracing::warn!(%error, "these dead letters cannot be read");
                continue;
            }
            Read::Failed(error) => bail!("--dead-letters: the store cannot be read: {error}"),
        };
        for stored in set.letters {
            match stored.letter {
                Ok(letter) => known.add(&letter),
                Err(error) => tracing::warn!(error, "a dead letter cannot be read"),
            }
        }
    }
    Ok(known)
}
