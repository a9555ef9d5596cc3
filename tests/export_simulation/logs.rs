//! CloudWatch Logs, as one exporter sees it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use logferry::export::{LogsApi, LogsError, LogsErrorKind, Page};
use logferry_core::export::{ExportTask, LogGroup, Tags, Target, TaskStatus, Window};

use crate::world::{DAY, GROUPS, HOUR, Kill, MINUTE, SimTask, World, chance};

pub struct SimLogs {
    pub world: Arc<Mutex<World>>,
    pub kill: Arc<Mutex<Kill>>,
}

/// Waits a little; dies here if it is time to.
pub async fn step(kill: &Mutex<Kill>) {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(1..800))).await;
    let dies = {
        let mut kill = kill.lock().unwrap();
        match &mut kill.calls {
            Some(0) => {
                kill.calls = None;
                kill.dead.notify_one();
                true
            }
            Some(calls) => {
                *calls -= 1;
                false
            }
            None => false,
        }
    };
    if dies {
        std::future::pending::<()>().await;
    }
}

fn error(kind: LogsErrorKind) -> LogsError {
    LogsError {
        kind,
        call: "logs:Simulated",
        reason: format!("{kind:?}"),
    }
}

impl SimLogs {
    /// Before each call: a delay, a death, throttling.
    async fn before(&self) -> Result<(), LogsError> {
        step(&self.kill).await;
        let faults = self.world.lock().unwrap().faults;
        match faults && chance(0.05) {
            true => Err(error(LogsErrorKind::Retryable)),
            false => Ok(()),
        }
    }
}

/// A request for tags, until it is answered or its process dies.
struct Asking(Arc<Mutex<World>>);

impl Asking {
    fn begin(world: &Arc<Mutex<World>>) -> (Self, u32) {
        let asked = {
            let mut world = world.lock().unwrap();
            world.tag_requests += 1;
            world.tag_requests
        };
        (Self(world.clone()), asked)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.lock().unwrap().tag_requests -= 1;
    }
}

/// The tags of a group.
pub fn tags_of(name: &str) -> Tags {
    let team = match name {
        "/aws/lambda/orders" | "/aws/lambda/zebra" => "shop",
        _ => "site",
    };
    [("team", team), ("query", "a=b")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn page<T: Clone>(items: &[T], size: usize, page: Option<&str>) -> Page<T> {
    let from = page.map_or(0, |page| page.parse().unwrap());
    let to = items.len().min(from + size);
    Page {
        items: items[from..to].to_vec(),
        next: (to < items.len()).then(|| to.to_string()),
    }
}

#[async_trait]
impl LogsApi for SimLogs {
    async fn groups(&self, prefix: &str, at: Option<&str>) -> Result<Page<LogGroup>, LogsError> {
        self.before().await?;
        let group = |name: &str, class: &str| LogGroup {
            name: name.to_owned(),
            account: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            arn: format!("arn:aws:logs:eu-central-1:123456789012:log-group:{name}"),
            class: Some(class.to_owned()),
        };
        let mut groups: Vec<LogGroup> = GROUPS.iter().map(|name| group(name, "STANDARD")).collect();
        groups.push(group("/aws/lambda/cheap", "INFREQUENT_ACCESS"));
        groups.push(group("/aws/lambda/web/site.local", "STANDARD"));
        groups.retain(|group| group.name.starts_with(prefix));
        groups.sort();
        Ok(page(&groups, 2, at))
    }

    /// The third group keeps its tags to itself. Asking for many at once is throttled.
    async fn tags(&self, group: &LogGroup) -> Result<Option<Tags>, LogsError> {
        let (_asking, asked) = Asking::begin(&self.world);
        self.before().await?;
        assert!(asked <= 4, "{asked} requests for tags at once");
        if self.world.lock().unwrap().faults && asked > 1 && chance(0.3) {
            return Err(error(LogsErrorKind::Retryable));
        }
        let name = group.name.as_str();
        assert!(
            group.arn.ends_with(&format!(":log-group:{name}")),
            "{}",
            group.arn
        );
        if name == GROUPS[2] {
            return Err(error(LogsErrorKind::Denied));
        }
        Ok(Some(tags_of(name)))
    }

    async fn create(&self, target: &Target, window: Window) -> Result<String, LogsError> {
        self.before().await?;
        let id = {
            let mut world = self.world.lock().unwrap();
            if world.is_taken() {
                return Err(error(LogsErrorKind::LimitExceeded));
            }
            let now = world.now();
            let starts = now + fastrand::i64(1..2 * MINUTE);
            let (lasts, outcome) = match fastrand::u32(0..100) {
                0 if world.faults => (DAY, TaskStatus::Failed),
                1..5 if world.faults => (HOUR, TaskStatus::Failed),
                5..7 if world.faults => (HOUR, TaskStatus::Cancelled),
                _ => (3 * MINUTE, TaskStatus::Completed),
            };
            let id = format!("task-{}", world.tasks.len());
            world.tasks.push(SimTask {
                task: ExportTask {
                    id: id.clone(),
                    name: target.task_name(window),
                    log_group: target.group.name.clone(),
                    bucket: target.destination.bucket.clone(),
                    prefix: target.prefix.clone(),
                    window,
                    status: TaskStatus::Pending,
                    message: String::new(),
                    created: Some(now),
                },
                starts,
                ends: starts + fastrand::i64(lasts / 2..=lasts),
                outcome,
            });
            world.active = Some(world.tasks.len() - 1);
            id
        };
        step(&self.kill).await;
        let loses_answer = self.world.lock().unwrap().faults && chance(0.03);
        match loses_answer {
            true => Err(error(LogsErrorKind::Retryable)),
            false => Ok(id),
        }
    }

    async fn task(&self, id: &str) -> Result<Option<ExportTask>, LogsError> {
        self.before().await?;
        let mut world = self.world.lock().unwrap();
        world.settle();
        let found = world.tasks.iter().rev().find(|task| task.task.id == id);
        // A task is not seen at once.
        let found = found.filter(|_| !world.faults || chance(0.9));
        Ok(found.map(|task| task.task.clone()))
    }

    async fn tasks(
        &self,
        status: Option<TaskStatus>,
        at: Option<&str>,
    ) -> Result<Page<ExportTask>, LogsError> {
        self.before().await?;
        let mut world = self.world.lock().unwrap();
        world.settle();
        let oldest = world.now() - DAY;
        let tasks = world.tasks.iter().rev().map(|task| &task.task);
        let tasks = tasks.take_while(|task| task.created.unwrap() > oldest);
        let tasks = tasks.filter(|task| status.is_none_or(|status| task.status == status));
        Ok(page(&tasks.cloned().collect::<Vec<_>>(), 50, at))
    }

    async fn cancel(&self, id: &str) -> Result<(), LogsError> {
        self.before().await?;
        let mut world = self.world.lock().unwrap();
        let now = world.now();
        let active = world
            .active
            .filter(|index| world.tasks[*index].task.id == id);
        if let Some(index) = active {
            let task = &mut world.tasks[index];
            (task.ends, task.outcome) = (now, TaskStatus::Cancelled);
        }
        Ok(())
    }
}
