/*!
Adaptive concurrency: responses to bulks go in, permits for further bulks come out, as many as the cluster bears.

The limit grows by one after as many good responses as the limit allows in flight. It is halved after a refusal (429,
5xx) or no response at all, and shrinks by a tenth when responses take much longer than usual.
*/

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::observe::Metrics;

/// Bulks in a row without any response, after which the index counts as down.
const DOWN: u32 = 3;
/// A response that takes this many times the usual time is slow …
const SLOW: f64 = 3.0;
/// … unless it takes less than this many seconds: short times vary.
const NOT_SLOW: f64 = 0.25;

/// Classes of bulk sizes; each class holds bulks up to four times as large as the class below.
const SIZES: usize = 16;

pub(crate) struct ConcurrencyLimiter {
    most: f64,
    state: Mutex<LimiterState>,
    freed: Notify,
    metrics: Arc<Metrics>,
}

struct LimiterState {
    allowed: f64,
    in_flight: usize,
    /// Moving averages of the response time in seconds, one for each class of sizes.
    usual: [Option<f64>; SIZES],
    unanswered: u32,
}

/// What one request tells about the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feedback {
    Good,
    /// The response refuses documents for now.
    Refused,
    /// There was no response.
    None,
}

/// The permit for one bulk in flight.
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
            state: Mutex::new(LimiterState {
                allowed: most as f64,
                in_flight: 0,
                usual: [None; SIZES],
                unanswered: 0,
            }),
            freed: Notify::new(),
            metrics,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LimiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn acquire(self: &Arc<Self>) -> BulkPermit {
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

    /// Adapts the limit to the response to a bulk of so many bytes.
    pub(crate) fn learn(&self, feedback: Feedback, took: Duration, bytes: usize) {
        let took = took.as_secs_f64();
        let size = (bytes.max(1).ilog2() as usize / 2).min(SIZES - 1);
        let mut state = self.lock();
        match feedback {
            Feedback::Good => {
                let usual = state.usual[size].unwrap_or(took);
                if took > NOT_SLOW && took > usual * SLOW {
                    state.allowed *= 0.9;
                } else {
                    state.allowed += 1.0 / state.allowed;
                }
                // A lasting slowdown becomes the new baseline.
                state.usual[size] = Some(usual * 0.9 + took * 0.1);
            }
            Feedback::Refused | Feedback::None => state.allowed /= 2.0,
        }
        state.allowed = state.allowed.clamp(1.0, self.most);
        state.unanswered = match feedback {
            Feedback::None => state.unanswered.saturating_add(1),
            _ => 0,
        };
        self.metrics.bulks_allowed.set(state.allowed as i64);
        self.publish(&state);
        drop(state);
        self.freed.notify_one();
    }

    /// The index answered another request: it is up. Its speed stays unknown.
    pub(crate) fn answers_again(&self) {
        let mut state = self.lock();
        state.unanswered = 0;
        self.publish(&state);
    }

    fn publish(&self, state: &LimiterState) {
        let down = state.unanswered >= DOWN;
        self.metrics.index_up.set(i64::from(!down));
        self.metrics.readiness.index_down(down);
    }

    /// Whether the index has not answered for a while. Nothing more is received then.
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
        let first = concurrency.acquire().await;
        let second = concurrency.acquire();
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        let _second = second.await;
        assert_eq!(concurrency.lock().in_flight, 1);
    }
}
