/*! A log group and a destination go in; the prefix of its keys and the names of its tasks and checkpoint come out. */

use xxhash_rust::xxh3::xxh3_64;

use crate::decode::export_prefix::{escaped_group, export_prefix};
use crate::export::{LogGroup, Window};

/// Where exports go: a bucket, and a prefix without slashes at its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub bucket: String,
    pub prefix: String,
}

impl Destination {
    /// Reads what `Display` writes.
    pub fn read(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        (!bucket.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = format!("s3://{}/{}", self.bucket, self.prefix);
        f.write_str(url.trim_end_matches('/'))
    }
}

/// One group and its place in the destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub group: LogGroup,
    /// As the operator gave it.
    pub destination: Destination,
    /// The prefix of this group's keys.
    pub prefix: String,
}

impl Target {
    pub fn new(group: LogGroup, destination: &Destination) -> Self {
        Self {
            prefix: export_prefix(
                &destination.prefix,
                &group.account,
                &group.region,
                &group.name,
            ),
            destination: destination.clone(),
            group,
        }
    }

    /// The name of the task that exports a window. It is a function of group, destination and window, so that a later
    /// run recognises the task.
    pub fn task_name(&self, window: Window) -> String {
        let LogGroup {
            name,
            account,
            region,
            ..
        } = &self.group;
        let (bucket, prefix) = (&self.destination.bucket, &self.prefix);
        let identity = [account, region, name, bucket, prefix].map(String::as_str);
        let hash = xxh3_64(identity.join("\0").as_bytes());
        format!("logferry-{hash:016x}-{}-{}", window.from, window.to)
    }

    /// The name of the checkpoint below the operator's prefix.
    pub fn checkpoint_name(&self) -> String {
        let LogGroup {
            name,
            account,
            region,
            ..
        } = &self.group;
        format!("{account}/{region}/{}.json", escaped_group(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::tests::target;

    /// A task's name must not change: a new version finds the tasks of an older one.
    #[test]
    fn names_are_a_function_of_group_destination_and_window() {
        let orders = target("/aws/lambda/orders");
        let window = Window { from: 1, to: 22 };
        assert_eq!(orders.task_name(window), "logferry-bf7f17354d766c6f-1-22");
        assert_ne!(
            orders.task_name(window),
            target("/aws/lambda/order").task_name(window)
        );
        assert_eq!(
            orders.prefix,
            "exports/logferry/123456789012/eu-central-1/!aws!lambda!orders"
        );
        assert_eq!(
            orders.checkpoint_name(),
            "123456789012/eu-central-1/!aws!lambda!orders.json"
        );
        assert_eq!(orders.destination.to_string(), "s3://logs/exports");
    }
}
