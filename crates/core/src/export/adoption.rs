/*! The export tasks that exist go in; the task that this or another exporter of the same group left behind comes out.
*/

use crate::export::{Target, Window, WindowRules};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    Pending,
    Running,
    PendingCancel,
    Completed,
    Failed,
    Cancelled,
}

impl TaskStatus {
    /// Whether the task takes the one place of its account and region.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::PendingCancel)
    }
}

/// An export task as CloudWatch describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportTask {
    pub id: String,
    pub name: String,
    pub log_group: String,
    pub bucket: String,
    pub prefix: String,
    pub window: Window,
    pub status: TaskStatus,
    /// CloudWatch's words for the status.
    pub message: String,
    /// Milliseconds since 1970.
    pub created: Option<i64>,
}

/// What to do with a task of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption<'a> {
    /// Wait for it.
    Wait(&'a ExportTask),
    /// It is done, and the checkpoint may advance to the end of its window.
    Done(&'a ExportTask),
}

/// Finds the task that was made from this very checkpoint and reaches the farthest; one that is done goes first. A
/// group whose checkpoint was deleted begins anew.
pub fn adoption<'a>(
    tasks: &'a [ExportTask],
    target: &Target,
    exported_until: i64,
    rules: &WindowRules,
) -> Option<Adoption<'a>> {
    let continues = |task: &&ExportTask| {
        let Window { from, to } = task.window;
        is_of(task, target)
            && to > exported_until
            && from == exported_until.saturating_sub(rules.overlap).max(0)
            && task.created.is_none_or(|created| {
                // A task of other rules may have ended before late events were there. The clock that chose `to` is not
                // CloudWatch's.
                to <= created
                    .saturating_sub(rules.lateness)
                    .saturating_add(rules.overlap)
            })
    };
    let farthest = |is: fn(TaskStatus) -> bool| {
        let tasks = tasks
            .iter()
            .filter(|task| is(task.status))
            .filter(continues);
        tasks.max_by_key(|task| task.window.to)
    };
    let done = farthest(|status| status == TaskStatus::Completed).map(Adoption::Done);
    done.or_else(|| {
        farthest(|status| matches!(status, TaskStatus::Pending | TaskStatus::Running))
            .map(Adoption::Wait)
    })
}

/// Whether an exporter of this group made the task.
fn is_of(task: &ExportTask, target: &Target) -> bool {
    task.name == target.task_name(task.window)
        && task.log_group == target.group.name
        && task.bucket == target.destination.bucket
        && task.prefix == target.prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::tests::target;

    const RULES: WindowRules = WindowRules {
        initial: 1000,
        overlap: 10,
        lateness: 100,
        longest: 10_000,
    };

    fn task(name: &str, from: i64, to: i64, status: TaskStatus) -> ExportTask {
        let target = target(name);
        let window = Window { from, to };
        ExportTask {
            id: format!("{from}-{to}"),
            name: target.task_name(window),
            log_group: name.to_owned(),
            bucket: target.destination.bucket.clone(),
            prefix: target.prefix,
            window,
            status,
            message: String::new(),
            created: Some(to + 100),
        }
    }

    fn adopted(tasks: &[ExportTask]) -> Option<(bool, &str)> {
        match adoption(tasks, &target("g"), 500, &RULES)? {
            Adoption::Done(task) => Some((true, &task.id)),
            Adoption::Wait(task) => Some((false, &task.id)),
        }
    }

    #[test]
    fn a_task_that_continues_the_checkpoint_is_adopted() {
        let tasks = [
            task("g", 490, 600, TaskStatus::Completed),
            task("g", 490, 700, TaskStatus::Completed),
            task("g", 490, 800, TaskStatus::Running),
        ];
        assert_eq!(adopted(&tasks), Some((true, "490-700")));
        assert_eq!(adopted(&tasks[2..]), Some((false, "490-800")));
    }

    #[test]
    fn other_tasks_are_left_alone() {
        let good = task("g", 490, 600, TaskStatus::Running);
        assert!(adopted(std::slice::from_ref(&good)).is_some());
        for other in [
            task("h", 490, 600, TaskStatus::Running),
            // A gap, an overlap that is too short, another checkpoint.
            task("g", 501, 600, TaskStatus::Completed),
            task("g", 495, 600, TaskStatus::Completed),
            task("g", 400, 600, TaskStatus::Completed),
            // Nothing new.
            task("g", 490, 500, TaskStatus::Completed),
            task("g", 490, 600, TaskStatus::Failed),
            task("g", 490, 600, TaskStatus::Cancelled),
            task("g", 490, 600, TaskStatus::PendingCancel),
            ExportTask {
                name: "mine".to_owned(),
                ..good.clone()
            },
            ExportTask {
                prefix: "elsewhere".to_owned(),
                ..good.clone()
            },
            ExportTask {
                bucket: "elsewhere".to_owned(),
                ..good.clone()
            },
            // Made by rules with less lateness.
            ExportTask {
                created: Some(600),
                ..good.clone()
            },
        ] {
            assert_eq!(adopted(std::slice::from_ref(&other)), None, "{other:?}");
        }
    }
}
