/*! Runs one seed: workers that are restarted when they end; first faults, then none, then every notification again. */

use std::sync::{Arc, Mutex};
use std::time::Duration;

use logferry::observe::Metrics;
use logferry::pipeline;
use logferry::pipeline::Ends;
use logferry::sink::dead_letters::DeadLetters;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::at_rest;
use crate::faults::Fault;
use crate::history::What;
use crate::index::SimIndex;
use crate::invariants;
use crate::letters::SimLetters;
use crate::messages;
use crate::objects;
use crate::queue_client::SimQueue;
use crate::sim::{Wire, lock};
use crate::store::SimStore;
use crate::world::{self, Message, World};

/// Gives a worker its ends; the wrong workers of `wrong.rs` wrap them.
pub type Wrap = fn(Ends, &Wire, &Arc<World>) -> Ends;

pub fn honest(ends: Ends, _wire: &Wire, _world: &Arc<World>) -> Ends {
    ends
}

/// The longest time to settle all messages once the faults are over.
const SETTLED_WITHIN: Duration = Duration::from_secs(30 * 60);
/// The longest time until the last delivery of messages that cannot be settled.
const DEAD_WITHIN: Duration = Duration::from_secs(5 * 3600);

/// The workers of a world, past and present.
pub struct Crew {
    world: Arc<World>,
    wrap: Wrap,
    now: Mutex<Vec<Wire>>,
    /// All that were ever started.
    pub metrics: Mutex<Vec<Arc<Metrics>>>,
    closing: CancellationToken,
}

impl Crew {
    fn start(world: &Arc<World>, wrap: Wrap) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let crew = Arc::new(Crew {
            world: world.clone(),
            wrap,
            now: Mutex::default(),
            metrics: Mutex::default(),
            closing: CancellationToken::new(),
        });
        let workers = (0..world.sim.plan.workers).map(|_| tokio::spawn(crew.clone().work()));
        let workers = workers.collect();
        (crew, workers)
    }

    /// Keeps one worker running: starts another when it ends.
    async fn work(self: Arc<Self>) {
        let sim = &self.world.sim;
        while !self.closing.is_cancelled() {
            let metrics = Arc::new(Metrics::new());
            let number = {
                let mut all = lock(&self.metrics);
                all.push(metrics.clone());
                all.len() as u32
            };
            let wire = Wire::new(sim, number);
            lock(&self.now).push(wire.clone());
            wire.note(What::Started);
            let ends = Ends {
                queue: Arc::new(SimQueue {
                    server: self.world.queue.clone(),
                    wire: wire.clone(),
                }),
                store: Arc::new(SimStore {
                    server: self.world.store.clone(),
                    wire: wire.clone(),
                }),
                index: Arc::new(SimIndex {
                    server: self.world.index.clone(),
                    wire: wire.clone(),
                }),
                dead_letters: sim.plan.dead_letters.then(|| {
                    let server = self.world.letters.clone();
                    Arc::new(SimLetters {
                        server,
                        wire: wire.clone(),
                    }) as Arc<dyn DeadLetters>
                }),
            };
            let ends = (self.wrap)(ends, &wire, &self.world);
            let config = sim.plan.road.clone();
            let mut running = tokio::spawn(pipeline::run(ends, config, metrics, wire.stop.clone()));
            tokio::select! {
                ended = &mut running => {
                    let result = ended.expect("the road does not panic").map_err(|e| e.0);
                    if result.is_ok() && !wire.stop.is_cancelled() {
                        invariants::ended_empty(&self.world);
                    }
                    wire.note(What::Ended(result));
                }
                () = wire.dead.cancelled() => running.abort(),
            }
            lock(&self.now).retain(|w| w.worker != number);
            let pause = sim.delay(Duration::from_secs(5));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.closing.cancelled() => {}
            }
        }
    }

    /// Kills or terminates workers at random times.
    async fn chaos(self: Arc<Self>) {
        let sim = &self.world.sim;
        loop {
            tokio::time::sleep(sim.delay(Duration::from_secs(20))).await;
            if sim.strikes(Fault::ClockJumps) {
                let jump = sim.chance(|rng| sim.plan.visibility.mul_f64(rng.f64() * 2.0));
                sim.note(0, What::ClockJumped(jump));
                tokio::time::advance(jump).await;
            }
            if sim.strikes(Fault::ClockLeaps) {
                let leap = sim.chance(|rng| Duration::from_secs(rng.u64(600..7200)));
                sim.note(0, What::ClockJumped(leap));
                tokio::time::advance(leap).await;
            }
            let now = lock(&self.now).clone();
            if now.is_empty() {
                continue;
            }
            let wire = sim.chance(|rng| now[rng.usize(0..now.len())].clone());
            if sim.strikes(Fault::Crashes) {
                wire.kill();
            } else if sim.strikes(Fault::Stops) {
                wire.stop();
            }
        }
    }
}

