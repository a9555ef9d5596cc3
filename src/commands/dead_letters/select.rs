/*! A letter goes in; whether the flags of the command select it comes out. Pure. */

use jiff::Timestamp;

use crate::config::LetterSelection;
use crate::sink::dead_letters::{DeadLetter, LetterAddress};
use logferry_core::dead_letter::reason::normalised;

/// Selects letters, by the time of the command's start.
pub(crate) struct Selector {
    selection: LetterSelection,
    /// Letters of this time or later are not selected.
    before: Option<Timestamp>,
}

impl Selector {
    pub fn new(selection: LetterSelection, now: Timestamp) -> Self {
        let before = selection.older_than.map(|age| {
            let age = jiff::SignedDuration::try_from(age).unwrap_or(jiff::SignedDuration::MAX);
            now.checked_sub(age).unwrap_or(Timestamp::MIN)
        });
        Self { selection, before }
    }

    /// Selects only letters that are older than this moment as well.
    pub fn written_before(mut self, moment: Timestamp) -> Self {
        let before = self.before.map_or(moment, |before| before.min(moment));
        self.before = Some(before);
        self
    }

    /// Whether letters at an address may be selected.
    pub fn may_hold(&self, address: &LetterAddress) -> bool {
        self.selection.kind.is_none_or(|kind| address.kind == kind)
    }

    pub fn selects(&self, letter: &DeadLetter) -> bool {
        let LetterSelection {
            reason,
            index,
            kind,
            older_than: _,
        } = &self.selection;
        let name = letter.index.as_deref().unwrap_or_default();
        kind.is_none_or(|kind| letter.kind == kind)
            && index.as_deref().is_none_or(|pattern| fits(pattern, name))
            && (reason.as_deref()).is_none_or(|reason| has_reason(&letter.reason, reason))
            && self.before.is_none_or(|before| {
                // A letter whose time cannot be read has no age.
                let time = letter.time.parse::<Timestamp>();
                time.is_ok_and(|time| time < before)
            })
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning) && !name.is_empty(),
        None => name == pattern,
    }
}

fn has_reason(reason: &str, wanted: &str) -> bool {
    reason.to_lowercase().contains(wanted) || normalised(reason).to_lowercase().contains(wanted)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::commands::dead_letters::tests::letter;

    #[test]
    fn every_condition_must_apply() {
        let now: Timestamp = "2026-11-28T00:00:00Z".parse().unwrap();
        let index = Some("logferry-logs-2026.11.23");
        let reason = "Failed to parse field [a] with id '7'";
        let document = letter("2026-11-27T00:00:00Z", "document", index, reason);
        let object = letter("2026-11-01T00:00:00Z", "object", None, "corrupt at byte 7");
        let all = LetterSelection::default();
        let day = |days: u64| Some(Duration::from_secs(days * 24 * 3600));
        let with_index = |index: &str| LetterSelection {
            index: Some(index.to_owned()),
            ..LetterSelection::default()
        };
        let with_reason = |reason: &str| LetterSelection {
            reason: Some(reason.to_owned()),
            ..LetterSelection::default()
        };
        for (selection, expected) in [
            (all.clone(), [true, true]),
            (with_index("logferry-logs-*"), [true, false]),
            (with_index("logferry-logs-2026.11.2"), [false, false]),
            (with_index("*"), [true, false]),
            (with_reason("failed to parse"), [true, false]),
            (with_reason("with id '…'"), [true, false]),
            (with_reason("at byte n"), [false, true]),
            (
                LetterSelection {
                    kind: Some("object"),
                    ..all.clone()
                },
                [false, true],
            ),
            (
                LetterSelection {
                    older_than: day(2),
                    ..all.clone()
                },
                [false, true],
            ),
            (
                LetterSelection {
                    older_than: day(1_000_000),
                    ..all.clone()
                },
                [false, false],
            ),
        ] {
            let shown = format!("{selection:?}");
            let selector = Selector::new(selection, now);
            let selected = [&document, &object].map(|letter| selector.selects(letter));
            assert_eq!(selected, expected, "{shown}");
        }
        let written = "2026-11-27T00:00:00Z".parse().unwrap();
        let selector = Selector::new(all.clone(), now).written_before(written);
        assert!(!selector.selects(&document) && selector.selects(&object));
        let timeless = letter("yesterday", "document", None, "");
        assert!(Selector::new(all, now).selects(&timeless));
        assert!(!selector.selects(&timeless));
    }
}
