/*!
A circuit breaker for each bucket: results of GetObject go in; whether the bucket may be asked comes out.

A bucket that denies, throttles or does not answer is paused; the other buckets go on. The breaker also tells a key that
the worker may not read from a bucket that refuses every key for a while. One refusal proves nothing: the key must be
refused again on a later delivery, after its bucket gave another object that was asked for in between.
*/

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::source::OpenError;
use logferry_core::notification::ObjectRef;

/// Different keys that fail in a row before the circuit opens. One bad key alone opens nothing.
const KEYS: usize = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The most buckets that are remembered: their names come from messages, which are not trusted.
const BUCKETS: usize = 1000;
/// The most refused keys that are remembered.
const REFUSALS: usize = 10_000;

#[derive(Default)]
pub(crate) struct CircuitBreakers(Mutex<BreakerState>);

#[derive(Default)]
struct BreakerState {
    /// The number of the latest event: an attempt that starts, an answer, a delivery.
    latest: u64,
    buckets: HashMap<String, Circuit>,
    /// For the hash of a key, the number of its latest refusal.
    refused: HashMap<u64, u64>,
    hasher: RandomState,
}

#[derive(Default)]
struct Circuit {
    /// Keys that failed since the bucket last gave an object.
    failed: BTreeSet<String>,
    /// How often it opened since then.
    opened: u32,
    open_until: Option<Instant>,
    /// The one trial request is under way (the circuit is half-open).
    trying: bool,
    /// The number of the latest attempt that was given its object.
    given: u64,
}

/// One request for an object. Dropped without a result about the bucket, it changes nothing, and another trial is
/// allowed.
pub(crate) struct BucketAttempt<'a> {
    breakers: &'a CircuitBreakers,
    bucket: &'a str,
    key: &'a str,
    started: u64,
    /// It is the one trial request that is allowed while the circuit is open.
    is_trial: bool,
    /// The key was refused on an earlier delivery, and its bucket has given another object since.
    refused_before: bool,
}

/// What a refusal of one key means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// The bucket works and refuses this key.
    OfTheKey,
    MayPass {
        /// The refusal opened the circuit.
        opened: bool,
    },
}

impl CircuitBreakers {
    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a delivery. Earlier refusals have lower numbers.
    pub(crate) fn delivery(&self) -> u64 {
        self.lock().next()
    }

    /// Allows a request for an object, or returns how long its bucket is paused. After the pause one trial is allowed.
    pub(crate) fn admit<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        delivery: u64,
    ) -> Result<BucketAttempt<'a>, Duration> {
        let now = Instant::now();
        let mut state = self.lock();
        let started = state.next();
        let refused = state.refused.get(&state.name(bucket, key)).copied();
        let circuit = state.circuit(bucket);
        let is_trial = match circuit.open_until {
            Some(until) if until > now => return Err(until - now),
            Some(_) if circuit.trying => return Err(FIRST_PAUSE),
            Some(_) => true,
            None => false,
        };
        circuit.trying |= is_trial;
        let refused_before = refused.is_some_and(|at| at < delivery && at < circuit.given);
        Ok(BucketAttempt {
            breakers: self,
            bucket,
            key,
            started,
            is_trial,
            refused_before,
        })
    }
}

impl BreakerState {
    fn next(&mut self) -> u64 {
        self.latest += 1;
        self.latest
    }

    fn name(&self, bucket: &str, key: &str) -> u64 {
        self.hasher.hash_one((bucket, key))
    }

    fn circuit(&mut self, bucket: &str) -> &mut Circuit {
        if self.buckets.len() >= BUCKETS && !self.buckets.contains_key(bucket) {
            self.buckets.retain(|_, c| c.open_until.is_some());
            if self.buckets.len() >= BUCKETS {
                self.buckets.clear();
            }
        }
        self.buckets.entry(bucket.to_owned()).or_default()
    }

    fn remember(&mut self, bucket: &str, key: &str) {
        let (name, at) = (self.name(bucket, key), self.next());
        self.refused.insert(name, at);
        if self.refused.len() > REFUSALS
            && let Some(oldest) = self.refused.values().min().copied()
        {
            self.refused.retain(|_, at| *at != oldest);
        }
    }
}

