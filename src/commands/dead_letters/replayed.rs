/*! The outcome of each replayed letter goes in; a report comes out. */

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::json;

use crate::commands::dead_letters::groups::{count, table};
use crate::commands::dead_letters::select::Selector;
use crate::commands::dead_letters::unreadable::Unreadable;
use crate::commands::shared::table::grouped;
use crate::sink::dead_letters::{
    ArchiveError, DeadLetter, DeadLetterArchive, LetterGroups, LetterSet, Removal,
};

/// Reasons that are kept.
const KEPT: usize = 20;

/// Which letters are replayed, and what became of them.
pub(crate) struct Replay<'a> {
    pub archive: &'a dyn DeadLetterArchive,
    pub selector: &'a Selector,
    replayed: Mutex<Replayed>,
}

impl<'a> Replay<'a> {
    pub fn new(archive: &'a dyn DeadLetterArchive, selector: &'a Selector) -> Self {
        Self {
            archive,
            selector,
            replayed: Mutex::default(),
        }
    }

    pub fn report(&self) -> MutexGuard<'_, Replayed> {
        self.replayed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the letters.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub indexed: u64,
    pub already_there: u64,
    pub objects: u64,
    /// Letters that are gone from the store.
    pub removed: u64,
    /// Letters that are refused again, with their new reasons.
    pub refused: LetterGroups,
    pub unsettled: Reasons,
    /// Letters that are settled and could not be removed: the next replay finds their documents there already.
    pub not_removed: Reasons,
    pub unreadable: Unreadable,
}

/// How many, and the first reasons.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Reasons {
    pub count: u64,
    pub first: Vec<String>,
}

impl Reasons {
    pub fn add(&mut self, n: u64, reason: String) {
        self.count += n;
        if self.first.len() < KEPT && !self.first.contains(&reason) {
            self.first.push(reason);
        }
    }
}

impl Replayed {
    /// A letter that is refused again stays with its new reason in the report only.
    pub fn refuse(&mut self, mut letter: DeadLetter, reference: &str, reason: String) {
        letter.reason = reason;
        self.refused.add(&letter, reference);
    }

    /// The result of the removal of `n` settled letters.
    pub fn removal(&mut self, set: &LetterSet, n: usize, result: Result<Removal, ArchiveError>) {
        match result {
            Ok(Removal::Removed) => self.removed += n as u64,
            Ok(Removal::Changed) => {
                let reason = format!("{}: a worker has written it anew", set.address.name);
                self.not_removed.add(n as u64, reason);
            }
            Err(error) => self.not_removed.add(n as u64, error.to_string()),
        }
    }

    fn stays(&self) -> u64 {
        self.refused.letters + self.unsettled.count + self.not_removed.count
    }

    /// One line for progress.
    pub fn progress(&self) -> String {
        format!(
            "{} replayed, {} refused again",
            count(self.removed),
            grouped(self.refused.letters)
        )
    }

    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "removed": self.removed, "indexed": self.indexed, "already_there": self.already_there,
            "objects": self.objects,
            "refused": {"letters": self.refused.letters, "groups": self.refused.to_json()},
            "unsettled": self.unsettled, "not_removed": self.not_removed, "unreadable": self.unreadable,
        })
    }

    pub fn text(&self, width: usize) -> String {
        let mut out = format!(
            "Replayed {}: {} indexed, {} already there, {} settled.\n",
            count(self.removed),
            match self.indexed {
                1 => "1 document".to_owned(),
                n => format!("{} documents", grouped(n)),
            },
            grouped(self.already_there),
            match self.objects {
                1 => "1 object".to_owned(),
                n => format!("{} objects", grouped(n)),
            },
        );
        if self.refused.letters > 0 {
            out.push_str("Refused again:\n");
            out.push_str(&table(&self.refused, width));
        }
        for (reasons, what) in [
            (&self.unsettled, "without a verdict, stays"),
            (
                &self.not_removed,
                "settled, but the letter could not be removed",
            ),
        ] {
            for reason in &reasons.first {
                out.push_str(&format!("{what}: {reason}\n"));
            }
        }
        out
    }

    /// An error if a letter stays.
    pub fn result(&self) -> anyhow::Result<()> {
        match self.stays() {
            0 => self.unreadable.result(),
            1 => anyhow::bail!("1 letter stays: mend its cause and replay it again"),
            n => anyhow::bail!("{} stay: mend their cause and replay them again", count(n)),
        }
    }
}
