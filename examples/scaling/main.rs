/*! Bursts of messages against the formulas that add and remove workers. See docs/scaling.md.

    cargo run --example scaling
*/

mod model;
mod scalers;

use model::{Load, Outcome};
use scalers::{Keda, Scaler, TargetTracking};

/// Messages that one worker of one core settles in a second (docs/scaling.md has the measurements).
const TINY: f64 = 1500.0;
const TYPICAL: f64 = 30.0;
/// Seconds of work that one worker may have waiting: what the target latency leaves.
const PATIENCE: f64 = 30.0;
const MOST: u32 = 20;
const SIMULATED: u32 = 2 * 3600;

fn loads() -> [Load; 4] {
    [
        Load {
            name: "100,000 tiny objects at once (an export task)",
            arrivals: |now| if now == 60 { 100_000.0 } else { 0.0 },
            rate: TINY,
        },
        Load {
            name: "10,000 objects of 4 MB at once (40 GB)",
            arrivals: |now| if now == 60 { 10_000.0 } else { 0.0 },
            rate: TYPICAL,
        },
        Load {
            name: "steady: 45 objects of 4 MB a second",
            arrivals: |now| if (60..5400).contains(&now) { 45.0 } else { 0.0 },
            rate: TYPICAL,
        },
        Load {
            name: "a wave: 0 to 200 objects of 4 MB a second and back, in an hour",
            arrivals: |now| match now {
                60..=3660 => {
                    100.0 * (1.0 - (f64::from(now - 60) / 1800.0 * std::f64::consts::PI).cos())
                }
                _ => 0.0,
            },
            rate: TYPICAL,
        },
    ]
}

fn main() {
    for load in loads() {
        println!("\n{}", load.name);
        println!(
            "  {:<16} {:>8} {:>12} {:>12} {:>14}",
            "", "workers", "oldest", "drained in", "worker hours"
        );
        let target = load.rate * PATIENCE;
        let scalers: [Box<dyn Scaler>; 2] = [
            Box::new(Keda::new(target, MOST)),
            Box::new(TargetTracking::new(target, MOST)),
        ];
        for mut scaler in scalers {
            let outcome = model::run(&load, scaler.as_mut(), SIMULATED);
            show(scaler.name(), &outcome);
        }
    }
}

fn show(name: &str, outcome: &Outcome) {
    let time = |seconds: f64| format!("{:.0}:{:02.0}", (seconds / 60.0).floor(), seconds % 60.0);
    let drained = outcome
        .drained
        .map_or("never".to_owned(), |seconds| time(f64::from(seconds)));
    let hours = outcome.replica_seconds as f64 / 3600.0;
    println!(
        "  {name:<16} {:>8} {:>12} {drained:>12} {hours:>14.2}",
        outcome.most_replicas,
        time(outcome.oldest)
    );
    println!(
        "    backlog |{}|",
        bars(outcome.history.iter().map(|(backlog, _)| *backlog))
    );
    println!(
        "    workers |{}|",
        bars(
            outcome
                .history
                .iter()
                .map(|(_, workers)| f64::from(*workers))
        )
    );
}

/// One row of bars over the whole time, the highest full; each is the greatest value of its time.
fn bars(values: impl ExactSizeIterator<Item = f64>) -> String {
    const WIDTH: usize = 72;
    let values: Vec<f64> = values.collect();
    let most = values.iter().copied().fold(1.0, f64::max);
    let width = values.len().div_ceil(WIDTH);
    let greatest = values
        .chunks(width)
        .map(|part| part.iter().copied().fold(0.0, f64::max));
    greatest
        .map(|value| match (8.0 * value / most).ceil() as u32 {
            0 => ' ',
            eighths => char::from_u32(0x2580 + eighths).unwrap_or('█'),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalers::Seen;

    fn seen(now: u32, backlog: f64, replicas: u32) -> Seen {
        Seen {
            now,
            backlog,
            replicas,
        }
    }

    #[test]
    fn keda_wakes_one_replica_and_the_hpa_wants_the_rest() {
        let mut keda = Keda::new(100.0, 20);
        assert_eq!(keda.decide(seen(29, 1000.0, 0)), 0, "it looks every 30 s");
        assert_eq!(keda.decide(seen(30, 1000.0, 0)), 1);
        assert_eq!(
            keda.decide(seen(31, 1000.0, 1)),
            1,
            "the HPA looks every 15 s"
        );
        assert_eq!(keda.decide(seen(45, 1000.0, 1)), 5, "four more in 15 s");
        assert_eq!(keda.decide(seen(60, 1000.0, 5)), 10, "ceil(1000 / 100)");
        assert_eq!(
            keda.decide(seen(75, 1050.0, 10)),
            10,
            "5 % is within the tolerance"
        );
        assert_eq!(
            keda.decide(seen(90, 10.0, 10)),
            10,
            "the greatest wish of 5 minutes"
        );
        assert_eq!(keda.decide(seen(420, 10.0, 10)), 1);
        assert_eq!(keda.decide(seen(421, 0.0, 1)), 1, "the cooldown");
        assert_eq!(keda.decide(seen(720, 0.0, 1)), 0);
    }

    #[test]
    fn target_tracking_waits_for_three_minutes_and_starts_from_zero() {
        let mut tracking = TargetTracking::new(100.0, 20);
        let decided: Vec<_> = (0..6)
            .map(|minute| tracking.decide(seen(minute * 60, 500.0, 0)))
            .collect();
        assert_eq!(decided, [0, 0, 0, 5, 5, 5], "CloudWatch is a minute late");
        assert_eq!(
            tracking.decide(seen(61 * 6, 500.0, 5)),
            5,
            "it looks once a minute"
        );
    }

    #[test]
    fn every_load_is_settled_by_both_and_with_one_worker_too_few_it_is_not() {
        for load in loads() {
            let scalers: [Box<dyn Scaler>; 2] = [
                Box::new(Keda::new(900.0, 20)),
                Box::new(TargetTracking::new(900.0, 20)),
            ];
            for mut scaler in scalers {
                let outcome = model::run(&load, scaler.as_mut(), SIMULATED);
                assert!(
                    outcome.drained.is_some(),
                    "{}: {}",
                    load.name,
                    scaler.name()
                );
            }
        }
        let too_few = model::run(&loads()[2], &mut Keda::new(900.0, 1), 5400);
        assert!(
            too_few.drained.is_none(),
            "45 a second for one worker of 30"
        );
    }
}
