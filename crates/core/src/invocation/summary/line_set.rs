/*! Hashes and lengths of a request's lines go in; their number and bytes come out. The set is mergeable: an event
counts once, whichever objects carried it. */

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::base64_url;

/// Bits of an event's hash that are kept: six base64url digits. The odds that two lines share them are 1 : 2000 among
/// the 8192 lines that one request can have, and 1 : 10⁹ among a dozen. A collision leaves one line uncounted.
const HASH: u32 = 36;
/// Bits below a hash, for the length of its line.
const LENGTH: u32 = 64 - HASH;
/// Longest line that an entry can express, in bytes; CloudWatch's own limit is 1 MiB.
const LONGEST: u64 = (1 << 24) - 1;
/// Digits of a stored entry: six for its hash, two for its length.
const STORED: usize = 8;
/// A length of two digits that means: the length follows in four digits.
const LONG: u64 = (1 << 12) - 1;

/// The upper [`HASH`] bits of an event's hash.
pub(crate) fn kept(event_hash: u64) -> u64 {
    event_hash >> LENGTH
}

/// Hash and length of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(
    /// Upper bits: the hash. Lower bits: [`LONGEST`] minus the length. Of two entries with the same hash the longer
    /// line sorts first, so that the order of a merge does not matter.
    u64,
);

impl Entry {
    fn new(hash: u64, bytes: u64) -> Entry {
        Entry(hash << LENGTH | (LONGEST - bytes.min(LONGEST)))
    }

    fn hash(self) -> u64 {
        self.0 >> LENGTH
    }

    fn bytes(self) -> u64 {
        LONGEST - (self.0 & LONGEST)
    }
}

/**
The `CAP` entries with the smallest hashes (a bottom-k sketch), each with the length of its line.

Below `CAP` entries the set is exact. At `CAP` it is a sample: hashes are uniform, so the largest kept hash gives an
estimate of the number of lines (standard error 1/√CAP). Keeping the smallest of a union is commutative, associative
and idempotent; counts per object are not, once objects overlap.
*/
#[derive(Debug, Clone, Default)]
pub(crate) struct LineSet<const CAP: usize> {
    /// After [`Self::tidy`]: sorted, distinct and at most `CAP`.
    entries: Vec<Entry>,
    untidy: bool,
}

impl<const CAP: usize> LineSet<CAP> {
    pub fn with_capacity(lines: usize) -> Self {
        LineSet {
            entries: Vec::with_capacity(lines),
            untidy: false,
        }
    }

    /// Adds a line. `hash` must come from [`kept`].
    #[inline]
    pub fn push(&mut self, hash: u64, bytes: u64) {
        self.untidy = true;
        self.entries.push(Entry::new(hash, bytes));
        if self.entries.len() >= 2 * CAP {
            self.tidy();
        }
    }

    /// Number of entries in memory, duplicates included.
    pub fn held(&self) -> usize {
        self.entries.len()
    }

