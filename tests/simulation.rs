/*!
The real pipeline over a simulated queue, store and index, on a paused clock. One seed decides every fault and every
delay. A seed that breaks an invariant is printed, and kept in `REGRESSIONS`.

`SEED=n cargo test --test simulation one_seed -- --nocapture` prints the history of one seed. `SEEDS=n` sets the number
of seeds.
*/

#[path = "simulation/at_rest.rs"]
mod at_rest;
#[path = "simulation/driver.rs"]
mod driver;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/index.rs"]
mod index;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/letters.rs"]
mod letters;
#[path = "simulation/lines.rs"]
mod lines;
#[path = "simulation/messages.rs"]
mod messages;
#[path = "simulation/objects.rs"]
mod objects;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/queue.rs"]
mod queue;
#[path = "simulation/queue_client.rs"]
mod queue_client;
#[path = "simulation/seeds.rs"]
mod seeds;
#[path = "simulation/servers.rs"]
mod servers;
#[path = "simulation/sim.rs"]
mod sim;
#[path = "simulation/store.rs"]
mod store;
#[path = "simulation/world.rs"]
mod world;
#[path = "simulation/wrong.rs"]
mod wrong;
#[path = "simulation/wrong_ends.rs"]
mod wrong_ends;

use std::collections::BTreeMap;
use std::time::Duration;

use faults::{Fault, Plan};
use seeds::{Case, count, each};
use sim::Strike;

/// Seeds that once broke an invariant. A change of the generator gives them another meaning; they cost nothing.
const REGRESSIONS: &[u64] = &[
    // An extension on its way was overtaken by a release: the message stayed hidden though nobody held it.
    166, 612, 1002, 1088,
    // One forbidden key left the whole bucket alone, and its neighbours ran out of deliveries unread.
    487, 781, 1189, 1428, 1469,
];

#[test]
fn everything_arrives_when_nothing_goes_wrong() {
    each("calm", 0..100, |seed| Case::new(Plan::calm(seed)).run(seed));
}

#[test]
fn nothing_is_lost_and_nothing_doubled_whatever_breaks() {
    let seeds = REGRESSIONS.iter().copied().chain(0..count());
    let happened = each("wild", seeds, |seed| {
        Case::new(Plan::wild(seed)).with_trouble().run(seed)
    });
    if count() >= 200 {
        really_happened(&happened);
    }
}

/// A simulation in which nothing happens proves nothing.
fn really_happened(happened: &BTreeMap<String, u64>) {
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{happened:#?}");
    }
    for what in [
        "Redelivered",
        "Expired",
        "Conflict",
        "Updated",
        "Refused 400",
        "Refused 429",
        "Split",
        "Extended done",
        "Extended lost",
        "Deleted lost",
        "DeadLettered",
        "Buried document",
        "Buried object",
        "Resumed",
        "StorePanics",
        "ClockJumps",
        "ClockLeaps",
        "CredentialsExpired",
        "OtherBucketDenied",
        "OtherBucketThrottled",
        "OtherBucketMoved",
        "MappingConflict",
        "CallerRefused",
        "AllRefused",
        "ReceiveDenied",
        "DeleteDenied",
        "VisibilityDenied",
        "AttributesDenied",
        "QueueDenied",
        "EndedEmpty",
        "BulkPartlyApplied",
        "BulkUnanswered",
        "Crashed",
        "Stopped",
        "Object overwritten",
        "Object removed",
    ] {
        assert!(
            happened.contains_key(what),
            "{what} never happened in {happened:?}"
        );
    }
}

/// As many objects as the budget has room for buffers, and not a byte for their documents.
#[test]
fn a_small_memory_limit_slows_the_pipeline_and_does_not_block_it() {
    each("small budget", 0..30, |seed| {
        let mut plan = Plan::calm(seed);
        plan.road.receive.objects_in_flight = 8;
        plan.road.receive.messages_in_flight = 8;
        plan.road.memory = 2 << 20;
        Case::new(plan).run(seed)
    });
}

/// SQS extends no message beyond twelve hours; work that ends within one visibility timeout is settled nevertheless.
#[test]
fn a_message_that_was_first_delivered_half_a_day_ago_can_be_settled() {
    each("old", 0..30, |seed| {
        let mut plan = Plan::calm(seed).with(Fault::BulkSlow, 1.0, Duration::from_secs(3600));
        plan.max_receive_count = None;
        plan.aged = Duration::from_secs(13 * 3600);
        plan.visibility = Duration::from_secs(120);
        Case::new(plan).run(seed)
    });
}

