//! What is true in the simulation: events, tasks, checkpoints and the time.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use logferry_core::export::{ExportTask, TaskStatus};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// The first moment.
pub const BEGIN: i64 = 1_795_000_000_000;
pub const GROUPS: [&str; 5] = [
    "/aws/lambda/orders",
    "/aws/lambda/payments",
    "/aws/lambda/quiet",
    "/aws/lambda/web/site",
    "/aws/lambda/zebra",
];

pub struct Event {
    pub group: usize,
    pub time: i64,
    pub ingested: i64,
    /// From then on a task exports it: at most twelve hours after its time.
    pub available: i64,
    pub exports: u32,
}

pub struct SimTask {
    pub task: ExportTask,
    pub starts: i64,
    pub ends: i64,
    pub outcome: TaskStatus,
}

/// Everything that survives an exporter.
pub struct World {
    began: Instant,
    pub faults: bool,
    /// Whether a task compares the times of events; else the times of their ingestion. AWS's pages differ.
    pub by_event_time: bool,
    /// Whether an event at the very end of a window belongs to it.
    pub end_is_inclusive: bool,
    pub events: Vec<Event>,
    pub tasks: Vec<SimTask>,
    /// The task that runs.
    pub active: Option<usize>,
    /// When tasks of others take the place.
    pub others: Vec<(i64, i64)>,
    pub checkpoints: BTreeMap<String, (Vec<u8>, u64)>,
    pub writes: u64,
    /// Requests for tags that are under way.
    pub tag_requests: u32,
    /// Checkpoints that went back.
    pub backwards: Vec<String>,
}

/// What makes a process die.
#[derive(Default)]
pub struct Kill {
    /// Calls until death.
    pub calls: Option<u32>,
    pub dead: Arc<Notify>,
}

pub fn chance(share: f64) -> bool {
    fastrand::f64() < share
}

impl World {
    pub fn new(days: i64, faults: bool) -> Self {
        let end = BEGIN + days * DAY;
        let mut events = Vec::new();
        for group in 0..GROUPS.len() {
            let most = if group == 2 { 20 * HOUR } else { 40 * MINUTE };
            let mut time = BEGIN - 2 * DAY;
            while time < end {
                time += fastrand::i64(1..most);
                let late = match fastrand::u32(0..10) {
                    0 => 12 * HOUR,
                    1..4 => fastrand::i64(0..12 * HOUR),
                    _ => fastrand::i64(0..5 * MINUTE),
                };
                events.push(Event {
                    group,
                    time,
                    ingested: time + fastrand::i64(0..=late),
                    available: time + late,
                    exports: 0,
                });
            }
        }
        let mut others = Vec::new();
        let mut time = BEGIN;
        while faults && time < end {
            time += fastrand::i64(HOUR..2 * DAY);
            let until = time + fastrand::i64(MINUTE..5 * HOUR);
            others.push((time, until));
            time = until;
        }
        Self {
            began: Instant::now(),
            faults,
            by_event_time: fastrand::bool(),
            end_is_inclusive: fastrand::bool(),
            events,
            tasks: Vec::new(),
            active: None,
            others,
            checkpoints: BTreeMap::new(),
            writes: 0,
            tag_requests: 0,
            backwards: Vec::new(),
        }
    }

    /// The true time.
    pub fn now(&self) -> i64 {
        BEGIN + i64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// Brings the task that runs to the present.
    pub fn settle(&mut self) {
        let Some(index) = self.active else {
            return;
        };
        let now = self.now();
        let task = &mut self.tasks[index];
        task.task.status = match now {
            now if now < task.starts => TaskStatus::Pending,
            now if now < task.ends => TaskStatus::Running,
            _ => task.outcome,
        };
        if !task.task.status.is_active() {
            task.task.message = format!("{:?}", task.outcome);
            self.active = None;
            self.export(index);
        }
    }

    /// A task exports what was available when it began; one that fails exports a part.
    fn export(&mut self, index: usize) {
        let (by_event_time, inclusive) = (self.by_event_time, self.end_is_inclusive);
        let task = &self.tasks[index];
        let window = task.task.window;
        for event in &mut self.events {
            let time = match by_event_time {
                true => event.time,
                false => event.ingested,
            };
            let is_inside = time >= window.from
                && (time < window.to || (inclusive && time == window.to))
                && event.available <= task.starts
                && GROUPS[event.group] == task.task.log_group;
            if is_inside && (task.outcome == TaskStatus::Completed || chance(0.5)) {
                event.exports += 1;
            }
        }
    }

    /// Whether a task takes the one place.
    pub fn is_taken(&mut self) -> bool {
        self.settle();
        let now = self.now();
        self.active.is_some()
            || self
                .others
                .iter()
                .any(|(from, to)| (*from..*to).contains(&now))
    }
}
