/*!
The bytes that everything in flight shares.

Two shares, so that nobody who waits for one holds what the others wait for: readers' buffers, bounded by how many objects are read at
once and how many of those are large; and parcels, which come back by themselves when their verdicts are in. A task holds no unsent
parcel while it waits.

A giant parcel takes its share step by step, so that the small ones that come after it wait for a step and not for all of it. One
giant at a time does so: two that hold half of what they need would wait for each other. Its last step is the longest: until then it
leaves more than any small one needs, or the small ones before it could wait for what it holds.
*/

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::observe::Metrics;

const UNIT: usize = 1024;
/// Buffers of an object that is being read: decoder, decompressor, chunk, and what is remembered of a little text.
pub const READING: usize = 512 * 1024;
/// An object of more decompressed bytes than this needs a large reader's place.
pub(crate) const SMALL: u64 = 256 * 1024;

pub(crate) struct MemoryLimiter {
    parcels: Arc<Semaphore>,
    total: u32,
    /// What is taken at once; more makes a giant.
    step: u32,
    /// The place of the one giant that takes its share.
    giant: Semaphore,
    large: Arc<Semaphore>,
    /// Of the large readers' share: one reader's part, and all of it.
    large_part: usize,
    large_total: usize,
    memory: usize,
    long: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// A parcel's share of the limiter; given back when dropped.
pub(crate) struct Reservation {
    /// There until it is merged into another's.
    permit: Option<OwnedSemaphorePermit>,
    metrics: Arc<Metrics>,
}

/// What is usually remembered at the most: 1.7 MB of ordinals where most lines come twice, half a megabyte of invocations. With more, the
/// defaults would have two places instead of three.
const REMEMBERED: usize = 9 << 18;

/// What a large reader may need: its longest event twice, and what is remembered.
fn large_reader(max_event_bytes: usize) -> usize {
    2 * max_event_bytes + REMEMBERED
}

/// The zstd window that there is room for in any case: that of zstd's own level. The format's own advice is 8 MiB.
const WINDOW: usize = 2 << 20;
const USUAL_WINDOW: usize = 8 << 20;
/// A window may have this part of all memory: each object that waits for its place has allocated one already.
const WINDOWS: usize = 16;

/// The least `--memory` for this many readers: their buffers, one large one, and the largest parcel.
pub fn least(objects: usize, max_event_bytes: usize, bulk_bytes: usize) -> usize {
    objects * READING
        + large_reader(max_event_bytes)
        + WINDOW
        + least_parcels(max_event_bytes, bulk_bytes)
}

/// One bulk on its way while the next is filled, or the largest event's document.
fn least_parcels(max_event_bytes: usize, bulk_bytes: usize) -> usize {
    (2 * bulk_bytes).max(2 * max_event_bytes)
}

impl MemoryLimiter {
    pub(crate) fn new(
        memory: usize,
        objects: usize,
        max_event_bytes: usize,
        bulk_bytes: usize,
        metrics: Arc<Metrics>,
    ) -> Self {
        let shared = memory.saturating_sub(objects * READING);
        // Two fifths for large readers as long as parcels have their least; the rest for parcels.
        let spare = shared.saturating_sub(least_parcels(max_event_bytes, bulk_bytes));
        let part = large_reader(max_event_bytes).next_multiple_of(UNIT);
        let places = (shared * 2 / 5).min(spare) / part;
        let places = places.clamp(1, objects.max(1));
        // With few places there is room for a window at least, as far as parcels can spare it.
        let large_total = (places * part)
            .max(spare.min(part + USUAL_WINDOW))
            .max(part);
        let parcels = shared.saturating_sub(large_total);
        let total = u32::try_from(parcels / UNIT).unwrap_or(u32::MAX).max(1);
        Self {
            parcels: Arc::new(Semaphore::new(total as usize)),
            total,
            step: step(total),
            giant: Semaphore::new(1),
            large: Arc::new(Semaphore::new(units(large_total) as usize)),
            large_part: part,
            large_total,
            memory,
            long: Arc::new(Semaphore::new(1)),
            metrics,
        }
    }

    /// WaitingBytes for room for a parcel. More than there is in all is given as all there is: one giant passes, alone.
    pub(crate) async fn reserve(&self, bytes: usize) -> Reservation {
        let units = units(bytes).min(self.total);
        if units <= self.step {
            return self.take(units).await;
        }
        let turn = self.giant.acquire().await;
        let mut reservation = self.take(0).await;
        let mut left = units;
        while left > 2 * self.step {
            reservation.grow(self.take(self.step).await);
            left -= self.step;
        }
        reservation.grow(self.take(left).await);
        drop(turn);
        reservation
    }

