/*! The coverage of log groups goes in; a table with the gaps below it comes out, or one object as JSON. Pure. */

mod json;

use anyhow::bail;

use crate::commands::setup::width;
use crate::commands::shared::table::{Table, grouped, harmless, whole_minutes};
use logferry_core::coverage::{CoverageState, GroupCoverage, NamedObject, ReplayFlags};
use logferry_core::export::time_text as time;

/// The log groups, the worst first.
pub(super) struct CoverageReport {
    groups: Vec<GroupCoverage>,
    replay: ReplayFlags,
    /// Milliseconds since 1970.
    now: i64,
}

const NONE: &str = "–";
const HOUR: i64 = 3_600_000;
/// Windows and failed groups that are named.
const SHOWN: usize = 20;

impl CoverageReport {
    pub(super) fn new(mut groups: Vec<GroupCoverage>, replay: ReplayFlags, now: i64) -> Self {
        groups.sort_by_cached_key(GroupCoverage::sort_key);
        Self {
            groups,
            replay,
            now,
        }
    }

    pub(super) fn groups(&self) -> &[GroupCoverage] {
        &self.groups
    }

    pub(super) fn now(&self) -> i64 {
        self.now
    }

    pub(super) fn text(&self) -> String {
        let mut table = Table::new(&[
            "group",
            "state",
            "exported until",
            ">behind by",
            ">windows",
            ">objects",
            ">settled",
            ">missing",
            ">waiting",
            ">doubtful",
            ">documents",
            "first gap",
        ]);
        for group in &self.groups {
            table.row(self.cells(group));
        }
        let mut out = String::new();
        table.write(&mut out, width());
        for group in &self.groups {
            let details = self.details(group);
            if !details.is_empty() {
                out.push_str(&format!("\n{}\n{details}", self.label(group)));
            }
        }
        out
    }

    fn cells(&self, group: &GroupCoverage) -> Vec<String> {
        let state = group.state().as_str().to_owned();
        let mut cells = vec![self.label(group), state];
        if group.state() == CoverageState::Failed {
            return cells;
        }
        let counts = &group.counts;
        match group.exported_until {
            Some(until) => cells.extend([
                time(until),
                whole_minutes(group.behind),
                grouped(group.windows.len() as u64),
            ]),
            None => cells.extend([NONE; 3].map(str::to_owned)),
        }
        cells.extend(
            [
                counts.listed,
                counts.settled,
                counts.missing,
                counts.waiting,
                counts.doubtful,
                counts.documents,
            ]
            .map(grouped),
        );
        cells.push(group.first_gap().map_or(NONE.to_owned(), time));
        cells
    }

    /// The name of a group; with account and region if other groups have the same name.
    fn label(&self, group: &GroupCoverage) -> String {
        let name = &group.name;
        let same = |other: &&GroupCoverage| other.name.log_group == name.log_group;
        let label = match (&name.account, &name.region) {
            (Some(account), Some(region)) if self.groups.iter().filter(same).nth(1).is_some() => {
                format!("{} ({account}, {region})", name.log_group)
            }
            _ => name.log_group.clone(),
        };
        harmless(&label)
    }

    /// Gaps, lag and doubts of a group; empty if there are none.
    fn details(&self, group: &GroupCoverage) -> String {
        let mut out = String::new();
        if let Some(reason) = &group.failure {
            return format!("  {}\n", harmless(reason));
        }
        for gap in group.unexported.iter().take(SHOWN) {
            out.push_str(&format!("  no window covers {gap}\n"));
        }
        if let Some(first) = group.unexported.first() {
            let more = group.unexported.len().saturating_sub(SHOWN);
            if more > 0 {
                out.push_str(&format!("  and {more} more\n"));
            }
            let age = whole_minutes(round_up(self.now.saturating_sub(first.from)));
            out.push_str(&format!(
                "  to export it: delete the checkpoint of the group, then logferry export --initial '{age}'\n"
            ));
        }
        let counts = &group.counts;
        out.push_str(&named(group, "missing", counts.missing, &group.missing));
        let commands = group.replay.commands(&group.bucket, &self.replay);
        if !commands.is_empty() {
            out.push_str("  to bring them (add the worker's --log-group-pattern if it has one, else they lack names for good):\n");
        }
        for command in commands {
            out.push_str(&format!("    {command}\n"));
        }
        out.push_str(&named(group, "waiting", counts.waiting, &group.waiting));
        for (reason, (objects, first)) in &group.doubts {
            let url = harmless(&url(group, first));
            out.push_str(&format!(
                "  doubtful: {}, such as {url}: {}\n",
                objects_text(*objects),
                harmless(reason)
            ));
        }
        if let Some(unknown) = group.unknown_before() {
            out.push_str(&format!(
                "  the checkpoint was begun anew: nothing tells whether {unknown} was exported\n"
            ));
        }
        if let Some(window) = group.vanished_windows.first() {
            out.push_str(&format!(
                "  {} of the windows have neither objects nor documents, the first {window}: they had no events, or \
                 the objects were deleted before they were indexed\n",
                grouped(group.vanished_windows.len() as u64)
            ));
        }
        out
    }

    /// One sentence for each group with a gap, or that cannot be judged.
    pub(super) fn gaps(&self) -> Vec<String> {
        let groups = self.groups.iter().map(|group| {
            let label = self.label(group);
            let mut parts = Vec::new();
            if let Some(reason) = &group.failure {
                parts.push(harmless(reason));
            }
            if let Some(gap) = group.unexported.first() {
                parts.push(format!("no window covers {gap}"));
            }
            if let Some(first) = group.missing.first() {
                let missing = objects_text(group.counts.missing);
                let url = harmless(&url(group, &first.key));
                parts.push(format!("{missing} missing, the first {url}"));
            } else if group.counts.missing > 0 {
                parts.push(format!("{} missing", objects_text(group.counts.missing)));
            }
            (label, parts)
        });
        let groups = groups.filter(|(_, parts)| !parts.is_empty());
        groups
            .map(|(label, parts)| format!("{label}: {}", parts.join("; ")))
            .collect()
    }

