/*! Values of flags go in; checked values, or messages about the mistakes in them, come out. */

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use crate::search::{Since, TimeRange, when};
use crate::sink::dead_letters::DeadLetterTarget;
use logferry_core::allow_list::BucketAllowList;

/// All mistakes of a command line. Each message is one line: the flag, the mistake, the remedy.
#[derive(Debug, Default, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigErrors(pub Vec<String>);

impl ConfigErrors {
    pub(crate) fn index_prefix(&mut self, prefix: &str) -> String {
        if !is_index_name(prefix) {
            self.add("--index-prefix", prefix, "cannot begin an index name: use lower-case letters, digits, - _ . and begin with a letter or digit");
        }
        prefix.to_owned()
    }

    pub(crate) fn add(&mut self, flag: &str, value: &str, what: &str) {
        self.0.push(format!("{flag}: {value:?} {what}"));
    }

    pub(crate) fn queue_url(&mut self, value: Option<&str>) -> Option<String> {
        let Some(value) = value.filter(|v| !v.is_empty()) else {
            self.0.push("--queue-url: give the URL of the SQS queue that S3 notifies (or set LOGFERRY_QUEUE_URL)".to_owned());
            return None;
        };
        self.queue("--queue-url", value)
    }

    /// The URL of an SQS queue.
    pub(crate) fn queue(&mut self, flag: &str, value: &str) -> Option<String> {
        match Url::parse(value) {
            Ok(url) if url.has_host() && matches!(url.scheme(), "http" | "https") => {
                Some(value.to_owned())
            }
            _ => {
                self.add(flag, value, "is no queue URL, such as https://sqs.eu-central-1.amazonaws.com/123456789012/logs (an ARN or a name will not do)");
                None
            }
        }
    }

    pub(crate) fn listen(&mut self, listen: &str) -> Option<SocketAddr> {
        let address = listen.parse().ok();
        if address.is_none() {
            self.add(
                "--listen",
                listen,
                "is no address and port, such as 0.0.0.0:9090",
            );
        }
        address
    }

    /// The range of `--since` and `--until`. `default` stands for a `--since` that is not given.
    pub(crate) fn time_range(
        &mut self,
        since: Option<&str>,
        until: Option<&str>,
        default: Option<Since>,
        now: Timestamp,
    ) -> TimeRange {
        const HOW: &str = "is no time: use a duration back from now (15m, 1h, 7d), a date (2026-11-23) \
            or a time (2026-11-23T10:00, UTC, or with an offset such as +02:00)";
        let mut range = TimeRange::default();
        if let Some(text) = since {
            range.since = when::since(text.trim(), now);
            if range.since.is_none() {
                self.add("--since", text, HOW);
            }
        } else {
            range.since = default;
        }
        if let Some(text) = until {
            range.until = when::until(text.trim(), now);
            if range.until.is_none() {
                self.add("--until", text, HOW);
            }
        }
        if let (Some(since), Some(end), Some(text)) = (range.since, range.until, until)
            && since.at(now) >= end
        {
            self.add("--until", text, "is not after --since");
        }
        range
    }

    pub(crate) fn count(
        &mut self,
        flag: &str,
        value: &str,
        least: usize,
        most: usize,
    ) -> Option<usize> {
        match value.parse() {
            Ok(n) if (least..=most).contains(&n) => Some(n),
            _ => {
                self.add(
                    flag,
                    value,
                    &format!("is not a number from {least} to {most}"),
                );
                None
            }
        }
    }

    pub(crate) fn duration(&mut self, flag: &str, value: &str) -> Option<Duration> {
        let day = Duration::from_secs(24 * 3600);
        match humantime::parse_duration(value) {
            Ok(duration) if duration <= day => Some(duration),
            Ok(_) => {
                self.add(flag, value, "is more than a day");
                None
            }
            Err(_) => {
                self.add(flag, value, "is no duration, such as 200ms, 25s or 5m");
                None
            }
        }
    }

    pub(crate) fn size(&mut self, flag: &str, value: &str, least: u64, most: u64) -> Option<usize> {
        let shown = |n| bytesize::ByteSize(n).display().iec().to_string();
        match value.parse::<bytesize::ByteSize>() {
            Ok(size) if (least..=most).contains(&size.0) => usize::try_from(size.0).ok(),
            Ok(_) => {
                self.add(
                    flag,
                    value,
                    &format!("is not between {} and {}", shown(least), shown(most)),
                );
                None
            }
            Err(_) => {
                self.add(flag, value, "is no size, such as 5MB or 48MiB");
                None
            }
        }
    }

    pub(crate) fn dead_letters(&mut self, value: Option<&str>) -> Option<Option<DeadLetterTarget>> {
        let Some(value) = value.filter(|v| !v.is_empty()) else {
            return Some(None);
        };
        let target = if let Some((bucket, prefix)) = s3_place(value) {
            (!bucket.is_empty()).then(|| DeadLetterTarget::S3 {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            })
        } else if let Some(path) = value.strip_prefix("file://") {
            path.starts_with('/')
                .then(|| DeadLetterTarget::Folder(PathBuf::from(path)))
        } else if let Some(index) = value.strip_prefix("opensearch:") {
            is_index_name(index).then(|| DeadLetterTarget::Index(index.to_owned()))
        } else {
            None
        };
        if target.is_none() {
            self.add(
                "--dead-letters",
                value,
                "is none of s3://bucket/prefix, file:///folder, opensearch:index",
            );
        }
        target.map(Some)
    }

    pub(crate) fn allowed_buckets(&mut self, patterns: Vec<String>) -> BucketAllowList {
        for pattern in &patterns {
            if let Err(error) = BucketAllowList::check(pattern) {
                self.add("--allow-bucket", pattern, &format!("is {error}"));
            }
        }
        BucketAllowList::new(patterns)
    }

    pub(crate) fn regions(&mut self, regions: &[String]) {
        for region in regions {
            self.region("--allow-region", region);
        }
    }

    pub(crate) fn region(&mut self, flag: &str, region: &str) {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.is_empty() || !region.bytes().all(fits) {
            self.add(flag, region, "is no region, such as eu-central-1");
        }
    }

    pub(crate) fn bucket_owner(&mut self, owner: Option<&str>) {
        if let Some(owner) = owner
            && (owner.len() != 12 || !owner.bytes().all(|b| b.is_ascii_digit()))
        {
            self.add(
                "--expected-bucket-owner",
                owner,
                "is no account id of twelve digits",
            );
        }
    }
}

/// Bucket and key, or key prefix, of an `s3://` URL; either may be empty.
pub(crate) fn s3_place(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Whether a text is an index name or may begin one.
pub(crate) fn is_index_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
        })
        && name.as_bytes()[0].is_ascii_alphanumeric()
}
