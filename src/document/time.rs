/*! Times as documents show them: RFC 3339, UTC, milliseconds. Own arithmetic, since every document has one. */

use crate::json;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// First and last time that has a year of four digits, in milliseconds since 1970.
pub const WRITABLE: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// A date of the (proleptic) Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub year: i64,
    pub month: u8,
    pub day: u8,
}

/// The day that a time lies in, counted from 1970-01-01.
pub fn day_of(time: i64) -> i64 {
    time.div_euclid(DAY_MS)
}

/// The date of a day counted from 1970-01-01; days beyond about ±10^15 are not asked for.
pub fn date_of(day: i64) -> Date {
    // Years are counted from 1 March, so that the leap day is the last, in eras of 400 years.
    const ERA_DAYS: i64 = 146_097;
    let since_march_0000 = day + 719_468;
    let era = since_march_0000.div_euclid(ERA_DAYS);
    let of_era = since_march_0000.rem_euclid(ERA_DAYS);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    Date {
        year: era * 400 + year_of_era + i64::from(month <= 2),
        month: month as u8,
        day: (of_year - (153 * march_month + 2) / 5 + 1) as u8,
    }
}

/// Appends `YYYY-MM-DD` with any separator; the year must have four digits.
pub fn write_date(out: &mut Vec<u8>, date: Date, separator: u8) {
    out.extend_from_slice(&letters_of(date, separator));
}

fn letters_of(date: Date, separator: u8) -> [u8; 10] {
    debug_assert!((0..=9999).contains(&date.year));
    let year = date.year as u32;
    let [c, y] = [year / 100, year % 100].map(json::two_digits);
    let [m, d] = [date.month, date.day].map(|part| json::two_digits(u32::from(part)));
    [
        c[0], c[1], y[0], y[1], separator, m[0], m[1], separator, d[0], d[1],
    ]
}

/// `10:11:12.345` of a time in milliseconds since 1970.
pub fn clock(time: i64) -> [u8; 12] {
    let ms = time.rem_euclid(DAY_MS) as u32;
    let [h, m, s] = [ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60].map(json::two_digits);
    let [tens, ones] = json::two_digits(ms % 100);
    let hundreds = b'0' + (ms % 1000 / 100) as u8;
    [
        h[0], h[1], b':', m[0], m[1], b':', s[0], s[1], b'.', hundreds, tens, ones,
    ]
}

/// Writes times; remembers the date of the day before, since events come by the thousands a day.
#[derive(Debug, Clone)]
pub struct TimeWriter {
    /// None before the first time.
    day: Option<i64>,
    /// The time before.
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
    /// Appends `2026-11-23T10:11:12.345Z`, in quotes. What is not [`WRITABLE`] is written as the nearest that is.
    pub fn write(&mut self, out: &mut Vec<u8>, time: i64) {
        let time = time.clamp(*WRITABLE.start(), *WRITABLE.end());
        let day = day_of(time);
        if self.day != Some(day) {
            self.day = Some(day);
            self.text[1..11].copy_from_slice(&letters_of(date_of(day), b'-'));
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
    fn edges() {
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
        fn times_are_those_of_jiff(list in proptest::collection::vec(*WRITABLE.start()..253_402_207_200_000i64, 1..5)) {
            let mut times = TimeWriter::default();
            for time in list {
                prop_assert_eq!(written(&mut times, time), by_jiff(time));
                prop_assert_eq!(written(&mut times, time + 1), by_jiff(time + 1));
            }
        }
    }
}
