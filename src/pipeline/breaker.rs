/*! A circuit breaker per bucket: one that denies, throttles or does not answer is left alone for a while; the others go on. */

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Different keys that fail, with none between that works, before the circuit opens: one bad key is that key's own trouble.
const KEYS: usize = 5;
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
    /// Keys that failed since the bucket worked.
    failed: BTreeSet<String>,
    /// Times that it opened since.
    opened: u32,
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
                circuit.open();
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

    /// Notes a failure; true when it opened the circuit.
    pub(super) fn failed(&self, bucket: &str, key: &str) -> bool {
        self.with(bucket, |circuit| {
            if circuit.opened > 0 {
                return false; // the try that was let through
            }
            circuit.failed.insert(key.to_owned());
            if circuit.failed.len() < KEYS {
                return false;
            }
            circuit.failed.clear();
            circuit.open();
            true
        })
    }

    /// Whether the bucket gave an object lately.
    pub(super) fn works(&self, bucket: &str) -> bool {
        self.with(bucket, |circuit| {
            circuit.worked.is_some_and(|at| at.elapsed() < LATELY)
        })
    }
}

impl Circuit {
    fn open(&mut self) {
        self.open_until = Some(Instant::now() + pause(self.opened));
        self.opened = self.opened.saturating_add(1);
    }
}

fn pause(opened: u32) -> Duration {
    let doublings = opened.min(10);
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
        for n in 1..=KEYS {
            for _ in 0..3 {
                assert_eq!(breakers.pause("sick"), None);
            }
            assert_eq!(breakers.failed("sick", &n.to_string()), n == KEYS);
        }
        assert_eq!(breakers.pause("sick"), Some(FIRST_PAUSE));
        assert_eq!(breakers.pause("well"), None, "its neighbours go on");
        tokio::time::advance(FIRST_PAUSE).await;
        assert_eq!(breakers.pause("sick"), None, "one try");
        breakers.failed("sick", "x");
        assert_eq!(
            breakers.pause("sick"),
            Some(FIRST_PAUSE * 2),
            "and no second"
        );
        breakers.worked("sick");
        assert_eq!(breakers.pause("sick"), None);
        assert!(breakers.works("sick") && !breakers.works("well"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_bad_key_opens_nothing() {
        let breakers = Breakers::default();
        for _ in 0..100 {
            assert!(!breakers.failed("bucket", "denied"));
        }
        assert_eq!(breakers.pause("bucket"), None);
    }

    #[test]
    fn pauses_grow_to_their_bound() {
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
