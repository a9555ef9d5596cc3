/*! A hasher for maps whose keys are 64-bit hashes already: the key is its own hash. */

use std::hash::{BuildHasherDefault, Hasher};

/// The `BuildHasher` of a map with `u64` keys: each key is its own hash.
pub(crate) type BuildIdentityHasher = BuildHasherDefault<IdentityHasher>;

/// The identity hasher. A `u64` is returned unchanged; other keys are folded byte by byte.
#[derive(Debug, Default)]
pub(crate) struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
