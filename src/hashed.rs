/*! Tables whose keys are hashes already. */

use std::hash::{BuildHasherDefault, Hasher};

/// Takes a key of 64 bits for its own hash.
pub(crate) type AsItIs = BuildHasherDefault<Same>;

#[derive(Debug, Default)]
pub(crate) struct Same(u64);

impl Hasher for Same {
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
