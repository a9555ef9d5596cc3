/*! A list of indices and the retention go in; the expired indices come out. Pure. */

use console::style;
use serde::Serialize;
use serde_json::Value;

use crate::commands::shared::table::{Table, grouped};
use crate::config::Retention;
use logferry_core::document::index_name;
use logferry_core::time::{calendar, rfc3339};

#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    /// The expired indices, the oldest first.
    pub expired: Vec<Expired>,
    pub notes: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Expired {
    pub index: String,
    pub day: String,
    /// Number of documents; `None` for a closed index.
    pub documents: Option<u64>,
    /// Size in bytes; `None` for a closed index.
    pub bytes: Option<u64>,
}

impl Plan {
    /// The plan for the response of `_cat/indices`. `today` is in days since 1970-01-01. An index is kept while any
    /// moment of its day lies within the retention.
    pub fn new(listed: &Value, prefix: &str, retention: Retention, today: i64) -> Self {
        let mut expired = Vec::new();
        let mut notes = Vec::new();
        for row in listed.as_array().into_iter().flatten() {
            let Some(name) = row["index"].as_str() else {
                continue;
            };
            let Some((kind, day)) = index_name::read(name, prefix) else {
                continue;
            };
            let Some(days) = retention.of(kind) else {
                continue;
            };
            if today - day <= i64::from(days) {
                continue;
            }
            if day == 0 {
                notes.push(format!(
                    "{name} is kept: it has the documents whose time no index can hold, however old they are"
                ));
                continue;
            }
            let number = |name: &str| row[name].as_str().and_then(|text| text.parse().ok());
            let mut date = Vec::new();
            rfc3339::write_date(&mut date, calendar::date_of(day), b'-');
            expired.push(Expired {
                index: name.to_owned(),
                day: String::from_utf8_lossy(&date).into_owned(),
                documents: number("docs.count"),
                bytes: number("store.size"),
            });
        }
        expired.sort_by(|a, b| (&a.day, &a.index).cmp(&(&b.day, &b.index)));
        Self { expired, notes }
    }

    pub fn names(&self) -> Vec<&str> {
        self.expired.iter().map(|e| e.index.as_str()).collect()
    }

    pub fn count(&self) -> String {
        match self.expired.len() {
            1 => "1 index".to_owned(),
            n => format!("{n} indices"),
        }
    }

    pub fn table(&self, width: usize) -> String {
        let mut out = String::new();
        if self.expired.is_empty() {
            out.push_str("Nothing has expired.\n");
        } else {
            self.rows(&mut out, width);
        }
        for note in &self.notes {
            out.push_str(&format!("{} {note}\n", style("note:").bold()));
        }
        out
    }

    fn rows(&self, out: &mut String, width: usize) {
        let mut table = Table::new(&["index", "day", ">documents", ">size"]);
        let count = |n: Option<u64>| n.map_or("?".to_owned(), grouped);
        let size = |n: Option<u64>| {
            n.map_or("?".to_owned(), |n| {
                bytesize::ByteSize(n).display().si().to_string()
            })
        };
        for expired in &self.expired {
            table.row([
                expired.index.clone(),
                expired.day.clone(),
                count(expired.documents),
                size(expired.bytes),
            ]);
        }
        let sum = |number: fn(&Expired) -> Option<u64>| {
            Some(self.expired.iter().filter_map(number).sum())
        };
        table.row([
            style(self.count()).bold().to_string(),
            String::new(),
            count(sum(|e| e.documents)),
            size(sum(|e| e.bytes)),
        ]);
        table.write(out, width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listed(names: &[&str]) -> Value {
        let row = |name: &&str| json!({"index": name, "docs.count": "1200", "store.size": "34567"});
        names.iter().map(row).collect()
    }

    /// 2026-11-24.
    const TODAY: i64 = 20_781;

    #[test]
    fn a_day_is_kept_while_any_moment_of_it_is_within_the_retention() {
        let indices = listed(&[
            "l-logs-2026.10.24",
            "l-logs-2026.10.25",
            "l-invocations-2026.10.24",
            "l-logs-2026.11.25",
            "l-logs-1970.01.01",
        ]);
        let retention = Retention {
            logs: Some(30),
            invocations: None,
        };
        let plan = Plan::new(&indices, "l", retention, TODAY);
        assert_eq!(plan.names(), ["l-logs-2026.10.24"]);
        assert_eq!(plan.notes.len(), 1);
        let one_more = Retention {
            logs: Some(31),
            invocations: Some(1),
        };
        let plan = Plan::new(&indices, "l", one_more, TODAY);
        assert_eq!(plan.names(), ["l-invocations-2026.10.24"]);
    }

    #[test]
    fn indices_with_similar_names_are_ignored() {
        let indices = listed(&[
            "l-logs-2026.13.01",
            "l-logs-2020.01.01-copy",
            "l-logs-2020.01.01.1",
            ".l-logs-2020.01.01",
            "xl-logs-2020.01.01",
            "l-logs-archive",
            "l-logs",
            "l-metrics-2020.01.01",
        ]);
        let retention = Retention {
            logs: Some(1),
            invocations: Some(1),
        };
        let plan = Plan::new(&indices, "l", retention, TODAY);
        assert_eq!(plan.expired, []);
    }

    #[test]
    fn the_plan_of_a_closed_and_an_open_index() {
        let mut indices = listed(&["l-logs-2020.01.02", "l-logs-2020.01.01"]);
        indices[1]["docs.count"] = Value::Null;
        let retention = Retention {
            logs: Some(1),
            invocations: None,
        };
        let plan = Plan::new(&indices, "l", retention, TODAY);
        insta::assert_snapshot!(plan.table(100));
    }
}
