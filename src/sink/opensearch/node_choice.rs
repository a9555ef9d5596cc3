/*!
Answers and failures of nodes go in; the node for the next request comes out (round robin). A node that fails is paused,
longer after each failure. After the pause it must pass a health check before it receives requests again.
*/

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Pause after the first failure; each further failure doubles it.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// Timeout of the health check.
pub(crate) const TRIAL: Duration = Duration::from_secs(5);

pub(crate) struct Nodes {
    turns: Mutex<Turns>,
}

struct Turns {
    next: usize,
    states: Vec<State>,
}

#[derive(Clone, Copy)]
struct State {
    /// Consecutive failures.
    failures: u32,
    /// End of the pause; after it, the node needs a health check. `None`: the node is healthy.
    until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) node: usize,
    /// The node needs a health check: it has not answered yet, or it failed last.
    pub(crate) trial: bool,
}

impl Nodes {
    pub(crate) fn new(n: usize, now: Instant) -> Self {
        let state = State {
            failures: 0,
            // A single node is never paused or checked.
            until: (n > 1).then_some(now),
        };
        Self {
            turns: Mutex::new(Turns {
                next: 0,
                states: vec![state; n],
            }),
        }
    }

    /// The next node in turn that is not in `tried`. If all these nodes are paused, the node whose pause ends first.
    /// `None` if every node was tried.
    pub(crate) fn choose(&self, tried: &[usize], now: Instant) -> Option<Choice> {
        let mut turns = self.lock();
        let n = turns.states.len();
        let in_turn = (0..n).map(|i| (turns.next + i) % n);
        let node = in_turn
            .filter(|node| !tried.contains(node))
            // Of equal nodes, `min_by_key` takes the first.
            .min_by_key(|node| turns.states[*node].until.filter(|until| *until > now))?;
        turns.next = (node + 1) % n;
        let state = &mut turns.states[node];
        let trial = state.until.is_some();
        if trial {
            // This request makes the health check; other requests avoid the node meanwhile.
            state.until = Some(now + TRIAL);
        }
        Some(Choice { node, trial })
    }

    pub(crate) fn answered(&self, node: usize) {
        let state = &mut self.lock().states[node];
        *state = State {
            failures: 0,
            until: None,
        };
    }

    pub(crate) fn failed(&self, node: usize, now: Instant) {
        let mut turns = self.lock();
        if turns.states.len() == 1 {
            return;
        }
        let state = &mut turns.states[node];
        let pause = SHORTEST * (1 << state.failures.min(10));
        state.failures = state.failures.saturating_add(1);
        state.until = Some(now + pause.min(LONGEST));
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
    fn healthy_nodes_take_turns() {
        let now = Instant::now();
        let nodes = Nodes::new(3, now);
        for node in 0..3 {
            nodes.answered(node);
        }
        let order: Vec<_> = (0..6).map(|_| chosen(&nodes, &[], now)).collect();
        assert_eq!(order, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_failing_node_is_paused_longer_each_time() {
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
    fn if_all_nodes_are_paused_the_first_to_return_is_chosen() {
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
    fn a_single_node_is_never_paused() {
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
