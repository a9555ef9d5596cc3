/*! Log groups, checkpoints and the time go in; passes over all groups come out, each until every group is as far as its
rules allow.

Rounds: each group that is behind gets one window, the group that is most behind first, until no group is behind. So no
group waits for the whole history of another. */

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::export::position::Advance;
use crate::export::task_run::{Completed, adopt, all_tasks, run_task};
use crate::export::{Checkpoints, GroupPosition, LogsApi, list_groups};
use crate::observe::Metrics;
use logferry_core::export::{
    Destination, GroupSelector, LastTask, Selection, Target, WindowRules, adoption,
};

#[derive(Debug, Clone)]
pub struct ExportConfig {
    pub selector: GroupSelector,
    pub destination: Destination,
    pub rules: WindowRules,
}

pub struct Exporter {
    pub api: Arc<dyn LogsApi>,
    pub checkpoints: Arc<dyn Checkpoints>,
    pub config: ExportConfig,
    pub metrics: Arc<Metrics>,
    /// Milliseconds since 1970.
    pub now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// A group whose export failed. Its checkpoint is unchanged, so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFailure {
    pub group: String,
    pub reason: String,
}

/// What one pass did.
#[derive(Debug, Clone, Default)]
pub struct PassReport {
    pub groups: usize,
    /// Windows whose tasks are completed and whose checkpoints are stored.
    pub windows: usize,
    /// Groups that another exporter advanced at the same time.
    pub lost: Vec<String>,
    pub failures: Vec<GroupFailure>,
}

#[derive(Debug, thiserror::Error)]
pub enum PassError {
    #[error("the log groups cannot be listed: {0}")]
    Groups(String),
    #[error("no log group is selected: check the names, the prefix or the pattern, and the region")]
    Nothing,
    #[error(
        "no log group is selected: the names fit {0}, and none of these has the tags of --log-group-tag"
    )]
    NoneTagged(usize),
    #[error("stopped; the next run adopts the task that still runs")]
    Stopped,
}

