/*! Objects of a listing go in; those that the globs and the range of time select come out. */

use std::sync::atomic::{AtomicU64, Ordering};

use globset::GlobSet;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::source::listing::{ListError, Listed, Page};

/// The time of an object that a range of time is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeOf {
    /// When S3 stored it.
    #[default]
    LastModified,
    /// The day that its key names, such as 2026/11/23 or 2026-11-23, in UTC.
    KeyDay,
}

/// Which objects of a listing are replayed.
#[derive(Debug, Default)]
pub struct Selection {
    /// Whole keys; `None` includes every key.
    pub include: Option<GlobSet>,
    pub exclude: GlobSet,
    /// Milliseconds since 1970, included.
    pub since: Option<i64>,
    /// Milliseconds since 1970, excluded.
    pub until: Option<i64>,
    pub time_of: TimeOf,
    /// Objects that were left out because their keys name no day.
    pub without_day: AtomicU64,
}

const DAY: i64 = 24 * 3600 * 1000;

impl Selection {
    /// The same selection with a count of its own.
    pub fn copy(&self) -> Self {
        Self {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            since: self.since,
            until: self.until,
            time_of: self.time_of,
            without_day: AtomicU64::new(0),
        }
    }

    pub fn apply(&self, mut page: Page) -> Result<Page, ListError> {
        let mut undated = None;
        page.objects.retain(|listed| match self.selects(listed) {
            Some(selected) => selected,
            None => {
                undated.get_or_insert_with(|| listed.object.key.clone());
                false
            }
        });
        match (undated, self.time_of) {
            (Some(key), TimeOf::LastModified) => Err(ListError::fatal(format!(
                "the list does not tell when {key} was last modified, and --since and --until need \
                 it: use --by key-day, or a list with times such as an S3 inventory"
            ))),
            _ => Ok(page),
        }
    }

    /// Whether an object is replayed. None: its time is not known, and the range needs it.
    fn selects(&self, listed: &Listed) -> Option<bool> {
        let key = &listed.object.key;
        let included = self.include.as_ref().is_none_or(|set| set.is_match(key));
        if !included || self.exclude.is_match(key) {
            return Some(false);
        }
        if self.since.is_none() && self.until.is_none() {
            return Some(true);
        }
        let (first, last) = match self.time_of {
            TimeOf::LastModified => listed.last_modified.map(|time| (time, time))?,
            TimeOf::KeyDay => match day_of_key(key) {
                Some(start) => (start, start + DAY - 1),
                None => {
                    self.without_day.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
            },
        };
        let begins_in_time = self.until.is_none_or(|until| first < until);
        Some(begins_in_time && self.since.is_none_or(|since| last >= since))
    }
}

/// The first instant of the last day that a key names: `2026/11/23`, `2026-11-23`, `2026.11.23`, `20261123` or
/// `year=2026/month=11/day=23`.
fn day_of_key(key: &str) -> Option<i64> {
    let numbers = numbers(key.as_bytes());
    let parts = numbers.windows(3).filter_map(|n| {
        let [(y, y_end, 4, year), (m, m_end, 2, month), (d, _, 2, day)] = n else {
            return None;
        };
        let is_gap = |from: usize, to: usize, name: &str| {
            let gap = key.get(from..to).unwrap_or_default();
            matches!(gap, "/" | "-" | "." | "_") || gap.strip_prefix('/') == Some(name)
        };
        let gaps = is_gap(*y_end, *m, "month=") && is_gap(*m_end, *d, "day=");
        gaps.then(|| date(*year, *month, *day).map(|start| (*y, start)))?
    });
    let whole = numbers.iter().filter_map(|(at, _, length, n)| {
        let start = (*length == 8).then(|| date(n / 10_000, n / 100 % 100, n % 100))?;
        start.map(|start| (*at, start))
    });
    parts.chain(whole).max().map(|(_, start)| start)
}

/// Each run of digits in a text: where it begins and ends, its length, its value.
fn numbers(text: &[u8]) -> Vec<(usize, usize, usize, u32)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let digits = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        // Letters beside the digits make them a part of an id, such as in a hexadecimal hash.
        let is_alone = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphabetic());
        let before = at.checked_sub(1).and_then(|i| text.get(i));
        let after = text.get(at + digits);
        let is_time = after == Some(&b'T');
        if (1..=8).contains(&digits) && is_alone(before) && (is_alone(after) || is_time) {
            let value = text[at..at + digits].iter();
            let value = value.fold(0, |n, b| n * 10 + u32::from(b - b'0'));
            found.push((at, at + digits, digits, value));
        }
        at += digits.max(1);
    }
    found
}

