/*! The bytes that everything in flight shares: reserved before they are used, given back when a verdict is in. */

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const UNIT: usize = 1024;

#[derive(Clone)]
pub(super) struct Budget {
    units: Arc<Semaphore>,
    total: u32,
}

/// A share of the budget; given back when dropped.
pub(super) struct Reservation(OwnedSemaphorePermit);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        let total = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self {
            units: Arc::new(Semaphore::new(total as usize)),
            total,
        }
    }

    /// Waits for room. More than the whole budget is given as the whole budget: one giant passes, alone.
    pub(super) async fn reserve(&self, bytes: usize) -> Reservation {
        let units = units(bytes).min(self.total);
        let permit = self.units.clone().acquire_many_owned(units).await;
        Reservation(permit.expect("the budget is never closed"))
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        (self.total as usize - self.units.available_permits()) * UNIT
    }
}

impl Reservation {
    /// Gives back all but `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let spare = self.0.num_permits().saturating_sub(units(bytes) as usize);
        drop(self.0.split(spare));
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
        let budget = Budget::new(10 * UNIT);
        let mut first = budget.reserve(4 * UNIT).await;
        assert_eq!(budget.used(), 4 * UNIT);
        first.shrink(1);
        assert_eq!(budget.used(), UNIT);
        drop(first);
        let giant = budget.reserve(1 << 30).await;
        assert_eq!(budget.used(), 10 * UNIT);
        drop(giant);
        assert_eq!(budget.used(), 0);
    }
}
