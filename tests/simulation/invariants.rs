/*! The invariants: at every delete, after a replay, after a drain, and over the whole history. */

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use logferry::observe::Metrics;
use logferry::sink::Stored;

use crate::at_rest::{damaged_streams, is_of};
use crate::faults::Fault;
use crate::history::{Entry, What};
use crate::index::Place;
use crate::objects::{Health, OTHER_BUCKET, Planned};
use crate::oracle::{Parsed, with_part};
use crate::sim::lock;
use crate::world::{Object, World};

pub fn broken(world: &World, why: String) {
    world.sim.note(0, What::Broken(why));
}

/// Installs the checks that run at every delete and every read.
pub fn watch(world: &Arc<World>) {
    let weak = Arc::downgrade(world);
    world
        .store
        .on_read_twice(Box::new(move |worker, bucket, key| {
            if let Some(world) = weak.upgrade()
                && world.messages_of(bucket, key) == 1
            {
                broken(&world, format!("worker {worker} reads {key} twice at once"));
            }
        }));
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
        // The object may have been removed before the read, and the version that was read is unknown.
        if object.barred {
            return Err("its bucket is not allowed".to_owned());
        }
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
    // Given up as a whole, with a dead letter whose storage was confirmed to this worker.
    if world.letters.has_object(key, Some(worker)) {
        return Ok(());
    }
    if object.forbidden {
        return Err(format!("{key} was never read"));
    }
    if planned.health == Health::Damaged {
        return Err(format!("{key} cannot be read to its end"));
    }
    for place in parsed.documents.keys() {
        if world.letters.has_document(place, Some(worker)) {
            continue;
        }
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
        if world.letters.has_document(place, Some(worker)) {
            continue;
        }
        let stored = world.index.document(place);
        let whole = stored.is_some_and(|s| {
            with_part(&s.source, part, &world.sim.plan.road.read.prices).is_none()
        });
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

/// A worker that ended by itself has left no message: none visible, none held or delayed.
pub fn ended_empty(world: &World) {
    let left = world.queue.left_for(Duration::from_secs(1));
    world.sim.note(0, What::EndedEmpty);
    if !left.is_empty() {
        broken(world, format!("a worker ended although {left:?} are left"));
    }
}

/// Messages that do not need the failing bucket are settled nevertheless.
pub fn neighbours(world: &World) {
    let Some(within) = world.sim.plan.neighbours_within else {
        return;
    };
    let objects = lock(&world.objects);
    for number in world.queue.left_for(within) {
        let message = world.message(number);
        let needs = |n: &usize| objects[*n].current().0.bucket == OTHER_BUCKET;
        if !message.objects.iter().any(needs) {
            let why = format!("message {number} waits for a bucket that it does not need");
            broken(world, why);
        }
    }
}

/// A replay of all notifications has changed no document.
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
    let folded = sum(|m| m.events_folded.get());
    let delivered = count("Delivered") + count("Redelivered");
    let written = count("Created") + count("Updated");
    let mut pairs = vec![
        ("received", received, delivered),
        ("deleted", deleted, count("Deleted done")),
    ];
    if world.sim.plan.is_calm() {
        let (mut read_events, mut read_folded, mut read_documents) = (0, 0, 0);
        let objects = lock(&world.objects);
        for Entry { what, .. } in &history.entries {
            if let What::Opened { key, .. } = what {
                let object = objects
                    .iter()
                    .find(|o| o.current().0.key == *key)
                    .expect("it is known");
                let parsed = &object.current().1;
                read_events += parsed.events;
                read_folded += parsed.folded;
                read_documents += (parsed.documents.len() + parsed.summaries.len()) as u64;
            }
        }
        pairs.extend([
            ("events", events, read_events),
            ("folded", folded, read_folded),
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
            world.sim.plan.road.memory as i64,
        );
        if used > budget {
            broken(world, format!("{used} bytes reserved of {budget}"));
        }
    }
}

/// How long after SIGTERM a worker surely takes what its last receive call brings. A message that is delivered to a
/// worker that no longer listens is visible again at its deadline.
pub const LISTENS: Duration = Duration::from_millis(500);

/// Every worker has drained: no message is held.
pub fn drained(world: &World, within: std::ops::Range<Duration>) {
    let held = world.queue.held(within);
    if !held.is_empty() {
        broken(world, format!("held after the drain: {held:?}"));
    }
}

/// Checks over the whole history.
pub fn afterwards(world: &World) {
    let history = world.sim.history();
    let mut stopped = BTreeMap::new();
    let mut deliveries = BTreeMap::new();
    let mut denied = BTreeMap::new();
    let mut wrong = Vec::new();
    for Entry { at, worker, what } in &history.entries {
        match what {
            What::Stopped => {
                stopped.insert(*worker, *at);
            }
            What::Delivered { handle, .. } => {
                deliveries.insert(handle, (*worker, *at));
            }
            What::Receiving if stopped.contains_key(worker) => {
                wrong.push(format!("worker {worker} receives after SIGTERM"))
            }
            What::QueueDenied { call } if !stopped.contains_key(worker) => {
                denied.insert(*worker, *call);
            }
            What::Crashed => {
                denied.remove(worker);
            }
            What::Ended(result) => {
                // The error of a worker names the first cause of its end.
                let may_say = |text: &String| text.contains("allow sqs:") || text.contains("401");
                if let Some(call) = denied.remove(worker)
                    && !result.as_ref().is_err_and(may_say)
                {
                    wrong.push(format!(
                        "worker {worker} may not {call}, and ends so: {result:?}"
                    ));
                }
            }
            _ => {}
        }
    }
    let goes_on = denied.into_iter();
    wrong.extend(goes_on.map(|(w, call)| format!("worker {w} may not {call}, and goes on")));
    let plan = &world.sim.plan;
    if plan.aged.is_zero()
        && !Fault::LOSE_LEASES.iter().any(|fault| plan.has(*fault))
        && !history.counts.contains_key("Crashed")
    {
        let listened = |handle: &String| {
            let (worker, at) = deliveries[handle];
            let stop = stopped.get(&worker);
            stop.is_none_or(|stop| at < *stop + LISTENS)
        };
        let expired = history
            .entries
            .iter()
            .filter(|e| matches!(&e.what, What::Expired { handle, .. } if listened(handle)));
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
