/*! The world of one seed: servers, objects, messages, and their expected final state. */

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;

use crate::faults::{Plan, choose};
use crate::index::{IndexServer, Place};
use crate::letters::LetterServer;
use crate::messages;
use crate::objects::{self, BARRED_BUCKET, Health, OTHER_BUCKET, Planned};
use crate::oracle::{self, Parsed};
use crate::queue::QueueServer;
use crate::sim::{Sim, lock};
use crate::store::StoreServer;

/// An object with all of its versions over time.
pub struct Object {
    /// Oldest first.
    pub versions: Vec<(Planned, Parsed)>,
    pub removed: bool,
    pub forbidden: bool,
    /// Its bucket is not allowed.
    pub barred: bool,
}

impl Object {
    pub fn current(&self) -> &(Planned, Parsed) {
        self.versions.last().expect("an object has a version")
    }

    /// It can be read to its end.
    pub fn is_sound(&self) -> bool {
        !self.forbidden
            && !self.barred
            && self.versions.iter().all(|(p, _)| p.health == Health::Sound)
    }

    pub fn is_damaged(&self) -> bool {
        self.versions.iter().any(|(p, _)| p.health != Health::Sound)
    }
}

/// A message that was or will be sent.
#[derive(Debug, Clone)]
pub struct Message {
    pub body: String,
    /// Which objects it names.
    pub objects: Vec<usize>,
    /// It is no notification.
    pub invalid: bool,
}

/// What happens to an object while the workers work.
enum Change {
    Overwrite(Box<Planned>),
    Remove,
}

pub struct World {
    pub sim: Arc<Sim>,
    pub queue: Arc<QueueServer>,
    pub store: Arc<StoreServer>,
    pub index: Arc<IndexServer>,
    pub letters: Arc<LetterServer>,
    pub objects: Mutex<Vec<Object>>,
    /// By the number that the queue gave it.
    pub messages: Mutex<Vec<(u64, Message)>>,
    to_send: Mutex<Vec<(Duration, Message)>>,
    changes: Mutex<Vec<(Duration, usize, Change)>>,
    rng: Mutex<Rng>,
}

impl World {
    /// `trouble` says whether there may be anything that cannot be settled.
    pub fn new(seed: u64, plan: Plan, trouble: bool) -> Arc<Self> {
        let sim = Sim::new(seed, plan);
        let mut rng = Rng::with_seed(seed ^ 0x0b1e_c750);
        let world = World {
            queue: QueueServer::new(&sim),
            store: StoreServer::new(&sim),
            index: IndexServer::new(&sim),
            letters: Arc::default(),
            objects: Mutex::default(),
            messages: Mutex::default(),
            to_send: Mutex::default(),
            changes: Mutex::default(),
            sim,
            rng: Mutex::new(Rng::with_seed(seed ^ 0x0005_e7d5)),
        };
        world.fill(&mut rng, trouble);
        Arc::new(world)
    }

    fn fill(&self, rng: &mut Rng, trouble: bool) {
        let end = self.sim.plan.faults_end.as_secs_f64();
        let big = rng.u8(0..40) == 0;
        let mut extra = Rng::with_seed(self.sim.seed ^ 0x0ddb_a115);
        for planned in objects::generate(rng, big) {
            if fits(&self.sim, &planned) && (planned.health == Health::Sound || trouble) {
                self.add(self.placed(&mut extra, planned, trouble));
            }
        }
        if trouble && self.sim.plan.over_cap {
            let planned =
                objects::over_cap(&mut extra, self.sim.plan.road.read.limits.max_object_bytes);
            self.add(self.placed(&mut extra, planned, trouble));
        }
        if self.sim.plan.overwrites {
            // Not in the loop's head: it would be locked throughout.
            let objects = lock(&self.objects).len();
            for n in 0..objects {
                let at = Duration::from_secs_f64(extra.f64() * end);
                self.overwrite_at(&mut extra, at, n);
            }
        }
        if trouble {
            let objects = lock(&self.objects).len();
            for n in 0..objects {
                let at = Duration::from_secs_f64(rng.f64() * end);
                match rng.u8(0..24) {
                    0 => self.forbid(n),
                    1 => lock(&self.changes).push((at, n, Change::Remove)),
                    2 => self.overwrite_at(rng, at, n),
                    _ => {}
                }
            }
            let cursed = self.sim.plan.cursed;
            if cursed > 0 {
                let salt = rng.u64(..);
                self.index.curse(Box::new(move |(index, id)| {
                    index.contains("-logs-") && salted(salt, id).is_multiple_of(cursed)
                }));
            }
        }
        self.plan_messages(rng, trouble);
    }