    /// WaitingBytes for its turn, and for so many units.
    async fn take(&self, units: u32) -> Reservation {
        let permit = self.parcels.clone().acquire_many_owned(units).await;
        let permit = permit.expect("the limiter is never closed");
        let held = (permit.num_permits() * UNIT) as i64;
        self.metrics.memory_reserved.inc_by(held);
        Reservation {
            permit: Some(permit),
            metrics: self.metrics.clone(),
        }
    }

    /// WaitingBytes for a large reader's place, with zstd windows of so many bytes.
    pub(crate) async fn large_reader(&self, windows: u64) -> OwnedSemaphorePermit {
        let windows = usize::try_from(windows).unwrap_or(usize::MAX);
        let bytes = self
            .large_part
            .saturating_add(windows)
            .min(self.large_total);
        let permit = self.large.clone().acquire_many_owned(units(bytes)).await;
        permit.expect("the limiter is never closed")
    }

    /// WaitingBytes for the turn to hold an element that is longer than any text. Who has it waits for no large
    /// reader's place.
    pub(crate) async fn long_element(&self) -> OwnedSemaphorePermit {
        let permit = self.long.clone().acquire_owned().await;
        permit.expect("the limiter is never closed")
    }

    /// The largest zstd window that there is room for beside a large reader.
    pub(crate) fn largest_window(&self) -> u64 {
        let room = self.large_total - self.large_part;
        room.min(self.memory / WINDOWS).max(WINDOW) as u64
    }

    /// Bytes that parcels can have in all.
    pub(crate) fn parcels(&self) -> usize {
        self.total as usize * UNIT
    }
}

impl Reservation {
    pub(crate) fn bytes(&self) -> usize {
        (self.permit.as_ref()).map_or(0, |permit| permit.num_permits() * UNIT)
    }

    /// Gives back all but `bytes`.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        if let Some(permit) = &mut self.permit {
            let spare = permit.num_permits().saturating_sub(units(bytes) as usize);
            self.metrics.memory_reserved.dec_by((spare * UNIT) as i64);
            drop(permit.split(spare));
        }
    }

    fn grow(&mut self, mut more: Reservation) {
        match (&mut self.permit, more.permit.take()) {
            (Some(permit), Some(more)) => permit.merge(more),
            (permit, more) => *permit = permit.take().or(more),
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.metrics.memory_reserved.dec_by(self.bytes() as i64);
    }
}

