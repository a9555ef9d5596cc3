/*!
The real road over a simulated queue, store and index, on a paused clock. One seed decides every fault and every delay; a
seed that breaks an invariant is printed, and kept in `REGRESSIONS`.

`SEED=n cargo test --test simulation one_seed -- --nocapture` prints the history of a seed; `SEEDS=n` sets how many are run.
*/

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
#[path = "simulation/seeds.rs"]
mod seeds;
#[path = "simulation/sim.rs"]
mod sim;
#[path = "simulation/store.rs"]
mod store;
#[path = "simulation/world.rs"]
mod world;

use std::collections::BTreeMap;

use faults::Plan;
use seeds::{Case, count, each};

/// Seeds that once broke an invariant, with what it was.
const REGRESSIONS: &[u64] = &[];

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
    really_happened(&happened);
}

/// A simulation in which nothing happens proves nothing.
fn really_happened(happened: &BTreeMap<String, u64>) {
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{happened:#?}");
    }
    for what in [
        "Redelivered",
        "Conflict",
        "Updated",
        "Extended done",
        "Extended lost",
        "Deleted lost",
        "Resumed",
        "Crashed",
        "Stopped",
    ] {
        assert!(
            happened.contains_key(what),
            "{what} never happened in {happened:?}"
        );
    }
}

#[test]
#[ignore = "for one SEED, with its history"]
fn one_seed() {
    let seed = std::env::var("SEED")
        .expect("SEED is set")
        .parse()
        .expect("SEED is a number");
    let outcome = Case::new(Plan::wild(seed)).with_trouble().run(seed);
    println!("{}", outcome.history);
    assert!(outcome.broken.is_empty(), "{:#?}", outcome.broken);
}
