/*! The lines of a request as a set that merges: each event once, whatever object it came in. */

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Bytes of one entry as it is stored: 6 of its hash, 3 of its length. Nothing packs them, and every request has a dozen.
const STORED: usize = 9;
/// The bits of a hash that are kept: of a request's few thousand lines no two share them.
const HASH: u64 = !0xffff;
/// Longest line that can be told, in bytes; CloudWatch's own limit is 1 MiB.
const LONGEST: u64 = (1 << 24) - 1;

/**
The `CAP` entries with the smallest hashes, each with the bytes of its line.

Below `CAP` the set is exact. At `CAP` it is a sample: hashes are uniform, so the largest that is kept tells how many
there are (standard error 1/√CAP). Keeping the smallest of a union is commutative, associative and idempotent, which no
count per object is once objects overlap.
*/
#[derive(Debug, Clone, Default)]
pub(super) struct LineSet<const CAP: usize> {
    /// Sorted, distinct and at most `CAP` when `tidy`.
    entries: Vec<(u64, u32)>,
    untidy: bool,
}

impl<const CAP: usize> LineSet<CAP> {
    pub fn push(&mut self, hash: u64, bytes: u64) {
        self.untidy = true;
        self.entries.push((hash & HASH, bytes.min(LONGEST) as u32));
        if self.entries.len() >= 2 * CAP {
            self.tidy();
        }
    }

    /// Entries held, before they are made distinct.
    pub fn held(&self) -> usize {
        self.entries.len()
    }

    pub fn tidy(&mut self) {
        if self.untidy {
            // The larger line first, so that two that claim the same hash merge the same way round.
            self.entries
                .sort_unstable_by_key(|&(hash, bytes)| (hash, !bytes));
            self.entries.dedup_by_key(|&mut (hash, _)| hash);
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

    /// Lines and their bytes; for a tidy set.
    pub fn totals(&self) -> (u64, u64) {
        let bytes: u64 = self
            .entries
            .iter()
            .map(|&(_, bytes)| u64::from(bytes))
            .sum();
        let lines = self.entries.len() as u64;
        match self.entries.last() {
            Some(&(last, _)) if self.is_estimate() => {
                let share = (last as f64 + (!HASH) as f64 + 1.0) / (u64::MAX as f64 + 1.0);
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
}

impl<const CAP: usize> PartialEq for LineSet<CAP> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<const CAP: usize> LineSet<CAP> {
    /// Appends the stored form: base64 without a character that JSON escapes.
    pub fn write(&self, out: &mut Vec<u8>) {
        // An entry is a whole number of base64's groups.
        let letters = self.entries.len() * STORED / 3 * 4;
        let mut at = out.len();
        out.resize(at + letters, 0);
        for (hash, length) in &self.entries {
            let mut bytes = [0; STORED];
            bytes[..6].copy_from_slice(&hash.to_be_bytes()[..6]);
            bytes[6..].copy_from_slice(&length.to_be_bytes()[1..]);
            let end = at + STORED / 3 * 4;
            STANDARD_NO_PAD
                .encode_slice(bytes, &mut out[at..end])
                .expect("it has the length");
            at = end;
        }
    }
}

impl<'de, const CAP: usize> Deserialize<'de> for LineSet<CAP> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = STANDARD_NO_PAD
            .decode(text.as_bytes())
            .map_err(D::Error::custom)?;
        let (entries, rest) = bytes.as_chunks::<STORED>();
        if !rest.is_empty() {
            return Err(D::Error::custom("line set is cut off"));
        }
        let entry = |&[a, b, c, d, e, f, g, h, i]: &[u8; STORED]| {
            let hash = u64::from_be_bytes([a, b, c, d, e, f, 0, 0]);
            (hash, u32::from_be_bytes([0, g, h, i]))
        };
        let mut lines = LineSet {
            entries: entries.iter().map(entry).collect(),
            untidy: true,
        };
        lines.tidy();
        Ok(lines)
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
        // Hashes are told apart by their upper bits.
        lines
            .iter()
            .for_each(|&(hash, bytes)| set.push(hash << 32, bytes));
        set.tidy();
        set
    }

    fn merged(mut a: Small, b: &Small) -> Small {
        a.merge(b);
        a
    }

    #[test]
    fn below_its_bound_a_set_is_exact() {
        let set = set(&[(3, 10), (1, 20), (3, 10)]);
        assert_eq!((set.totals(), set.is_estimate()), ((2, 30), false));
        assert_eq!(Small::default().totals(), (0, 0));
    }

    #[test]
    fn beyond_its_bound_a_set_estimates() {
        let mut set = LineSet::<8192>::default();
        for number in 0..100_000_u64 {
            set.push(xxh3_64(&number.to_le_bytes()), 50 + number % 101);
        }
        set.tidy();
        let (lines, bytes) = set.totals();
        assert!(set.is_estimate());
        // Five standard errors.
        assert!((94_500..105_500).contains(&lines), "{lines}");
        assert!((94_500 * 100..105_500 * 100).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_line_longer_than_can_be_told_counts_as_the_longest() {
        assert_eq!(set(&[(1, u64::MAX)]).totals(), (1, LONGEST));
    }

    #[test]
    fn a_set_that_is_cut_off_is_refused() {
        let read = |text| serde_json::from_str::<Small>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#""""#), Ok(Small::default()));
        assert!(read(r#""AAAA""#).is_err_and(|error| error.contains("cut off")));
        assert!(read(r#""?""#).is_err());
    }

    proptest! {
        #[test]
        fn merging_is_a_union(
            a in vec((0..30_u64, 0..9_u64), 0..30),
            b in vec((0..30_u64, 0..9_u64), 0..30),
            c in vec((0..30_u64, 0..9_u64), 0..30),
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
