/*!
The bytes that everything in flight shares.

Two shares, so that nobody who waits for one holds what the others wait for: readers' buffers, bounded by how many objects are read at
once and how many of those are large; and parcels, which come back by themselves when their verdicts are in. A task holds no unsent
parcel while it waits.
*/

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::observe::Metrics;

const UNIT: usize = 1024;
/// Buffers of an object that is being read: decoder, decompressor, chunk, and what is remembered of a little text.
pub const READING: usize = 512 * 1024;
/// An object of more decompressed bytes than this needs a large reader's place.
pub(super) const SMALL: u64 = 256 * 1024;

pub(super) struct Budget {
    parcels: Arc<Semaphore>,
    total: u32,
    large: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// A parcel's share of the budget; given back when dropped.
pub(super) struct Reservation {
    permit: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

/// What is usually remembered at the most: 1.7 MB of ordinals where most lines come twice, half a megabyte of invocations. With more, the
/// defaults would have two places instead of three.
const REMEMBERED: usize = 9 << 18;

/// What a large reader may need: its longest event twice, and what is remembered.
fn large_reader(max_event_bytes: usize) -> usize {
    2 * max_event_bytes + REMEMBERED
}

/// The least `--memory` for this many readers: their buffers, one large one, and the largest parcel.
pub fn least(objects: usize, max_event_bytes: usize, bulk_bytes: usize) -> usize {
    objects * READING + large_reader(max_event_bytes) + least_parcels(max_event_bytes, bulk_bytes)
}

/// One bulk on its way while the next is filled, or the largest event's document.
fn least_parcels(max_event_bytes: usize, bulk_bytes: usize) -> usize {
    (2 * bulk_bytes).max(2 * max_event_bytes)
}

impl Budget {
    pub(super) fn new(
        memory: usize,
        objects: usize,
        max_event_bytes: usize,
        bulk_bytes: usize,
        metrics: Arc<Metrics>,
    ) -> Self {
        let shared = memory.saturating_sub(objects * READING);
        // Two fifths for large readers as long as parcels have their least; the rest for parcels.
        let spare = shared.saturating_sub(least_parcels(max_event_bytes, bulk_bytes));
        let places = (shared * 2 / 5).min(spare) / large_reader(max_event_bytes);
        let places = places.clamp(1, objects.max(1));
        let parcels = shared.saturating_sub(places * large_reader(max_event_bytes));
        let total = u32::try_from(parcels / UNIT).unwrap_or(u32::MAX).max(1);
        Self {
            parcels: Arc::new(Semaphore::new(total as usize)),
            total,
            large: Arc::new(Semaphore::new(places)),
            metrics,
        }
    }

    /// Waits for room for a parcel. More than there is in all is given as all there is: one giant passes, alone.
    pub(super) async fn reserve(&self, bytes: usize) -> Reservation {
        let units = units(bytes).min(self.total);
        let permit = self.parcels.clone().acquire_many_owned(units).await;
        let permit = permit.expect("the budget is never closed");
        let held = (permit.num_permits() * UNIT) as i64;
        self.metrics.memory_reserved.inc_by(held);
        Reservation {
            permit,
            metrics: self.metrics.clone(),
        }
    }

    /// Waits for a large reader's place.
    pub(super) async fn large_reader(&self) -> OwnedSemaphorePermit {
        let permit = self.large.clone().acquire_owned().await;
        permit.expect("the budget is never closed")
    }

    /// Bytes that parcels can have in all.
    pub(super) fn parcels(&self) -> usize {
        self.total as usize * UNIT
    }
}

impl Reservation {
    pub(super) fn bytes(&self) -> usize {
        self.permit.num_permits() * UNIT
    }

    /// Gives back all but `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let spare = self
            .permit
            .num_permits()
            .saturating_sub(units(bytes) as usize);
        self.metrics.memory_reserved.dec_by((spare * UNIT) as i64);
        drop(self.permit.split(spare));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.metrics.memory_reserved.dec_by(self.bytes() as i64);
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_reserved_comes_back() {
        let metrics = Arc::new(Metrics::new());
        let budget = Budget::new(READING + 20 * UNIT, 1, 0, 0, metrics.clone());
        let total = budget.parcels();
        let mut first = budget.reserve(4 * UNIT).await;
        assert_eq!(first.bytes(), (4 * UNIT).min(total));
        first.shrink(1);
        assert_eq!(metrics.memory_reserved.get(), UNIT as i64);
        drop(first);
        let giant = budget.reserve(1 << 30).await;
        assert_eq!(giant.bytes(), total);
        drop(giant);
        assert_eq!(metrics.memory_reserved.get(), 0);
    }

    #[test]
    fn the_defaults_have_room_for_bulks_and_large_readers() {
        let metrics = Arc::new(Metrics::new());
        let budget = Budget::new(48 << 20, 32, 1 << 20, 5_000_000, metrics);
        assert!(budget.parcels() >= 20_000_000, "{}", budget.parcels());
        assert!(budget.large.available_permits() >= 3);
        assert!(least(32, 1 << 20, 5_000_000) <= 48 << 20);
    }

    #[test]
    fn the_least_memory_has_room_for_what_it_promises() {
        for (event, bulk) in [(1 << 16, 8 << 20), (1 << 20, 9 << 20), (1 << 20, 100 << 20)] {
            let memory = least(32, event, bulk);
            let budget = Budget::new(memory, 32, event, bulk, Arc::new(Metrics::new()));
            assert_eq!(budget.large.available_permits(), 1);
            assert!(budget.parcels() + UNIT > least_parcels(event, bulk));
        }
    }
}
