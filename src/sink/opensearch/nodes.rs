/*!
Which node is asked next: each in turn, but for those that did not answer. They are left aside, longer each time, and then asked for a
sign of life before they get work again.
*/

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// A node gives its sign of life within this time.
pub(super) const TRIAL: Duration = Duration::from_secs(5);

pub(super) struct Nodes {
    turns: Mutex<Turns>,
}

struct Turns {
    next: usize,
    states: Vec<State>,
}

#[derive(Clone, Copy)]
struct State {
    /// In a row.
    failures: u32,
    /// Left aside until then; it is on trial after that.
    until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) node: usize,
    /// It has not answered yet, or not lately.
    pub(super) trial: bool,
}

impl Nodes {
    pub(super) fn new(n: usize, now: Instant) -> Self {
        let state = State {
            failures: 0,
            // With one node there is no choice.
            until: (n > 1).then_some(now),
        };
        Self {
            turns: Mutex::new(Turns {
                next: 0,
                states: vec![state; n],
            }),
        }
    }

    /// The next one that was not tried; if all of these are left aside, the one whose time ends first.
    pub(super) fn choose(&self, tried: &[usize], now: Instant) -> Option<Choice> {
        let mut turns = self.lock();
        let n = turns.states.len();
        let in_turn = (0..n).map(|i| (turns.next + i) % n);
        let node = in_turn
            .filter(|node| !tried.contains(node))
            // The first of equals.
            .min_by_key(|node| turns.states[*node].until.filter(|until| *until > now))?;
        turns.next = (node + 1) % n;
        let state = &mut turns.states[node];
        let trial = state.until.is_some();
        if trial {
            // One request tries it; the others go elsewhere meanwhile.
            state.until = Some(now + TRIAL);
        }
        Some(Choice { node, trial })
    }

    pub(super) fn answered(&self, node: usize) {
        let state = &mut self.lock().states[node];
        *state = State {
            failures: 0,
            until: None,
        };
    }

    pub(super) fn failed(&self, node: usize, now: Instant) {
        let mut turns = self.lock();
        if turns.states.len() == 1 {
            return;
        }
        let state = &mut turns.states[node];
        let aside = SHORTEST * (1 << state.failures.min(10));
        state.failures = state.failures.saturating_add(1);
        state.until = Some(now + aside.min(LONGEST));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(nodes: &Nodes, tried: &[usize], now: Instant) -> usize {
        nodes.choose(tried, now).unwrap().node
    }

    #[test]
    fn each_in_turn() {
        let now = Instant::now();
        let nodes = Nodes::new(3, now);
        for node in 0..3 {
            nodes.answered(node);
        }
        let order: Vec<_> = (0..6).map(|_| chosen(&nodes, &[], now)).collect();
        assert_eq!(order, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_node_that_does_not_answer_is_left_aside_longer_each_time() {
        let now = Instant::now();
        let nodes = Nodes::new(2, now);
        nodes.answered(0);
        let mut at = now;
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            nodes.failed(1, at);
            let end = at + Duration::from_secs(seconds);
            for _ in 0..3 {
                assert_eq!(chosen(&nodes, &[], end - Duration::from_millis(1)), 0);
            }
            let back: Vec<_> = (0..2).map(|_| nodes.choose(&[], end).unwrap()).collect();
            assert!(
                back.contains(&Choice {
                    node: 1,
                    trial: true
                }),
                "{back:?}"
            );
            assert_eq!(chosen(&nodes, &[], end), 0, "only one request tries it");
            at = end;
        }
        nodes.answered(1);
        let both: Vec<_> = (0..2).map(|_| chosen(&nodes, &[], at)).collect();
        assert!(both.contains(&1));
    }

    #[test]
    fn if_all_are_left_aside_the_first_to_return_is_asked() {
        let now = Instant::now();
        let nodes = Nodes::new(2, now);
        nodes.failed(0, now);
        nodes.failed(0, now);
        nodes.failed(1, now);
        assert_eq!(chosen(&nodes, &[], now), 1);
        assert_eq!(chosen(&nodes, &[1], now), 0);
        assert_eq!(nodes.choose(&[0, 1], now), None);
    }

    #[test]
    fn the_only_node_is_never_left_aside() {
        let now = Instant::now();
        let nodes = Nodes::new(1, now);
        nodes.failed(0, now);
        let choice = Choice {
            node: 0,
            trial: false,
        };
        assert_eq!(nodes.choose(&[], now), Some(choice));
    }
}
