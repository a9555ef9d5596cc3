/*! The lines of a request as a set that merges: each event once, whatever object it came in. */

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of one entry as it is stored.
const STORED: usize = 12;

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
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.untidy = true;
        self.entries.push((hash, bytes));
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
        let bytes: u64 = self.entries.iter().map(|&(_, bytes)| u64::from(bytes)).sum();
        let lines = self.entries.len() as u64;
        match self.entries.last() {
            Some(&(last, _)) if self.is_estimate() => {
                let share = (last as f64 + 1.0) / (u64::MAX as f64 + 1.0);
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

impl<const CAP: usize> Serialize for LineSet<CAP> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.entries.len() * STORED);
        for (hash, length) in &self.entries {
            bytes.extend_from_slice(&hash.to_be_bytes());
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
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
        let entry = |&[a, b, c, d, e, f, g, h, i, j, k, l]: &[u8; STORED]| {
            let hash = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            (hash, u32::from_be_bytes([i, j, k, l]))
        };
        let mut lines = LineSet {
            entries: entries.iter().map(entry).collect(),
            untidy: true,
        };
        lines.tidy();
        Ok(lines)
    }
}
