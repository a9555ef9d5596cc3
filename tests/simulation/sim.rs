/*! Shared by the simulated servers: random choices of the seed, virtual time, the step counter, the workers' wires. */

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::faults::{Fault, Plan};
use crate::history::{History, What};

/// The simulation of one seed.
pub struct Sim {
    pub seed: u64,
    pub plan: Plan,
    started: Instant,
    rng: Mutex<Rng>,
    steps: AtomicU64,
    faulty: AtomicBool,
    history: Mutex<History>,
    /// What is to happen to the worker that takes this step.
    events: Mutex<Vec<(u64, Strike)>>,
}

/// What happens to a worker at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// SIGKILL: no later request of the worker reaches a server.
    Crash,
    /// SIGTERM.
    Stop,
}

/// Locks a mutex even if a simulated panic has poisoned it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sim {
    /// To be made inside the seed's runtime.
    pub fn new(seed: u64, plan: Plan) -> Arc<Self> {
        Arc::new(Self {
            seed,
            plan,
            started: Instant::now(),
            rng: Mutex::new(Rng::with_seed(seed ^ 0x005e_ed0f_5e75)),
            steps: AtomicU64::new(0),
            faulty: AtomicBool::new(true),
            history: Mutex::default(),
            events: Mutex::default(),
        })
    }

    /// Virtual time since the beginning.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn chance<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut lock(&self.rng))
    }

    /// A delay up to `longest`, mostly short.
    pub fn delay(&self, longest: Duration) -> Duration {
        self.chance(|rng| {
            let share = rng.f64();
            longest.mul_f64(share * share * share)
        })
    }

    /// Whether the fault happens now.
    pub fn strikes(&self, fault: Fault) -> bool {
        if !self.faulty.load(Ordering::Relaxed) {
            return false;
        }
        let rate = self.plan.rate(fault, self.now());
        let happens = rate > 0.0 && self.chance(|rng| rng.f64() < rate);
        if happens {
            self.note(0, What::Fault(fault));
        }
        happens
    }

    /// Ends all faults.
    pub fn end_faults(&self) {
        self.faulty.store(false, Ordering::Relaxed);
        lock(&self.events).clear();
        self.note(0, What::FaultsEnd);
    }

    pub fn note(&self, worker: u32, what: What) {
        let at = self.now();
        lock(&self.history).add(at, worker, what);
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }

    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Plans what happens to whoever takes step `n`.
    pub fn at_step(&self, n: u64, strike: Strike) {
        lock(&self.events).push((n, strike));
    }

    fn step(&self) -> Option<Strike> {
        let n = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        let mut events = lock(&self.events);
        let found = events.iter().position(|(at, _)| *at == n)?;
        Some(events.swap_remove(found).1)
    }
}

/// The wire between one worker and the servers. A dead worker's wire carries nothing.
#[derive(Clone)]
pub struct Wire {
    pub sim: Arc<Sim>,
    pub worker: u32,
    pub dead: CancellationToken,
    pub stop: CancellationToken,
}

impl Wire {
    pub fn new(sim: &Arc<Sim>, worker: u32) -> Self {
        Self {
            sim: sim.clone(),
            worker,
            dead: CancellationToken::new(),
            stop: CancellationToken::new(),
        }
    }

    /// A step at which the worker can be killed; returns if it lives on.
    pub async fn step(&self) {
        if self.dead.is_cancelled() {
            return std::future::pending().await;
        }
        match self.sim.step() {
            None => {}
            Some(Strike::Stop) => self.stop(),
            Some(Strike::Crash) => {
                self.kill();
                std::future::pending().await
            }
        }
    }

    pub fn kill(&self) {
        if !self.dead.is_cancelled() {
            self.sim.note(self.worker, What::Crashed);
            self.dead.cancel();
        }
    }

    pub fn stop(&self) {
        if !self.stop.is_cancelled() {
            self.sim.note(self.worker, What::Stopped);
            self.stop.cancel();
        }
    }

    /// A request travels to its server.
    pub async fn there(&self, longest: Duration) {
        self.step().await;
        let delay = self.sim.delay(longest);
        tokio::time::sleep(delay).await;
        // The request of a dead worker may have been on its way already.
        if self.dead.is_cancelled() && self.sim.chance(|rng| rng.bool()) {
            std::future::pending::<()>().await;
        }
    }

    /// The answer travels back.
    pub async fn back(&self, longest: Duration) {
        self.step().await;
        let delay = self.sim.delay(longest);
        tokio::time::sleep(delay).await;
        if self.dead.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    pub fn note(&self, what: What) {
        self.sim.note(self.worker, what);
    }
}
