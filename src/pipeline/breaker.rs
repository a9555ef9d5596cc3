/*! A circuit breaker per bucket: one that denies, throttles or does not answer is left alone for a while; the others go on. */

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open the circuit.
const FAILURES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A bucket that answered this lately works: a denied key is that key's own trouble.
const LATELY: Duration = Duration::from_secs(600);
/// Buckets that are remembered; names come from messages, which are not trusted.
const BUCKETS: usize = 1000;

#[derive(Default)]
pub(super) struct Breakers {
    buckets: Mutex<HashMap<String, Circuit>>,
}

#[derive(Default)]
struct Circuit {
    failures: u32,
    worked: Option<Instant>,
    open_until: Option<Instant>,
}

impl Breakers {
    fn with<T>(&self, bucket: &str, act: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS && !buckets.contains_key(bucket) {
            buckets.clear();
        }
        act(buckets.entry(bucket.to_owned()).or_default())
    }

    /// How long the bucket is to be left alone; one try is let through when that is over.
    pub(super) fn pause(&self, bucket: &str) -> Option<Duration> {
        let now = Instant::now();
        self.with(bucket, |circuit| match circuit.open_until {
            Some(until) if until > now => Some(until - now),
            Some(_) => {
                circuit.open_until = Some(now + pause(circuit.failures));
                None
            }
            None => None,
        })
    }

    pub(super) fn worked(&self, bucket: &str) {
        self.with(bucket, |circuit| {
            *circuit = Circuit {
                worked: Some(Instant::now()),
                ..Circuit::default()
            }
        });
    }

    /// Counts a failure; true when it opened the circuit.
    pub(super) fn failed(&self, bucket: &str) -> bool {
        self.with(bucket, |circuit| {
            circuit.failures = circuit.failures.saturating_add(1);
            if circuit.failures < FAILURES {
                return false;
            }
            circuit.open_until = Some(Instant::now() + pause(circuit.failures));
            circuit.failures == FAILURES
        })
    }

    /// Whether the bucket gave an object lately.
    pub(super) fn works(&self, bucket: &str) -> bool {
        self.with(bucket, |circuit| {
            circuit.worked.is_some_and(|at| at.elapsed() < LATELY)
        })
    }
}

fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(FAILURES).min(10);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_lets_one_try_through_and_closes_when_that_works() {
        let breakers = Breakers::default();
        for n in 1..=FAILURES {
            assert_eq!(breakers.pause("sick"), None);
            assert_eq!(breakers.failed("sick"), n == FAILURES);
        }
        assert_eq!(breakers.pause("sick"), Some(FIRST_PAUSE));
        assert_eq!(breakers.pause("well"), None, "its neighbours go on");
        tokio::time::advance(FIRST_PAUSE).await;
        assert_eq!(breakers.pause("sick"), None, "one try");
        assert!(breakers.pause("sick").is_some(), "and no second");
        breakers.failed("sick");
        assert_eq!(breakers.pause("sick"), Some(FIRST_PAUSE * 2));
        breakers.worked("sick");
        assert_eq!(breakers.pause("sick"), None);
        assert!(breakers.works("sick") && !breakers.works("well"));
    }

    #[test]
    fn pauses_grow_to_their_bound() {
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
