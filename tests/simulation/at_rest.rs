/*! The checks after a run: the index against the oracle, the queues and the dead letters against the sent messages. */

use std::collections::{BTreeMap, BTreeSet};

use logferry::sink::Stored;
use logferry_core::decode::KeyInfo;

use crate::index::Place;
use crate::invariants::broken;
use crate::objects::Health;
use crate::oracle::{Expected, with_part};
use crate::sim::lock;
use crate::world::{Message, Object, World};

/// The documents that all objects together must give.
fn expected(world: &World) -> Expected {
    let objects = lock(&world.objects);
    let messages = lock(&world.messages).clone();
    let policy = world.sim.plan.max_receive_count.is_some();
    let mut expected = Expected::default();
    for (n, object) in objects.iter().enumerate() {
        // With a redrive policy, a message that cannot be settled is delivered some times.
        let read =
            |m: &Message| m.objects.contains(&n) && (policy || can_settle(world, m, &objects));
        let given_up = world.letters.has_object(&object.current().0.key, None);
        let must = object.is_sound()
            && !object.removed
            && !given_up
            && messages.iter().any(|(_, m)| read(m));
        let (current, older) = object
            .versions
            .split_last()
            .expect("an object has a version");
        if !object.barred {
            expected.add(&current.1, must);
        }
        for (_, parsed) in older.iter().filter(|_| !object.barred) {
            expected.add(parsed, false);
        }
    }
    expected
}

fn can_settle(world: &World, message: &Message, objects: &[Object]) -> bool {
    message.objects.iter().all(|n| {
        let object = &objects[*n];
        object.is_sound() && !world.refuses_some(&object.current().1)
    })
}

/// The faults are over and the queue is empty: the index holds the documents of the objects, and no others.
pub fn check(world: &World) {
    let expected = expected(world);
    let prices = &world.sim.plan.road.read.prices;
    let documents = world.index.documents();
    for place in &expected.must {
        let mut sources = expected.allowed.get(place).into_iter().flatten();
        let refused = world.index.is_cursed(place);
        // Too large for one request, at least in the version of one of its objects.
        let may_miss = sources.any(|source| world.is_too_large(place, source));
        let buried = world.letters.has_document(place, None);
        match (documents.contains_key(place) || may_miss || buried, refused) {
            (false, false) => broken(world, format!("lost: {place:?}")),
            (true, true) if documents.contains_key(place) => {
                broken(world, format!("{place:?} was refused and is there"))
            }
            (_, true) if world.sim.plan.dead_letters && !buried => {
                broken(
                    world,
                    format!("refused and not among the dead letters: {place:?}"),
                );
            }
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
            None if world.letters.has_document(place, None) => {}
            None if parts.iter().any(|part| world.is_too_large(place, part)) => {}
            None => broken(world, format!("lost: summary {place:?}")),
            Some(_) if world.letters.has_document(place, None) => {}
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
    each_event_once(world, &documents, &damaged);
    letters(world, &expected);
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

/// The oracle's ids are the worker's own: what CloudWatch knows of events shows that no two documents are one event.
fn each_event_once(world: &World, documents: &BTreeMap<Place, Stored>, damaged: &BTreeSet<String>) {
    let mut events = BTreeMap::new();
    for (place, Stored { source, .. }) in documents {
        // Those that are over a cap hold one event many times.
        if is_of(source, damaged) {
            continue;
        }
        let document: serde_json::Value = serde_json::from_slice(source).unwrap_or_default();
        let stream = document["aws"]["log"]["stream"]["name"].as_str();
        let (Some(stream), Some(message)) = (stream, document["message"].as_str()) else {
            continue;
        };
        // What another object brought under the key has the time at which it was stored.
        if document["logferry"]["flags"]
            .to_string()
            .contains("no_timestamp")
        {
            continue;
        }
        let time = document["@timestamp"].to_string();
        let event = (stream.to_owned(), time, message.to_owned());
        if let Some(other) = events.insert(event, place) {
            broken(world, format!("{place:?} and {other:?} are one event"));
        }
    }
}

/// No dead letter is for an object or a document that could be loaded, or that does not exist.
fn letters(world: &World, expected: &Expected) {
    let keys = |is: fn(&Object) -> bool| -> Vec<String> {
        let objects = lock(&world.objects);
        let found = objects.iter().filter(|o| is(o));
        found.map(|o| o.current().0.key.clone()).collect()
    };
    let damaged = keys(|o| o.is_damaged() || o.forbidden);
    for (kind, key, place) in world.letters.all() {
        let has_reason = match &place {
            Some(place) => {
                let known = expected.allowed.contains_key(place)
                    || expected.parts.contains_key(place)
                    || expected.more_parts.contains_key(place);
                let sources = expected.allowed.get(place).into_iter().flatten();
                let parts = expected.parts.get(place).into_iter().flatten();
                let too_large = || sources.chain(parts).any(|s| world.is_too_large(place, s));
                let refused = world.index.is_cursed(place);
                damaged.contains(&key) || (known && (refused || too_large()))
            }
            None => damaged.contains(&key),
        };
        if !has_reason {
            broken(
                world,
                format!("dead letter without a reason: {kind} {key} {place:?}"),
            );
        }
    }
}

/// Messages that could be settled are deleted; the others are in the queue of the redrive policy.
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
        // Only certain without a store of dead letters. An object that was removed or changed later may have been
        // settled before, and junk may be detected or not.
        let certain = message.invalid
            || (!world.sim.plan.dead_letters
                && message.objects.iter().any(|n| never_settles(world, *n)));
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
    let unread = !object.removed
        && !object.current().1.skipped
        && (object.forbidden || damaged)
        && object.versions.len() == 1;
    object.barred || unread
}

pub fn damaged_streams(world: &World) -> BTreeSet<String> {
    let objects = lock(&world.objects);
    let damaged = objects.iter().filter(|o| o.is_damaged());
    damaged
        .filter_map(|o| KeyInfo::read(&o.current().0.key, &[]).log_stream)
        .collect()
}

pub fn is_of(source: &[u8], streams: &BTreeSet<String>) -> bool {
    let document: serde_json::Value = serde_json::from_slice(source).unwrap_or_default();
    let stream = &document["aws"]["log"]["stream"]["name"];
    stream.as_str().is_some_and(|s| streams.contains(s))
}
