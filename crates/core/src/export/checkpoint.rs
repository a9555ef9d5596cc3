/*! The stored checkpoint of a group goes in; where the group stands, or why the checkpoint cannot be used, comes out;
and the other way round. */

use serde::{Deserialize, Serialize};

use crate::export::{Destination, LogGroup, Target, Window, WindowRules, time_text};

const FORMAT: &str = "logferry-export-checkpoint";
const VERSION: u32 = 1;
/// Windows that a checkpoint remembers: 41 days of hourly ones, in about 130 kB.
pub const REMEMBERED_WINDOWS: usize = 1000;

/// Where the export of one group stands. All times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    format: String,
    version: u32,
    pub account: String,
    pub region: String,
    pub log_group: String,
    pub destination: String,
    /// All events before this time were exported, except those that were not yet there.
    pub exported_until: i64,
    /// The task that brought the checkpoint here; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_task: Option<LastTask>,
    /// The windows of completed tasks in the order of their completion, the newest [`REMEMBERED_WINDOWS`] of them.
    /// Older versions of logferry write none, and drop those that they find.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    windows: Vec<ExportedWindow>,
}

/// A window whose export task is completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedWindow {
    /// Id of the task, which is a segment of its objects' keys.
    pub task: String,
    pub from: i64,
    pub to: i64,
}

impl ExportedWindow {
    pub fn window(&self) -> Window {
        Window {
            from: self.from,
            to: self.to,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTask {
    pub id: String,
    pub name: String,
    pub from: i64,
    pub to: i64,
}

impl LastTask {
    fn window(&self) -> ExportedWindow {
        ExportedWindow {
            task: self.id.clone(),
            from: self.from,
            to: self.to,
        }
    }
}

/// Why a checkpoint cannot be used. Nothing overwrites such a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    #[error("is no checkpoint of logferry export: {0}")]
    Corrupt(String),
    #[error("has version {0}, and this logferry reads version {VERSION}: update logferry")]
    Newer(u32),
    #[error("belongs to {found}, not to {expected}: give each exporter its own --checkpoints")]
    Foreign { found: String, expected: String },
    #[error(
        "says that all is exported until {0}, which is in the future: check the clock of this machine, or delete it to begin with --initial"
    )]
    Future(String),
}

