/*! What must hold: at the instant of every delete, at rest, after a replay, after a drain, and over the whole history. */

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use logferry::decode::KeyFacts;
use logferry::observe::Metrics;
use logferry::sink::Stored;

use crate::faults::Fault;
use crate::history::{Entry, What};
use crate::index::Place;
use crate::objects::{Health, Planned};
use crate::oracle::{Expected, Parsed, with_part};
use crate::sim::lock;
use crate::world::{Object, World};

fn broken(world: &World, why: String) {
    world.sim.note(0, What::Broken(why));
}

/// From here on every delete is judged when it happens.
pub fn watch(world: &Arc<World>) {
    let weak = Arc::downgrade(world);
    world.queue.on_delete(Box::new(move |number, worker| {
        if let Some(world) = weak.upgrade()
            && let Err(why) = may_delete(&world, number, worker)
        {
            broken(
                &world,
                format!("message {number} was deleted although {why}"),
            );
        }
    }));
}

/// Every document of every object has a verdict that this worker knows of.
fn may_delete(world: &World, number: u64, worker: u32) -> Result<(), String> {
    let message = world.message(number);
    if message.invalid {
        return Err("it is no notification".to_owned());
    }
    let objects = lock(&world.objects);
    for n in message.objects {
        let object = &objects[n];
        // Whoever comes too late finds nothing. And which version was read cannot be known.
        if object.removed {
            continue;
        }
        let mut versions = object
            .versions
            .iter()
            .rev()
            .map(|v| is_settled(world, object, v, worker));
        if !versions.any(|settled| settled.is_ok()) {
            return is_settled(world, object, object.current(), worker);
        }
    }
    Ok(())
}

fn is_settled(
    world: &World,
    object: &Object,
    (planned, parsed): &(Planned, Parsed),
    worker: u32,
) -> Result<(), String> {
    let key = &planned.key;
    if parsed.skipped {
        return Ok(());
    }
    // A store of dead letters will be a third way for these: then look there for a record of the object.
    if object.forbidden {
        return Err(format!("{key} was never read"));
    }
    if planned.health == Health::Damaged {
        return Err(format!("{key} cannot be read to its end"));
    }
    for place in parsed.documents.keys() {
        // Likewise: a document that was refused for good may have a record there.
        if world.index.document(place).is_none() {
            return Err(format!("{place:?} of {key} is not in the index"));
        }
        if !world.index.was_told(place, worker) {
            return Err(format!(
                "worker {worker} knows no verdict of {place:?} of {key}"
            ));
        }
    }
    for (place, part) in &parsed.summaries {
        let stored = world.index.document(place);
        let whole = stored
            .is_some_and(|s| with_part(&s.source, part, &world.sim.plan.road.prices).is_none());
        if !whole {
            return Err(format!("summary {place:?} lacks its part of {key}"));
        }
        if !world.index.was_told(place, worker) {
            return Err(format!(
                "worker {worker} knows no verdict of summary {place:?} of {key}"
            ));
        }
    }
    Ok(())
}

/// What all objects together must come to.
fn expected(world: &World) -> Expected {
    let objects = lock(&world.objects);
    let messages = lock(&world.messages).clone();
    let policy = world.sim.plan.max_receive_count.is_some();
    let mut expected = Expected::default();
    for (n, object) in objects.iter().enumerate() {
        // A message that cannot be settled is at least delivered some times, if it has a policy that ends it.
        let read = |m: &crate::world::Message| {
            m.objects.contains(&n) && (policy || can_settle(world, m, &objects))
        };
        let must = object.is_sound() && !object.removed && messages.iter().any(|(_, m)| read(m));
        let (current, older) = object
            .versions
            .split_last()
            .expect("an object has a version");
        expected.add(&current.1, must);
        for (_, parsed) in older {
            expected.add(parsed, false);
        }
    }
    expected
}

fn can_settle(world: &World, message: &crate::world::Message, objects: &[Object]) -> bool {
    message.objects.iter().all(|n| {
        let object = &objects[*n];
        object.is_sound() && !world.refuses_some(&object.current().1)
    })
}

