/*!
How many bulks may be in flight: as many as the cluster bears. One more after as many good answers as there are places, half as many
after a refusal (429, 5xx) or none at all, a tenth less when answers take much longer than usual.
*/

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::observe::Metrics;

/// Bulks without any answer in a row, after which the index counts as down.
const DOWN: u32 = 3;
/// Slower than this many times the usual is too slow …
const SLOW: f64 = 3.0;
/// … but never below this: small answers vary.
const NOT_SLOW: f64 = 0.25;

/// Each is of bulks up to four times as large as those before it.
const SIZES: usize = 16;

pub(crate) struct ConcurrencyLimiter {
    most: f64,
    state: Mutex<State>,
    freed: Notify,
    metrics: Arc<Metrics>,
}

struct State {
    allowed: f64,
    in_flight: usize,
    /// Moving averages of the time that answers take, seconds: one for bulks of about the same size each.
    usual: [Option<f64>; SIZES],
    unanswered: u32,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feedback {
    Good,
    /// Answered, with refusals that may pass.
    Refused,
    None,
}

/// A place among the bulks in flight.
pub(crate) struct BulkPermit(Arc<ConcurrencyLimiter>);

impl Drop for BulkPermit {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
        self.0.freed.notify_one();
    }
}

impl ConcurrencyLimiter {
    pub(crate) fn new(most: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        metrics.bulks_allowed.set(most as i64);
        metrics.index_up.set(1);
        Arc::new(Self {
            most: most as f64,
            state: Mutex::new(State {
                allowed: most as f64,
                in_flight: 0,
                usual: [None; SIZES],
                unanswered: 0,
            }),
            freed: Notify::new(),
            metrics,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn enter(self: &Arc<Self>) -> BulkPermit {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.lock();
                if state.in_flight < state.allowed as usize {
                    state.in_flight += 1;
                    let more = state.in_flight < state.allowed as usize;
                    drop(state);
                    if more {
                        self.freed.notify_one();
                    }
                    return BulkPermit(self.clone());
                }
            }
            freed.await;
        }
    }

    /// Learns from the answer to a bulk of so many bytes.
    pub(crate) fn learn(&self, answer: Feedback, took: Duration, bytes: usize) {
        let took = took.as_secs_f64();
        let size = (bytes.max(1).ilog2() as usize / 2).min(SIZES - 1);
        let mut state = self.lock();
        match answer {
            Feedback::Good => {
                let usual = state.usual[size].unwrap_or(took);
                if took > NOT_SLOW && took > usual * SLOW {
                    state.allowed *= 0.9;
                } else {
                    state.allowed += 1.0 / state.allowed;
                }
                // What stays slow becomes usual.
                state.usual[size] = Some(usual * 0.9 + took * 0.1);
            }
            Feedback::Refused | Feedback::None => state.allowed /= 2.0,
        }
        state.allowed = state.allowed.clamp(1.0, self.most);
        state.unanswered = match answer {
            Feedback::None => state.unanswered.saturating_add(1),
            _ => 0,
        };
        self.metrics.bulks_allowed.set(state.allowed as i64);
        self.tell(&state);
        drop(state);
        self.freed.notify_one();
    }

    /// The index answered something that is no bulk: it is up, and nothing is learnt of how fast it is.
    pub(crate) fn answers_again(&self) {
        let mut state = self.lock();
        state.unanswered = 0;
        self.tell(&state);
    }

    fn tell(&self, state: &State) {
        let down = state.unanswered >= DOWN;
        self.metrics.index_up.set(i64::from(!down));
        self.metrics.readiness.index_down(down);
    }

    /// The index has not answered for a while: nothing more should be started.
    pub(crate) fn is_down(&self) -> bool {
        self.lock().unanswered >= DOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 5_000_000;

    fn concurrency() -> Arc<ConcurrencyLimiter> {
        ConcurrencyLimiter::new(8, Arc::new(Metrics::new()))
    }

    fn places(concurrency: &ConcurrencyLimiter) -> usize {
        concurrency.lock().allowed as usize
    }

    #[test]
    fn it_shrinks_at_once_and_grows_slowly() {
        let concurrency = concurrency();
        let quick = Duration::from_millis(20);
        concurrency.learn(Feedback::Refused, quick, LARGE);
        assert_eq!(places(&concurrency), 4);
        concurrency.learn(Feedback::None, quick, LARGE);
        concurrency.learn(Feedback::Refused, quick, LARGE);
        concurrency.learn(Feedback::Refused, quick, LARGE);
        assert_eq!(places(&concurrency), 1, "one always stays");
        let mut answers = 0;
        while places(&concurrency) < 8 {
            concurrency.learn(Feedback::Good, quick, LARGE);
            answers += 1;
        }
        assert!((25..60).contains(&answers), "{answers}");
    }

    #[test]
    fn slow_answers_shrink_it_until_they_are_usual() {
        let concurrency = concurrency();
        concurrency.learn(Feedback::Good, Duration::from_millis(100), LARGE);
        concurrency.learn(Feedback::Good, Duration::from_secs(2), LARGE);
        assert_eq!(places(&concurrency), 7);
        for _ in 0..100 {
            concurrency.learn(Feedback::Good, Duration::from_secs(2), LARGE);
        }
        assert_eq!(places(&concurrency), 8);
    }

    #[test]
    fn small_answers_and_probes_do_not_make_large_bulks_look_slow() {
        let concurrency = concurrency();
        let usual = Duration::from_secs(2);
        concurrency.learn(Feedback::Good, usual, LARGE);
        for _ in 0..DOWN {
            concurrency.learn(Feedback::None, Duration::from_secs(60), LARGE);
        }
        concurrency.answers_again();
        assert!(!concurrency.is_down());
        for _ in 0..100 {
            concurrency.learn(Feedback::Good, Duration::from_millis(3), 2_000);
        }
        assert_eq!(places(&concurrency), 8);
        concurrency.learn(Feedback::Good, usual, LARGE);
        assert_eq!(places(&concurrency), 8, "as fast as ever");
        let fresh = ConcurrencyLimiter::new(8, Arc::new(Metrics::new()));
        fresh.learn(Feedback::Good, Duration::from_millis(3), 2_000);
        fresh.learn(Feedback::Good, usual, LARGE);
        assert_eq!(places(&fresh), 8, "the first of its size");
    }

    #[test]
    fn no_answers_mean_down_and_any_answer_means_up() {
        let concurrency = concurrency();
        for _ in 0..DOWN {
            assert!(!concurrency.is_down());
            concurrency.learn(Feedback::None, Duration::ZERO, LARGE);
        }
        assert!(concurrency.is_down());
        concurrency.learn(Feedback::Refused, Duration::ZERO, LARGE);
        assert!(!concurrency.is_down());
    }

    #[tokio::test]
    async fn no_more_pass_than_are_allowed() {
        let concurrency = concurrency();
        for _ in 0..3 {
            concurrency.learn(Feedback::Refused, Duration::ZERO, LARGE);
        }
        let first = concurrency.enter().await;
        let second = concurrency.enter();
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        let _second = second.await;
        assert_eq!(concurrency.lock().in_flight, 1);
    }
}
