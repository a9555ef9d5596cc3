/*! Where a group stands and the time go in; the next window to export comes out. Times are milliseconds since 1970. */

/// The time range of one export task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: i64,
    pub to: i64,
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", time_text(self.from), time_text(self.to))
    }
}

/// A time for a person, to the second.
pub fn time_text(milliseconds: i64) -> String {
    match jiff::Timestamp::from_second(milliseconds.div_euclid(1000)) {
        Ok(time) => time.to_string(),
        Err(_) => format!("{milliseconds} ms"),
    }
}

/**
How windows follow each other.

CloudWatch can take hours until an event can be exported, and it does not say whether it compares the times of events
or of their ingestion. Therefore a window ends `lateness` before now, so that all its events are there by either time,
and begins `overlap` before the end of the last one, so that clocks may differ. Document ids make the overlap harmless.
*/
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowRules {
    pub initial: i64,
    pub overlap: i64,
    pub lateness: i64,
    /// A longer range is split: a task ends after 24 hours, done or not.
    pub longest: i64,
}

/// A group that is less behind has no window yet: each task costs requests and a place in the queue.
const SHORTEST: i64 = 60_000;
/// Clocks of two exporters may differ by this much.
const SKEW: i64 = 15 * 60_000;

impl WindowRules {
    /// Where a group without a checkpoint stands.
    pub fn first(&self, now: i64) -> i64 {
        now.saturating_sub(self.initial).max(0)
    }

    /// The next window of a group, or `None` if nothing is due.
    pub fn next(&self, exported_until: i64, now: i64) -> Option<Window> {
        if self.behind(exported_until, now) < SHORTEST {
            return None;
        }
        let to = now - self.lateness;
        Some(Window {
            from: exported_until.saturating_sub(self.overlap).max(0),
            to: to.min(exported_until + self.longest),
        })
    }

    /// How much is due: the time from the end of the last window to the newest time that may be exported.
    pub fn behind(&self, exported_until: i64, now: i64) -> i64 {
        behind(exported_until, self.lateness, now)
    }

    /// Whether no exporter can have come so far.
    pub fn is_in_the_future(exported_until: i64, now: i64) -> bool {
        exported_until > now.saturating_add(SKEW)
    }
}

/// How much is due if windows end `lateness` before now.
pub fn behind(exported_until: i64, lateness: i64, now: i64) -> i64 {
    let due = now.saturating_sub(lateness);
    due.saturating_sub(exported_until).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const RULES: WindowRules = WindowRules {
        initial: 24 * HOUR,
        overlap: HOUR / 4,
        lateness: 12 * HOUR,
        longest: 24 * HOUR,
    };

    #[test]
    fn windows_overlap_and_end_before_late_data() {
        let now = 1000 * HOUR;
        let first = RULES.first(now);
        assert_eq!(first, 976 * HOUR);
        let window = RULES.next(first, now).unwrap();
        assert_eq!((window.from, window.to), (first - HOUR / 4, 988 * HOUR));
        assert_eq!(RULES.next(window.to, now), None, "nothing is due at once");
        let next = RULES.next(window.to, now + HOUR).unwrap();
        assert_eq!((next.from, next.to), (window.to - HOUR / 4, 989 * HOUR));
        assert_eq!(RULES.behind(window.to, now + HOUR), HOUR);
    }

    #[test]
    fn long_ranges_are_split_without_a_gap() {
        let now = 10_000 * HOUR;
        let (mut until, mut windows) = (now - 30 * 24 * HOUR, 0);
        while let Some(window) = RULES.next(until, now) {
            assert!(window.from < until && window.to > until);
            assert!(window.to - until <= RULES.longest);
            until = window.to;
            windows += 1;
        }
        assert_eq!((until, windows), (now - 12 * HOUR, 30));
    }

    #[test]
    fn times_at_the_ends_of_the_range_do_no_harm() {
        assert_eq!(RULES.first(5), 0);
        assert_eq!(RULES.next(0, 5), None);
        assert_eq!(RULES.next(i64::MAX, 5), None);
        assert!(WindowRules::is_in_the_future(i64::MAX, 5));
        assert!(!WindowRules::is_in_the_future(HOUR, HOUR));
    }
}
