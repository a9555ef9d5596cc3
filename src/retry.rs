/*! The backoff policy of every retry: exponential delays with full jitter. In goes a number of attempts or failures,
out comes the delay before the next attempt. */

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// An iterator over the delays before the second, third, … attempt; it ends after `attempts - 1` delays.
pub struct Delays(ExponentialBackoff);

impl Delays {
    /// The delay bound starts at `first`, doubles with each attempt and stops growing at `longest`.
    pub fn new(first: Duration, longest: Duration, attempts: usize) -> Self {
        Self(
            ExponentialBuilder::default()
                .with_min_delay(first)
                .with_max_delay(longest)
                .with_factor(2.0)
                .with_max_times(attempts.saturating_sub(1))
                .build(),
        )
    }
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(jitter)
    }
}

/// A random share of `delay` (full jitter), so that workers that failed together retry at different times.
fn jitter(delay: Duration) -> Duration {
    delay.mul_f64(fastrand::f64())
}

/// The delay before the next attempt after `failures` failures: a random share of 0.2 s × 2^`failures`, at most 30 s.
pub fn full_jitter(failures: u32) -> Duration {
    let longest = Duration::from_millis(200).saturating_mul(1 << failures.min(10));
    jitter(longest.min(Duration::from_secs(30)))
}

/// A delay between the half of `delay` and the whole, so that pollers spread.
pub fn spread(delay: Duration) -> Duration {
    delay / 2 + jitter(delay / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_under_a_growing_bound_and_end() {
        let bound = [1, 2, 4, 4, 4].map(Duration::from_secs);
        let delays: Vec<_> =
            Delays::new(Duration::from_secs(1), Duration::from_secs(4), 6).collect();
        assert_eq!(delays.len(), bound.len());
        for (delay, bound) in delays.iter().zip(bound) {
            assert!(*delay <= bound, "{delay:?} > {bound:?}");
        }
    }

    #[test]
    fn any_number_of_failures_has_a_delay() {
        for failures in [0, 1, 10, 11, u32::MAX] {
            assert!(full_jitter(failures) <= Duration::from_secs(30));
        }
    }
}
