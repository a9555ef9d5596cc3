//! The numbers that the limits of memory come from.

use logferry_core::bulk::COMPRESSED_PART;

/// Buffers of an object that is being read: decoder, decompressor, chunk, and the state that a little text leaves.
pub(super) const READING: usize = 512 * 1024;
/// The usual maximum of a reader's state: 1.7 MB of ordinals where most lines occur twice, half a megabyte of
/// invocations. With a larger value, the defaults would have two large readers instead of three.
const READER_STATE: usize = 9 << 18;

/// The bytes that a large reader may need: its longest event twice, and its state.
pub(super) fn large_reader(max_event_bytes: usize) -> usize {
    2 * max_event_bytes + READER_STATE
}

/// The zstd window that always has room: that of zstd's default level. The format itself recommends 8 MiB.
pub(super) const WINDOW: usize = 2 << 20;

/// The numbers that the shares are computed from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemoryConfig {
    /// The limit for everything in flight.
    pub(crate) bytes: usize,
    pub(crate) objects_in_flight: usize,
    pub(crate) max_event_bytes: usize,
    pub(crate) bulk_bytes: usize,
    /// Bulks may be compressed: their bodies are then held in two forms.
    pub(crate) compressed: bool,
}

impl MemoryConfig {
    /// The least `bytes` for these numbers: all readers' buffers, one large reader with half a window, and the parcels.
    /// A reader with a whole window uses the room of its longest event, unless it has both at once.
    pub(crate) fn least(&self) -> usize {
        self.objects_in_flight * READING
            + large_reader(self.max_event_bytes)
            + WINDOW / 2
            + self.least_parcels()
    }

    /// One bulk in flight while the next is filled, or the largest event's document.
    pub(super) fn least_parcels(&self) -> usize {
        let plain = (2 * self.bulk_bytes).max(2 * self.max_event_bytes);
        match self.compressed {
            true => plain + plain.div_ceil(COMPRESSED_PART),
            false => plain,
        }
    }

    /// What remains of these bytes for parcels beside the compressed forms of their bulks.
    pub(super) fn without_compressed(&self, bytes: usize) -> usize {
        match self.compressed {
            true => bytes / (COMPRESSED_PART + 1) * COMPRESSED_PART,
            false => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::observe::Metrics;
    use crate::pipeline::memory::MemoryLimiter;

    #[test]
    fn compressed_bulks_have_room_beside_the_plain_ones() {
        let plain = MemoryConfig {
            bytes: 48 << 20,
            objects_in_flight: 32,
            max_event_bytes: 1 << 20,
            bulk_bytes: 5_000_000,
            compressed: false,
        };
        let compressed = MemoryConfig {
            compressed: true,
            ..plain
        };
        let parcels =
            |config: &MemoryConfig| MemoryLimiter::new(config, Arc::new(Metrics::new())).parcels();
        let (whole, part) = (parcels(&plain), parcels(&compressed));
        assert!(part + part / COMPRESSED_PART <= whole, "{part} {whole}");
        assert!(part >= 15_000_000, "three bulks: {part}");
        let least = MemoryConfig {
            bytes: compressed.least(),
            ..compressed
        };
        assert!(
            parcels(&least) + 1024 >= 10_000_000,
            "one is sent, one is filled"
        );
    }
}