    /// In one bucket or another, compressed in one way or another.
    fn placed(&self, rng: &mut Rng, mut planned: Planned, trouble: bool) -> Planned {
        let plan = &self.sim.plan;
        if plan.other_bucket && rng.bool() {
            planned.bucket = OTHER_BUCKET.to_owned();
        }
        if plan.barred_bucket && trouble && rng.u8(0..4) == 0 {
            planned.bucket = BARRED_BUCKET.to_owned();
        }
        let recompress = plan.zstd && rng.bool();
        if recompress && planned.health == Health::Sound && !planned.plain.is_empty() {
            planned = objects::with_zstd(rng, planned);
        }
        planned
    }

    fn overwrite_at(&self, rng: &mut Rng, at: Duration, n: usize) {
        let old = lock(&self.objects)[n].current().0.clone();
        let new = overwritten(rng, &self.sim, &old);
        lock(&self.changes).push((at, n, Change::Overwrite(Box::new(new))));
    }

    fn plan_messages(&self, rng: &mut Rng, trouble: bool) {
        let objects = lock(&self.objects);
        let mut rest: Vec<usize> = (0..objects.len()).collect();
        rng.shuffle(&mut rest);
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let n = (*choose(rng, &[1, 1, 1, 2, 3])).min(rest.len());
            let named: Vec<usize> = rest.drain(..n).collect();
            let planned: Vec<&Planned> = named.iter().map(|n| &objects[*n].current().0).collect();
            for _ in 0..*choose(rng, &[1, 1, 1, 1, 2]) {
                let body = messages::notification(rng, &planned);
                messages.push(Message {
                    body,
                    objects: named.clone(),
                    invalid: false,
                });
            }
        }
        if rng.bool() {
            messages.push(Message {
                body: messages::idle(rng),
                objects: Vec::new(),
                invalid: false,
            });
        }
        if trouble && rng.u8(0..3) == 0 {
            messages.push(Message {
                body: messages::garbage(rng),
                objects: Vec::new(),
                invalid: true,
            });
        }
        drop(objects);
        let end = self.sim.plan.faults_end.as_secs_f64();
        for message in messages {
            let at = if rng.bool() { 0.0 } else { rng.f64() * end };
            lock(&self.to_send).push((Duration::from_secs_f64(at), message));
        }
    }

    /// Puts an object into the store; returns its number.
    pub fn add(&self, planned: Planned) -> usize {
        let parsed = oracle::parse(&planned, &self.sim.plan.road);
        self.store
            .put(&planned.bucket, &planned.key, planned.version.clone());
        let barred = !self
            .sim
            .plan
            .road
            .read
            .allowed_buckets
            .allow(&planned.bucket);
        let mut objects = lock(&self.objects);
        objects.push(Object {
            barred,
            versions: vec![(planned, parsed)],
            removed: false,
            forbidden: false,
        });
        objects.len() - 1
    }

    fn forbid(&self, n: usize) {
        let object = &mut lock(&self.objects)[n];
        object.forbidden = true;
        let planned = &object.current().0;
        self.store.forbid(&planned.bucket, &planned.key);
    }

    pub fn send(&self, message: Message) -> u64 {
        // Held, so that nobody deletes it before it is known.
        let mut messages = lock(&self.messages);
        let number = self.queue.send(&message.body);
        messages.push((number, message));
        number
    }

    /// How many messages name an object.
    pub fn messages_of(&self, bucket: &str, key: &str) -> usize {
        let objects = lock(&self.objects);
        let is = |n: &usize| {
            let planned = &objects[*n].current().0;
            planned.bucket == bucket && planned.key == key
        };
        let messages = lock(&self.messages);
        let naming = messages.iter().filter(|(_, m)| m.objects.iter().any(is));
        naming.count()
    }

    pub fn message(&self, number: u64) -> Message {
        let messages = lock(&self.messages);
        let found = messages.iter().find(|(n, _)| *n == number);
        found.expect("the queue gave this number").1.clone()
    }

    /// Sends messages and changes objects when they are due, until all are done.
    pub async fn unfold(self: Arc<Self>) {
        while self.comes() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Sends and changes what is due now; returns whether there is more.
    fn comes(&self) -> bool {
        let now = self.sim.now();
        let mut due = Vec::new();
        lock(&self.to_send).retain(|(at, message)| {
            let later = *at > now;
            if !later {
                due.push(message.clone());
            }
            later
        });
        for message in due {
            self.send(message);
        }
        let mut changes = lock(&self.changes);
        while let Some(i) = changes.iter().position(|(at, ..)| *at <= now) {
            let (_, n, change) = changes.swap_remove(i);
            self.change(n, change);
        }
        !changes.is_empty() || !lock(&self.to_send).is_empty()
    }

    fn change(&self, n: usize, change: Change) {
        let mut objects = lock(&self.objects);
        let object = &mut objects[n];
        let (bucket, key) = (
            object.current().0.bucket.clone(),
            object.current().0.key.clone(),
        );
        match change {
            Change::Remove => {
                object.removed = true;
                self.store.remove(&bucket, &key);
            }
            Change::Overwrite(planned) => {
                let parsed = oracle::parse(&planned, &self.sim.plan.road);
                self.store.put(&bucket, &key, planned.version.clone());
                let body = messages::notification(&mut lock(&self.rng), &[&planned]);
                object.versions.push((*planned, parsed));
                drop(objects);
                self.send(Message {
                    body,
                    objects: vec![n],
                    invalid: false,
                });
            }
        }
    }

    /// Whether the worker can settle this message. With a store of dead letters, whatever is a notification.
    pub fn can_settle(&self, message: &Message) -> bool {
        let objects = lock(&self.objects);
        if message.invalid || self.sim.plan.dead_letters {
            let refused = |n: &usize| objects[*n].forbidden || objects[*n].barred;
            return !message.invalid && !message.objects.iter().any(refused);
        }
        message.objects.iter().all(|n| {
            let object = &objects[*n];
            let (_, parsed) = object.current();
            (parsed.skipped && !object.barred)
                || (object.is_sound() && (object.removed || !self.refuses_some(parsed)))
        })
    }

    /// Whether the index refuses some of these documents for good.
    pub fn refuses_some(&self, parsed: &Parsed) -> bool {
        let summaries = parsed.summaries.iter().map(|(place, part)| (place, part));
        let mut all = parsed.documents.iter().chain(summaries);
        all.any(|(place, source)| self.index.is_cursed(place) || self.is_too_large(place, source))
    }

    /// The document alone is larger than the limit of a request (413).
    pub fn is_too_large(&self, (index, id): &Place, source: &[u8]) -> bool {
        let action = r#"{"create":{"_index":"","_id":""}}"#.len() + index.len() + id.len();
        action + source.len() + 2 > self.sim.plan.max_body
    }
}

/// Not longer than an object may be.
pub fn fits(sim: &Sim, planned: &Planned) -> bool {
    planned.plain.len() as u64 <= sim.plan.road.read.limits.max_object_bytes
}

/// The same key with other bytes.
fn overwritten(rng: &mut Rng, sim: &Sim, old: &Planned) -> Planned {
    let mut new = old.clone();
    let other = objects::generate(rng, false)
        .into_iter()
        .find(|o| o.health == Health::Sound && !o.plain.is_empty() && fits(sim, o));
    let Some(other) = other else { return new };
    new.version = other.version;
    new.plain = other.plain;
    new.health = Health::Sound;
    new
}

fn salted(salt: u64, text: &str) -> u64 {
    text.bytes()
        .fold(salt, |hash, b| {
            (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        })
        .rotate_right(17)
}
