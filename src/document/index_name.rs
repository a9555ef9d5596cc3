/*! The index of a document: by prefix, kind and day, and by nothing that a log line says (guarantees G2 and G5). */

use super::time::{self, DAY_MS};

/// Times that get the index of their day, in milliseconds since 1970: years 1970 to 2261, the reach of OpenSearch's
/// nanosecond dates. All others share the index of 1970-01-01, so that wild times cannot open an index each.
pub const INDEXED_TIMES: std::ops::Range<i64> = 0..106_651 * DAY_MS;

/// The two kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Log,
    Invocation,
}

impl DocumentKind {
    /// The part of index names that tells the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentKind::Log => "logs",
            DocumentKind::Invocation => "invocations",
        }
    }
}

/// Appends `<prefix>-logs-YYYY.MM.DD`. The day counts from 1970-01-01; one outside of [`INDEXED_TIMES`] becomes day 0,
/// which the caller shows by a flag.
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
    time::write_date(out, time::date_of(day), b'.');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(kind: DocumentKind, time: i64) -> String {
        let mut out = Vec::new();
        write(&mut out, "logferry", kind, time::day_of(time));
        String::from_utf8(out).unwrap()
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
}
