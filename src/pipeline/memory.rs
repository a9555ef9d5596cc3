/*!
The memory limit for everything in flight: a number of bytes goes in, a permit comes out when they are free.

There are two shares, so that no task holds bytes of one while it waits for the other. Readers' buffers are bounded by
the number of objects that are read at once, and by how many of those are large. Parcels are bounded in bytes, which
come back when the verdicts are in. A task holds no unsent parcel while it waits.

A giant parcel takes its bytes step by step, so that the small parcels behind it wait for one step and not for all of
it. Only one giant does so at a time: two that hold half of their bytes would wait for each other. The last step is the
longest: until then the giant leaves more than any small parcel needs, so that no small parcel waits for its bytes.
*/

mod config;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::observe::Metrics;

pub(crate) use config::MemoryConfig;
use config::{READING, WINDOW, large_reader};

const UNIT: usize = 1024;
/// An object of more decompressed bytes than this needs a large reader's permit.
pub(crate) const SMALL: u64 = 256 * 1024;

pub(crate) struct MemoryLimiter {
    parcels: Arc<Semaphore>,
    /// Units of all parcels.
    total: u32,
    /// The most units that are taken at once; a parcel of more is a giant.
    step: u32,
    /// The turn of the one giant that takes its bytes.
    giant: Semaphore,
    large: Arc<Semaphore>,
    /// Bytes of one large reader.
    large_part: usize,
    /// Bytes of all large readers.
    large_total: usize,
    /// The limit for everything in flight.
    bytes: usize,
    long: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// A parcel's bytes; given back when dropped.
pub(crate) struct Reservation {
    /// None after it was merged into another reservation.
    permit: Option<OwnedSemaphorePermit>,
    metrics: Arc<Metrics>,
}

/// A large reader's permit, once it has one.
#[derive(Default)]
pub(crate) struct LargeReaderPermit {
    permit: Option<OwnedSemaphorePermit>,
    /// Bytes of zstd windows that the permit covers.
    windows: u64,
}

impl LargeReaderPermit {
    /// Waits for a permit with zstd windows of so many bytes.
    pub(crate) async fn acquire(memory: &MemoryLimiter, windows: u64) -> Self {
        Self {
            permit: Some(memory.large_reader(windows).await),
            windows,
        }
    }

    pub(crate) fn suffices(&self, windows: u64) -> bool {
        self.permit.is_some() && windows <= self.windows
    }
}

const USUAL_WINDOW: usize = 8 << 20;
/// A window may have this part of all memory: each object that waits for its permit has allocated one already.
const WINDOWS: usize = 16;

impl MemoryLimiter {
    pub(crate) fn new(config: &MemoryConfig, metrics: Arc<Metrics>) -> Self {
        let objects = config.objects_in_flight;
        let shared = config.bytes.saturating_sub(objects * READING);
        // Large readers get two fifths as long as parcels have their least; parcels get the rest.
        let spare = shared.saturating_sub(config.least_parcels());
        let part = large_reader(config.max_event_bytes).next_multiple_of(UNIT);
        let readers = (shared * 2 / 5).min(spare) / part;
        let readers = readers.clamp(1, objects.max(1));
        // Few large readers still have room for one window, as far as parcels can spare it.
        let large_total = (readers * part)
            .max(spare.min(part + USUAL_WINDOW))
            .max(part);
        let parcels = config.without_compressed(shared.saturating_sub(large_total));
        let total = u32::try_from(parcels / UNIT).unwrap_or(u32::MAX).max(1);
        Self {
            parcels: Arc::new(Semaphore::new(total as usize)),
            total,
            step: step(total),
            giant: Semaphore::new(1),
            large: Arc::new(Semaphore::new(units(large_total) as usize)),
            large_part: part,
            large_total,
            bytes: config.bytes,
            long: Arc::new(Semaphore::new(1)),
            metrics,
        }
    }

    /// Waits for bytes for a parcel. A request above the whole share is clamped to it, so that one giant parcel can
    /// pass alone.
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

    /// Waits for its turn, and for so many units.
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

