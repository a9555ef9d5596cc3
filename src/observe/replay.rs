/*! The metrics of a replay. In: how far its listing is read and settled; out: gauges. They are gauges because a
checkpoint continues the counts of the runs before. */

use prometheus_client::metrics::gauge::Gauge;

use crate::observe::catalogue::Catalogue;

/// How far a replay is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayState {
    /// Selected objects, as far as they are counted.
    pub listed: u64,
    /// Whether the listing was counted to its end.
    pub is_counted: bool,
    pub settled: u64,
    /// Stored bytes of the settled objects.
    pub settled_bytes: u64,
    /// Given up after all their deliveries.
    pub failed: u64,
    /// Settled before this run.
    pub resumed: u64,
}

impl ReplayState {
    fn remaining(&self) -> u64 {
        self.listed
            .saturating_sub(self.settled)
            .saturating_sub(self.failed)
    }
}

pub struct ReplayMetrics {
    listed: Gauge,
    counted: Gauge,
    settled: Gauge,
    settled_bytes: Gauge,
    failed: Gauge,
    remaining: Gauge,
    resumed: Gauge,
}

impl ReplayMetrics {
    pub(super) fn declare(catalogue: &mut Catalogue) -> Self {
        let mut gauge = |name, help| catalogue.gauge(name, help);
        Self {
            listed: gauge(
                "replay_objects_listed",
                "Objects that a replay selects, as far as its listing is counted; those of earlier runs included",
            ),
            counted: gauge(
                "replay_listing_counted",
                "1 if the listing of a replay is counted to its end, so that the objects that remain are known, else 0",
            ),
            settled: gauge(
                "replay_objects_settled",
                "Objects of a replay that are settled or sent; those that its checkpoint had at the start included",
            ),
            settled_bytes: gauge(
                "replay_settled_bytes",
                "Stored bytes of the settled objects of a replay, as far as the listing has sizes",
            ),
            failed: gauge(
                "replay_objects_failed",
                "Objects that this run of a replay gave up; they stay in the checkpoint, and the next run tries them first",
            ),
            remaining: gauge(
                "replay_objects_remaining",
                "Listed objects of a replay that are neither settled nor given up",
            ),
            resumed: gauge(
                "replay_objects_resumed",
                "Objects that the checkpoint of a replay had as settled when this run began; 0 without a checkpoint",
            ),
        }
    }

    pub fn show(&self, state: &ReplayState) {
        let values = [
            (&self.listed, state.listed),
            (&self.counted, u64::from(state.is_counted)),
            (&self.settled, state.settled),
            (&self.settled_bytes, state.settled_bytes),
            (&self.failed, state.failed),
            (&self.remaining, state.remaining()),
            (&self.resumed, state.resumed),
        ];
        for (gauge, value) in values {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_is_neither_settled_nor_given_up() {
        let mut catalogue = Catalogue::new();
        let metrics = ReplayMetrics::declare(&mut catalogue);
        let mut state = ReplayState {
            listed: 100,
            settled: 60,
            failed: 3,
            resumed: 20,
            settled_bytes: 6000,
            is_counted: true,
        };
        metrics.show(&state);
        let text = catalogue.encode();
        for line in [
            "logferry_replay_objects_remaining 37",
            "logferry_replay_objects_resumed 20",
            "logferry_replay_settled_bytes 6000",
            "logferry_replay_listing_counted 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        // Counting may be behind the work.
        state.listed = 50;
        assert_eq!(state.remaining(), 0);
    }
}