/// A bucket that refuses every request does not delay the objects of other buckets.
#[test]
fn a_sick_bucket_is_left_alone_and_its_neighbours_progress() {
    let happened = each("sick bucket", 0..60, |seed| {
        let fault = Fault::OTHER_BUCKET[seed as usize % 3];
        let mut plan = Plan::calm(seed).with(fault, 1.0, Duration::from_secs(600));
        plan.other_bucket = true;
        plan.neighbours_within = Some(Duration::from_secs(60));
        Case::new(plan).run(seed)
    });
    for fault in Fault::OTHER_BUCKET {
        assert!(happened.contains_key(&format!("{fault:?}")), "{happened:?}");
    }
}

/// Bodies are slow and no lease can be extended: a redelivered object is not read again while it is still being read.
#[test]
fn a_lost_lease_ends_the_reading() {
    let happened = each("lost leases", 0..60, |seed| {
        let mut plan = Plan::calm(seed)
            .with(Fault::ExtendFails, 1.0, Duration::from_secs(120))
            .with(Fault::BodyStalls, 1.0, Duration::from_secs(120));
        plan.visibility = Duration::from_secs(5);
        plan.max_receive_count = None;
        Case::new(plan).run(seed)
    });
    assert!(happened["Expired"] > 100, "{happened:?}");
}

/// Each permission on the queue is missing for a while: a worker that needs it ends and names it; no document is lost.
#[test]
fn a_worker_that_may_not_use_its_queue_says_so_and_ends() {
    let denials = [
        Fault::ReceiveDenied,
        Fault::DeleteDenied,
        Fault::VisibilityDenied,
        Fault::AttributesDenied,
    ];
    let happened = each("denied", 0..80, |seed| {
        let fault = denials[seed as usize % denials.len()];
        let mut plan = Plan::calm(seed)
            .with(fault, 1.0, Duration::from_secs(60))
            // Something to release.
            .with(Fault::OpenFails, 0.5, Duration::from_secs(60));
        plan.dead_letters = seed.is_multiple_of(2);
        Case::new(plan).run(seed)
    });
    assert!(happened["QueueDenied"] > 80, "{happened:?}");
}

/// S3 refuses the caller, or a bucket denies everything: no object is given up, and all are loaded afterwards.
#[test]
fn a_refusal_of_everything_for_a_while_condemns_nothing() {
    let happened = each("refused", 0..80, |seed| {
        let fault = match seed % 2 {
            0 => Fault::CallerRefused,
            _ => Fault::BucketDenied,
        };
        let mut plan =
            Plan::calm(seed).between(fault, Duration::from_secs(5), Duration::from_secs(90));
        plan.dead_letters = true;
        Case::new(plan).run(seed)
    });
    for fault in ["CallerRefused", "BucketDenied"] {
        assert!(happened[fault] > 100, "{happened:?}");
    }
}

/// The index refuses every document for a while, as after a mistake in a template: none becomes a dead letter, and all
/// are indexed afterwards.
#[test]
fn an_index_that_refuses_everything_for_a_while_condemns_no_document() {
    let happened = each("all refused", 0..60, |seed| {
        let (from, to) = (Duration::from_secs(5), Duration::from_secs(90));
        let mut plan = Plan::calm(seed).between(Fault::AllRefused, from, to);
        plan.dead_letters = true;
        Case::new(plan).run(seed)
    });
    assert!(happened["AllRefused"] > 100, "{happened:?}");
}

/// Also where nothing can be settled for a while, a message waits to be sent, or another worker holds some.
#[test]
fn a_worker_that_is_to_end_when_the_queue_is_empty_ends_when_all_is_settled() {
    let happened = each("until empty", 0..60, |seed| {
        let mut plan = Plan::calm(seed)
            .with(Fault::BulkUnanswered, 0.3, Duration::from_secs(60))
            .with(Fault::ItemThrottled, 0.3, Duration::from_secs(60))
            .with(Fault::ReceiveEmpty, 0.3, Duration::from_secs(60));
        plan.workers = 1 + seed as usize % 2;
        plan.road.receive.until_empty = Some(Duration::from_secs(seed % 3 * 10));
        Case::new(plan).run(seed)
    });
    assert!(happened["EndedEmpty"] > 20, "{happened:?}");
}