impl BucketAttempt<'_> {
    /// The bucket gave the object.
    pub(crate) fn given(self) {
        let mut state = self.breakers.lock();
        let name = state.name(self.bucket, self.key);
        state.refused.remove(&name);
        let circuit = state.circuit(self.bucket);
        circuit.given = circuit.given.max(self.started);
        // A request from before the circuit opened says nothing about the time since.
        if self.is_trial || circuit.open_until.is_none() {
            *circuit = Circuit {
                given: circuit.given,
                ..Circuit::default()
            };
        }
    }

    /// The bucket did not give the object, for a reason that is not the object's. Returns whether this opened the
    /// circuit.
    pub(crate) fn failed(self) -> bool {
        self.breakers
            .lock()
            .circuit(self.bucket)
            .fail(self.key, self.is_trial)
    }

    /// The bucket refused this key or every key: the response does not say which.
    pub(crate) fn refused(self) -> KeyRefusal {
        let mut state = self.breakers.lock();
        let circuit = state.circuit(self.bucket);
        // Other keys that were refused since the bucket last gave an object suggest that it refuses every key now.
        let alone = circuit.failed.iter().all(|key| key == self.key);
        if self.refused_before && alone && circuit.open_until.is_none() {
            return KeyRefusal::OfTheKey;
        }
        let opened = circuit.fail(self.key, self.is_trial);
        state.remember(self.bucket, self.key);
        KeyRefusal::MayPass { opened }
    }
}

/// Notes a failure to open an object. Returns the class and the reason for the object.
pub(crate) fn not_opened(
    metrics: &Metrics,
    object: &ObjectRef,
    attempt: BucketAttempt<'_>,
    error: &OpenError,
) -> (ErrorClass, String) {
    let (class, opened) = match (error, error.class()) {
        (OpenError::Denied(_), _) => match attempt.refused() {
            // The worker may not read the key, or the key is gone and the worker may not know.
            KeyRefusal::OfTheKey => (ErrorClass::Broken, false),
            KeyRefusal::MayPass { opened } => (ErrorClass::Retryable, opened),
        },
        (_, ErrorClass::Retryable) => (ErrorClass::Retryable, attempt.failed()),
        // The failure is the object's own.
        (_, class) => (class, false),
    };
    if opened {
        metrics.buckets_paused.inc();
        tracing::warn!(
            bucket = object.bucket,
            %error,
            "several objects of the bucket failed in a row: the bucket is paused (circuit breaker)"
        );
    }
    let reason = match class == ErrorClass::Broken && matches!(error, OpenError::Denied(_)) {
        true => format!("{error}: refused again, while its bucket gives other objects"),
        false => error.to_string(),
    };
    (class, reason)
}

impl Drop for BucketAttempt<'_> {
    fn drop(&mut self) {
        if self.is_trial {
            // After a result about the bucket no trial is under way any more.
            self.breakers.lock().circuit(self.bucket).trying = false;
        }
    }
}

impl Circuit {
    fn fail(&mut self, key: &str, is_trial: bool) -> bool {
        if is_trial {
            self.open();
            return false;
        }
        if self.open_until.is_some() {
            return false; // requested before the circuit opened
        }
        self.failed.insert(key.to_owned());
        if self.failed.len() < KEYS {
            return false;
        }
        self.failed.clear();
        self.open();
        true
    }

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

    const MAY_PASS: KeyRefusal = KeyRefusal::MayPass { opened: false };