impl Exporter {
    /// Exports every group as far as it is due now.
    pub async fn pass(&self, stop: &CancellationToken) -> Result<PassReport, PassError> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(PassError::Stopped),
            report = self.whole_pass() => report,
        }
    }

    async fn whole_pass(&self) -> Result<PassReport, PassError> {
        let now = (self.now)();
        let selection = list_groups(&*self.api, &self.config.selector).await;
        let selection = selection.map_err(|error| PassError::Groups(error.to_string()))?;
        self.metrics.readiness.hold(None);
        let mut report = self.report_of(&selection);
        if selection.chosen.is_empty() && report.failures.is_empty() {
            return Err(match selection.untagged.len() {
                0 => PassError::Nothing,
                untagged => PassError::NoneTagged(untagged),
            });
        }
        let mut positions = Vec::new();
        for group in selection.chosen {
            let target = Target::new(group, &self.config.destination);
            let (checkpoints, rules) = (&*self.checkpoints, &self.config.rules);
            match GroupPosition::read_or_begin(checkpoints, &target, rules, now).await {
                Ok(position) => positions.push(position),
                Err(reason) => self.fail(&mut report, &target, reason),
            }
        }
        self.observe(&positions, &report);
        self.adopt_tasks(&mut positions, &mut report).await;
        let is_due = |position: &GroupPosition| {
            let until = position.checkpoint.exported_until;
            self.config.rules.next(until, now).is_some()
        };
        loop {
            positions.sort_by_key(|position| position.checkpoint.exported_until);
            let mut later = Vec::new();
            let mut was_due = false;
            for mut position in std::mem::take(&mut positions) {
                if is_due(&position) {
                    was_due = true;
                    if !self.export_window(&mut position, now, &mut report).await {
                        continue;
                    }
                }
                later.push(position);
            }
            positions = later;
            self.observe(&positions, &report);
            if !was_due {
                return Ok(report);
            }
        }
    }

    /// Names of groups that cannot be exported are failures; other groups that are left out are only named in the log.
    fn report_of(&self, selection: &Selection) -> PassReport {
        let mut report = PassReport {
            groups: selection.chosen.len(),
            ..PassReport::default()
        };
        for left in &selection.left_out {
            tracing::info!(
                group = left.name,
                reason = left.reason,
                "the group is left out"
            );
            if self.config.selector.names.contains(&left.name) {
                report.failures.push(GroupFailure {
                    group: left.name.clone(),
                    reason: left.reason.clone(),
                });
            }
        }
        if !selection.untagged.is_empty() {
            let groups = selection.untagged.len();
            tracing::info!(groups, "left out: the groups lack a tag of --log-group-tag");
        }
        for undecided in &selection.undecided {
            let (group, reason) = (undecided.name.clone(), undecided.reason.clone());
            tracing::warn!(group, reason, "the group is not exported");
            report.failures.push(GroupFailure { group, reason });
        }
        report
            .failures
            .extend(selection.missing.iter().map(|name| GroupFailure {
                group: name.clone(),
                reason: "there is no such log group in this account and region".to_owned(),
            }));
        report
    }

    /// Takes over the tasks of an earlier run, which ended before it stored their checkpoints.
    async fn adopt_tasks(&self, positions: &mut Vec<GroupPosition>, report: &mut PassReport) {
        let tasks = match all_tasks(&*self.api).await {
            Ok(tasks) => tasks,
            Err(error) => {
                tracing::warn!(%error, "tasks of earlier runs are not adopted; their windows are exported again");
                return;
            }
        };
        for mut position in std::mem::take(positions) {
            let until = position.checkpoint.exported_until;
            let found = adoption(&tasks, &position.target, until, &self.config.rules);
            if let Some(found) = found {
                match adopt(&*self.api, found).await {
                    Ok(Some(completed)) => {
                        if !self.advance(&mut position, completed, report).await {
                            continue;
                        }
                    }
                    Ok(None) => {}
                    Err(reason) => {
                        self.fail(report, &position.target, reason);
                        continue;
                    }
                }
            }
            positions.push(position);
        }
    }

    /// Exports the next window of a group, from where another exporter may have brought it meanwhile. False if the
    /// group is over for this pass.
    async fn export_window(
        &self,
        position: &mut GroupPosition,
        now: i64,
        report: &mut PassReport,
    ) -> bool {
        let rules = &self.config.rules;
        match GroupPosition::read(&*self.checkpoints, &position.target, (self.now)()).await {
            Ok(Some(read)) => *position = read,
            Ok(None) => {
                let reason = "its checkpoint was deleted during the pass".to_owned();
                self.fail(report, &position.target, reason);
                return false;
            }
            Err(reason) => {
                self.fail(report, &position.target, reason);
                return false;
            }
        }
        let until = position.checkpoint.exported_until;
        let Some(window) = rules.next(until, now) else {
            return true;
        };
        match run_task(&*self.api, &position.target, window, until, rules).await {
            Ok(completed) => self.advance(position, completed, report).await,
            Err(reason) => {
                self.fail(report, &position.target, reason);
                false
            }
        }
    }

    /// Stores the checkpoint after a completed task. False if the group is over for this pass.
    async fn advance(
        &self,
        position: &mut GroupPosition,
        completed: Completed,
        report: &mut PassReport,
    ) -> bool {
        let window = completed.window;
        let advanced = position.checkpoint.advanced(LastTask {
            id: completed.id.clone(),
            name: position.target.task_name(window),
            from: window.from,
            to: window.to,
        });
        self.metrics.export_tasks(1, completed.failed);
        let group = position.target.group.name.clone();
        match position.store(&*self.checkpoints, advanced).await {
            Ok(Advance::Stored) => {
                report.windows += 1;
                tracing::info!(group, %window, task = completed.id, "exported");
                true
            }
            Ok(Advance::Lost) => {
                tracing::warn!(
                    group,
                    "another exporter advanced the checkpoint first; going on with the next group"
                );
                self.metrics.export_conflicts.inc();
                report.lost.push(group);
                false
            }
            Err(reason) => {
                self.fail(report, &position.target, reason);
                false
            }
        }
    }

    fn fail(&self, report: &mut PassReport, target: &Target, reason: String) {
        let group = target.group.name.clone();
        tracing::warn!(
            group,
            reason,
            "the group is not exported; its checkpoint is unchanged"
        );
        report.failures.push(GroupFailure { group, reason });
    }

    fn observe(&self, positions: &[GroupPosition], report: &PassReport) {
        let now = (self.now)();
        let behind = positions.iter().map(|position| {
            let until = position.checkpoint.exported_until;
            self.config.rules.behind(until, now) / 1000
        });
        self.metrics.export_behind.set(behind.max().unwrap_or(0));
        let groups = i64::try_from(report.groups).unwrap_or(i64::MAX);
        self.metrics.export_groups.set(groups);
        let failing = i64::try_from(report.failures.len()).unwrap_or(i64::MAX);
        self.metrics.export_groups_failing.set(failing);
    }
}
