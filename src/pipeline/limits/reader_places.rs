/*!
Places for objects that are read at once. A small object takes a part of a place: it is fetched whole, and holds little
more than its own bytes until then, so that many can be under way where each call takes its time.

A message reserves parts before it is received, as many as the latest message needed. It changes them before anything
is opened and gives all up before it waits for more, so that no two messages wait for each other.
*/

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use logferry_core::notification::ObjectRef;

/// Parts of one place. A small object takes one of them, any other object all.
const PARTS: u32 = 8;
/// Stored bytes up to which an object is small. A part of a reader's buffers has room for them and for
/// [`SMALL_CONTENT`].
pub(crate) const SMALL_STORED: u64 = 8 * 1024;
/// Decompressed bytes up to which a small object needs no more than its part.
pub(crate) const SMALL_CONTENT: usize = 48 * 1024;

pub(crate) struct ReaderPlaces {
    parts: Arc<Semaphore>,
    total: u32,
    /// Parts that the latest message needed.
    expected: AtomicU32,
}

/// Parts of a place. Given back when dropped.
pub(crate) struct ReaderPermit(OwnedSemaphorePermit);

impl ReaderPlaces {
    pub(crate) fn new(objects_in_flight: usize) -> Self {
        let places = u32::try_from(objects_in_flight).unwrap_or(u32::MAX / PARTS);
        let total = places.saturating_mul(PARTS);
        Self {
            parts: Arc::new(Semaphore::new(total as usize)),
            total,
            // Until a message was read, each may name a large object.
            expected: AtomicU32::new(PARTS),
        }
    }

    /// Waits until `messages` more messages may be received, or as many as there can be at all. Takes as many as are
    /// free, up to `most`.
    pub(crate) async fn reserve(&self, messages: usize, most: usize) -> Vec<ReaderPermit> {
        let expected = self.expected.load(Ordering::Relaxed);
        let at_once = u32::try_from(messages).unwrap_or(u32::MAX);
        let at_once = at_once.min(self.total / expected).max(1);
        let mut permit = self.acquire(at_once * expected).await;
        let mut permits: Vec<ReaderPermit> = (0..at_once)
            .filter_map(|_| permit.split(expected as usize).map(ReaderPermit))
            .collect();
        while permits.len() < most
            && let Ok(permit) = self.parts.clone().try_acquire_many_owned(expected)
        {
            permits.push(ReaderPermit(permit));
        }
        permits
    }

    /// Gives back what reading these objects one after another does not need, or waits for what it needs.
    pub(crate) async fn fit(&self, permit: ReaderPermit, objects: &[ObjectRef]) -> ReaderPermit {
        let ReaderPermit(mut permit) = permit;
        let need = match objects.iter().all(is_small) {
            true => 1,
            false => PARTS,
        };
        if !objects.is_empty() {
            self.expected.store(need, Ordering::Relaxed);
        }
        match (permit.num_permits(), need as usize) {
            (has, need) if has > need => drop(permit.split(has - need)),
            (has, need) if has < need => {
                drop(permit);
                permit = self.acquire(PARTS).await;
            }
            _ => {}
        }
        ReaderPermit(permit)
    }

    /// Waits for a whole place, unless the permit is one.
    pub(crate) async fn take_whole(&self, permit: &mut Option<ReaderPermit>) {
        if permit.take_if(|permit| permit.is_part()).is_some() {
            *permit = Some(ReaderPermit(self.acquire(PARTS).await));
        }
    }

    /// Waits for the parts that a permit had before it was given back.
    pub(crate) async fn again(&self, parts: u32) -> ReaderPermit {
        ReaderPermit(self.acquire(parts).await)
    }

    async fn acquire(&self, parts: u32) -> OwnedSemaphorePermit {
        let permit = self.parts.clone().acquire_many_owned(parts).await;
        permit.expect("the places are never closed")
    }
}

impl ReaderPermit {
    pub(crate) fn parts(&self) -> u32 {
        // A permit is at most a place.
        self.0.num_permits() as u32
    }

    /// Whether it covers small objects only.
    pub(crate) fn is_part(&self) -> bool {
        self.parts() < PARTS
    }
}

/// Whether its notification says so.
fn is_small(object: &ObjectRef) -> bool {
    object.size.is_some_and(|size| size <= SMALL_STORED)
}

#[cfg(test)]
mod tests {
    use futures_util::stream::FuturesUnordered;
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    fn object(size: Option<u64>) -> ObjectRef {
        ObjectRef {
            size,
            ..ObjectRef::new("b", "k")
        }
    }

    #[tokio::test]
    async fn small_objects_take_parts_of_places_and_large_ones_whole_places() {
        let places = ReaderPlaces::new(2);
        // Nothing was read yet: two messages with a place each.
        let mut permits = places.reserve(1, 10).await;
        assert_eq!(permits.len(), 2);
        let second = permits.pop().unwrap();
        let small = [object(Some(SMALL_STORED))];
        let small = places.fit(permits.pop().unwrap(), &small).await;
        assert_eq!(small.parts(), 1);
        drop(small);
        drop(second);
        let mut permits = places.reserve(1, 10).await;
        assert_eq!(permits.len(), 10);
        // A large one gives its part up and takes a whole place; another waits while nine parts of sixteen are taken.
        let large = [object(Some(SMALL_STORED + 1)), object(Some(1))];
        permits.truncate(9);
        let first = places.fit(permits.pop().unwrap(), &large).await;
        assert_eq!(first.parts(), 8);
        let mut second = Box::pin(places.fit(permits.pop().unwrap(), &large));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert_eq!(second.await.parts(), 8);
        // From now on a message is received only for a whole place.
        assert_eq!(places.reserve(1, 10).await.len(), 1);
    }

    #[tokio::test]
    async fn large_objects_that_were_expected_to_be_small_take_turns() {
        let places = ReaderPlaces::new(1);
        let small = [object(Some(1))];
        drop(
            places
                .fit(places.reserve(1, 1).await.remove(0), &small)
                .await,
        );
        let permits = places.reserve(8, 8).await;
        assert_eq!(permits.len(), 8);
        let unknown = [object(None)];
        let mut waiting = FuturesUnordered::from_iter(permits.into_iter().map(|permit| async {
            let permit = places.fit(permit, &unknown).await;
            assert_eq!(permit.parts(), 8);
        }));
        let mut read = 0;
        while read < 8 {
            waiting.next().await.expect("each of them is read");
            read += 1;
        }
    }

    #[tokio::test]
    async fn a_batch_is_never_more_than_all_places() {
        let places = ReaderPlaces::new(1);
        assert_eq!(places.reserve(10, 10).await.len(), 1);
    }
}
