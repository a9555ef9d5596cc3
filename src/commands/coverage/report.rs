/*! The coverage of log groups goes in; a table with the gaps below it, or JSON, comes out. Pure. */

use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};

use crate::commands::setup::width;
use crate::commands::table::{Table, grouped, harmless};
use crate::config::CoverageConfig;
use logferry_core::coverage::{CoverageState, GroupCoverage, NamedObject, ReplayFlags};
use logferry_core::export::{Window, time_text as time};

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
    pub(super) fn new(mut groups: Vec<GroupCoverage>, config: &CoverageConfig, now: i64) -> Self {
        groups.sort_by_cached_key(GroupCoverage::sort_key);
        Self {
            groups,
            replay: config.replay.clone(),
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
                duration(group.behind),
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
            let age = duration(round_up(self.now.saturating_sub(first.from)));
            out.push_str(&format!(
                "  to export it: delete the checkpoint of the group, then logferry export --initial '{age}'\n"
            ));
        }
        let counts = &group.counts;
        out.push_str(&named(group, "missing", counts.missing, &group.missing));
        let commands = group.replay.commands(&group.bucket, &self.replay);
        if !commands.is_empty() {
            out.push_str("  to bring them:\n");
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
        if let Some(window) = group.vanished_windows.first() {
            out.push_str(&format!(
                "  {} of the windows have neither objects nor documents, the first {window}: they had no events, or \
                 the objects were deleted before they were indexed\n",
                grouped(group.vanished_windows.len() as u64)
            ));
        }
        out
    }

    pub(super) fn json(&self) -> String {
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|group| self.group_json(group))
            .collect();
        let worst = self.groups.first().map(GroupCoverage::state);
        let report = json!({
            "time": time(self.now),
            "state": worst.map(CoverageState::as_str),
            "groups": groups,
        });
        format!("{report}\n")
    }

    fn group_json(&self, group: &GroupCoverage) -> Value {
        let mut value = json!({
            "log_group": group.name.log_group,
            "account": group.name.account,
            "region": group.name.region,
            "state": group.state().as_str(),
        });
        if let Some(reason) = &group.failure {
            value["error"] = json!(reason);
            return value;
        }
        let window = |window: &Window| json!({"from": time(window.from), "to": time(window.to)});
        let windows = |windows: &[Window]| windows.iter().map(window).collect::<Vec<_>>();
        let objects = |objects: &[NamedObject]| -> Vec<Value> {
            let objects = objects.iter();
            let object = objects.map(|object| {
                json!({
                    "object": url(group, &object.key),
                    "last_modified": object.last_modified.map(time),
                    "reason": object.reason,
                })
            });
            object.collect()
        };
        let doubts = group.doubts.iter().map(|(reason, (objects, first))| {
            json!({"reason": reason, "objects": objects, "first": url(group, first)})
        });
        let counts = &group.counts;
        value["exported_until"] = json!(group.exported_until.map(time));
        value["behind_seconds"] = json!(group.exported_until.map(|_| group.behind / 1000));
        value["first_gap"] = json!(group.first_gap().map(time));
        value["unexported"] = json!(windows(&group.unexported));
        value["windows"] = json!({
            "exported": group.windows.len(),
            "objects_deleted": group.deleted_windows,
            "without_objects_or_documents": windows(&group.vanished_windows),
        });
        value["objects"] = json!({
            "listed": counts.listed,
            "bytes": counts.bytes,
            "settled": counts.settled,
            "settled_without_events": counts.empty,
            "settled_by_other_objects": counts.elsewhere,
            "settled_by_dead_letters": counts.dead_letters,
            "waiting": counts.waiting,
            "missing": counts.missing,
            "doubtful": counts.doubtful,
        });
        value["documents"] = json!(counts.documents);
        value["missing"] = json!(objects(&group.missing));
        value["waiting"] = json!(objects(&group.waiting));
        value["doubts"] = doubts.collect();
        value["replay"] = json!(group.replay.commands(&group.bucket, &self.replay));
        value
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

fn duration(milliseconds: i64) -> String {
    let minutes = u64::try_from(milliseconds / 60_000).unwrap_or(0);
    humantime::format_duration(Duration::from_secs(minutes * 60)).to_string()
}