    /// Fails if there is a gap, or a group that cannot be judged.
    pub(super) fn result(&self) -> anyhow::Result<()> {
        let gaps = self.gaps();
        let groups = match gaps.len() {
            0 => return Ok(()),
            1 => "1 log group has gaps or cannot be judged:".to_owned(),
            n => format!("{n} log groups have gaps or cannot be judged:"),
        };
        let mut lines: Vec<String> = gaps
            .iter()
            .take(SHOWN)
            .map(|gap| format!("  {gap}"))
            .collect();
        if gaps.len() > SHOWN {
            lines.push(format!("  and {} more", gaps.len() - SHOWN));
        }
        bail!("{groups}\n{}", lines.join("\n"))
    }
}

fn named(group: &GroupCoverage, what: &str, count: u64, objects: &[NamedObject]) -> String {
    if count == 0 {
        return String::new();
    }
    let mut out = format!("  {what}: {}\n", objects_text(count));
    for object in objects {
        let url = harmless(&url(group, &object.key));
        out.push_str(&format!("    {url}  {}\n", harmless(&object.reason)));
    }
    let more = count - objects.len() as u64;
    if more > 0 {
        out.push_str(&format!("    and {} more (--limit)\n", grouped(more)));
    }
    out
}

fn url(group: &GroupCoverage, key: &str) -> String {
    format!("s3://{}/{key}", group.bucket)
}

fn objects_text(n: u64) -> String {
    match n {
        1 => "1 object".to_owned(),
        n => format!("{} objects", grouped(n)),
    }
}

fn round_up(milliseconds: i64) -> i64 {
    milliseconds.saturating_add(HOUR).div_euclid(HOUR) * HOUR
}

#[cfg(test)]
mod tests {
    use super::*;
    use logferry_core::coverage::{Finding, GroupName, ListedObject, SettledBy};
    use logferry_core::export::{ExportedWindow, Window};
    use serde_json::Value;

    const NOW: i64 = 1_795_824_000_000;
    const EVER: Window = Window {
        from: i64::MIN,
        to: i64::MAX,
    };

    fn name(log_group: &str) -> GroupName {
        GroupName {
            log_group: log_group.to_owned(),
            account: Some("123456789012".to_owned()),
            region: Some("eu-central-1".to_owned()),
        }
    }

    /// A group with two windows of an hour, and objects with these findings.
    fn group(log_group: &str, hole: i64, findings: Vec<Finding>) -> GroupCoverage {
        let mut group = GroupCoverage::new(name(log_group), "logs".to_owned(), 2);
        let window = |task: &str, from: i64| ExportedWindow {
            task: task.to_owned(),
            from,
            to: from + HOUR,
        };
        let begin = NOW - 20 * HOUR;
        let windows = vec![window("t1", begin), window("t2", begin + HOUR + hole)];
        group.exported(windows, begin + 2 * HOUR + hole, 90 * 60_000, EVER);
        for (chunk, finding) in findings.into_iter().enumerate() {
            let key = format!("exports{log_group}/t1/[$LATEST]7f/{chunk:06}.gz");
            let object = ListedObject {
                key: &key,
                size: 1000,
                last_modified: Some(NOW - HOUR),
                task: Some("t1"),
            };
            group.add(object, finding, 1234);
        }
        group
    }

    fn report() -> CoverageReport {
        let missing = || Finding::Missing("none of its documents is there".to_owned());
        let doubt = Finding::Doubtful("its documents are of closed indices".to_owned());
        let settled = || Finding::Settled(SettledBy::Documents);
        let mut quiet = group("/quiet", 0, vec![settled()]);
        quiet.judge_windows(vec![(Window { from: 0, to: HOUR }, 0)]);
        let waiting = Finding::Waiting("none of its documents is there".to_owned());
        let groups = vec![
            group("/covered", 0, vec![settled(), settled()]),
            quiet,
            group("/lag", 0, vec![waiting, settled()]),
            group(
                "/missing",
                0,
                vec![missing(), missing(), settled(), missing(), doubt],
            ),
            group("/hole", HOUR, vec![settled()]),
            GroupCoverage::failed(name("/bad\u{1b}"), "it is damaged".to_owned()),
        ];
        let replay = ReplayFlags {
            opensearch_urls: vec!["https://os:9200/".to_owned()],
            ..ReplayFlags::default()
        };
        CoverageReport::new(groups, replay, NOW)
    }

    #[test]
    fn the_worst_group_comes_first_and_each_gap_has_its_remedy() {
        let report = report();
        let error = report.result().unwrap_err();
        insta::assert_snapshot!(format!("{}\n{error}", report.text()));
    }

    #[test]
    fn the_same_as_json() {
        let json: Value = serde_json::from_str(&report().json()).unwrap();
        insta::assert_json_snapshot!(json);
    }

    #[test]
    fn without_a_gap_it_succeeds() {
        let settled = vec![Finding::Settled(SettledBy::Documents)];
        let groups = vec![group("/covered", 0, settled)];
        let report = CoverageReport::new(groups, ReplayFlags::default(), NOW);
        assert!(report.result().is_ok() && report.gaps().is_empty());
    }
}
