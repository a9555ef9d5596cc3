/*! The fingerprint of an event goes in; the number of equal events before it in the object comes out, in bounded
memory. */

use std::collections::{HashMap, HashSet};

use crate::identity_hasher::BuildIdentityHasher;

/// Maximum number of fingerprints in one generation: a table of 32,768 slots holds them without growing. It takes
/// 0.3 MB, or 0.85 MB if each fingerprint occurs again.
pub const GENERATION: usize = 28_672;

/// Counts equal fingerprints. It remembers the latest ones in two generations: a fingerprint that occurs again moves to
/// the younger generation. When that is full, the older one is dropped.
///
/// The limit is a part of the ids' definition: two equal events (same stream, millisecond and text) with more than
/// [`GENERATION`] different events between them may get the same ordinal and id, and end as one document.
#[derive(Debug, Default)]
pub struct Ordinals {
    young: Generation,
    old: Generation,
}

/// A table of fingerprints. Each event reads a random slot, so a small table, which fits the CPU's caches, is fast.
#[derive(Debug, Default)]
struct Generation {
    met: HashSet<u64, BuildIdentityHasher>,
    /// Ordinals that are not 0.
    repeated: HashMap<u64, u32, BuildIdentityHasher>,
}

impl Ordinals {
    /// 0 for the first event with this fingerprint, 1 for the second, …
    pub fn next(&mut self, fingerprint: u64) -> u32 {
        if self.young.met.len() == GENERATION {
            return self.next_of_full(fingerprint);
        }
        // One search in the table both tells and inserts.
        let last = match self.young.met.insert(fingerprint) {
            true => self.old.last(fingerprint),
            false => Some(self.young.last_of_known(fingerprint)),
        };
        self.young.follow(fingerprint, last)
    }

    /// [`Ordinals::next`] with a full younger generation. An insertion would make its table grow, even of a fingerprint
    /// that it has.
    fn next_of_full(&mut self, fingerprint: u64) -> u32 {
        if let Some(last) = self.young.last(fingerprint) {
            return self.young.follow(fingerprint, Some(last));
        }
        let last = self.old.last(fingerprint);
        std::mem::swap(&mut self.young, &mut self.old);
        self.young.met.clear();
        self.young.repeated.clear();
        self.young.met.insert(fingerprint);
        self.young.follow(fingerprint, last)
    }
}

impl Generation {
    /// The last ordinal of a fingerprint; `None` if the generation does not have it.
    fn last(&self, fingerprint: u64) -> Option<u32> {
        let known = self.met.contains(&fingerprint);
        known.then(|| self.last_of_known(fingerprint))
    }

    /// The last ordinal of a fingerprint that the generation has.
    fn last_of_known(&self, fingerprint: u64) -> u32 {
        self.repeated.get(&fingerprint).copied().unwrap_or_default()
    }

    /// The ordinal behind the last one, which the generation remembers.
    fn follow(&mut self, fingerprint: u64, last: Option<u32>) -> u32 {
        let Some(last) = last else { return 0 };
        let ordinal = last.wrapping_add(1);
        self.repeated.insert(fingerprint, ordinal);
        ordinal
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
    fn a_full_generation_counts_on_and_does_not_grow() {
        let mut ordinals = Ordinals::default();
        for number in 0..GENERATION as u64 {
            ordinals.next(fingerprint(number));
        }
        let again = [0, 1, 0, 0].map(|number| ordinals.next(fingerprint(number)));
        assert_eq!(again, [1, 1, 2, 3]);
        assert!(ordinals.young.met.capacity() <= GENERATION && ordinals.old.met.is_empty());
        // Another fingerprint begins a generation, and the older one still counts.
        let next = [u64::MAX, 0, 0].map(|number| ordinals.next(fingerprint(number)));
        assert_eq!(next, [0, 4, 5]);
        assert_eq!(ordinals.young.met.len(), 2);
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
