/*! Milliseconds since 1970 go in; the texts of times come out, as documents have them: RFC 3339, UTC, with
milliseconds. */

use crate::json;
use crate::time::calendar::{DAY_MS, Date, date_of, day_of};

/// The times whose year has four digits (0000 to 9999), in milliseconds since 1970.
pub const WRITABLE: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// Appends `YYYY-MM-DD` with `separator` for the hyphens. The year must have at most four digits and not be negative.
pub fn write_date(out: &mut Vec<u8>, date: Date, separator: u8) {
    out.extend_from_slice(&date_text(date, separator));
}

fn date_text(date: Date, separator: u8) -> [u8; 10] {
    debug_assert!((0..=9999).contains(&date.year));
    let year = date.year as u32;
    let [c, y] = [year / 100, year % 100].map(json::two_digits);
    let [m, d] = [date.month, date.day].map(|part| json::two_digits(u32::from(part)));
    [
        c[0], c[1], y[0], y[1], separator, m[0], m[1], separator, d[0], d[1],
    ]
}

/// The time of day, such as `10:11:12.345`, of a time in milliseconds since 1970.
pub fn clock(time: i64) -> [u8; 12] {
    let ms = time.rem_euclid(DAY_MS) as u32;
    let [h, m, s] = [ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60].map(json::two_digits);
    let [tens, ones] = json::two_digits(ms % 100);
    let hundreds = b'0' + (ms % 1000 / 100) as u8;
    [
        h[0], h[1], b':', m[0], m[1], b':', s[0], s[1], b'.', hundreds, tens, ones,
    ]
}

/// Writes times. It keeps the text of the last date, because thousands of events share a day.
#[derive(Debug, Clone)]
pub struct TimeWriter {
    /// Day of the last time written; None before the first.
    day: Option<i64>,
    /// The last time as written, in quotes.
    text: [u8; 26],
}

impl Default for TimeWriter {
    fn default() -> Self {
        Self {
            day: None,
            text: *b"\"0000-00-00T00:00:00.000Z\"",
        }
    }
}

impl TimeWriter {
    /// Appends `time` (milliseconds since 1970) as `"2026-11-23T10:11:12.345Z"`, quotes included. A time outside
    /// [`WRITABLE`] is clamped to it.
    pub fn write(&mut self, out: &mut Vec<u8>, time: i64) {
        let time = time.clamp(*WRITABLE.start(), *WRITABLE.end());
        let day = day_of(time);
        if self.day != Some(day) {
            self.day = Some(day);
            self.text[1..11].copy_from_slice(&date_text(date_of(day), b'-'));
        }
        self.text[12..24].copy_from_slice(&clock(time));
        out.extend_from_slice(&self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(times: &mut TimeWriter, time: i64) -> String {
        let mut out = Vec::new();
        times.write(&mut out, time);
        String::from_utf8(out).unwrap()
    }

    fn by_jiff(time: i64) -> String {
        let time = jiff::Timestamp::from_millisecond(time).unwrap();
        format!("\"{time:.3}\"")
    }

    #[test]
    fn days_at_their_edges_and_times_out_of_range() {
        let mut times = TimeWriter::default();
        let year_end = 951_782_399_999; // 2000-02-28
        for time in [0, -1, 1, year_end, year_end + 1, year_end + DAY_MS + 1] {
            assert_eq!(written(&mut times, time), by_jiff(time));
        }
        assert_eq!(
            written(&mut times, i64::MIN),
            "\"0000-01-01T00:00:00.000Z\""
        );
        assert_eq!(
            written(&mut times, i64::MAX),
            "\"9999-12-31T23:59:59.999Z\""
        );
    }

    proptest! {
        #[test]
        fn times_are_written_as_jiff_writes_them(list in proptest::collection::vec(*WRITABLE.start()..253_402_207_200_000i64, 1..5)) {
            let mut times = TimeWriter::default();
            for time in list {
                prop_assert_eq!(written(&mut times, time), by_jiff(time));
                prop_assert_eq!(written(&mut times, time + 1), by_jiff(time + 1));
            }
        }
    }
}
