/*! The buckets whose objects the worker reads: each is listed, an object is opened, and its notification is read. */

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use futures_util::future::join_all;

use crate::check::bucket::{Opened, Seen};
use crate::check::notification::{BucketPart, Via};
use crate::check::queue::QueueAttributes;
use crate::check::senders::NotifyingBucket;
use crate::check::{Area, Finding, any_sender, bucket, notification, senders};
use crate::commands::check::within::{no_answer, within};
use crate::commands::shared::aws_clients::s3_client;
use crate::config::{BucketPrefix, CheckConfig};
use crate::error_class::ErrorClass;
use crate::sink::dead_letters::DeadLetterTarget;
use crate::source::listing::Lister;
use crate::source::s3::listing::BucketListing;
use crate::source::s3::notification as notification_source;
use crate::source::s3::{S3, notification::Notification, owner};
use crate::source::{OpenError, Store, StoreError};
use logferry_core::notification::ObjectRef;

/// A key that no object has.
const NO_OBJECT: &str = "logferry-check-no-such-object";

/// What was found about all buckets.
pub(super) struct Buckets {
    pub findings: Vec<Finding>,
    pub seen: Vec<Seen>,
    pub letters_come_back: Vec<String>,
}

/// What is asked about each bucket.
struct Question<'a> {
    config: &'a CheckConfig,
    aws: &'a SdkConfig,
    /// `None` if they could not be read.
    attributes: Option<&'a QueueAttributes>,
    /// Of the credentials.
    account: Option<&'a str>,
}

pub(super) async fn check(
    config: &CheckConfig,
    aws: &SdkConfig,
    attributes: Option<&QueueAttributes>,
    account: Option<&str>,
) -> Buckets {
    let parts = parts(config, attributes);
    let question = Question {
        config,
        aws,
        attributes,
        account,
    };
    let mut all = Buckets {
        findings: Vec::new(),
        seen: Vec::new(),
        letters_come_back: Vec::new(),
    };
    if parts.is_empty() {
        let text =
            "no bucket is known: give --bucket NAME to have notification and reading checked";
        all.findings
            .push(Finding::not_checked(Area::Bucket, "list", text));
        let policy = attributes.map(|attributes| any_sender::judge(attributes, account));
        all.findings.extend(policy);
    }
    for one in join_all(parts.iter().map(|part| question.ask(part))).await {
        all.findings.extend(one.findings);
        all.seen.extend(one.seen);
        all.letters_come_back.extend(one.letters_come_back);
    }
    all
}

/// Those of `--bucket`; else the exact names of `--allow-bucket`; else those that the policy of the queue names.
fn parts(config: &CheckConfig, attributes: Option<&QueueAttributes>) -> Vec<BucketPrefix> {
    if !config.buckets.is_empty() {
        return config.buckets.clone();
    }
    let allowed = &config.worker.pipeline.read.allowed_buckets;
    let mut names: Vec<String> = allowed.exact_names().map(str::to_owned).collect();
    if names.is_empty() {
        names = attributes.map(senders::named_buckets).unwrap_or_default();
    }
    let whole = |bucket| BucketPrefix {
        bucket,
        prefix: String::new(),
    };
    names.into_iter().map(whole).collect()
}

