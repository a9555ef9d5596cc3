/*! A window goes in; its export task runs to its end: COMPLETED, or the reason why not comes out. */

use std::time::Duration;

use tokio::time::Instant;

use crate::export::position::retrying;
use crate::export::{LogsApi, LogsError, LogsErrorKind};
use crate::retry::spread;
use logferry_core::export::{
    Adoption, ExportTask, Target, TaskStatus, Window, WindowRules, adoption,
};

/// CloudWatch ends a task after 24 hours. So long may a task of others take the place, too.
const LONGEST_TASK: Duration = Duration::from_secs(25 * 3600);
/// How long requests may go without an answer.
const LONGEST_OUTAGE: Duration = Duration::from_secs(3600);
/// How often CloudWatch may say that there is no such task.
const UNSEEN: u32 = 6;
/// How often a window is tried. Each further attempt exports half of it.
const ATTEMPTS: u32 = 3;
const LEAST_WINDOW: i64 = 3_600_000;
const LONGEST_POLL: Duration = Duration::from_secs(30);
/// Statuses of tasks that this exporter may wait for.
const WAITING: [TaskStatus; 2] = [TaskStatus::Running, TaskStatus::Pending];

/// A task that is completed.
#[derive(Debug)]
pub(super) struct Completed {
    pub id: String,
    pub window: Window,
    /// Tasks that ended otherwise before.
    pub failed: u64,
}

/// A task that was created or found.
struct Started {
    id: String,
    window: Window,
}

/// Exports a window, or a beginning of it.
pub(super) async fn run_task(
    api: &dyn LogsApi,
    target: &Target,
    window: Window,
    exported_until: i64,
    rules: &WindowRules,
) -> Result<Completed, String> {
    let mut wanted = window;
    let mut failed = 0;
    loop {
        let started = start(api, target, wanted, exported_until, rules).await?;
        let ended = wait(api, &started.id).await?;
        let (id, group) = (&started.id, &target.group.name);
        if ended.status == TaskStatus::Completed {
            return Ok(Completed {
                id: started.id,
                window: started.window,
                failed: u64::from(failed),
            });
        }
        failed += 1;
        let status = status_word(ended.status);
        let reason = format!("its export task {id} ended as {status}: {}", ended.message);
        if failed == ATTEMPTS {
            return Err(format!("{reason} (attempt {failed} of {ATTEMPTS})"));
        }
        tracing::warn!(
            group,
            task = id,
            status,
            reason = ended.message,
            "the task failed"
        );
        let half = (wanted.to - exported_until) / 2;
        if half >= LEAST_WINDOW {
            wanted.to = exported_until + half;
        }
        tokio::time::sleep(crate::retry::full_jitter(failed + 5)).await;
    }
}

/// Creates the task as soon as the account's one place is free. If an exporter of the same group is already at work,
/// its task is adopted: also this exporter's own, if the answer to its creation was lost.
async fn start(
    api: &dyn LogsApi,
    target: &Target,
    window: Window,
    exported_until: i64,
    rules: &WindowRules,
) -> Result<Started, String> {
    let began = Instant::now();
    let mut poll = Poll::default();
    let mut outage = None;
    loop {
        let error = match api.create(target, window).await {
            Ok(id) => return Ok(Started { id, window }),
            Err(error) => error,
        };
        let patience = match error.kind {
            LogsErrorKind::Denied | LogsErrorKind::Refused => return Err(error.to_string()),
            LogsErrorKind::LimitExceeded => {
                outage = None;
                began.elapsed() < LONGEST_TASK
            }
            LogsErrorKind::Retryable => {
                outage.get_or_insert_with(Instant::now).elapsed() < LONGEST_OUTAGE
            }
        };
        let active = active_tasks(api).await.map_err(|error| error.to_string())?;
        if let Some(Adoption::Wait(task) | Adoption::Done(task)) =
            adoption(&active, target, exported_until, rules)
        {
            tracing::info!(
                group = target.group.name,
                task = task.id,
                "adopting a task that runs"
            );
            return Ok(Started {
                id: task.id.clone(),
                window: task.window,
            });
        }
        if !patience {
            return Err(match active.first() {
                Some(task) => format!(
                    "{error}: task {} of {} takes the account's one place",
                    task.id, task.log_group
                ),
                None => error.to_string(),
            });
        }
        tracing::debug!(group = target.group.name, %error, "waiting for the account's one place");
        poll.sleep().await;
    }
}

/// Waits until a task ends.
async fn wait(api: &dyn LogsApi, id: &str) -> Result<ExportTask, String> {
    let began = Instant::now();
    let mut poll = Poll::default();
    let mut unseen = 0;
    loop {
        poll.sleep().await;
        let task = retrying(|| api.task(id)).await;
        let task = task.map_err(|error: LogsError| error.to_string())?;
        let Some(task) = task else {
            // A list may not have a task at once that was just created.
            unseen += 1;
            if unseen < UNSEEN {
                continue;
            }
            return Err(format!("CloudWatch has no export task {id} any more"));
        };
        if !task.status.is_active() {
            return Ok(task);
        }
        if began.elapsed() > LONGEST_TASK {
            let cancelled = api.cancel(id).await;
            let error = cancelled.err().map(|error| error.to_string());
            tracing::warn!(
                task = id,
                error,
                "the task runs for more than a day: cancelled"
            );
            return Ok(ExportTask {
                status: TaskStatus::Cancelled,
                message: "it ran for more than a day".to_owned(),
                ..task
            });
        }
    }
}

/// Waits for a task of an earlier run; `None` if it was not completed.
pub(super) async fn adopt(
    api: &dyn LogsApi,
    adopted: Adoption<'_>,
) -> Result<Option<Completed>, String> {
    let task = match adopted {
        Adoption::Done(task) => task.clone(),
        Adoption::Wait(task) => wait(api, &task.id).await?,
    };
    let done = task.status == TaskStatus::Completed;
    Ok(done.then_some(Completed {
        id: task.id,
        window: task.window,
        failed: 0,
    }))
}

/// All tasks that CloudWatch still knows.
pub(super) async fn all_tasks(api: &dyn LogsApi) -> Result<Vec<ExportTask>, LogsError> {
    tasks_of(api, None).await
}

async fn active_tasks(api: &dyn LogsApi) -> Result<Vec<ExportTask>, LogsError> {
    let mut tasks = Vec::new();
    for status in WAITING {
        tasks.extend(tasks_of(api, Some(status)).await?);
    }
    Ok(tasks)
}

async fn tasks_of(
    api: &dyn LogsApi,
    status: Option<TaskStatus>,
) -> Result<Vec<ExportTask>, LogsError> {
    let (mut tasks, mut page) = (Vec::new(), None);
    loop {
        let found = retrying(|| api.tasks(status, page.as_deref())).await?;
        tasks.extend(found.items);
        page = found.next;
        if page.is_none() {
            return Ok(tasks);
        }
    }
}

/// CloudWatch's word.
fn status_word(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Pending => "PENDING",
        TaskStatus::Running => "RUNNING",
        TaskStatus::PendingCancel => "PENDING_CANCEL",
        TaskStatus::Completed => "COMPLETED",
        TaskStatus::Failed => "FAILED",
        TaskStatus::Cancelled => "CANCELLED",
    }
}

/// Waits between two questions: a second at first, then longer.
struct Poll(Duration);

impl Default for Poll {
    fn default() -> Self {
        Self(Duration::from_secs(1))
    }
}

impl Poll {
    async fn sleep(&mut self) {
        tokio::time::sleep(spread(self.0)).await;
        self.0 = (self.0 * 2).min(LONGEST_POLL);
    }
}
