/*! A simulated SQS queue with its dead-letter queue. Its calls take no time; `queue_client.rs` adds the network. */

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logferry::source::{Depth, Handle, Message, Outcome};

use crate::faults::Fault;
use crate::history::What;
use crate::sim::{Sim, lock};

/// From the first receive.
const LONGEST_HOLD: Duration = Duration::from_secs(12 * 3600);

/// A message as the queue keeps it.
#[derive(Debug, Clone)]
pub struct DocumentToResend {
    pub body: String,
    pub count: u32,
    visible_at: Duration,
    first_received: Option<Duration>,
    /// Of the latest delivery.
    handle: Option<String>,
    delivered_at: Duration,
    /// Or brought back.
    sent_at: Duration,
    /// Nobody holds it: it was never delivered, or released.
    free: bool,
}

#[derive(Default)]
struct State {
    messages: BTreeMap<u64, DocumentToResend>,
    dead: BTreeMap<u64, DocumentToResend>,
    /// Message by handle; never forgotten.
    handles: BTreeMap<String, u64>,
    next_message: u64,
    next_handle: u64,
}

/// Called with the number of a message at the instant before it is deleted, and by which worker.
pub type OnDelete = Box<dyn Fn(u64, u32) + Send + Sync>;

pub struct QueueServer {
    sim: Arc<Sim>,
    pub visibility: Duration,
    pub max_receive_count: Option<u32>,
    state: Mutex<State>,
    told_lost: Mutex<BTreeSet<String>>,
    on_delete: Mutex<Option<OnDelete>>,
}

impl QueueServer {
    pub fn new(sim: &Arc<Sim>) -> Arc<Self> {
        Arc::new(Self {
            sim: sim.clone(),
            visibility: sim.plan.visibility,
            max_receive_count: sim.plan.max_receive_count,
            state: Mutex::default(),
            told_lost: Mutex::default(),
            on_delete: Mutex::default(),
        })
    }

    pub fn on_delete(&self, check: OnDelete) {
        *lock(&self.on_delete) = Some(check);
    }

    /// Puts a message in; returns its number.
    pub fn send(&self, body: &str) -> u64 {
        let mut state = lock(&self.state);
        state.next_message += 1;
        let message = state.next_message;
        state.messages.insert(
            message,
            DocumentToResend {
                body: body.to_owned(),
                count: 0,
                visible_at: self.sim.now(),
                first_received: None,
                handle: None,
                delivered_at: Duration::ZERO,
                sent_at: self.sim.now(),
                free: true,
            },
        );
        drop(state);
        self.sim.note(0, What::Enqueued { message });
        message
    }

    /// The numbers of messages in the dead-letter queue.
    pub fn dead(&self) -> Vec<u64> {
        lock(&self.state).dead.keys().copied().collect()
    }

    /// The numbers of messages in the queue.
    pub fn left(&self) -> Vec<u64> {
        lock(&self.state).messages.keys().copied().collect()
    }

    /// The numbers of messages that have been in the queue for so long.
    pub fn left_for(&self, long: Duration) -> Vec<u64> {
        let now = self.sim.now();
        let state = lock(&self.state);
        let old = state
            .messages
            .iter()
            .filter(|(_, m)| m.sent_at + long <= now);
        old.map(|(n, _)| *n).collect()
    }

    /// A worker learns that a handle is no longer its own …
    pub fn tell_lost(&self, handle: &Handle) {
        lock(&self.told_lost).insert(handle.0.clone());
    }

    /// … and does not use it again.
    pub fn was_told_lost(&self, handle: &Handle) -> bool {
        lock(&self.told_lost).contains(&handle.0)
    }

    /// Messages that were delivered within this time and are invisible since somebody holds them.
    pub fn held(&self, within: std::ops::Range<Duration>) -> Vec<u64> {
        let now = self.sim.now();
        let state = lock(&self.state);
        let is_held = |m: &DocumentToResend| {
            !m.free && m.visible_at > now && within.contains(&m.delivered_at)
        };
        let held = state.messages.iter().filter(|(_, m)| is_held(m));
        held.map(|(n, _)| *n).collect()
    }

    /// Brings the dead letters back, as an operator would.
    pub fn redrive(&self) {
        let now = self.sim.now();
        let mut state = lock(&self.state);
        let dead = std::mem::take(&mut state.dead);
        state.messages.extend(dead.into_iter().map(|(n, kept)| {
            let fresh = DocumentToResend {
                count: 0,
                visible_at: now,
                sent_at: now,
                first_received: None,
                handle: None,
                free: true,
                ..kept
            };
            (n, fresh)
        }));
    }

