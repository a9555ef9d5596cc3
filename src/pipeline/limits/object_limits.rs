/*! How much one object may inflate to: bytes in all, and bytes for each stored byte. */

use crate::error_class::ErrorClass;
use crate::pipeline::settle::{ReadFailure, ReadProgress};

/// Up to this many decompressed bytes, any ratio is allowed.
const ANY_RATIO: u64 = 16 << 20;

#[derive(Debug, Clone)]
pub struct ObjectLimits {
    /// Decompressed; a longer object is broken.
    pub max_object_bytes: u64,
    /// Decompressed bytes for each stored byte; an object above it is broken.
    pub max_ratio: u64,
}

impl ObjectLimits {
    /// Checks an object of which `more` bytes follow those that were read.
    pub(crate) fn check(&self, progress: &ReadProgress, more: u64) -> Result<(), ReadFailure> {
        let bytes = progress.bytes + more;
        let reason = if bytes > self.max_object_bytes {
            format!(
                "more than {} bytes decompressed (--max-object-bytes)",
                self.max_object_bytes
            )
        } else if bytes > self.by_ratio(progress) {
            format!(
                "more than {} bytes for each stored byte (--max-ratio)",
                self.max_ratio
            )
        } else {
            return Ok(());
        };
        Err(ReadFailure {
            class: ErrorClass::Broken,
            reason,
        })
    }

    /// The most decompressed bytes for the stored bytes that were read so far.
    fn by_ratio(&self, progress: &ReadProgress) -> u64 {
        let bytes = (progress.stored_bytes + 1).saturating_mul(self.max_ratio) - 1;
        bytes.max(ANY_RATIO)
    }

    /// The bytes that envelopes inside of the object may inflate to when `more` of its own bytes are read.
    pub(crate) fn inflatable(&self, progress: &ReadProgress, more: u64) -> u64 {
        let most = self.by_ratio(progress).min(self.max_object_bytes);
        most.saturating_sub(progress.bytes + more)
    }
}
