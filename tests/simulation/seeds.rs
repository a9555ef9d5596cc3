/*! Runs seeds, each in a runtime of its own with a paused clock, on all cores. */

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, Once};

use crate::driver::{self, Wrap};
use crate::faults::Plan;
use crate::sim::{Strike, lock};
use crate::world::World;

/// How a seed is run.
pub struct Case {
    plan: Plan,
    trouble: bool,
    wrap: Wrap,
    strike: Option<(u64, Strike)>,
    told: bool,
}

/// The result of a seed.
#[derive(Default)]
pub struct Outcome {
    pub broken: Vec<String>,
    pub counts: BTreeMap<String, u64>,
    /// The history, if requested: it is long.
    pub history: String,
    pub steps: u64,
}

impl Case {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            trouble: false,
            wrap: driver::honest,
            strike: None,
            told: false,
        }
    }

    /// Some objects and messages cannot be settled.
    pub fn with_trouble(mut self) -> Self {
        self.trouble = true;
        self
    }

    pub fn wrapped(mut self, wrap: Wrap) -> Self {
        self.wrap = wrap;
        self
    }

    /// Strikes whoever takes this step.
    pub fn struck(mut self, step: u64, strike: Strike) -> Self {
        self.strike = Some((step, strike));
        self
    }

    /// With its history as text.
    pub fn told(mut self) -> Self {
        self.told = true;
        self
    }

    pub fn run(self, seed: u64) -> Outcome {
        quiet_panics();
        fastrand::seed(seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime needs nothing");
        let Self {
            plan,
            trouble,
            wrap,
            strike,
            told,
        } = self;
        let mut outcome = Outcome::default();
        let world = runtime.block_on(async { World::new(seed, plan, trouble) });
        if let Some((step, strike)) = strike {
            world.sim.at_step(step, strike);
        }
        let ran = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(driver::run(&world, wrap))
        }));
        match ran {
            Ok(steps) => outcome.steps = steps,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or(panic.downcast_ref::<&str>().copied());
                outcome
                    .broken
                    .push(format!("panic: {}", text.unwrap_or("of an unknown kind")));
            }
        }
        drop(runtime);
        let history = world.sim.history();
        outcome.broken.extend(history.broken().map(str::to_owned));
        outcome.counts = history.counts.clone();
        if told {
            outcome.history = history.text();
        }
        outcome
    }
}

/// Panics of the simulated faults are not worth a backtrace each.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"simulated panic") {
                usual(info);
            }
        }));
    });
}

/// How many seeds to run.
pub fn count() -> u64 {
    std::env::var("SEEDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(500)
}

/// Runs all seeds; fails with those that broke something. Returns what happened over all of them.
pub fn each(
    name: &str,
    seeds: impl IntoIterator<Item = u64>,
    run: impl Fn(u64) -> Outcome + Sync,
) -> BTreeMap<String, u64> {
    let seeds: Mutex<Vec<u64>> = Mutex::new(seeds.into_iter().collect());
    let happened: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let failed: Mutex<Vec<(u64, Vec<String>)>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let work = || {
        loop {
            let Some(seed) = lock(&seeds).pop() else {
                return;
            };
            let outcome = run(seed);
            for (what, n) in outcome.counts {
                *lock(&happened).entry(what).or_default() += n;
            }
            if !outcome.broken.is_empty() {
                lock(&failed).push((seed, outcome.broken));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut failed = failed.into_inner().unwrap_or_default();
    failed.sort();
    let shown: Vec<String> = failed
        .iter()
        .take(20)
        .map(|(seed, broken)| {
            let first = &broken[0][..broken[0].floor_char_boundary(600)];
            format!("SEED={seed} ({} broken): {first}", broken.len())
        })
        .collect();
    assert!(
        failed.is_empty(),
        "{name}: {} seeds fail\n{}",
        failed.len(),
        shown.join("\n")
    );
    happened.into_inner().unwrap_or_default()
}