/// Faults are over and the queue is empty: the index holds what the objects say, and nothing else.
pub fn at_rest(world: &World) {
    let expected = expected(world);
    let prices = &world.sim.plan.road.prices;
    let documents = world.index.documents();
    for place in &expected.must {
        let mut sources = expected.allowed.get(place).into_iter().flatten();
        let refused = world.index.is_cursed(place);
        // Too large for one request, at least as one of its objects tells it.
        let may_miss = sources.any(|source| world.is_too_large(place, source));
        match (documents.contains_key(place) || may_miss, refused) {
            (false, false) => broken(world, format!("lost: {place:?}")),
            (true, true) => broken(world, format!("{place:?} was refused and is there")),
            _ => {}
        }
    }
    let damaged = damaged_streams(world);
    for (place, Stored { source, .. }) in &documents {
        if is_of(source, &damaged) {
            continue;
        }
        let (parts, more) = (expected.parts.get(place), expected.more_parts.get(place));
        if let Some(sources) = expected.allowed.get(place) {
            if !sources.contains(source) {
                broken(
                    world,
                    format!(
                        "{place:?} is not what the oracle says: {}",
                        String::from_utf8_lossy(source)
                    ),
                );
            }
        } else if parts.is_some() || more.is_some() {
            let mut all = parts.into_iter().chain(more).flatten();
            let mut total = all.next().expect("there is a part").clone();
            all.for_each(|part| {
                total = with_part(&total, part, prices).unwrap_or(std::mem::take(&mut total))
            });
            if with_part(&total, source, prices).is_some() {
                broken(
                    world,
                    format!(
                        "summary {place:?} says more than its objects: {}",
                        String::from_utf8_lossy(source)
                    ),
                );
            }
        } else {
            broken(
                world,
                format!(
                    "{place:?} comes from nowhere: {}",
                    String::from_utf8_lossy(source)
                ),
            );
        }
    }
    for (place, parts) in &expected.parts {
        match documents.get(place) {
            None if parts.iter().any(|part| world.is_too_large(place, part)) => {}
            None => broken(world, format!("lost: summary {place:?}")),
            Some(stored) => {
                for part in parts {
                    if with_part(&stored.source, part, prices).is_some() {
                        broken(world, format!("summary {place:?} lacks a part"));
                    }
                }
            }
        }
    }
    one_index_per_id(world, &documents);
    fates(world);
}

fn one_index_per_id(world: &World, documents: &BTreeMap<Place, Stored>) {
    let mut index_of = BTreeMap::new();
    for (index, id) in documents.keys() {
        if let Some(other) = index_of.insert(id, index) {
            broken(world, format!("{id} is in {other} and in {index}"));
        }
    }
}

/// What could be settled is gone from the queues, what could not is where the redrive policy puts it.
fn fates(world: &World) {
    let (left, dead) = (world.queue.left(), world.queue.dead());
    let policy = world.sim.plan.max_receive_count.is_some();
    for (number, message) in lock(&world.messages).clone() {
        let there = left.contains(&number) || dead.contains(&number);
        let settles = world.can_settle(&message);
        if settles && there {
            broken(
                world,
                format!("message {number} can be settled and is still there"),
            );
        }
        // What was removed or changed later may have been settled before, and junk may be seen or not.
        let certain = message.invalid || message.objects.iter().any(|n| never_settles(world, *n));
        if certain && (policy && !dead.contains(&number) || !there) {
            broken(
                world,
                format!("message {number} cannot be settled and is not among the dead letters"),
            );
        }
    }
}

fn never_settles(world: &World, n: usize) -> bool {
    let objects = lock(&world.objects);
    let object = &objects[n];
    let damaged = object
        .versions
        .iter()
        .all(|(p, _)| p.health == Health::Damaged);
    !object.removed
        && !object.current().1.skipped
        && (object.forbidden || damaged)
        && object.versions.len() == 1
}

fn damaged_streams(world: &World) -> BTreeSet<String> {
    let objects = lock(&world.objects);
    let damaged = objects.iter().filter(|o| o.is_damaged());
    damaged
        .filter_map(|o| KeyFacts::read(&o.current().0.key, &[]).log_stream)
        .collect()
}

fn is_of(source: &[u8], streams: &BTreeSet<String>) -> bool {
    let document: serde_json::Value = serde_json::from_slice(source).unwrap_or_default();
    let stream = &document["aws"]["log"]["stream"]["name"];
    stream.as_str().is_some_and(|s| streams.contains(s))
}