/// One worker, no other fault; small enough to be struck at every step.
fn quiet_plan(seed: u64) -> Plan {
    let mut plan = Plan::calm(seed);
    plan.visibility = Duration::from_secs(5);
    plan.faults_end = Duration::from_secs(30);
    plan
}

fn quiet(seed: u64) -> Case {
    Case::new(quiet_plan(seed))
}

/// Objects and documents that cannot be settled among the others; for half of the seeds, with dead letters.
fn troubled(seed: u64) -> Case {
    let mut plan = quiet_plan(seed);
    plan.max_receive_count = Some(3);
    plan.cursed = 20;
    plan.dead_letters = seed.is_multiple_of(2);
    plan.over_cap = true;
    plan.road.read.limits.max_object_bytes = 48 << 10;
    plan.bar();
    Case::new(plan).with_trouble()
}

fn two_workers(seed: u64) -> Case {
    let mut plan = quiet_plan(seed);
    plan.workers = 2;
    Case::new(plan)
}

/// Every step of some worlds; of larger ones, so many evenly spread steps.
fn struck(name: &str, strike: Strike, case: fn(u64) -> Case, most: u64) -> BTreeMap<String, u64> {
    let worlds = (count() / 100).max(1);
    let mut cases = Vec::new();
    for seed in 0..worlds {
        let steps = case(seed).run(seed).steps;
        let stride = (steps / most).max(1) as usize;
        cases.extend((1..=steps).step_by(stride).map(|step| step << 32 | seed));
    }
    each(name, cases, |n| {
        let (step, seed) = (n >> 32, n & 0xffff_ffff);
        case(seed).struck(step, strike).run(seed)
    })
}

fn struck_everywhere(name: &str, strike: Strike) -> u64 {
    let name = |world: &str| format!("{name}, {world} (case = step << 32 | seed)");
    let happened = [
        struck(&name("quiet"), strike, quiet, 100),
        struck(&name("troubled"), strike, troubled, 8),
        struck(&name("two workers"), strike, two_workers, 8),
    ];
    let what = match strike {
        Strike::Crash => "Crashed",
        Strike::Stop => "Stopped",
    };
    happened.iter().filter_map(|h| h.get(what)).sum()
}

#[test]
fn a_worker_may_be_killed_at_any_step() {
    assert!(struck_everywhere("killed", Strike::Crash) > 100);
}

#[test]
fn a_worker_may_be_stopped_at_any_step() {
    assert!(struck_everywhere("stopped", Strike::Stop) > 100);
}

#[test]
fn every_wrong_worker_is_caught() {
    let missed: Vec<&str> = wrong::ALL
        .iter()
        .filter(|wrong| {
            let caught = (0..50).find_map(|seed| {
                let outcome = wrong.case(seed).wrapped(wrong.wrap).run(seed);
                outcome.broken.into_iter().next().map(|why| (seed, why))
            });
            if let Some((seed, why)) = &caught {
                println!("{}: seed {seed}: {why:.200}", wrong.name);
                let honest = wrong.case(*seed).run(*seed);
                assert!(
                    honest.broken.is_empty(),
                    "{}: {:?}",
                    wrong.name,
                    honest.broken
                );
            }
            caught.is_none()
        })
        .map(|wrong| wrong.name)
        .collect();
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

/// A seed means the same world, the same faults and the same order whenever it is run.
#[test]
fn a_seed_can_be_replayed() {
    for seed in 0..20 {
        let run = || {
            Case::new(Plan::wild(seed))
                .with_trouble()
                .told()
                .run(seed)
                .history
        };
        let (first, second) = (run(), run());
        let differ = first.lines().zip(second.lines()).find(|(a, b)| a != b);
        assert!(first == second, "seed {seed}: {differ:?}");
    }
}

/// `SEED=n cargo test --test simulation one_seed -- --nocapture` shows the history of a seed.
#[test]
fn one_seed() {
    let seed = std::env::var("SEED").map_or(0, |seed| seed.parse().expect("SEED is a number"));
    let outcome = Case::new(Plan::wild(seed)).with_trouble().told().run(seed);
    println!("{}", outcome.history);
    assert!(outcome.broken.is_empty(), "{:#?}", outcome.broken);
}