    /// Sorts the entries, removes duplicates and keeps the smallest `CAP`.
    pub fn tidy(&mut self) {
        if self.untidy {
            self.entries.sort_unstable();
            self.entries.dedup_by_key(|entry| entry.hash());
            self.entries.truncate(CAP);
            self.untidy = false;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        if !other.entries.is_empty() {
            self.entries.extend_from_slice(&other.entries);
            self.untidy = true;
        }
        self.tidy();
    }

    /// Number of lines and sum of their bytes; the set must be tidy.
    pub fn totals(&self) -> (u64, u64) {
        let bytes: u64 = self.entries.iter().map(|entry| entry.bytes()).sum();
        let lines = self.entries.len() as u64;
        match self.entries.last() {
            Some(last) if self.is_estimate() => {
                let share = (last.hash() as f64 + 1.0) / (1_u64 << HASH) as f64;
                let estimate = ((lines - 1) as f64 / share).max(lines as f64);
                let mean = bytes as f64 / lines as f64;
                (estimate.round() as u64, (estimate * mean).round() as u64)
            }
            _ => (lines, bytes),
        }
    }

    /// Whether [`Self::totals`] are estimates.
    pub fn is_estimate(&self) -> bool {
        self.entries.len() >= CAP
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Index of a hash; the set must be tidy.
    pub fn index(&self, hash: u64) -> Option<usize> {
        let index = self
            .entries
            .binary_search_by_key(&hash, |entry| entry.hash());
        index.ok()
    }

    /// The hash at an index.
    pub fn hash(&self, index: usize) -> Option<u64> {
        self.entries.get(index).map(|entry| entry.hash())
    }
}

impl<const CAP: usize> PartialEq for LineSet<CAP> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<const CAP: usize> LineSet<CAP> {
    /// Appends the stored form: base64url digits, which need no JSON escapes.
    pub fn write(&self, out: &mut Vec<u8>) {
        for entry in &self.entries {
            let bytes = entry.bytes();
            let entry = entry.hash() << 12 | bytes.min(LONG);
            out.extend_from_slice(&base64_url::encode::<STORED>(entry));
            if bytes >= LONG {
                out.extend_from_slice(&base64_url::encode::<4>(bytes));
            }
        }
    }

    fn read(mut text: &[u8]) -> Option<Self> {
        let mut entries = Vec::with_capacity(text.len() / STORED);
        while !text.is_empty() {
            let (entry, rest) = text.split_at_checked(STORED)?;
            let entry = base64_url::decode(entry)?;
            let mut bytes = entry & LONG;
            text = rest;
            if bytes == LONG {
                let (length, rest) = text.split_at_checked(4)?;
                bytes = base64_url::decode(length)?;
                text = rest;
            }
            entries.push(Entry::new(entry >> 12, bytes));
        }
        let mut lines = LineSet {
            entries,
            untidy: true,
        };
        lines.tidy();
        Some(lines)
    }
}

impl<'de, const CAP: usize> Deserialize<'de> for LineSet<CAP> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        LineSet::read(text.as_bytes()).ok_or_else(|| D::Error::custom("line set is cut off"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_64;

    type Small = LineSet<8>;

    fn set(lines: &[(u64, u64)]) -> Small {
        let mut set = Small::default();
        lines
            .iter()
            .for_each(|&(hash, bytes)| set.push(hash, bytes));
        set.tidy();
        set
    }

    fn merged(mut a: Small, b: &Small) -> Small {
        a.merge(b);
        a
    }

    /// Few lengths, so that many are equal, and the lengths at which the stored form changes.
    fn lengths() -> impl Strategy<Value = u64> {
        prop_oneof![0..9_u64, LONG - 1..LONG + 2, LONGEST - 1..LONGEST + 2]
    }

    #[test]
    fn a_set_below_its_capacity_is_exact() {
        let set = set(&[(3, 10), (1, 20), (3, 10)]);
        assert_eq!((set.totals(), set.is_estimate()), ((2, 30), false));
        assert_eq!(Small::default().totals(), (0, 0));
    }

    #[test]
    fn a_set_above_its_capacity_estimates() {
        let mut set = LineSet::<8192>::default();
        for number in 0..100_000_u64 {
            set.push(kept(xxh3_64(&number.to_le_bytes())), 50 + number % 101);
        }
        set.tidy();
        let (lines, bytes) = set.totals();
        assert!(set.is_estimate());
        // The bounds are five standard errors away.
        assert!((94_500..105_500).contains(&lines), "{lines}");
        assert!((94_500 * 100..105_500 * 100).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_line_longer_than_the_longest_counts_as_the_longest() {
        assert_eq!(set(&[(1, u64::MAX)]).totals(), (1, LONGEST));
    }

    #[test]
    fn a_truncated_set_is_refused() {
        let read = |text| serde_json::from_str::<Small>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#""""#), Ok(Small::default()));
        for text in [r#""AAAAAAA""#, r#""AAAAAA__""#, r#""AAAAAA__AAA""#] {
            assert!(read(text).is_err_and(|error| error.contains("cut off")));
        }
        assert!(read(r#""AAAAAAA?""#).is_err());
    }

    proptest! {
        #[test]
        fn merging_is_a_union(
            a in vec((0..30_u64, lengths()), 0..30),
            b in vec((0..30_u64, lengths()), 0..30),
            c in vec((0..30_u64, lengths()), 0..30),
        ) {
            let all = set(&[&a[..], &b, &c].concat());
            let (a, b, c) = (set(&a), set(&b), set(&c));
            let left = merged(merged(a.clone(), &b), &c);
            prop_assert_eq!(&left, &merged(a.clone(), &merged(b.clone(), &c)));
            prop_assert_eq!(&left, &merged(c, &merged(b, &a)));
            prop_assert_eq!(&left, &merged(left.clone(), &a));
            prop_assert_eq!(&left, &all);
            let mut text = b"\"".to_vec();
            left.write(&mut text);
            text.push(b'"');
            prop_assert_eq!(serde_json::from_slice::<Small>(&text).expect("we wrote it"), left);
        }
    }
}
