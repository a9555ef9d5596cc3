//! A queue, its arrivals and its replicas, second by second.

use crate::scalers::{Scaler, Second, Seen};

/// One load: how many messages come in each second, and how many one replica settles in a second.
pub struct Load {
    pub name: &'static str,
    pub arrivals: fn(Second) -> f64,
    pub rate: f64,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For each second: the backlog and the replicas that work.
    pub history: Vec<(f64, u32)>,
    pub most_replicas: u32,
    /// The longest time that a message waited, in seconds.
    pub oldest: f64,
    /// From the first message to the first empty queue behind the last one; `None` if it never was empty.
    pub drained: Option<Second>,
    /// Sum of the replicas' times, in seconds; starting ones are paid too.
    pub replica_seconds: u64,
    pub settled: f64,
}

/// Runs the load for `seconds`.
pub fn run(load: &Load, scaler: &mut dyn Scaler, seconds: Second) -> Outcome {
    let mut outcome = Outcome::default();
    // When each replica begins to work.
    let mut replicas: Vec<Second> = Vec::new();
    let (mut backlog, mut arrived) = (0.0, 0.0);
    // Arrivals that wait, oldest first: second and number.
    let mut waiting = std::collections::VecDeque::new();
    let mut first = None;
    for now in 0..seconds {
        let new = (load.arrivals)(now);
        if new > 0.0 {
            first.get_or_insert(now);
            waiting.push_back((now, new));
            outcome.drained = None;
        }
        arrived += new;
        backlog += new;
        let wanted = scaler.decide(Seen {
            now,
            backlog,
            replicas: replicas.len() as u32,
        });
        replicas.resize(wanted as usize, now + scaler.start_time());
        let working = replicas.iter().filter(|from| **from <= now).count() as u32;
        let mut can = (f64::from(working) * load.rate).min(backlog);
        backlog -= can;
        outcome.settled += can;
        while let Some((since, left)) = waiting.front_mut() {
            outcome.oldest = outcome.oldest.max(f64::from(now - *since));
            if *left > can + 1e-9 {
                *left -= can;
                break;
            }
            can -= *left;
            waiting.pop_front();
        }
        if waiting.is_empty() {
            backlog = 0.0;
        }
        if let (Some(first), true, None) = (first, waiting.is_empty(), outcome.drained) {
            outcome.drained = Some(now - first);
        }
        outcome.most_replicas = outcome.most_replicas.max(wanted);
        outcome.replica_seconds += u64::from(wanted);
        outcome.history.push((backlog, working));
    }
    debug_assert!((outcome.settled + backlog - arrived).abs() < 1e-3 * arrived.max(1.0));
    outcome
}
