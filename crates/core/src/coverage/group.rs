/*! Windows and findings of one log group go in, object by object; its coverage comes out. Memory depends on the number
of windows, not on that of objects. */

use std::collections::{BTreeMap, BTreeSet};

use crate::coverage::object::{Finding, SettledBy};
use crate::coverage::{ReplayPrefixes, uncovered};
use crate::export::{ExportedWindow, REMEMBERED_WINDOWS, Window};

/// Reasons for doubts that are kept; the others are counted.
const REASONS: usize = 10;
/// A group whose export is more behind than this lags.
const LONGEST_BEHIND: i64 = 24 * 3_600_000;

/// A log group, as far as a checkpoint or the keys tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupName {
    pub log_group: String,
    pub account: Option<String>,
    pub region: Option<String>,
}

/// An object of the listing.
#[derive(Debug, Clone, Copy)]
pub struct ListedObject<'a> {
    pub key: &'a str,
    pub size: u64,
    /// Milliseconds since 1970.
    pub last_modified: Option<i64>,
    /// Id of the export task that wrote it.
    pub task: Option<&'a str>,
}

/// An object that is named, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedObject {
    pub key: String,
    pub last_modified: Option<i64>,
    pub reason: String,
}

/// Objects by their findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    pub listed: u64,
    pub bytes: u64,
    pub settled: u64,
    /// Settled: no events in them.
    pub empty: u64,
    /// Settled: all events indexed under other objects' names.
    pub elsewhere: u64,
    /// Settled: by dead letters.
    pub dead_letters: u64,
    pub waiting: u64,
    pub missing: u64,
    pub doubtful: u64,
    /// Log documents that name the objects.
    pub documents: u64,
}

/// The worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoverageState {
    /// The group cannot be judged.
    Failed,
    Gap,
    Lag,
    Doubt,
    Covered,
}

impl CoverageState {
    pub const ALL: [Self; 5] = [
        Self::Failed,
        Self::Gap,
        Self::Lag,
        Self::Doubt,
        Self::Covered,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Gap => "gap",
            Self::Lag => "lag",
            Self::Doubt => "doubt",
            Self::Covered => "covered",
        }
    }
}

/// One log group: what was exported, listed, settled and indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupCoverage {
    pub name: GroupName,
    /// Why the group cannot be judged.
    pub failure: Option<String>,
    pub bucket: String,
    /// `None`: there is no checkpoint.
    pub exported_until: Option<i64>,
    /// Milliseconds that are due to be exported.
    pub behind: i64,
    /// Windows in the range that was asked for.
    pub windows: Vec<ExportedWindow>,
    /// Ranges between windows that no window covers.
    pub unexported: Vec<Window>,
    pub counts: ObjectCounts,
    pub missing: Vec<NamedObject>,
    pub waiting: Vec<NamedObject>,
    /// Reasons, with the number of objects and the first of them.
    pub doubts: BTreeMap<String, (u64, String)>,
    /// Windows without objects whose objects may have been deleted, or that had none.
    pub vanished_windows: Vec<Window>,
    /// Windows without objects, with documents: the objects were indexed and deleted.
    pub deleted_windows: u64,
    pub replay: ReplayPrefixes,
    /// All tasks that are known, also those outside of the range.
    tasks: BTreeMap<String, Window>,
    /// Tasks that have objects.
    seen: BTreeSet<String>,
    /// When the newest object of a task that the checkpoint does not know was stored.
    newest_stray: Option<i64>,
    /// Where the first missing object's window begins, or when the object was stored.
    first_missing: Option<i64>,
    oldest_object: Option<i64>,
    /// The least time from the end of a window until its objects were stored.
    least_delay: Option<i64>,
    /// Names of missing and of waiting objects that are kept.
    named: usize,
}

impl GroupCoverage {
    /// A group of a listing, without windows. At most `named` missing objects are named.
    pub fn new(name: GroupName, bucket: String, named: usize) -> Self {
        Self {
            name,
            bucket,
            named,
            ..Self::default()
        }
    }

    /// A group that cannot be judged.
    pub fn failed(name: GroupName, reason: String) -> Self {
        Self {
            name,
            failure: Some(reason),
            ..Self::default()
        }
    }

    /// Adds what a checkpoint tells. Only windows within the range count.
    pub fn exported(
        &mut self,
        windows: Vec<ExportedWindow>,
        until: i64,
        behind: i64,
        range: Window,
    ) {
        let all: Vec<Window> = windows.iter().map(ExportedWindow::window).collect();
        self.tasks = (windows.iter())
            .map(|window| (window.task.clone(), window.window()))
            .collect();
        self.unexported = uncovered(&all, until);
        self.unexported.retain(|gap| overlap(gap, &range));
        self.windows = windows;
        self.windows
            .retain(|window| overlap(&window.window(), &range));
        self.exported_until = Some(until);
        self.behind = behind;
    }

    /// Whether the object is of the range: by the window of its task, or by when it was stored.
    pub fn holds(&self, object: &ListedObject<'_>, range: Window) -> bool {
        match object.task.and_then(|task| self.tasks.get(task)) {
            Some(window) => overlap(window, &range),
            None => object
                .last_modified
                .is_none_or(|stored| (range.from..range.to).contains(&stored)),
        }
    }