    /// Waits for a large reader's bytes, with zstd windows of so many bytes.
    async fn large_reader(&self, windows: u64) -> OwnedSemaphorePermit {
        let windows = usize::try_from(windows).unwrap_or(usize::MAX);
        let bytes = self
            .large_part
            .saturating_add(windows)
            .min(self.large_total);
        let permit = self.large.clone().acquire_many_owned(units(bytes)).await;
        permit.expect("the limiter is never closed")
    }

    /// Waits for the turn to hold an element that is longer than any text. The holder never waits for a large reader's
    /// permit.
    pub(crate) async fn long_element(&self) -> OwnedSemaphorePermit {
        let permit = self.long.clone().acquire_owned().await;
        permit.expect("the limiter is never closed")
    }

    /// The largest zstd window that fits beside a large reader's own bytes.
    pub(crate) fn largest_window(&self) -> u64 {
        let room = self.large_total - self.large_part;
        room.min(self.bytes / WINDOWS).max(WINDOW) as u64
    }

    /// The most bytes of a parcel that is no giant.
    pub(crate) fn usual_parcel(&self) -> usize {
        self.step as usize * UNIT
    }

    /// The bytes that all parcels share.
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

/// The most units that are taken at once, of so many in all.
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

    fn config(
        bytes: usize,
        objects_in_flight: usize,
        max_event_bytes: usize,
        bulk_bytes: usize,
    ) -> MemoryConfig {
        MemoryConfig {
            bytes,
            objects_in_flight,
            max_event_bytes,
            bulk_bytes,
            compressed: false,
        }
    }

    fn new_limiter(
        bytes: usize,
        objects_in_flight: usize,
        max_event_bytes: usize,
        bulk_bytes: usize,
        metrics: Arc<Metrics>,
    ) -> MemoryLimiter {
        let config = config(bytes, objects_in_flight, max_event_bytes, bulk_bytes);
        MemoryLimiter::new(&config, metrics)
    }

    fn least(objects_in_flight: usize, max_event_bytes: usize, bulk_bytes: usize) -> usize {
        config(0, objects_in_flight, max_event_bytes, bulk_bytes).least()
    }

    #[tokio::test]
    async fn what_is_reserved_comes_back() {
        let metrics = Arc::new(Metrics::new());
        let limiter = new_limiter(READING + 20 * UNIT, 1, 0, 0, metrics.clone());
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
        let memory = new_limiter(48 << 20, 1, 0, 0, Arc::new(Metrics::new()));
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
        let limiter = new_limiter(48 << 20, 32, 1 << 20, 5_000_000, metrics);
        assert!(limiter.parcels() >= 20_000_000, "{}", limiter.parcels());
        assert!(limiter.large_total >= 3 * limiter.large_part);
        assert_eq!(limiter.largest_window(), 3 << 20);
        assert!(least(32, 1 << 20, 5_000_000) <= 48 << 20);
    }

    #[tokio::test]
    async fn a_window_takes_the_place_of_other_large_readers() {
        let metrics = Arc::new(Metrics::new());
        let limiter = new_limiter(48 << 20, 32, 1 << 20, 5_000_000, metrics);
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
        let limiter = new_limiter(least, 1, 1 << 20, 5_000_000, Arc::new(Metrics::new()));
        assert!(limiter.large_reader(1 << 30).now_or_never().is_some());
    }

    #[test]
    fn one_object_at_a_time_may_have_a_window_too() {
        for memory in [32 << 20, 48 << 20, 128 << 20] {
            let limiter = new_limiter(memory, 1, 1 << 20, 5_000_000, Arc::new(Metrics::new()));
            assert!(limiter.largest_window() >= (memory / 16) as u64, "{memory}");
        }
    }

    #[test]
    fn the_least_memory_has_room_for_what_it_promises() {
        for (event, bulk) in [(1 << 16, 8 << 20), (1 << 20, 9 << 20), (1 << 20, 100 << 20)] {
            let memory = least(32, event, bulk);
            let limiter = new_limiter(memory, 32, event, bulk, Arc::new(Metrics::new()));
            assert!(limiter.largest_window() >= 2 << 20);
            assert!(limiter.large_total < 2 * limiter.large_part + WINDOW);
            assert!(limiter.parcels() + UNIT > config(0, 32, event, bulk).least_parcels());
        }
    }
}