/// Runs the world to its end; the checks on the way write what is broken into the history. Returns the steps until all
/// was at rest.
pub async fn run(world: &Arc<World>, wrap: Wrap) -> u64 {
    let sim = &world.sim;
    invariants::watch(world);
    let (crew, workers) = Crew::start(world, wrap);
    let chaos = tokio::spawn(crew.clone().chaos());
    let unfolding = tokio::spawn(world.clone().unfold());
    tokio::time::sleep(sim.plan.faults_end).await;
    unfolding.await.expect("no panic");
    chaos.abort();
    invariants::neighbours(world);
    sim.end_faults();
    let peace = sim.now();
    // Messages with no delivery left, or one, when the faults end are redriven, as by an operator.
    for _ in 0..2 {
        world.queue.redrive();
        quiet(world, "after the faults").await;
    }
    let steps = sim.steps();
    at_rest::check(world);

    fresh(world).await;
    let before = world.index.documents();
    replay(world);
    quiet(world, "after the replay").await;
    invariants::unchanged(world, &before);
    invariants::counters(world, &lock(&crew.metrics));

    // Once more, and SIGTERM in the middle of it.
    replay(world);
    tokio::time::sleep(sim.delay(Duration::from_secs(3))).await;
    crew.closing.cancel();
    for wire in lock(&crew.now).iter() {
        wire.stop();
    }
    let listening = peace..sim.now() + invariants::LISTENS;
    let grace = sim.plan.road.drain_timeout + Duration::from_secs(8);
    for worker in workers {
        if tokio::time::timeout(grace, worker).await.is_err() {
            sim.note(
                0,
                What::Broken("a worker did not end within its grace".to_owned()),
            );
        }
    }
    invariants::drained(world, listening);
    invariants::afterwards(world);
    steps
}

/// Waits until all messages that can be settled are, and the others have had their last delivery.
async fn quiet(world: &Arc<World>, when: &str) {
    let sim = &world.sim;
    let since = sim.now();
    loop {
        let left = world.queue.left();
        let open = left
            .iter()
            .filter(|n| world.can_settle(&world.message(**n)))
            .count();
        let policy = sim.plan.max_receive_count.is_some();
        if open == 0 && (left.is_empty() || !policy) {
            // The last answers may be on their way. Messages without an end have been delivered once more.
            let rest = if left.is_empty() { 1 } else { 1000 };
            return tokio::time::sleep(Duration::from_secs(rest)).await;
        }
        let waited = sim.now() - since;
        if (open > 0 && waited > SETTLED_WITHIN) || waited > DEAD_WITHIN {
            let message = format!(
                "{when}: {open} messages that can be settled are left of {left:?} after {waited:?}"
            );
            return sim.note(0, What::Broken(message));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Checks that a new message is settled.
async fn fresh(world: &Arc<World>) {
    let sim = &world.sim;
    let mut rng = fastrand::Rng::with_seed(sim.seed ^ 0xf4e5);
    let planned = loop {
        let found = objects::generate(&mut rng, false)
            .into_iter()
            .find(|o| o.plain.len() > 100 && world::fits(sim, o));
        if let Some(planned) = found.filter(|o| o.health == objects::Health::Sound) {
            break planned;
        }
    };
    let body = messages::notification(&mut rng, &[&planned]);
    let n = world.add(planned);
    let message = Message {
        body,
        objects: vec![n],
        invalid: false,
    };
    if !world.can_settle(&message) {
        return;
    }
    let number = world.send(message);
    let mut waited = 0;
    while world.queue.left().contains(&number) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        waited += 1;
        if waited > 120 {
            return sim.note(0, What::Broken("a fresh object does not pass".to_owned()));
        }
    }
}

/// Every notification that was ever sent, again.
fn replay(world: &World) {
    let messages = lock(&world.messages).clone();
    let mut bodies = std::collections::BTreeSet::new();
    for (_, message) in messages {
        if world.can_settle(&message) && bodies.insert(message.body.clone()) {
            world.send(message);
        }
    }
}
