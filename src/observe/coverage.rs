/*! The metrics of `coverage --every`. In: the coverage of the log groups, the worst first; out: gauges. */

use std::collections::BTreeMap;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::observe::catalogue::{Catalogue, GroupGauges};
use logferry_core::coverage::{CoverageState, GroupCoverage};

/// Most log groups with series of their own: the worst ones. The others count in the sums.
const MOST: usize = 500;

pub struct CoverageMetrics {
    groups: [Gauge; 5],
    objects: [Gauge; 4],
    documents: Gauge,
    pub failures: Counter,
    last_pass: Gauge,
    missing: GroupGauges,
    waiting: GroupGauges,
    doubtful: GroupGauges,
    unexported: GroupGauges,
    behind: GroupGauges,
}

/// The values of one log group.
#[derive(Default)]
struct GroupValues {
    missing: i64,
    waiting: i64,
    doubtful: i64,
    unexported: i64,
    behind: i64,
}

impl CoverageMetrics {
    pub(crate) fn declare(catalogue: &mut Catalogue) -> Self {
        Self {
            groups: catalogue.gauges_by(
                "coverage_groups",
                "state",
                CoverageState::ALL.map(CoverageState::as_str),
                "Log groups by their state in the last pass of coverage",
            ),
            objects: catalogue.gauges_by(
                "coverage_objects",
                "finding",
                ["settled", "waiting", "missing", "doubtful"],
                "Objects by the finding of the last pass of coverage",
            ),
            documents: catalogue.gauge(
                "coverage_documents",
                "Log documents that name the objects of the last pass of coverage",
            ),
            failures: catalogue.counter(
                "coverage_failures",
                "Passes of coverage that ended without a result",
            ),
            last_pass: catalogue.gauge(
                "coverage_last_pass_timestamp_seconds",
                "When the last pass of coverage ended with a result, since 1970; 0 before the first",
            ),
            missing: catalogue.group_gauges(
                "coverage_missing_objects",
                "Objects of a log group that were exported and never settled",
            ),
            waiting: catalogue.group_gauges(
                "coverage_waiting_objects",
                "Objects of a log group that are not settled, and younger than --grace",
            ),
            doubtful: catalogue.group_gauges(
                "coverage_doubtful_objects",
                "Objects of a log group of which nobody can tell whether they were settled",
            ),
            unexported: catalogue.group_gauges(
                "coverage_unexported_seconds",
                "Time between the exported windows of a log group that no window covers",
            ),
            behind: catalogue.group_gauges(
                "coverage_behind_seconds",
                "Time that a log group has still to export, --lateness not counted",
            ),
        }
    }

    /// Shows the result of a pass. `now` is in milliseconds since 1970.
    pub fn show(&self, groups: &[GroupCoverage], now: i64) {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        for (gauge, state) in self.groups.iter().zip(CoverageState::ALL) {
            let groups = groups.iter().filter(|group| group.state() == state);
            gauge.set(number(groups.count() as u64));
        }
        let sum = |of: fn(&GroupCoverage) -> u64| number(groups.iter().map(of).sum());
        let [settled, waiting, missing, doubtful] = &self.objects;
        settled.set(sum(|group| group.counts.settled));
        waiting.set(sum(|group| group.counts.waiting));
        missing.set(sum(|group| group.counts.missing));
        doubtful.set(sum(|group| group.counts.doubtful));
        self.documents.set(sum(|group| group.counts.documents));
        self.last_pass.set(now / 1000);
        // Groups of one name in several accounts share their series.
        let mut values = BTreeMap::<&str, GroupValues>::new();
        for group in groups.iter().take(MOST) {
            let value = values.entry(&group.name.log_group).or_default();
            value.missing += number(group.counts.missing);
            value.waiting += number(group.counts.waiting);
            value.doubtful += number(group.counts.doubtful);
            let unexported = group.unexported.iter().map(|gap| gap.to - gap.from);
            value.unexported += unexported.sum::<i64>() / 1000;
            value.behind = value.behind.max(group.behind / 1000);
        }
        for (gauges, of) in [
            (&self.missing, (|v| v.missing) as fn(&GroupValues) -> i64),
            (&self.waiting, |v| v.waiting),
            (&self.doubtful, |v| v.doubtful),
            (&self.unexported, |v| v.unexported),
            (&self.behind, |v| v.behind),
        ] {
            let series = values.iter().map(|(group, v)| ((*group).to_owned(), of(v)));
            gauges.replace(series);
        }
    }
}
