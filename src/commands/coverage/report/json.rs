/*! The report as JSON. Pure. */

use serde_json::{Value, json};

use crate::commands::coverage::report::{CoverageReport, url};
use logferry_core::coverage::{CoverageState, GroupCoverage, NamedObject};
use logferry_core::export::{Window, time_text as time};

impl CoverageReport {
    pub(in crate::commands::coverage) fn json(&self) -> String {
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
        value["unknown_before"] = json!(group.unknown_before().as_ref().map(window));
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
}
