/*! The memory that invocations used goes in; a smaller size that would hold them, and what it would save, come out.
Pure. */

use serde::Serialize;

/// A smaller size leaves a fifth above the most memory that was used.
const HEADROOM: f64 = 1.2;
/// Sizes are proposed in steps of 64 MB; Lambda itself takes any whole number from its least size.
const STEP_MB: f64 = 64.0;
const LEAST_SIZE_MB: f64 = 128.0;

/// Invocations with one configured size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemoryUse {
    pub size_mb: f64,
    pub invocations: u64,
    /// The most that one invocation used.
    pub used_mb: Option<f64>,
    pub cost_usd: f64,
    pub smaller: Option<SmallerSize>,
}

/// A size that would have held the same invocations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SmallerSize {
    pub size_mb: f64,
    /// What it would have saved if each invocation had taken the same time. Lambda gives less CPU to less memory, so
    /// this is the most that can be saved.
    pub saves_at_most_usd: f64,
}

/// The billed time and the cost of invocations with one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeBill {
    pub size_mb: f64,
    pub used_mb: Option<f64>,
    pub billed_ms: f64,
    pub requests: f64,
    pub cost_usd: f64,
    /// GB-seconds that cost as much as one request. A request's own price stays the same.
    pub gb_seconds_of_a_request: f64,
}

impl SizeBill {
    pub fn smaller(&self) -> Option<SmallerSize> {
        let needed = self.used_mb.filter(|used| *used > 0.0)? * HEADROOM;
        let size_mb = ((needed / STEP_MB).ceil() * STEP_MB).max(LEAST_SIZE_MB);
        if size_mb >= self.size_mb {
            return None;
        }
        let gb_seconds = self.billed_ms / 1000.0 * self.size_mb / 1024.0;
        let all = gb_seconds + self.requests * self.gb_seconds_of_a_request;
        let memory_share = if all > 0.0 { gb_seconds / all } else { 0.0 };
        Some(SmallerSize {
            size_mb,
            saves_at_most_usd: self.cost_usd * memory_share * (1.0 - size_mb / self.size_mb),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    fn bill(size_mb: f64, used_mb: f64) -> SizeBill {
        SizeBill {
            size_mb,
            used_mb: Some(used_mb),
            billed_ms: 1_000_000.0,
            requests: 1000.0,
            // 1 GB for 1000 seconds, and 1000 requests, at 2 dollars each and 0.024.
            cost_usd: 2024.0,
            gb_seconds_of_a_request: 0.012,
        }
    }

    #[test]
    fn a_smaller_size_has_headroom_and_saves_gb_seconds_only() {
        let smaller = bill(1024.0, 210.0).smaller().unwrap();
        assert_eq!(smaller.size_mb, 256.0);
        assert!(
            (smaller.saves_at_most_usd - 1500.0).abs() < 1e-9,
            "{smaller:?}"
        );
        assert_eq!(bill(1024.0, 214.0).smaller().unwrap().size_mb, 320.0);
        assert_eq!(bill(1024.0, 1.0).smaller().unwrap().size_mb, 128.0);
    }

    #[test]
    fn nothing_smaller_is_proposed_where_nothing_smaller_holds() {
        for (size, used) in [(128.0, 30.0), (256.0, 256.0), (256.0, 214.0), (512.0, 0.0)] {
            assert_eq!(bill(size, used).smaller(), None, "{size} {used}");
        }
        let unknown = SizeBill {
            used_mb: None,
            ..bill(1024.0, 0.0)
        };
        assert_eq!(unknown.smaller(), None);
    }

    proptest! {
        #[test]
        fn a_smaller_size_holds_what_was_used_and_saves_less_than_all(size in 1.0..10_240.0_f64, used in 0.0..11_000.0_f64) {
            if let Some(smaller) = bill(size, used).smaller() {
                prop_assert!(smaller.size_mb < size && smaller.size_mb >= used * HEADROOM);
                prop_assert!((0.0..2024.0).contains(&smaller.saves_at_most_usd));
            }
        }
    }
}
