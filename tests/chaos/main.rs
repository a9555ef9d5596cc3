/*!
The built binary on real servers that fail: killed workers, an index that is stopped, blocked or overloaded, broken
connections, doubled notifications.

After each test the index holds the documents of an undisturbed run, by id and content; the queue is empty; the dead
letters are the planted ones. `make test` runs a short form, `make chaos` a long one. `LOGFERRY_CHAOS_SEED` selects
other faults.
*/

mod crew;
mod index;
mod judge;
mod kills;
mod letters;
mod links;
mod node;
mod plan;
mod proxy;
mod reference;
#[path = "../servers/support.rs"]
#[expect(dead_code, reason = "shared with the tests on servers that behave")]
mod support;
mod twice;
mod workload;

/// Whether to run the long form.
fn long() -> bool {
    std::env::var("LOGFERRY_CHAOS").is_ok_and(|form| form == "long")
}

/// The value for the short form or for the long form.
fn either<T>(short: T, of_long: T) -> T {
    if long() { of_long } else { short }
}

/// The seed of all random choices of a test.
fn seed() -> u64 {
    let given = std::env::var("LOGFERRY_CHAOS_SEED").ok();
    given.map_or(20_261_123, |seed| {
        seed.parse().expect("LOGFERRY_CHAOS_SEED is a number")
    })
}