/// What is taken at once of so many units.
fn step(total: u32) -> u32 {
    (total / 8).max(1)
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_is_reserved_comes_back() {
        let metrics = Arc::new(Metrics::new());
        let limiter = MemoryLimiter::new(READING + 20 * UNIT, 1, 0, 0, metrics.clone());
        let total = limiter.parcels();
        let mut first = limiter.reserve(4 * UNIT).await;
        assert_eq!(first.bytes(), (4 * UNIT).min(total));
        first.shrink(1);
        assert_eq!(metrics.memory_reserved.get(), UNIT as i64);
        drop(first);
        let giant = limiter.reserve(1 << 30).await;
        assert_eq!(giant.bytes(), total);
        drop(giant);
        assert_eq!(metrics.memory_reserved.get(), 0);
    }

    /// A limiter of so many units for parcels.
    fn limiter_of(units: usize) -> Arc<MemoryLimiter> {
        let memory = MemoryLimiter::new(48 << 20, 1, 0, 0, Arc::new(Metrics::new()));
        let total = units as u32;
        Arc::new(MemoryLimiter {
            parcels: Arc::new(Semaphore::new(units)),
            total,
            step: step(total),
            ..memory
        })
    }

    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn small_parcels_pass_a_giant_that_waits() {
        let limiter = limiter_of(80);
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(limiter.reserve(10 * UNIT).await);
        }
        let waiting = limiter.clone();
        let giant = tokio::spawn(async move { waiting.reserve(80 * UNIT).await });
        settle().await;
        let waiting = limiter.clone();
        let small = tokio::spawn(async move { waiting.reserve(5 * UNIT).await });
        settle().await;
        // The giant was there first: a step for it, and then the small one's turn.
        held.pop();
        settle().await;
        assert!(!small.is_finished());
        held.pop();
        settle().await;
        assert!(small.is_finished() && !giant.is_finished());
        drop(small.await.unwrap());
        held.clear();
        let giant = giant.await.unwrap();
        assert_eq!(giant.bytes(), 80 * UNIT);
        assert_eq!(limiter.metrics.memory_reserved.get(), 80 * UNIT as i64);
    }

    #[tokio::test]
    async fn a_giant_that_gives_up_gives_back_what_it_had() {
        let limiter = limiter_of(80);
        let held = limiter.reserve(10 * UNIT).await;
        let waiting = limiter.clone();
        let giant = tokio::spawn(async move { waiting.reserve(80 * UNIT).await });
        settle().await;
        assert_eq!(limiter.parcels.available_permits(), 0);
        giant.abort();
        assert!(giant.await.is_err_and(|ended| ended.is_cancelled()));
        assert_eq!(limiter.parcels.available_permits(), 70);
        drop(held);
        assert_eq!(limiter.reserve(1 << 30).await.bytes(), 80 * UNIT);
        assert_eq!(limiter.metrics.memory_reserved.get(), 0);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        /// Whatever is reserved, in whatever order and for however long: everybody has a turn.
        #[test]
        fn everybody_has_a_turn(
            total in 1_usize..200,
            parcels in proptest::collection::vec((1_usize..300, 0_u64..50, 0_u64..20), 1..80),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let limiter = limiter_of(total);
                let tasks: Vec<_> = parcels
                    .into_iter()
                    .map(|(units, held, after)| {
                        let limiter = limiter.clone();
                        tokio::spawn(async move {
                            tokio::time::sleep(Duration::from_millis(after)).await;
                            let mut share = limiter.reserve(units * UNIT).await;
                            assert_eq!(share.bytes(), units.min(total) * UNIT);
                            share.shrink(units / 2 * UNIT);
                            tokio::time::sleep(Duration::from_millis(held)).await;
                        })
                    })
                    .collect();
                let all = futures_util::future::join_all(tasks);
                let ended = tokio::time::timeout(Duration::from_secs(60), all).await;
                for task in ended.expect("somebody waits for ever") {
                    task.unwrap();
                }
                assert_eq!(limiter.parcels.available_permits(), total);
                assert_eq!(limiter.metrics.memory_reserved.get(), 0);
            });
        }
    }

    #[test]
    fn the_defaults_have_room_for_bulks_and_large_readers() {
        let metrics = Arc::new(Metrics::new());
        let limiter = MemoryLimiter::new(48 << 20, 32, 1 << 20, 5_000_000, metrics);
        assert!(limiter.parcels() >= 20_000_000, "{}", limiter.parcels());
        assert!(limiter.large_total >= 3 * limiter.large_part);
        assert_eq!(limiter.largest_window(), 3 << 20);
        assert!(least(32, 1 << 20, 5_000_000) <= 48 << 20);
    }

    #[tokio::test]
    async fn a_window_takes_the_place_of_other_large_readers() {
        let metrics = Arc::new(Metrics::new());
        let limiter = MemoryLimiter::new(48 << 20, 32, 1 << 20, 5_000_000, metrics);
        let first = limiter.large_reader(8 << 20).await;
        let second = limiter.large_reader(0).now_or_never();
        assert!(second.is_none());
        drop(first);
        let usual = [
            limiter.large_reader(2 << 20).await,
            limiter.large_reader(2 << 20).await,
        ];
        drop(usual);
        // With the least memory it may have all, alone.
        let least = least(1, 1 << 20, 5_000_000);
        let limiter = MemoryLimiter::new(least, 1, 1 << 20, 5_000_000, Arc::new(Metrics::new()));
        assert!(limiter.large_reader(1 << 30).now_or_never().is_some());
    }

    #[test]
    fn one_object_at_a_time_may_have_a_window_too() {
        for memory in [32 << 20, 48 << 20, 128 << 20] {
            let limiter =
                MemoryLimiter::new(memory, 1, 1 << 20, 5_000_000, Arc::new(Metrics::new()));
            assert!(limiter.largest_window() >= (memory / 16) as u64, "{memory}");
        }
    }

    #[test]
    fn the_least_memory_has_room_for_what_it_promises() {
        for (event, bulk) in [(1 << 16, 8 << 20), (1 << 20, 9 << 20), (1 << 20, 100 << 20)] {
            let memory = least(32, event, bulk);
            let limiter = MemoryLimiter::new(memory, 32, event, bulk, Arc::new(Metrics::new()));
            assert!(limiter.largest_window() >= 2 << 20);
            assert!(limiter.large_total < 2 * limiter.large_part + WINDOW);
            assert!(limiter.parcels() + UNIT > least_parcels(event, bulk));
        }
    }
}
