/*!
A circuit breaker for each bucket: a bucket that denies, throttles or does not answer is paused; the other buckets go
on.

It also tells a key that is not for us from a bucket that refuses everything for a while. One refusal proves nothing:
the key must be refused again on a later delivery, after its bucket gave another object that was asked for in between.
An object that was given proves this of one key only, and the try that ends a pause proves it of none: a success in
the middle of an outage is possible.

A message whose bucket is paused waits under its lease: a delivery that fetches nothing would bring it nearer to the
queue's own dead letters. When the pause is over, keys that were never refused go first.
*/

#[cfg(test)]
mod tests;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::source::OpenError;
use logferry_core::notification::ObjectRef;

/// Different keys that fail, with none between that works, before the circuit opens: one bad key is that key's own
/// fault.
const KEYS: usize = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// After a pause, keys that were refused before let the others go first for so long.
const GRACE: Duration = Duration::from_secs(2);
/// Buckets that are remembered; names come from messages, which are not trusted.
const BUCKETS: usize = 1000;
/// Refused keys that are remembered, by their hashes.
const REFUSALS: usize = 10_000;

pub(crate) struct CircuitBreakers {
    state: Mutex<BreakerState>,
    /// A try has ended.
    try_ended: Notify,
    /// Room for messages that wait until their bucket may be asked again.
    pub(crate) waiting: Semaphore,
}

#[derive(Default)]
struct BreakerState {
    /// The number of the latest event: an attempt that starts, an answer, a delivery.
    latest: u64,
    buckets: HashMap<String, Circuit>,
    /// When a key was refused for the last time.
    refused: HashMap<u64, u64>,
    hasher: RandomState,
}

#[derive(Default)]
struct Circuit {
    /// Keys that failed since the bucket gave an object.
    failed: BTreeSet<String>,
    /// Times that it opened since.
    opened: u32,
    open_until: Option<Instant>,
    /// The one try is under way.
    trying: bool,
    /// Until then keys that were refused before have to wait.
    others_first_until: Option<Instant>,
    /// When the latest attempt started that was given its object, other than by a try.
    given: u64,
    /// When a key was condemned for the last time.
    condemned: u64,
}

/// An object that is asked for. Dropped without an answer about the bucket, it changes nothing, and a try can be made
/// again.
pub(crate) struct BucketAttempt<'a> {
    breakers: &'a CircuitBreakers,
    bucket: &'a str,
    key: &'a str,
    started: u64,
    /// It is the one that is let through while the circuit is open.
    is_try: bool,
    /// The key is remembered as refused.
    is_remembered: bool,
    /// The key was refused on an earlier delivery, and its bucket has given another object since: when that one was
    /// asked for.
    proof: Option<u64>,
}

/// What a refusal of one key comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// The bucket works and refuses this key.
    OfTheKey,
    MayPass {
        /// It opened the circuit.
        opened: bool,
    },
}

impl CircuitBreakers {
    /// At most `waiting` messages wait for their buckets.
    pub(crate) fn new(waiting: usize) -> Self {
        Self {
            state: Mutex::default(),
            try_ended: Notify::new(),
            waiting: Semaphore::new(waiting),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a delivery: what was refused before has a lower one.
    pub(crate) fn delivery(&self) -> u64 {
        self.lock().next()
    }

    /// Admits a request for an object, or returns for how long its bucket is paused. After the pause one trial is
    /// admitted.
    pub(crate) fn admit<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        delivery: u64,
    ) -> Result<BucketAttempt<'a>, Duration> {
        let mut state = self.lock();
        let started = state.next();
        if let Some(pause) = state.pause(bucket, key) {
            return Err(pause);
        }
        let refused = state.refused_at(bucket, key);
        let circuit = state.circuit(bucket);
        let is_try = circuit.open_until.is_some();
        circuit.trying |= is_try;
        let is_proof = refused.is_some_and(|at| at < delivery && at < circuit.given);
        Ok(BucketAttempt {
            breakers: self,
            bucket,
            key,
            started,
            is_try,
            is_remembered: refused.is_some(),
            proof: is_proof.then_some(circuit.given),
        })
    }

    /// Waits until `admit` is likely to let this key through.
    pub(crate) async fn until_open(&self, bucket: &str, key: &str) {
        loop {
            let try_ended = self.try_ended.notified();
            let Some(pause) = self.lock().pause(bucket, key) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = try_ended => {}
            }
        }
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

    fn refused_at(&self, bucket: &str, key: &str) -> Option<u64> {
        self.refused.get(&self.name(bucket, key)).copied()
    }

