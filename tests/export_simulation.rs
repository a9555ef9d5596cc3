/*!
The exporter against a simulated CloudWatch Logs: weeks of simulated time, one task at a time, delays, throttling, lost
answers, tasks that fail, hang and are cancelled, tasks of others, late events, clocks that differ, kills at any call,
two exporters at once. No event of any group may be missed. A seed names a run.
*/

#[path = "export_simulation/checkpoints.rs"]
mod checkpoints;
#[path = "export_simulation/logs.rs"]
mod logs;
#[path = "export_simulation/run.rs"]
mod run;
#[path = "export_simulation/world.rs"]
mod world;
#[path = "export_simulation/wrong.rs"]
mod wrong;

use logferry_core::export::TagFilter;
use run::{Setting, run};

fn seeds() -> std::ops::Range<u64> {
    let n = std::env::var("LOGFERRY_SIM_SEEDS").ok();
    0..n.and_then(|n| n.parse().ok()).unwrap_or(8)
}

#[test]
fn no_event_is_missed_whatever_happens() {
    for seed in seeds() {
        let found = run(seed, &Setting::default());
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}

#[test]
fn no_event_is_missed_by_two_exporters_at_once() {
    let setting = Setting {
        exporters: 2,
        ..Setting::default()
    };
    for seed in seeds() {
        let found = run(seed, &setting);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}

/// Dies before or after each call of a pass, in turn. The next run finds the task.
#[test]
fn no_event_is_missed_after_a_kill_at_each_step() {
    for step in 0..60 {
        let setting = Setting {
            days: 2,
            faults: false,
            kill_at: Some(step),
            check_doubles: true,
            ..Setting::default()
        };
        let found = run(u64::from(step), &setting);
        assert!(found.is_empty(), "step {step}: {found:#?}");
    }
}

/// Without faults, only the overlap of two windows is exported twice.
#[test]
fn nothing_but_the_overlap_is_exported_twice() {
    let setting = Setting {
        faults: false,
        days: 3,
        check_doubles: true,
        ..Setting::default()
    };
    for seed in 0..4 {
        let found = run(seed, &setting);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}

/// The tags are asked for in each pass, throttled; one group refuses to tell them.
#[test]
fn only_groups_with_the_tags_are_exported_and_no_event_of_theirs_is_missed() {
    let setting = Setting {
        days: 7,
        tags: ["team=shop", "query=a=b"]
            .map(|tag| TagFilter::read(tag).unwrap())
            .to_vec(),
        ..Setting::default()
    };
    for seed in seeds() {
        let found = run(seed, &setting);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}
