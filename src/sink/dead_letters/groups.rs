/*! Letters go in; their groups by kind, reason, index and field come out. Pure. */

use std::collections::BTreeMap;

use serde::Serialize;

use logferry_core::dead_letter::{DeadLetter, reason};

/// Most groups; letters beyond are counted together.
const MOST: usize = 10_000;
const OTHERS: &str = "(other reasons)";

/// What letters of one group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GroupKey {
    pub kind: String,
    pub index: Option<String>,
    pub field: Option<String>,
    pub reason: String,
}

/// Letters of one cause.
#[derive(Debug, Serialize)]
pub struct LetterGroup {
    #[serde(flatten)]
    pub key: GroupKey,
    pub letters: u64,
    pub first: String,
    pub last: String,
    /// Id of a letter, for `show`.
    pub example: String,
}

/// Letters by kind, reason, index and field.
#[derive(Debug, Default)]
pub struct LetterGroups {
    groups: BTreeMap<GroupKey, LetterGroup>,
    pub letters: u64,
}

impl LetterGroups {
    pub fn add(&mut self, letter: &DeadLetter, reference: &str) {
        self.letters += 1;
        let mut key = GroupKey {
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
        let group = self
            .groups
            .entry(key.clone())
            .or_insert_with(|| LetterGroup {
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
    pub fn sorted(&self) -> Vec<&LetterGroup> {
        let mut groups: Vec<&LetterGroup> = self.groups.values().collect();
        groups.sort_by(|a, b| (b.letters, &a.key).cmp(&(a.letters, &b.key)));
        groups
    }

    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self.sorted())
    }
}