    /// Adds an object with its finding, and the number of documents that name it.
    pub fn add(&mut self, object: ListedObject<'_>, finding: Finding, documents: u64) {
        let counts = &mut self.counts;
        counts.listed += 1;
        counts.bytes += object.size;
        counts.documents += documents;
        let window = object.task.and_then(|task| self.tasks.get(task)).copied();
        if let (Some(window), Some(task)) = (window, object.task) {
            if !self.seen.contains(task) {
                self.seen.insert(task.to_owned());
            }
            if let Some(stored) = object.last_modified {
                let delay = stored.saturating_sub(window.to);
                self.least_delay = Some(self.least_delay.map_or(delay, |least| least.min(delay)));
            }
        }
        if window.is_none() {
            self.newest_stray = self.newest_stray.max(object.last_modified);
        }
        self.oldest_object = earlier(self.oldest_object, object.last_modified);
        let named = |reason: String| NamedObject {
            key: object.key.to_owned(),
            last_modified: object.last_modified,
            reason,
        };
        match finding {
            Finding::Settled(by) => {
                counts.settled += 1;
                match by {
                    SettledBy::Documents => {}
                    SettledBy::OtherObjects => counts.elsewhere += 1,
                    SettledBy::NoEvents => counts.empty += 1,
                    SettledBy::DeadLetter => counts.dead_letters += 1,
                }
            }
            Finding::Waiting(reason) => {
                counts.waiting += 1;
                if self.waiting.len() < self.named {
                    self.waiting.push(named(reason));
                }
            }
            Finding::Missing(reason) => {
                counts.missing += 1;
                let from = window.map(|window| window.from).or(object.last_modified);
                self.first_missing = earlier(self.first_missing, from);
                self.replay.add(task_prefix(&object), object.key);
                if self.missing.len() < self.named {
                    self.missing.push(named(reason));
                }
            }
            Finding::Doubtful(reason) => {
                counts.doubtful += 1;
                self.doubt(reason, object.key);
            }
        }
    }

    fn doubt(&mut self, reason: String, key: &str) {
        let full = self.doubts.len() >= REASONS && !self.doubts.contains_key(&reason);
        let reason = if full {
            "for other reasons".to_owned()
        } else {
            reason
        };
        let entry = self.doubts.entry(reason);
        entry.or_insert_with(|| (0, key.to_owned())).0 += 1;
    }

    pub fn oldest_object(&self) -> Option<i64> {
        self.oldest_object
    }

    pub fn least_delay(&self) -> Option<i64> {
        self.least_delay
    }

    /// The windows without objects that cannot be proven empty. A lifecycle rule deletes the oldest objects first, so
    /// a window had no objects if objects of its time are still there: `oldest` is when the oldest listed object of
    /// the destination was stored, and `delay` the least time from the end of a window until its objects are stored.
    /// Later objects of tasks that the checkpoint does not know may be those of the window.
    pub fn windows_in_doubt(
        &self,
        oldest: Option<i64>,
        delay: i64,
    ) -> impl Iterator<Item = &ExportedWindow> {
        let without = self
            .windows
            .iter()
            .filter(|window| !self.seen.contains(&window.task));
        without.filter(move |window| {
            let has_strays = self.newest_stray.is_some_and(|stored| stored >= window.to);
            !has_strays && oldest.is_none_or(|oldest| window.to.saturating_add(delay) < oldest)
        })
    }

    /// Adds the finding about windows in doubt: whether documents name objects of their tasks.
    pub fn judge_windows(&mut self, in_doubt: Vec<(Window, u64)>) {
        for (window, documents) in in_doubt {
            match documents {
                0 => self.vanished_windows.push(window),
                _ => self.deleted_windows += 1,
            }
        }
    }

    /// The time from the last sign of an earlier export to the first window of the checkpoint, if the checkpoint was
    /// begun anew: an export task ends before its objects are stored, so they prove nothing about the time after.
    pub fn unknown_before(&self) -> Option<Window> {
        let is_whole = self.tasks.len() < REMEMBERED_WINDOWS;
        let first = self.tasks.values().map(|window| window.from).min()?;
        let from = self.newest_stray.filter(|_| is_whole)?;
        (from < first).then_some(Window { from, to: first })
    }

    /// The beginning of the first gap.
    pub fn first_gap(&self) -> Option<i64> {
        let unexported = self.unexported.first().map(|gap| gap.from);
        earlier(unexported, self.first_missing)
    }

    pub fn state(&self) -> CoverageState {
        if self.failure.is_some() {
            CoverageState::Failed
        } else if self.counts.missing > 0 || !self.unexported.is_empty() {
            CoverageState::Gap
        } else if self.counts.waiting > 0 || self.behind > LONGEST_BEHIND {
            CoverageState::Lag
        } else if self.counts.doubtful > 0
            || !self.vanished_windows.is_empty()
            || self.unknown_before().is_some()
        {
            CoverageState::Doubt
        } else {
            CoverageState::Covered
        }
    }

    /// Sorts by how bad they are: the worst first.
    pub fn sort_key(&self) -> impl Ord + use<> {
        let missing = std::cmp::Reverse(self.counts.missing);
        let behind = std::cmp::Reverse(self.behind);
        (self.state(), missing, behind, self.name.clone())
    }
}

/// The part of the key that ends with the task's id, or the folder.
fn task_prefix<'a>(object: &ListedObject<'a>) -> &'a str {
    let task = object
        .task
        .and_then(|task| Some(object.key.find(task)? + task.len()));
    let folder = || object.key.rfind('/').unwrap_or(0);
    &object.key[..task.unwrap_or_else(folder)]
}

fn overlap(a: &Window, b: &Window) -> bool {
    a.from < b.to && a.to > b.from
}

fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