/// A replay of everything has not touched a document.
pub fn unchanged(world: &World, before: &BTreeMap<Place, Stored>) {
    let after = world.index.documents();
    let damaged = damaged_streams(world);
    for (place, stored) in &after {
        if before.get(place) != Some(stored) && !is_of(&stored.source, &damaged) {
            broken(world, format!("a replay has changed {place:?}"));
        }
    }
    if before.keys().any(|place| !after.contains_key(place)) {
        broken(world, "a replay has removed documents".to_owned());
    }
}

/// Counters equal what happened; exactly where nothing went wrong on the way.
pub fn counters(world: &World, all: &[Arc<Metrics>]) {
    let history = world.sim.history();
    let count = |name: &str| history.counts.get(name).copied().unwrap_or(0);
    let sum = |read: fn(&Metrics) -> u64| all.iter().map(|m| read(m)).sum::<u64>();
    let received = sum(|m| m.messages_received.get());
    let deleted = sum(|m| m.messages_deleted.get());
    let indexed = sum(|m| m.counts().indexed);
    let already_there = sum(|m| m.counts().already_there);
    let events = sum(|m| m.events.get());
    let delivered = count("Delivered") + count("Redelivered");
    let written = count("Created") + count("Updated");
    let mut pairs = vec![
        ("received", received, delivered),
        ("deleted", deleted, count("Deleted done")),
    ];
    if world.sim.plan.is_calm() {
        let (mut read_events, mut read_documents) = (0, 0);
        let objects = lock(&world.objects);
        for Entry { what, .. } in &history.entries {
            if let What::Opened { key, .. } = what {
                let object = objects
                    .iter()
                    .find(|o| o.current().0.key == *key)
                    .expect("it is known");
                let parsed = &object.current().1;
                read_events += parsed.events;
                read_documents += (parsed.documents.len() + parsed.summaries.len()) as u64;
            }
        }
        pairs.extend([
            ("events", events, read_events),
            ("indexed", indexed, written),
            ("documents", indexed + already_there, read_documents),
        ]);
    }
    let calm = world.sim.plan.is_calm();
    let wrong = pairs
        .into_iter()
        .filter(|(_, counted, real)| counted > real || (calm && counted != real));
    let wrong: Vec<String> = wrong
        .map(|(name, counted, real)| format!("{name}: counted {counted}, really {real}"))
        .collect();
    drop(history);
    for why in wrong {
        broken(world, why);
    }
    for metrics in all {
        let (used, budget) = (
            metrics.memory_reserved.get(),
            world.sim.plan.road.memory as f64,
        );
        if used > budget {
            broken(world, format!("{used} bytes reserved of {budget}"));
        }
    }
}

/// Every worker has ended in peace: nobody holds a message.
pub fn drained(world: &World, peace: Duration) {
    let held = world.queue.held(peace);
    if !held.is_empty() {
        broken(world, format!("held after the drain: {held:?}"));
    }
}

/// What only the whole history shows.
pub fn afterwards(world: &World) {
    let history = world.sim.history();
    let mut stopped = BTreeSet::new();
    let mut wrong = Vec::new();
    for Entry { worker, what, .. } in &history.entries {
        match what {
            What::Stopped => {
                stopped.insert(*worker);
            }
            What::Receiving if stopped.contains(worker) => {
                wrong.push(format!("worker {worker} receives after SIGTERM"))
            }
            _ => {}
        }
    }
    let plan = &world.sim.plan;
    if !Fault::LOSE_LEASES.iter().any(|fault| plan.has(*fault))
        && !history.counts.contains_key("Crashed")
    {
        let expired = history
            .entries
            .iter()
            .filter(|e| matches!(e.what, What::Expired { .. }));
        wrong.extend(expired.map(|e| format!("a lease expired for no reason: {:?}", e.what)));
    }
    let bytes = world.index.most_in_flight();
    if bytes > plan.road.memory * plan.workers && !history.counts.contains_key("Crashed") {
        wrong.push(format!("{bytes} bytes of bulks in flight"));
    }
    drop(history);
    for why in wrong {
        broken(world, why);
    }
}