    pub fn receive(&self, worker: u32, at_most: usize) -> Vec<Message> {
        let now = self.sim.now();
        let twice = self.sim.strikes(Fault::DeliveredTwice);
        let mut state = lock(&self.state);
        let state = &mut *state;
        let mut visible: Vec<u64> = state
            .messages
            .iter()
            .filter(|(_, m)| m.visible_at <= now)
            .map(|(n, _)| *n)
            .collect();
        // No order is promised.
        self.sim.chance(|rng| rng.shuffle(&mut visible));
        let mut messages = Vec::new();
        for message in visible {
            if messages.len() == at_most.min(10) {
                break;
            }
            let kept = state.messages.get_mut(&message).expect("it was listed");
            if !kept.free
                && let Some(handle) = kept.handle.clone()
            {
                self.sim.note(worker, What::Expired { message, handle });
            }
            if self
                .max_receive_count
                .is_some_and(|most| kept.count >= most)
            {
                let kept = state.messages.remove(&message).expect("it was listed");
                state.dead.insert(message, kept);
                self.sim.note(worker, What::DeadLettered { message });
                continue;
            }
            state.next_handle += 1;
            let handle = format!("{message}-{}", state.next_handle);
            state.handles.insert(handle.clone(), message);
            kept.count += 1;
            // At least once: sometimes a message stays visible although it was delivered.
            kept.visible_at = now
                + if twice {
                    Duration::ZERO
                } else {
                    self.visibility
                };
            let first = *kept.first_received.get_or_insert(now);
            kept.handle = Some(handle.clone());
            kept.delivered_at = now;
            kept.free = twice;
            self.sim.note(
                worker,
                What::Delivered {
                    message,
                    handle: handle.clone(),
                    count: kept.count,
                },
            );
            messages.push(Message {
                id: format!("m{message}"),
                handle: Handle(handle),
                body: kept.body.clone(),
                receive_count: kept.count,
                sent: None,
                held_before: now - first + self.sim.plan.aged,
            });
        }
        messages
    }

    /// Sets a message's visibility; `release` only tells which of the two calls it is.
    pub fn change(
        &self,
        worker: u32,
        handle: &Handle,
        visibility: Duration,
        release: bool,
    ) -> Outcome {
        let now = self.sim.now();
        let mut state = lock(&self.state);
        let Some(message) = state.handles.get(&handle.0).copied() else {
            return Outcome::Lost;
        };
        let outcome = match state.messages.get_mut(&message) {
            Some(kept) if kept.handle.as_ref() != Some(&handle.0) || kept.visible_at <= now => {
                Outcome::Lost
            }
            Some(kept)
                // To show it at once is always allowed.
                if !visibility.is_zero() && kept.first_received.is_some_and(|first| {
                    now + visibility + self.sim.plan.aged > first + LONGEST_HOLD
                }) =>
            {
                Outcome::Failed(
                    "InvalidParameterValue: total visibility timeout is beyond the limit"
                        .to_owned(),
                )
            }
            Some(kept) => {
                kept.visible_at = now + visibility;
                kept.free = release;
                Outcome::Done
            }
            None => Outcome::Lost,
        };
        drop(state);
        let (handle, result) = (handle.0.clone(), shown(&outcome));
        self.sim.note(
            worker,
            match release {
                true => What::Released {
                    message,
                    handle,
                    delay: visibility,
                    result,
                },
                false => What::Extended {
                    message,
                    handle,
                    result,
                },
            },
        );
        outcome
    }

    /// A stale handle deletes nothing.
    pub fn delete(&self, worker: u32, handle: &Handle) -> Outcome {
        let mut state = lock(&self.state);
        let Some(message) = state.handles.get(&handle.0).copied() else {
            return Outcome::Lost;
        };
        let outcome = match state.messages.get(&message) {
            Some(kept) if kept.handle.as_ref() == Some(&handle.0) => {
                state.messages.remove(&message);
                Outcome::Done
            }
            _ => Outcome::Lost,
        };
        drop(state);
        if outcome == Outcome::Done
            && let Some(check) = &*lock(&self.on_delete)
        {
            check(message, worker);
        }
        let (handle, result) = (handle.0.clone(), shown(&outcome));
        self.sim.note(
            worker,
            What::Deleted {
                message,
                handle,
                result,
            },
        );
        outcome
    }

    pub fn depth(&self) -> Depth {
        let now = self.sim.now();
        let state = lock(&self.state);
        let mut depth = Depth::default();
        for kept in state.messages.values() {
            match (kept.visible_at <= now, kept.free) {
                (true, _) => depth.visible += 1,
                (false, true) => depth.delayed += 1,
                (false, false) => depth.in_flight += 1,
            }
        }
        depth
    }
}

fn shown(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Lost => "lost",
        Outcome::Failed(_) | Outcome::Fatal(_) => "failed",
    }
}
