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

pub(super) struct Gate {
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
pub(super) enum Answer {
    Good,
    /// Answered, with refusals that may pass.
    Refused,
    None,
}

/// A place among the bulks in flight.
pub(super) struct Pass(Arc<Gate>);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
        self.0.freed.notify_one();
    }
}

impl Gate {
    pub(super) fn new(most: usize, metrics: Arc<Metrics>) -> Arc<Self> {
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

    pub(super) async fn enter(self: &Arc<Self>) -> Pass {
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
                    return Pass(self.clone());
                }
            }
            freed.await;
        }
    }

    /// Learns from the answer to a bulk of so many bytes.
    pub(super) fn learn(&self, answer: Answer, took: Duration, bytes: usize) {
        let took = took.as_secs_f64();
        let size = (bytes.max(1).ilog2() as usize / 2).min(SIZES - 1);
        let mut state = self.lock();
        match answer {
            Answer::Good => {
                let usual = state.usual[size].unwrap_or(took);
                if took > NOT_SLOW && took > usual * SLOW {
                    state.allowed *= 0.9;
                } else {
                    state.allowed += 1.0 / state.allowed;
                }
                // What stays slow becomes usual.
                state.usual[size] = Some(usual * 0.9 + took * 0.1);
            }
            Answer::Refused | Answer::None => state.allowed /= 2.0,
        }
        state.allowed = state.allowed.clamp(1.0, self.most);
        state.unanswered = match answer {
            Answer::None => state.unanswered.saturating_add(1),
            _ => 0,
        };
        self.metrics.bulks_allowed.set(state.allowed as i64);
        self.tell(&state);
        drop(state);
        self.freed.notify_one();
    }

    /// The index answered something that is no bulk: it is up, and nothing is learnt of how fast it is.
    pub(super) fn answers_again(&self) {
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
    pub(super) fn is_down(&self) -> bool {
        self.lock().unanswered >= DOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 5_000_000;

    fn gate() -> Arc<Gate> {
        Gate::new(8, Arc::new(Metrics::new()))
    }

    fn places(gate: &Gate) -> usize {
        gate.lock().allowed as usize
    }

    #[test]
    fn it_shrinks_at_once_and_grows_slowly() {
        let gate = gate();
        let quick = Duration::from_millis(20);
        gate.learn(Answer::Refused, quick, LARGE);
        assert_eq!(places(&gate), 4);
        gate.learn(Answer::None, quick, LARGE);
        gate.learn(Answer::Refused, quick, LARGE);
        gate.learn(Answer::Refused, quick, LARGE);
        assert_eq!(places(&gate), 1, "one always stays");
        let mut answers = 0;
        while places(&gate) < 8 {
            gate.learn(Answer::Good, quick, LARGE);
            answers += 1;
        }
        assert!((25..60).contains(&answers), "{answers}");
    }

    #[test]
    fn slow_answers_shrink_it_until_they_are_usual() {
        let gate = gate();
        gate.learn(Answer::Good, Duration::from_millis(100), LARGE);
        gate.learn(Answer::Good, Duration::from_secs(2), LARGE);
        assert_eq!(places(&gate), 7);
        for _ in 0..100 {
            gate.learn(Answer::Good, Duration::from_secs(2), LARGE);
        }
        assert_eq!(places(&gate), 8);
    }

    #[test]
    fn small_answers_and_probes_do_not_make_large_bulks_look_slow() {
        let gate = gate();
        let usual = Duration::from_secs(2);
        gate.learn(Answer::Good, usual, LARGE);
        for _ in 0..DOWN {
            gate.learn(Answer::None, Duration::from_secs(60), LARGE);
        }
        gate.answers_again();
        assert!(!gate.is_down());
        for _ in 0..100 {
            gate.learn(Answer::Good, Duration::from_millis(3), 2_000);
        }
        assert_eq!(places(&gate), 8);
        gate.learn(Answer::Good, usual, LARGE);
        assert_eq!(places(&gate), 8, "as fast as ever");
        let fresh = Gate::new(8, Arc::new(Metrics::new()));
        fresh.learn(Answer::Good, Duration::from_millis(3), 2_000);
        fresh.learn(Answer::Good, usual, LARGE);
        assert_eq!(places(&fresh), 8, "the first of its size");
    }

    #[test]
    fn no_answers_mean_down_and_any_answer_means_up() {
        let gate = gate();
        for _ in 0..DOWN {
            assert!(!gate.is_down());
            gate.learn(Answer::None, Duration::ZERO, LARGE);
        }
        assert!(gate.is_down());
        gate.learn(Answer::Refused, Duration::ZERO, LARGE);
        assert!(!gate.is_down());
    }

    #[tokio::test]
    async fn no_more_pass_than_are_allowed() {
        let gate = gate();
        for _ in 0..3 {
            gate.learn(Answer::Refused, Duration::ZERO, LARGE);
        }
        let first = gate.enter().await;
        let second = gate.enter();
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        let _second = second.await;
        assert_eq!(gate.lock().in_flight, 1);
    }
}
