//! One run: exporters start, die and start again; then everything is judged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use logferry::export::{Checkpoints, ExportConfig, Exporter, LogsApi};
use logferry::observe::Metrics;
use logferry_core::export::{Destination, GroupSelector, TagFilter, TaskStatus, WindowRules};

use crate::checkpoints::{SimCheckpoints, exported_until};
use crate::logs::{SimLogs, tags_of};
use crate::world::{BEGIN, DAY, GROUPS, HOUR, Kill, MINUTE, SimTask, World, chance};
use crate::wrong::{CompletedAtOnce, FirstPage};

#[derive(Clone)]
pub struct Setting {
    pub days: i64,
    pub exporters: usize,
    pub faults: bool,
    /// Calls after which the first process dies.
    pub kill_at: Option<u32>,
    pub check_doubles: bool,
    /// Tags that the groups must have.
    pub tags: Vec<TagFilter>,
    pub rules: WindowRules,
    // Wrong exporters.
    pub completed_at_once: bool,
    pub first_page: bool,
    pub blind: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            days: 21,
            exporters: 1,
            faults: true,
            kill_at: None,
            check_doubles: false,
            tags: Vec::new(),
            rules: WindowRules {
                initial: DAY,
                overlap: 15 * MINUTE,
                lateness: 12 * HOUR,
                longest: DAY,
            },
            completed_at_once: false,
            first_page: false,
            blind: false,
        }
    }
}

/// What a run may find.
#[derive(Debug)]
#[expect(dead_code, reason = "printed")]
pub enum Fault {
    Missed {
        group: &'static str,
        time: i64,
    },
    Doubled {
        group: &'static str,
        time: i64,
        exports: u32,
    },
    /// The checkpoint is hours behind, or there is none.
    Behind {
        group: &'static str,
        hours: Option<i64>,
    },
    Backwards(String),
    /// The group lacks a tag.
    Untagged(String),
    /// The task of an earlier run was not found: its window was exported again.
    NotAdopted(String),
}

pub fn run(seed: u64, setting: &Setting) -> Vec<Fault> {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = Arc::new(Mutex::new(World::new(setting.days, setting.faults)));
        let lives = (0..setting.exporters).map(|_| live(world.clone(), setting));
        futures_util::future::join_all(lives).await;
        // The faults end, but for a task that still hangs. The last of the next passes does not wait for it.
        world.lock().unwrap().faults = false;
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(6 * 3600)).await;
            let exporter = exporter(&world, &Arc::default(), setting, 0);
            let report = exporter.pass(&CancellationToken::new()).await.unwrap();
            // With tags, the group whose tags must not be read fails in each pass.
            let failed: Vec<&str> = report.failures.iter().map(|f| f.group.as_str()).collect();
            let unreadable = &GROUPS[2..3];
            assert_eq!(
                failed,
                unreadable[..usize::from(!setting.tags.is_empty())],
                "{report:?}"
            );
        }
        judge(&mut world.lock().unwrap(), setting)
    })
}

fn exporter(
    world: &Arc<Mutex<World>>,
    kill: &Arc<Mutex<Kill>>,
    setting: &Setting,
    skew: i64,
) -> Exporter {
    let logs = SimLogs {
        world: world.clone(),
        kill: kill.clone(),
    };
    let mut api: Arc<dyn LogsApi> = Arc::new(logs);
    if setting.completed_at_once {
        api = Arc::new(CompletedAtOnce(api));
    }
    if setting.first_page {
        api = Arc::new(FirstPage(api));
    }
    let checkpoints: Arc<dyn Checkpoints> = Arc::new(SimCheckpoints {
        world: world.clone(),
        kill: kill.clone(),
        blind: setting.blind,
    });
    let clock = world.clone();
    Exporter {
        api,
        checkpoints,
        config: ExportConfig {
            selector: GroupSelector {
                all_lambda: true,
                tags: setting.tags.clone(),
                ..GroupSelector::default()
            },
            destination: Destination {
                bucket: "logs".to_owned(),
                prefix: "exports".to_owned(),
            },
            rules: setting.rules,
        },
        metrics: Arc::new(Metrics::new()),
        now: Arc::new(move || clock.lock().unwrap().now() + skew),
    }
}

/// A machine that starts `export --once` every hour or so.
async fn live(world: Arc<Mutex<World>>, setting: &Setting) {
    let skew = match setting.faults {
        true => fastrand::i64(-10 * MINUTE..=10 * MINUTE),
        false => 0,
    };
    let mut kill_at = setting.kill_at;
    while world.lock().unwrap().now() < BEGIN + setting.days * DAY {
        let kill = Arc::new(Mutex::new(Kill::default()));
        kill.lock().unwrap().calls = match kill_at.take() {
            Some(step) => Some(step),
            None => (setting.faults && chance(0.3)).then(|| fastrand::u32(0..120)),
        };
        let exporter = exporter(&world, &kill, setting, skew);
        let (stop, dead) = (CancellationToken::new(), kill.lock().unwrap().dead.clone());
        tokio::select! {
            _ = exporter.pass(&stop) => {}
            () = dead.notified() => {}
        }
        let pause = fastrand::u64(1800..5400);
        tokio::time::sleep(Duration::from_secs(pause)).await;
    }
}

fn judge(world: &mut World, setting: &Setting) -> Vec<Fault> {
    world.settle();
    let mut faults: Vec<Fault> = world.backwards.drain(..).map(Fault::Backwards).collect();
    let is_wanted = |name: &str| {
        let tags = tags_of(name);
        setting.tags.is_empty()
            || (name != GROUPS[2] && setting.tags.iter().all(|tag| tag.fits(&tags)))
    };
    let exported = world.tasks.iter().map(|task| &task.task.log_group);
    let untagged = exported.filter(|group| !is_wanted(group)).cloned();
    faults.extend(untagged.map(Fault::Untagged));
    for (index, group) in GROUPS.into_iter().enumerate() {
        if !is_wanted(group) {
            continue;
        }
        let name = format!("123456789012/eu-central-1/{}.json", group.replace('/', "!"));
        let stored = world.checkpoints.get(&name);
        let until = stored.map(|(bytes, _)| exported_until(bytes));
        let behind = until.map(|until| world.now() - setting.rules.lateness - until);
        if behind.is_none_or(|behind| behind > 2 * HOUR) {
            let hours = behind.map(|behind| behind / HOUR);
            faults.push(Fault::Behind { group, hours });
        }
        let until = until.unwrap_or(i64::MAX) - 15 * MINUTE;
        // The first pass may be later, and its clock may be wrong.
        let from = BEGIN - setting.rules.initial + 3 * HOUR;
        for event in world.events.iter().filter(|event| event.group == index) {
            let time = match world.by_event_time {
                true => event.time,
                false => event.ingested,
            };
            if !(from..until).contains(&time) {
                continue;
            }
            let (time, exports) = (event.time - BEGIN, event.exports);
            if exports == 0 {
                faults.push(Fault::Missed { group, time });
            }
            // Two windows at the most share a time.
            if setting.check_doubles && exports > 2 {
                faults.push(Fault::Doubled {
                    group,
                    time,
                    exports,
                });
            }
        }
    }
    // Each completed task brings its group's checkpoint forward, so that no two of a group begin at the same time.
    let mut begins = std::collections::BTreeSet::new();
    for SimTask { task, .. } in &world.tasks {
        let begin = (&task.log_group, task.window.from);
        if setting.check_doubles && task.status == TaskStatus::Completed && !begins.insert(begin) {
            faults.push(Fault::NotAdopted(task.name.clone()));
        }
    }
    faults.truncate(10);
    faults
}
