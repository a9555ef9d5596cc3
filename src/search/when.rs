/*! Times as a person types them go in: durations back from now, dates, RFC 3339. UTC timestamps come out, as in
documents. */

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::search::question::Since;

/// Reads the beginning of a range; `None` if the text is no time.
pub fn since(text: &str, now: Timestamp) -> Option<Since> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let since = Since::Ago(ago);
        return (since.at(now) > Timestamp::MIN).then_some(since);
    }
    let (time, _) = time(text)?;
    Some(Since::At(time))
}

/// Reads the end of a range; a date stands for the end of its day. `None` if the text is no time.
pub fn until(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Some(Since::Ago(ago).at(now));
    }
    match time(text)? {
        (time, false) => Some(time),
        (time, true) => time.checked_add(24.hours()).ok(),
    }
}

/// Reads a time. The flag is true if the text is a date; the time is then the beginning of the day.
fn time(text: &str) -> Option<(Timestamp, bool)> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some((time, false));
    }
    // The parser of civil times would ignore the name of a time zone.
    if text.contains('[') {
        return None;
    }
    // The parser of dates would also accept a longer text that begins with a date.
    let is_date = text.len() == 10 && text.parse::<Date>().is_ok();
    let zoned = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC);
    Some((zoned.ok()?.timestamp(), is_date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn since_at(text: &str) -> Option<String> {
        since(text, now()).map(|since| since.at(now()).to_string())
    }

    #[test]
    fn durations_dates_and_times_are_accepted() {
        for (text, from, to) in [
            ("1h", "2026-11-24T11:00:00Z", "2026-11-24T11:00:00Z"),
            ("1h 30m", "2026-11-24T10:30:00Z", "2026-11-24T10:30:00Z"),
            ("7d", "2026-11-17T12:00:00Z", "2026-11-17T12:00:00Z"),
            ("2026-11-23", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
            (
                "2026-11-23T10:00",
                "2026-11-23T10:00:00Z",
                "2026-11-23T10:00:00Z",
            ),
            (
                "2026-11-23 10:00:01.5",
                "2026-11-23T10:00:01.5Z",
                "2026-11-23T10:00:01.5Z",
            ),
            (
                "2026-11-23T10:00:00+02:00",
                "2026-11-23T08:00:00Z",
                "2026-11-23T08:00:00Z",
            ),
            (
                "2026-11-23T10:00:00.123Z",
                "2026-11-23T10:00:00.123Z",
                "2026-11-23T10:00:00.123Z",
            ),
        ] {
            assert_eq!(since_at(text).as_deref(), Some(from), "{text}");
            let until = until(text, now()).map(|t| t.to_string());
            assert_eq!(until.as_deref(), Some(to), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "yesterday",
            "10:00",
            "2026-13-01",
            "5",
            "1h ago",
            "99999999999y",
            "2026",
            "2026-11-23T10:00:00[Europe/Berlin]",
        ] {
            assert_eq!(since(text, now()), None, "{text}");
        }
    }
}
