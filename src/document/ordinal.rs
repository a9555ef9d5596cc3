/*! How many times an equal event came before in the object, in bounded memory. */

use std::collections::HashMap;

use crate::hashed::AsItIs;

/// Fingerprints in one generation: what a table of 32,768 slots holds before it would double (some 0.5 MB).
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

type Generation = HashMap<u64, u32, AsItIs>;

impl Ordinals {
    /// 0 for the first event with this fingerprint, 1 for the second, …
    pub fn next(&mut self, fingerprint: u64) -> u32 {
        if let Some(count) = self.young.get_mut(&fingerprint) {
            *count = count.wrapping_add(1);
            return *count;
        }
        let ordinal = match self.old.get(&fingerprint) {
            Some(count) => count.wrapping_add(1),
            None => 0,
        };
        if self.young.len() == GENERATION {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(fingerprint, ordinal);
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
            assert!(ordinals.young.len() <= GENERATION && ordinals.old.len() <= GENERATION);
        }
        assert!(
            ordinals.young.capacity() <= GENERATION,
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
        assert!(ordinals.young.capacity() < 32 && ordinals.old.capacity() == 0);
    }
}
