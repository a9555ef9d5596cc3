/*! How many times an equal event came before in the object, in bounded memory. */

use std::collections::{HashMap, HashSet};

use crate::identity_hasher::BuildIdentityHasher;

/// Fingerprints in one generation: what a table of 32,768 slots holds before it would double: some 0.3 MB, or
/// 0.85 MB if each of them is met again.
pub const GENERATION: usize = 28_672;

/// Counts equal fingerprints. It remembers those met last, in two generations: a fingerprint that is met again moves
/// to the younger one, and when that is full the older is forgotten.
///
/// The limit is part of what ids mean: two equal events (same stream, millisecond and text) with more than
/// [`GENERATION`] different ones between them may get the same ordinal, thus the same id, and end as one document.
#[derive(Debug, Default)]
pub struct Ordinals {
    young: Generation,
    old: Generation,
}

/// Every event touches it at a place of chance: the smaller it is, the more of it is in the CPU's caches.
#[derive(Debug, Default)]
struct Generation {
    met: HashSet<u64, BuildIdentityHasher>,
    /// Ordinals that are not 0.
    repeated: HashMap<u64, u32, BuildIdentityHasher>,
}

impl Ordinals {
    /// 0 for the first event with this fingerprint, 1 for the second, …
    pub fn next(&mut self, fingerprint: u64) -> u32 {
        let last = self.young.last(fingerprint);
        let is_young = last.is_some();
        let last = last.or_else(|| self.old.last(fingerprint));
        if !is_young && self.young.met.len() == GENERATION {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.met.clear();
            self.young.repeated.clear();
        }
        let ordinal = last.map_or(0, |last| last.wrapping_add(1));
        if !is_young {
            self.young.met.insert(fingerprint);
        }
        if last.is_some() {
            self.young.repeated.insert(fingerprint, ordinal);
        }
        ordinal
    }
}

impl Generation {
    /// The ordinal that was given last.
    fn last(&self, fingerprint: u64) -> Option<u32> {
        let known = self.met.contains(&fingerprint);
        known.then(|| self.repeated.get(&fingerprint).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spreads small numbers over the table as real fingerprints are.
    fn fingerprint(number: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&number.to_le_bytes())
    }

    #[test]
    fn counts_equal_fingerprints() {
        let mut ordinals = Ordinals::default();
        let met = [1, 2, 1, 1, 2, 3].map(|number| ordinals.next(fingerprint(number)));
        assert_eq!(met, [0, 0, 1, 2, 1, 0]);
    }

    #[test]
    fn remembers_across_one_generation_of_others_and_no_more_than_two() {
        let mut ordinals = Ordinals::default();
        assert_eq!(ordinals.next(fingerprint(0)), 0);
        for other in 0..GENERATION as u64 {
            ordinals.next(fingerprint(1_000_000 + other));
        }
        assert_eq!(ordinals.next(fingerprint(0)), 1, "moved to the young");
        for other in 0..3 * GENERATION as u64 {
            assert_eq!(ordinals.next(fingerprint(2_000_000 + other)), 0);
            assert!(ordinals.young.met.len() <= GENERATION && ordinals.old.met.len() <= GENERATION);
        }
        assert!(
            ordinals.young.met.capacity() <= GENERATION,
            "tables never grow beyond"
        );
        assert_eq!(ordinals.next(fingerprint(0)), 0, "forgotten, as documented");
    }

    #[test]
    fn a_small_object_costs_little() {
        let mut ordinals = Ordinals::default();
        for number in 0..10 {
            ordinals.next(fingerprint(number));
        }
        assert!(ordinals.young.met.capacity() < 32 && ordinals.old.met.capacity() == 0);
    }
}