impl Question<'_> {
    async fn ask(&self, part: &BucketPrefix) -> Buckets {
        let BucketPrefix { bucket, prefix } = part;
        let allowed = &self.config.worker.pipeline.read.allowed_buckets;
        let mut findings: Vec<Finding> = bucket::allowed(bucket, allowed).into_iter().collect();
        let (client, seen) = self.list(part).await;
        findings.push(bucket::listed(&seen, prefix));
        let (read, notification) = tokio::join!(
            self.read(&client, part, &seen),
            within(
                self.config.timeout,
                notification_source::read(&client, bucket, self.owner())
            )
        );
        findings.push(read);
        if seen.is_err() && notification.is_err() {
            // A bucket that does not exist, mostly.
            let reason = "the bucket cannot be read at all";
            findings.push(Finding::not_checked(Area::Bucket, "notification", reason));
            findings.push(Finding::not_checked(Area::Queue, "policy", reason));
            return Buckets {
                findings: findings.into_iter().map(|f| f.about(bucket)).collect(),
                seen: Vec::new(),
                letters_come_back: Vec::new(),
            };
        }
        let keys = seen.as_ref().map(|seen| &seen.keys[..]).unwrap_or_default();
        let via = self.notified(part, keys, &notification, &mut findings);
        let mut findings: Vec<Finding> = findings.into_iter().map(|f| f.about(bucket)).collect();
        findings.push(self.policy(&client, bucket, via.as_ref()).await);
        let comes_back = notification.is_ok_and(|n| self.letters_come_back(part, &n));
        Buckets {
            findings,
            seen: seen.into_iter().collect(),
            letters_come_back: comes_back.then(|| bucket.clone()).into_iter().collect(),
        }
    }

    fn owner(&self) -> Option<&str> {
        self.config.worker.s3.expected_owner.as_deref()
    }

    /// Lists the first page with the client of the configured region, else with one of those that notifications may
    /// name. The client that could list is used further.
    async fn list(&self, part: &BucketPrefix) -> (Client, Result<Seen, String>) {
        let s3 = &self.config.worker.s3;
        let first = s3_client(self.aws, s3.path_style, None);
        let result = self.list_by(&first, part).await;
        if result.is_err() {
            for region in &s3.regions {
                let client = s3_client(self.aws, s3.path_style, Some(region.clone()));
                if let Ok(seen) = self.list_by(&client, part).await {
                    return (client, Ok(seen));
                }
            }
        }
        (first, result)
    }

    async fn list_by(&self, client: &Client, part: &BucketPrefix) -> Result<Seen, String> {
        let owner = self.owner().map(str::to_owned);
        let listing = BucketListing::new(
            client.clone(),
            part.bucket.clone(),
            part.prefix.clone(),
            owner,
        );
        let page = within(self.config.timeout, listing.page(None)).await?;
        let logs = page.objects.iter().map(|listed| &listed.object);
        // Folder markers, and what an export task writes to try the bucket out.
        let logs =
            logs.filter(|o| !o.key.ends_with('/') && !o.key.ends_with("aws-logs-write-test"));
        let logs: Vec<&ObjectRef> = logs.collect();
        Ok(Seen {
            keys: logs.iter().map(|object| object.key.clone()).collect(),
            largest: logs
                .iter()
                .filter_map(|object| object.size)
                .max()
                .unwrap_or(0),
        })
    }

    /// Opens an object as the worker does; the body is not read.
    async fn read(
        &self,
        client: &Client,
        part: &BucketPrefix,
        seen: &Result<Seen, String>,
    ) -> Finding {
        let Ok(seen) = seen else {
            return bucket::not_listed();
        };
        let key = seen.keys.last().map(String::as_str);
        let tried = match key {
            Some(key) => key.to_owned(),
            None => format!("{}{NO_OBJECT}", part.prefix),
        };
        let owner = self.owner().map(str::to_owned);
        let store = S3::new(client.clone(), Default::default(), owner);
        let object = ObjectRef::new(&part.bucket, &tried);
        let limit = self.config.timeout;
        let opened = match tokio::time::timeout(limit, store.open(&object, 0, None)).await {
            Ok(opened) => opened.map(drop),
            Err(_) => {
                let error = StoreError::new(ErrorClass::Retryable, no_answer(limit));
                Err(OpenError::Other(error))
            }
        };
        let about = Opened {
            bucket: &part.bucket,
            prefix: &part.prefix,
            key,
            owner: self.owner(),
        };
        bucket::read(about, &opened)
    }

    fn notified(
        &self,
        part: &BucketPrefix,
        keys: &[String],
        notification: &Result<Notification, String>,
        findings: &mut Vec<Finding>,
    ) -> Option<Via> {
        let queue_arn = self
            .attributes
            .and_then(|attributes| attributes.get("QueueArn"));
        let (finding, via) = match (notification, queue_arn) {
            (Ok(notification), Some(queue_arn)) => {
                let part = BucketPart {
                    bucket: &part.bucket,
                    prefix: &part.prefix,
                    keys,
                };
                notification::judge(notification, queue_arn, part)
            }
            (Ok(_), None) => {
                let reason = "the queue's attributes could not be read";
                (
                    Finding::not_checked(Area::Bucket, "notification", reason),
                    None,
                )
            }
            (Err(reason), _) => (notification::unseen(&part.bucket, reason), None),
        };
        findings.push(finding);
        via
    }

    async fn policy(&self, client: &Client, bucket: &str, via: Option<&Via>) -> Finding {
        let Some(attributes) = self.attributes else {
            let reason = "the queue's attributes could not be read";
            return Finding::not_checked(Area::Queue, "policy", reason).about(bucket);
        };
        let account = self.owner_of(client, bucket, attributes).await;
        let bucket = NotifyingBucket {
            name: bucket,
            account: account.as_deref(),
            via,
        };
        senders::judge(attributes, bucket)
    }

    /// The account that owns the bucket, if it is one of those that are likely.
    async fn owner_of(
        &self,
        client: &Client,
        bucket: &str,
        attributes: &QueueAttributes,
    ) -> Option<String> {
        if let Some(owner) = self.owner() {
            return Some(owner.to_owned());
        }
        let named = senders::named_accounts(attributes);
        let likely = self.account.map(str::to_owned).into_iter().chain(named);
        for account in likely.take(5) {
            let asked = owner::is(client, bucket, &account);
            if tokio::time::timeout(self.config.timeout, asked).await == Ok(true) {
                return Some(account);
            }
        }
        None
    }

    /// Whether the bucket notifies the queue of the objects that hold dead letters.
    fn letters_come_back(&self, part: &BucketPrefix, notification: &Notification) -> bool {
        let key = self
            .config
            .worker
            .dead_letters
            .as_ref()
            .and_then(|target| example_key(target, &part.bucket));
        let queue_arn = self
            .attributes
            .and_then(|attributes| attributes.get("QueueArn"));
        match (key, queue_arn) {
            (Some(key), Some(queue_arn)) => notification::tells_of(notification, queue_arn, &key),
            _ => false,
        }
    }
}

/// A key that a file of letters may have, if the store is in this bucket.
fn example_key(target: &DeadLetterTarget, in_bucket: &str) -> Option<String> {
    match target {
        DeadLetterTarget::S3 { bucket, prefix } if bucket == in_bucket => {
            let key = format!("{}/0/0.ndjson.gz", prefix.trim_matches('/'));
            Some(key.trim_start_matches('/').to_owned())
        }
        _ => None,
    }
}
