/*! Checkpoints go in; a table or JSON of where each log group stands comes out. */

use anyhow::bail;
use serde_json::{Value, json};

use crate::commands::setup::width;
use crate::commands::shared::table::{Table, whole_minutes};
use crate::export::{Exporter, GroupPosition, PassError, list_groups};
use logferry_core::export::{Checkpoint, LeftOut, Target, WindowRules, time_text as time};

pub struct ExportStatus {
    rows: Vec<Row>,
    left_out: Vec<LeftOut>,
    missing: Vec<String>,
    untagged: Vec<String>,
    undecided: Vec<LeftOut>,
    rules: WindowRules,
    now: i64,
}

struct Row {
    target: Target,
    /// `None`: not exported yet. An error: the checkpoint cannot be used.
    checkpoint: Result<Option<Checkpoint>, String>,
}

impl ExportStatus {
    pub async fn read(exporter: &Exporter) -> anyhow::Result<Self> {
        let now = (exporter.now)();
        let selection = list_groups(&*exporter.api, &exporter.config.selector).await?;
        let mut rows = Vec::new();
        for group in selection.chosen {
            let target = Target::new(group, &exporter.config.destination);
            let position = GroupPosition::read(&*exporter.checkpoints, &target, now).await;
            rows.push(Row {
                checkpoint: position.map(|found| found.map(|position| position.checkpoint)),
                target,
            });
        }
        Ok(Self {
            rows,
            left_out: selection.left_out,
            missing: selection.missing,
            untagged: selection.untagged,
            undecided: selection.undecided,
            rules: exporter.config.rules,
            now,
        })
    }

    pub fn account(&self) -> Option<&str> {
        self.rows
            .first()
            .map(|row| row.target.group.account.as_str())
    }

    /// Fails if a group that is asked for cannot be exported.
    pub fn result(&self) -> anyhow::Result<()> {
        let missing = self
            .missing
            .iter()
            .map(|name| format!("{name}: there is no such log group in this account and region"));
        let broken = self.rows.iter().filter_map(|row| {
            let reason = row.checkpoint.as_ref().err()?;
            Some(format!("{}: {reason}", row.target.group.name))
        });
        let undecided =
            (self.undecided.iter()).map(|left| format!("{}: {}", left.name, left.reason));
        let faults: Vec<String> = missing.chain(broken).chain(undecided).collect();
        match faults.is_empty() {
            true if self.rows.is_empty() && !self.untagged.is_empty() => {
                bail!(PassError::NoneTagged(self.untagged.len()))
            }
            true if self.rows.is_empty() => bail!(PassError::Nothing),
            true => Ok(()),
            false => bail!(faults.join("\n")),
        }
    }

    pub fn table(&self) -> String {
        let mut table = Table::new(&[
            "group",
            "exported until",
            ">behind by",
            "next window",
            "last task",
        ]);
        for row in &self.rows {
            let name = row.target.group.name.clone();
            let checkpoint = match &row.checkpoint {
                Ok(checkpoint) => checkpoint,
                Err(_) => {
                    let cells = ["unusable checkpoint", "", "", ""].map(str::to_owned);
                    table.row([vec![name], cells.to_vec()].concat());
                    continue;
                }
            };
            let until = self.until(checkpoint.as_ref());
            let window = self.rules.next(until, self.now);
            table.row([
                name,
                checkpoint
                    .as_ref()
                    .map_or("never".to_owned(), |c| time(c.exported_until)),
                whole_minutes(self.rules.behind(until, self.now)),
                window.map_or("–".to_owned(), |window| window.to_string()),
                (checkpoint.as_ref().and_then(|c| c.last_task.as_ref()))
                    .map_or("–".to_owned(), |task| task.id.clone()),
            ]);
        }
        let mut out = String::new();
        table.write(&mut out, width());
        for left in self.left_out.iter().chain(&self.undecided) {
            out.push_str(&format!("  {} is left out: {}\n", left.name, left.reason));
        }
        if let Some((first, others)) = self.untagged.split_first() {
            let more = match others.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let lack = "left out, without the tags of --log-group-tag";
            out.push_str(&format!("  {lack}: {first}{more}\n"));
        }
        out
    }

    pub fn json(&self) -> String {
        let groups = self.rows.iter().map(|row| {
            let group = &row.target.group;
            let mut value =
                json!({"log_group": group.name, "account": group.account, "region": group.region});
            let checkpoint = match &row.checkpoint {
                Ok(checkpoint) => checkpoint,
                Err(reason) => {
                    value["error"] = json!(reason);
                    return value;
                }
            };
            let until = self.until(checkpoint.as_ref());
            let window = self.rules.next(until, self.now);
            let last = checkpoint.as_ref().and_then(|c| c.last_task.as_ref());
            value["exported_until"] = json!(checkpoint.as_ref().map(|c| time(c.exported_until)));
            value["behind_seconds"] = json!(self.rules.behind(until, self.now) / 1000);
            value["next_window"] =
                json!(window.map(|w| json!({"from": time(w.from), "to": time(w.to)})));
            value["last_task"] = json!(last.map(|task| json!({
                "id": task.id, "name": task.name, "from": time(task.from), "to": time(task.to),
            })));
            value
        });
        let groups: Vec<Value> = groups.collect();
        let left = self.left_out.iter().chain(&self.undecided);
        let left: Vec<Value> = left
            .map(|left| json!({"log_group": left.name, "reason": left.reason}))
            .collect();
        let status = json!({"groups": groups, "left_out": left, "missing": self.missing, "without_tags": self.untagged});
        format!("{status}\n")
    }

    fn until(&self, checkpoint: Option<&Checkpoint>) -> i64 {
        checkpoint.map_or_else(|| self.rules.first(self.now), |c| c.exported_until)
    }
}
