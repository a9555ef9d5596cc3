/*! Keys of objects go in; the log group that each belongs to comes out, with its coverage. */

use std::collections::BTreeMap;

use logferry_core::coverage::{GroupCoverage, GroupName};
use logferry_core::decode::KeyInfo;
use logferry_core::export::Window;

/// Most groups of a listing; objects of further ones count for the listing as a whole.
const MOST: usize = 10_000;

/// The log groups of one listing.
pub struct Groups {
    groups: BTreeMap<GroupName, GroupCoverage>,
    /// The group of keys that tell none, or of all keys.
    name: GroupName,
    /// The listing is that of one group.
    is_one: bool,
    pub bucket: String,
    /// The range of time that counts, milliseconds since 1970.
    pub range: Window,
    named: usize,
}

impl Groups {
    /// All objects are of this group.
    pub fn one(group: GroupCoverage, range: Window) -> Self {
        let (name, bucket) = (group.name.clone(), group.bucket.clone());
        Self {
            groups: BTreeMap::from([(name.clone(), group)]),
            name,
            is_one: true,
            bucket,
            range,
            named: 0,
        }
    }

    /// The keys tell the groups; `name` stands for those that tell none. Of each group at most `named` objects are
    /// named.
    pub fn of_keys(name: GroupName, bucket: String, range: Window, named: usize) -> Self {
        Self {
            groups: BTreeMap::new(),
            name,
            is_one: false,
            bucket,
            range,
            named,
        }
    }

    pub fn of(&mut self, key: &KeyInfo) -> &mut GroupCoverage {
        let name = match &key.log_group {
            Some(log_group) if !self.is_one => GroupName {
                log_group: log_group.clone(),
                account: key.account.clone(),
                region: key.region.clone(),
            },
            _ => self.name.clone(),
        };
        let full = self.groups.len() >= MOST && !self.groups.contains_key(&name);
        let name = if full { self.name.clone() } else { name };
        let (bucket, named) = (&self.bucket, self.named);
        let entry = self.groups.entry(name);
        let name = entry.key().clone();
        entry.or_insert_with(|| GroupCoverage::new(name, bucket.clone(), named))
    }

    pub fn into_groups(self) -> impl Iterator<Item = GroupCoverage> {
        // A key outside the range tells a group too, but nothing about it.
        let is_one = self.is_one;
        self.groups
            .into_values()
            .filter(move |group| is_one || group.counts.listed > 0)
    }
}