fn date(year: u32, month: u32, day: u32) -> Option<i64> {
    if !(2000..2200).contains(&year) {
        return None;
    }
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    let start = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(start.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use globset::{Glob, GlobSetBuilder};
    use logferry_core::notification::ObjectRef;

    fn day(key: &str) -> Option<String> {
        let start = day_of_key(key)?;
        let time = jiff::Timestamp::from_millisecond(start).unwrap();
        Some(time.to_string()[..10].to_owned())
    }

    #[test]
    fn days_in_keys() {
        for (key, expected) in [
            ("AWSLogs/1/2026/11/23/09/x.gz", Some("2026-11-23")),
            ("logs/2026-11-23T10:00/x", Some("2026-11-23")),
            ("a/year=2026/month=11/day=23/x", Some("2026-11-23")),
            ("a/20261123T1005Z_x.gz", Some("2026-11-23")),
            ("a/20261123/x.gz", Some("2026-11-23")),
            (
                "2025/01/01/fn-1-2026-11-23-09-58-00-3f0b-4a",
                Some("2026-11-23"),
            ),
            (
                "exports/f/0f0f0f0f-1111-4222-8333-444444444444/2026-11-23-[$LATEST]0123456789abcdef/000000.gz",
                Some("2026-11-23"),
            ),
            ("exports/f/0f0f2026-11-23aa/000000.gz", None),
            ("2026/13/23/x", None),
            ("2026/02/30/x", None),
            ("2026/1/3/x", None),
            ("1026/11/23/x", None),
            ("12345678/x", None),
            ("", None),
        ] {
            assert_eq!(day(key).as_deref(), expected, "{key}");
        }
    }

    fn globs(patterns: &[&str]) -> GlobSet {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(Glob::new(pattern).unwrap());
        }
        set.build().unwrap()
    }

    fn listed(key: &str, last_modified: Option<i64>) -> Listed {
        Listed {
            object: ObjectRef::new("b", key),
            last_modified,
        }
    }

    #[test]
    fn globs_match_whole_keys_and_a_star_crosses_slashes() {
        let selection = Selection {
            include: Some(globs(&["*.gz"])),
            exclude: globs(&["tmp/*", "*/aws-logs-write-test"]),
            ..Selection::default()
        };
        for (key, selected) in [
            ("a/b/c.gz", true),
            ("c.gz", true),
            ("c.gz.tmp", false),
            ("tmp/c.gz", false),
            ("a/tmp/c.gz", true),
        ] {
            let found = selection.selects(&listed(key, None));
            assert_eq!(found, Some(selected), "{key}");
        }
    }

    #[test]
    fn ranges_include_their_beginning_and_days_that_they_touch() {
        let noon = 1_795_435_200_000;
        let mut selection = Selection {
            since: Some(noon),
            until: Some(noon + DAY),
            ..Selection::default()
        };
        for (time, selected) in [
            (noon - 1, false),
            (noon, true),
            (noon + DAY - 1, true),
            (noon + DAY, false),
        ] {
            let found = selection.selects(&listed("k", Some(time)));
            assert_eq!(found, Some(selected), "{time}");
        }
        selection.time_of = TimeOf::KeyDay;
        for (key, selected) in [
            ("2026/11/22/x", false),
            ("2026/11/23/x", true),
            ("2026/11/24/x", true),
            ("2026/11/25/x", false),
        ] {
            assert_eq!(
                selection.selects(&listed(key, None)),
                Some(selected),
                "{key}"
            );
        }
    }

    #[test]
    fn an_object_of_unknown_time_stops_a_range_of_last_modified_and_is_counted_in_one_of_days() {
        let page = || Page {
            objects: vec![listed("a/b", None)],
            ..Page::default()
        };
        let mut selection = Selection {
            since: Some(0),
            ..Selection::default()
        };
        let error = selection.apply(page()).unwrap_err().to_string();
        assert!(
            error.contains("--by key-day") && error.contains("a/b"),
            "{error}"
        );
        selection.time_of = TimeOf::KeyDay;
        assert!(selection.apply(page()).unwrap().objects.is_empty());
        assert_eq!(selection.without_day.load(Ordering::Relaxed), 1);
        selection.since = None;
        assert_eq!(selection.apply(page()).unwrap().objects.len(), 1);
    }
}
