/*! Letters go in; their groups by kind, reason, index and field come out, as a table or as JSON. Pure. */

use std::collections::BTreeMap;

use serde::Serialize;

use crate::commands::shared::table::{Table, grouped, harmless};
use crate::sink::dead_letters::DeadLetter;
use logferry_core::dead_letter::reason;

/// Most groups; letters beyond are counted together.
const MOST: usize = 10_000;
const OTHERS: &str = "(other reasons)";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key {
    kind: String,
    index: Option<String>,
    field: Option<String>,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Group {
    #[serde(flatten)]
    key: Key,
    letters: u64,
    first: String,
    last: String,
    /// Id of a letter, for `show`.
    example: String,
}

/// Letters by kind, reason, index and field.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: BTreeMap<Key, Group>,
    pub letters: u64,
}

impl Groups {
    pub fn add(&mut self, letter: &DeadLetter, reference: &str) {
        self.letters += 1;
        let mut key = Key {
            kind: letter.kind.to_string(),
            index: letter.index.clone(),
            field: reason::field(&letter.reason),
            reason: reason::normalised(&letter.reason),
        };
        if self.groups.len() >= MOST && !self.groups.contains_key(&key) {
            key.index = None;
            key.field = None;
            key.reason = OTHERS.to_owned();
        }
        let group = self.groups.entry(key.clone()).or_insert_with(|| Group {
            key,
            letters: 0,
            first: letter.time.clone(),
            last: letter.time.clone(),
            example: reference.to_owned(),
        });
        group.letters += 1;
        // Times are RFC 3339 in UTC and compare as text up to their seconds.
        if letter.time < group.first {
            group.first.clone_from(&letter.time);
        }
        if letter.time > group.last {
            group.last.clone_from(&letter.time);
        }
    }

    /// The largest group first.
    fn sorted(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.values().collect();
        groups.sort_by(|a, b| (b.letters, &a.key).cmp(&(a.letters, &b.key)));
        groups
    }

    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self.sorted())
    }

    pub fn table(&self, width: usize) -> String {
        let mut out = String::new();
        if self.letters == 0 {
            return "No dead letters.\n".to_owned();
        }
        let mut table = Table::new(&[
            ">letters",
            "kind",
            "index",
            "field",
            "first",
            "last",
            "id of one",
            "reason",
        ]);
        let some = |text: &Option<String>| text.as_deref().map_or("–".to_owned(), harmless);
        for group in self.sorted() {
            table.row([
                grouped(group.letters),
                harmless(&group.key.kind),
                some(&group.key.index),
                some(&group.key.field),
                to_the_minute(&group.first),
                to_the_minute(&group.last),
                harmless(&group.example),
                harmless(&group.key.reason),
            ]);
        }
        table.write(&mut out, width);
        out.push_str(&format!("  {}\n", count(self.letters)));
        out
    }
}

/// `1,000 letters`.
pub(crate) fn count(letters: u64) -> String {
    match letters {
        1 => "1 letter".to_owned(),
        n => format!("{} letters", grouped(n)),
    }
}

/// `2026-11-23T10:00:12.5Z` as `2026-11-23 10:00`.
fn to_the_minute(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(date), Some(minute)) => harmless(&format!("{date} {minute}")),
        _ => harmless(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::dead_letters::tests::letter;

    #[test]
    fn letters_of_one_cause_are_one_group() {
        let mut groups = Groups::default();
        let parse = |id| {
            format!("failed to parse field [log.level] of type [long] in document with id '{id}'")
        };
        let index = Some("logferry-logs-2026.11.23");
        for (id, time) in [
            ("a1", "2026-11-23T10:00:12.5Z"),
            ("b2", "2026-11-23T09:00:12Z"),
            ("c3", "2026-11-23T11:00:12Z"),
        ] {
            groups.add(&letter(time, "document", index, &parse(id)), id);
        }
        let other = Some("logferry-logs-2026.11.24");
        groups.add(
            &letter("2026-11-24T09:00:12Z", "document", other, &parse("d")),
            "d4",
        );
        groups.add(
            &letter("odd\u{1b}", "object", None, "corrupt gzip at byte 12"),
            "h/object",
        );
        insta::assert_snapshot!(groups.table(200));
        insta::assert_snapshot!(groups.to_json());
        assert_eq!(Groups::default().table(80), "No dead letters.\n");
    }
}
