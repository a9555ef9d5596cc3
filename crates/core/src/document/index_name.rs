/*! Prefix, kind and day go in; the name of an index comes out, and the way back. No text of a log line is in an index's
name (guarantees G2 and G5). */

use crate::time::calendar::DAY_MS;
use crate::time::{calendar, rfc3339};

/// Times that get the index of their day, in milliseconds since 1970: years 1970 to 2261, the range of OpenSearch's
/// nanosecond dates. All other times share the index of 1970-01-01, so that arbitrary times cannot create indices.
pub const INDEXED_TIMES: std::ops::Range<i64> = 0..106_651 * DAY_MS;

/// The two kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Log,
    Invocation,
}

impl DocumentKind {
    pub const ALL: [DocumentKind; 2] = [DocumentKind::Log, DocumentKind::Invocation];

    /// The part of index names that tells the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentKind::Log => "logs",
            DocumentKind::Invocation => "invocations",
        }
    }

    /// The kind of the documents in an index that [`write()`] has named.
    pub fn of_index(name: &str) -> Self {
        match name.rsplit('-').nth(1) {
            Some("invocations") => DocumentKind::Invocation,
            _ => DocumentKind::Log,
        }
    }
}

/// Appends `<prefix>-logs-YYYY.MM.DD`. `day` is in days since 1970-01-01. A day outside of [`INDEXED_TIMES`] becomes
/// day 0, and the caller sets a flag.
pub fn write(out: &mut Vec<u8>, prefix: &str, kind: DocumentKind, day: i64) {
    let day = if INDEXED_TIMES.contains(&day.saturating_mul(DAY_MS)) {
        day
    } else {
        0
    };
    out.extend_from_slice(prefix.as_bytes());
    out.push(b'-');
    out.extend_from_slice(kind.as_str().as_bytes());
    out.push(b'-');
    rfc3339::write_date(out, calendar::date_of(day), b'.');
}

/// Kind and day (in days since 1970-01-01) of an index that [`write()`] has named; `None` for any other name.
pub fn read(name: &str, prefix: &str) -> Option<(DocumentKind, i64)> {
    let rest = name.strip_prefix(prefix)?.strip_prefix('-')?;
    let (kind, date) = DocumentKind::ALL.into_iter().find_map(|kind| {
        let date = rest.strip_prefix(kind.as_str())?.strip_prefix('-')?;
        Some((kind, date))
    })?;
    let mut parts = date.splitn(3, '.');
    let mut part = || parts.next()?.parse::<i16>().ok();
    let (year, month, day) = (part()?, part()?, part()?);
    let date = jiff::civil::Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let day = date
        .duration_since(jiff::civil::date(1970, 1, 1))
        .as_hours()
        .div_euclid(24);
    let mut written = Vec::with_capacity(name.len());
    write(&mut written, prefix, kind, day);
    (written == name.as_bytes()).then_some((kind, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(kind: DocumentKind, time: i64) -> String {
        let mut out = Vec::new();
        write(&mut out, "logferry", kind, calendar::day_of(time));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_name_tells_the_kind() {
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::of_index(&name(kind, 0)), kind);
        }
        assert_eq!(
            DocumentKind::of_index("invocations-logs-2026.11.23"),
            DocumentKind::Log
        );
    }

    #[test]
    fn by_prefix_kind_and_day() {
        let time = 1_795_478_399_999;
        assert_eq!(name(DocumentKind::Log, time), "logferry-logs-2026.11.23");
        assert_eq!(
            name(DocumentKind::Invocation, time + 1),
            "logferry-invocations-2026.11.24"
        );
    }

    #[test]
    fn wild_times_share_one_index() {
        let last = INDEXED_TIMES.end - 1;
        assert_eq!(name(DocumentKind::Log, 0), "logferry-logs-1970.01.01");
        assert_eq!(name(DocumentKind::Log, last), "logferry-logs-2261.12.31");
        for time in [last + 1, -1, i64::MIN, i64::MAX] {
            assert_eq!(name(DocumentKind::Log, time), "logferry-logs-1970.01.01");
        }
    }

    #[test]
    fn only_names_that_are_written_are_read() {
        let day = calendar::day_of(1_795_428_672_345);
        assert_eq!(
            read("logferry-logs-2026.11.23", "logferry"),
            Some((DocumentKind::Log, day))
        );
        assert_eq!(
            read("a.b-logs-invocations-1970.01.01", "a.b-logs"),
            Some((DocumentKind::Invocation, 0))
        );
        for name in [
            "logferry-logs-2026.13.01",
            "logferry-logs-2026.02.29",
            "logferry-logs-2026.11.23-copy",
            "logferry-logs-2026.11.23.1",
            "logferry-logs-2026.1.23",
            "logferry-logs-2026.11.+1",
            "logferry-logs-2026-11-23",
            "logferry-logs-1969.12.31",
            "logferry-logs-2262.01.01",
            "logferry-logs-",
            "logferry-logs",
            "logferry-logs-logs-2026.11.23",
            "logferry-metrics-2026.11.23",
            "other-logs-2026.11.23",
            "xlogferry-logs-2026.11.23",
            ".logferry-logs-2026.11.23",
            "logferry2-logs-2026.11.23",
        ] {
            assert_eq!(read(name, "logferry"), None, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(day in 0..106_651_i64, invocation: bool) {
            let kind = DocumentKind::ALL[usize::from(invocation)];
            let mut name = Vec::new();
            write(&mut name, "p", kind, day);
            proptest::prop_assert_eq!(read(&String::from_utf8(name).unwrap(), "p"), Some((kind, day)));
        }
    }
}