impl Checkpoint {
    /// The checkpoint of a group that was not exported yet.
    pub fn new(target: &Target, exported_until: i64) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            account: target.group.account.clone(),
            region: target.group.region.clone(),
            log_group: target.group.name.clone(),
            destination: target.destination.to_string(),
            exported_until,
            last_task: None,
            windows: Vec::new(),
        }
    }

    /// Reads the checkpoint of a group.
    pub fn read(bytes: &[u8], target: &Target, now: i64) -> Result<Self, CheckpointFault> {
        let checkpoint = Self::parse(bytes)?;
        let expected = Self::new(target, checkpoint.exported_until);
        if checkpoint.owner() != expected.owner() {
            return Err(CheckpointFault::Foreign {
                found: checkpoint.owner(),
                expected: expected.owner(),
            });
        }
        checkpoint.checked(now)
    }

    /// Reads the checkpoint of any group, as `name` below the operator's prefix. It tells its group and destination.
    pub fn read_named(
        bytes: &[u8],
        name: &str,
        now: i64,
    ) -> Result<(Self, Target), CheckpointFault> {
        let checkpoint = Self::parse(bytes)?;
        let Some(destination) = Destination::read(&checkpoint.destination) else {
            let reason = format!("its destination is {:?}", checkpoint.destination);
            return Err(CheckpointFault::Corrupt(reason));
        };
        let group = LogGroup {
            name: checkpoint.log_group.clone(),
            account: checkpoint.account.clone(),
            region: checkpoint.region.clone(),
            // A checkpoint does not tell it, and only tags are asked by it.
            arn: String::new(),
            class: None,
        };
        let target = Target::new(group, &destination);
        if target.checkpoint_name() != name {
            return Err(CheckpointFault::Foreign {
                found: checkpoint.owner(),
                expected: format!("the group that its name {name} tells"),
            });
        }
        Ok((checkpoint.checked(now)?, target))
    }

    fn parse(bytes: &[u8]) -> Result<Self, CheckpointFault> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let corrupt = |error: serde_json::Error| CheckpointFault::Corrupt(error.to_string());
        let head: Head = serde_json::from_slice(bytes).map_err(corrupt)?;
        if head.format != FORMAT {
            let reason = format!("its format is {:?}", head.format);
            return Err(CheckpointFault::Corrupt(reason));
        }
        if head.version > VERSION {
            return Err(CheckpointFault::Newer(head.version));
        }
        serde_json::from_slice(bytes).map_err(corrupt)
    }

    fn checked(self, now: i64) -> Result<Self, CheckpointFault> {
        let checkpoint = self;
        if checkpoint.exported_until < 0 {
            let reason = "its time is before 1970".to_owned();
            return Err(CheckpointFault::Corrupt(reason));
        }
        if WindowRules::is_in_the_future(checkpoint.exported_until, now) {
            let time = time_text(checkpoint.exported_until);
            return Err(CheckpointFault::Future(time));
        }
        Ok(checkpoint)
    }

    /// The checkpoint after a completed task.
    pub fn advanced(&self, task: LastTask) -> Self {
        let mut windows = self.windows();
        windows.push(task.window());
        windows.drain(..windows.len().saturating_sub(REMEMBERED_WINDOWS));
        Self {
            exported_until: self.exported_until.max(task.to),
            last_task: Some(task),
            windows,
            ..self.clone()
        }
    }

    /// The windows that the checkpoint remembers. One of an older version remembers the last.
    pub fn windows(&self) -> Vec<ExportedWindow> {
        match &self.last_task {
            Some(task) if self.windows.is_empty() => vec![task.window()],
            _ => self.windows.clone(),
        }
    }

    pub fn write(&self) -> Vec<u8> {
        // Plain fields: the writer has no case to fail in.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    fn owner(&self) -> String {
        format!(
            "the export of {} of account {} in {} to {}",
            self.log_group, self.account, self.region, self.destination
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::tests::target;

    const NOW: i64 = 1_795_000_000_000;

    fn read(text: &str) -> Result<Checkpoint, CheckpointFault> {
        Checkpoint::read(text.as_bytes(), &target("/aws/lambda/orders"), NOW)
    }

    fn stored() -> String {
        let checkpoint = Checkpoint::new(&target("/aws/lambda/orders"), NOW - 1000);
        let task = LastTask {
            id: "t".to_owned(),
            name: "n".to_owned(),
            from: NOW - 2000,
            to: NOW - 500,
        };
        String::from_utf8(checkpoint.advanced(task).write()).unwrap()
    }

    #[test]
    fn a_checkpoint_comes_back_and_never_goes_back() {
        insta::assert_snapshot!(stored());
        let checkpoint = read(&stored()).unwrap();
        assert_eq!(checkpoint.exported_until, NOW - 500);
        let older = LastTask {
            to: NOW - 5000,
            ..checkpoint.last_task.clone().unwrap()
        };
        assert_eq!(checkpoint.advanced(older).exported_until, NOW - 500);
    }

    #[test]
    fn the_newest_windows_are_remembered() {
        let task = |n: i64| LastTask {
            id: n.to_string(),
            name: String::new(),
            from: n * 10 - 1,
            to: n * 10 + 10,
        };
        let mut checkpoint = Checkpoint::new(&target("/aws/lambda/orders"), 0);
        for n in 0..1500 {
            checkpoint = checkpoint.advanced(task(n));
        }
        let windows = checkpoint.windows();
        assert_eq!(windows.len(), REMEMBERED_WINDOWS);
        assert_eq!((&*windows[0].task, &*windows[999].task), ("500", "1499"));
        assert!(checkpoint.write().len() < 200_000);
        let text = String::from_utf8(checkpoint.write()).unwrap();
        assert_eq!(read(&text).unwrap(), checkpoint);
    }

    /// As the versions before the windows wrote it: the last task is the only one that is known.
    #[test]
    fn a_checkpoint_without_windows_is_continued() {
        let mut old: serde_json::Value = serde_json::from_str(&stored()).unwrap();
        old.as_object_mut().unwrap().remove("windows").unwrap();
        let old = read(&old.to_string()).unwrap();
        let tasks = |checkpoint: &Checkpoint| -> Vec<String> {
            let windows = checkpoint.windows().into_iter();
            windows.map(|window| window.task).collect()
        };
        assert_eq!(tasks(&old), ["t"]);
        let next = LastTask {
            id: "u".to_owned(),
            ..old.last_task.clone().unwrap()
        };
        assert_eq!(tasks(&old.advanced(next)), ["t", "u"]);
    }

    #[test]
    fn a_checkpoint_tells_its_group_and_destination() {
        let name = "123456789012/eu-central-1/!aws!lambda!orders.json";
        let named = |text: &str, name: &str| Checkpoint::read_named(text.as_bytes(), name, NOW);
        let (checkpoint, found) = named(&stored(), name).unwrap();
        assert_eq!(checkpoint, read(&stored()).unwrap());
        let mut expected = target("/aws/lambda/orders");
        expected.group.arn.clear();
        assert_eq!(found, expected);
        let faults: Vec<String> = [
            named("{}", name),
            named(&stored().replace("s3://logs/exports", "logs"), name),
            named(
                &stored(),
                "123456789012/eu-central-1/!aws!lambda!other.json",
            ),
            named(&stored().replace("1794999999500", "1795999999500"), name),
        ]
        .into_iter()
        .map(|read| format!("it {}", read.unwrap_err()))
        .collect();
        insta::assert_snapshot!(faults.join("\n"));
    }

    #[test]
    fn fields_of_later_versions_of_the_format_are_ignored() {
        let more = stored().replacen('{', "{\"more\": [1],", 1);
        assert_eq!(read(&more).unwrap(), read(&stored()).unwrap());
    }

    #[test]
    fn a_checkpoint_that_cannot_be_used_says_why() {
        let faults: Vec<String> = [
            String::new(),
            "{}".to_owned(),
            "[1]".to_owned(),
            "\u{0}\u{1}".to_owned(),
            stored()[..40].to_owned(),
            stored().replace(FORMAT, "other"),
            stored().replace("\"version\": 1", "\"version\": 2"),
            stored().replace("lambda/orders", "lambda/order"),
            stored().replace("123456789012", "210987654321"),
            stored().replace("eu-central-1", "eu-west-1"),
            stored().replace("s3://logs/exports", "s3://others/exports"),
            stored().replace("1794999999500", "1795999999500"),
            stored().replace("1794999999500", "-1"),
            stored().replace("1794999999500", "99999999999999999999"),
        ]
        .iter()
        .map(|text| format!("it {}", read(text).unwrap_err()))
        .collect();
        insta::assert_snapshot!(faults.join("\n"));
    }
}
