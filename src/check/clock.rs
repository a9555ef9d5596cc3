/*! The time of this machine and the time of AWS go in; a finding about the difference comes out. */

use std::time::Duration;

use crate::check::{Area, Finding};
use crate::source::clock::ClockReading;

/// AWS refuses signatures that are further from its time.
const REFUSED: Duration = Duration::from_secs(300);
const NOTABLE: Duration = Duration::from_secs(30);

/// The difference, or why it is not known.
pub fn judge(host: &str, reading: Result<ClockReading, String>) -> Finding {
    let check = "difference";
    let reading = match reading {
        Ok(reading) => reading,
        Err(reason) => {
            let text = format!("{host} does not tell its time ({reason})");
            return Finding::not_checked(Area::Clock, check, text);
        }
    };
    let ahead = reading.ahead();
    let apart = Duration::from_millis(ahead.unsigned_abs());
    let side = match ahead > 0 {
        true => "ahead of",
        false => "behind",
    };
    let shown = humantime::format_duration(Duration::from_secs(apart.as_secs()));
    let text = format!("the clock of this machine is {shown} {side} that of {host}");
    let remedy = "synchronise the clock of this machine (NTP, chrony)";
    if apart > REFUSED {
        let text = format!("{text}, and AWS refuses signatures beyond 5 minutes");
        Finding::fault(Area::Clock, check, text).remedy(remedy)
    } else if apart > NOTABLE {
        Finding::warning(Area::Clock, check, text).remedy(remedy)
    } else {
        let text = format!("this machine and {host} agree");
        Finding::ok(Area::Clock, check, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn five_minutes_are_a_fault_and_half_a_minute_is_a_warning() {
        let now = 1_795_849_605_000;
        for (seconds, outcome) in [
            (0, Outcome::Ok),
            (29, Outcome::Ok),
            (-29, Outcome::Ok),
            (45, Outcome::Warning),
            (-45, Outcome::Warning),
            (299, Outcome::Warning),
            (400, Outcome::Fault),
            (-400, Outcome::Fault),
        ] {
            let reading = ClockReading {
                before: now + seconds * 1000,
                after: now + seconds * 1000 + 20,
                theirs: now,
            };
            let found = judge("sqs.eu-central-1.amazonaws.com", Ok(reading));
            assert_eq!(found.outcome, outcome, "{seconds}");
            if seconds.abs() >= 45 {
                let side = if seconds > 0 { "ahead of" } else { "behind" };
                assert!(found.text.contains(side), "{}", found.text);
            }
        }
    }

    #[test]
    fn a_slow_answer_is_no_difference() {
        let reading = ClockReading {
            before: 0,
            after: 60_000,
            theirs: 30_000,
        };
        assert_eq!(judge("h", Ok(reading)).outcome, Outcome::Ok);
        let unknown = judge("h", Err("no Date".to_owned()));
        assert_eq!(unknown.outcome, Outcome::NotChecked);
    }
}