    /// How long a key has to wait.
    fn pause(&mut self, bucket: &str, key: &str) -> Option<Duration> {
        let now = Instant::now();
        let is_remembered = self.refused_at(bucket, key).is_some();
        let circuit = self.circuit(bucket);
        let left = |until: Option<Instant>| until.filter(|u| *u > now).map(|u| u - now);
        left(circuit.open_until)
            .or_else(|| left(circuit.others_first_until).filter(|_| is_remembered))
            .or_else(|| circuit.trying.then_some(FIRST_PAUSE))
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
        if self.is_try {
            *circuit = Circuit {
                others_first_until: Some(Instant::now() + GRACE),
                given: circuit.given,
                condemned: circuit.condemned,
                ..Circuit::default()
            };
        } else if circuit.open_until.is_none() {
            circuit.given = circuit.given.max(self.started);
            circuit.failed.clear();
            circuit.opened = 0;
        }
        // Else: what was asked for before the circuit opened says nothing of the time since.
    }

    /// The bucket did not give the object, for a reason that is not the object's; true when that opened the circuit.
    pub(crate) fn failed(self) -> bool {
        self.breakers
            .lock()
            .circuit(self.bucket)
            .fail(self.key, self.is_try, self.is_try)
    }

    /// The bucket refused this key, or everything: it does not say which.
    pub(crate) fn refused(self) -> KeyRefusal {
        let mut state = self.breakers.lock();
        let now = state.next();
        let circuit = state.circuit(self.bucket);
        // Others that were refused since the bucket gave something speak for a bucket that gives nothing now.
        let alone = circuit.failed.iter().all(|key| key == self.key);
        let is_proved = self.proof.is_some_and(|given| given > circuit.condemned);
        if is_proved && alone && circuit.open_until.is_none() {
            circuit.condemned = now;
            circuit.failed.insert(self.key.to_owned());
            return KeyRefusal::OfTheKey;
        }
        // A try by a new key may have met one that is not for us: other new keys are tried too.
        let decides = self.is_try && self.is_remembered;
        let opened = circuit.fail(self.key, self.is_try, decides);
        state.remember(self.bucket, self.key);
        KeyRefusal::MayPass { opened }
    }
}

/// What a failure to open says of the object, and what of its bucket.
pub(crate) fn not_opened(
    metrics: &Metrics,
    object: &ObjectRef,
    attempt: BucketAttempt<'_>,
    error: &OpenError,
) -> (ErrorClass, String) {
    let (class, opened) = match (error, error.class()) {
        (OpenError::Denied(_), _) => match attempt.refused() {
            // It is not for us, or it is not there and we may not know.
            KeyRefusal::OfTheKey => (ErrorClass::Broken, false),
            KeyRefusal::MayPass { opened } => (ErrorClass::Retryable, opened),
        },
        (_, ErrorClass::Retryable) => (ErrorClass::Retryable, attempt.failed()),
        // The object's own fault.
        (_, class) => (class, false),
    };
    if opened {
        metrics.buckets_paused.inc();
        tracing::warn!(bucket = object.bucket, %error, "several objects of the bucket failed in a row: it is paused");
    }
    let reason = match class == ErrorClass::Broken && matches!(error, OpenError::Denied(_)) {
        true => format!("{error}: refused again, while its bucket gives other objects"),
        false => error.to_string(),
    };
    (class, reason)
}

impl Drop for BucketAttempt<'_> {
    fn drop(&mut self) {
        if self.is_try {
            // After an answer about the bucket there is no try under way any more.
            self.breakers.lock().circuit(self.bucket).trying = false;
            self.breakers.try_ended.notify_waiters();
        }
    }
}

impl Circuit {
    /// A failure that `decides` opens the circuit by itself. True when the circuit was closed before.
    fn fail(&mut self, key: &str, is_try: bool, decides: bool) -> bool {
        if self.open_until.is_some() && !is_try {
            return false; // asked for before it opened
        }
        self.failed.insert(key.to_owned());
        if !decides && self.failed.len() < KEYS {
            return false;
        }
        self.failed.clear();
        if is_try && !decides {
            // Only new keys were tried: more of them wait, and the pause does not grow.
            self.opened = 0;
        }
        self.open();
        !is_try
    }

    fn open(&mut self) {
        let until = Instant::now() + pause(self.opened);
        self.open_until = Some(until);
        self.others_first_until = Some(until + GRACE);
        self.opened = self.opened.saturating_add(1);
    }
}

fn pause(opened: u32) -> Duration {
    let doublings = opened.min(10);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}