    /// Asks on a delivery of its own.
    fn ask<'a>(breakers: &'a CircuitBreakers, bucket: &'a str, key: &'a str) -> BucketAttempt<'a> {
        let asked = breakers.admit(bucket, key, breakers.delivery());
        asked.unwrap_or_else(|pause| panic!("{bucket}/{key}: {pause:?}"))
    }

    fn pause_of(breakers: &CircuitBreakers, bucket: &str) -> Option<Duration> {
        breakers.admit(bucket, "any", breakers.delivery()).err()
    }

    fn open(breakers: &CircuitBreakers) {
        for n in 1..=KEYS {
            assert_eq!(ask(breakers, "sick", &n.to_string()).failed(), n == KEYS);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_lets_one_try_through_and_closes_when_that_works() {
        let breakers = CircuitBreakers::default();
        open(&breakers);
        assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE));
        assert_eq!(pause_of(&breakers, "well"), None, "its neighbours go on");
        tokio::time::advance(FIRST_PAUSE).await;
        let one = ask(&breakers, "sick", "x");
        assert!(pause_of(&breakers, "sick").is_some(), "and no second");
        one.failed();
        assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE * 2));
        tokio::time::advance(FIRST_PAUSE * 2).await;
        ask(&breakers, "sick", "x").given();
        assert_eq!(pause_of(&breakers, "sick"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_bad_key_opens_nothing() {
        let breakers = CircuitBreakers::default();
        for _ in 0..100 {
            assert!(!ask(&breakers, "bucket", "denied").failed());
        }
        assert_eq!(pause_of(&breakers, "bucket"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_says_nothing_of_the_bucket_can_be_made_again() {
        let breakers = CircuitBreakers::default();
        open(&breakers);
        tokio::time::advance(FIRST_PAUSE).await;
        // Gone, archived, or its task was ended before there was an answer.
        for _ in 0..3 {
            drop(ask(&breakers, "sick", "gone"));
        }
        let attempt = ask(&breakers, "sick", "denied");
        assert!(pause_of(&breakers, "sick").is_some(), "it is still open");
        attempt.refused();
        assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE * 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_for_before_it_opened_does_not_close_it() {
        let breakers = CircuitBreakers::default();
        let early = ask(&breakers, "sick", "early");
        open(&breakers);
        early.given();
        assert_eq!(pause_of(&breakers, "sick"), Some(FIRST_PAUSE));
    }

    #[tokio::test(start_paused = true)]
    async fn several_keys_refused_in_a_row_open_it_whatever_happened_before() {
        let breakers = CircuitBreakers::default();
        for n in 0..100 {
            ask(&breakers, "bucket", &n.to_string()).given();
        }
        for n in 1..=KEYS {
            let refused = ask(&breakers, "bucket", &format!("denied {n}")).refused();
            assert_eq!(refused, KeyRefusal::MayPass { opened: n == KEYS });
        }
        assert_eq!(pause_of(&breakers, "bucket"), Some(FIRST_PAUSE));
    }

    #[test]
    fn a_key_is_refused_for_good_on_a_later_delivery_after_another_was_given() {
        let breakers = CircuitBreakers::default();
        ask(&breakers, "bucket", "before").given();
        assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
        assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
        ask(&breakers, "other bucket", "other").given();
        assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
        ask(&breakers, "bucket", "other").given();
        assert_eq!(
            ask(&breakers, "bucket", "key").refused(),
            KeyRefusal::OfTheKey
        );
        assert_eq!(ask(&breakers, "bucket", "new").refused(), MAY_PASS);
    }

    #[test]
    fn refusals_of_one_delivery_are_one_refusal() {
        let breakers = CircuitBreakers::default();
        let delivery = breakers.delivery();
        let again = || breakers.admit("bucket", "key", delivery).ok().unwrap();
        assert_eq!(again().refused(), MAY_PASS);
        ask(&breakers, "bucket", "other").given();
        assert_eq!(again().refused(), MAY_PASS);
    }

    #[test]
    fn what_was_asked_for_before_a_refusal_proves_nothing_after_it() {
        let breakers = CircuitBreakers::default();
        let slow = ask(&breakers, "bucket", "slow");
        assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
        slow.given();
        assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
        // Nor what is given while the second answer is on its way.
        let second = ask(&breakers, "bucket", "key");
        ask(&breakers, "bucket", "other").given();
        assert_eq!(second.refused(), MAY_PASS);
    }

    #[test]
    fn a_key_that_was_given_begins_anew() {
        let breakers = CircuitBreakers::default();
        assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
        ask(&breakers, "bucket", "key").given();
        ask(&breakers, "bucket", "other").given();
        assert_eq!(ask(&breakers, "bucket", "key").refused(), MAY_PASS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_that_is_left_alone_condemns_no_key() {
        let breakers = CircuitBreakers::default();
        assert_eq!(ask(&breakers, "sick", "key").refused(), MAY_PASS);
        ask(&breakers, "sick", "other").given();
        let on_its_way = ask(&breakers, "sick", "key");
        open(&breakers);
        assert_eq!(on_its_way.refused(), MAY_PASS);
        tokio::time::advance(FIRST_PAUSE).await;
        assert_eq!(ask(&breakers, "sick", "key").refused(), MAY_PASS);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let breakers = CircuitBreakers::default();
        for n in 0..REFUSALS + 100 {
            let (bucket, key) = (format!("b{}", n % (BUCKETS + 10)), n.to_string());
            ask(&breakers, &bucket, &key).refused();
        }
        let state = breakers.lock();
        assert_eq!(state.refused.len(), REFUSALS);
        assert!(state.buckets.len() <= BUCKETS);
    }

    #[test]
    fn pauses_grow_to_their_bound() {
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
