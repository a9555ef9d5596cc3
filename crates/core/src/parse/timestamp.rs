/*! The text of a time as loggers write it goes in; milliseconds since 1970 come out.

A byte scan reads the ISO forms. jiff reads the other forms, which are rare. */

use crate::time::calendar::day_of_date;
use crate::time::iso8601::utc_millis;

/// A time at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Milliseconds since 1970; a time without a zone is read as UTC.
    pub millis: i64,
    /// Length of the time in bytes, zone included.
    pub len: usize,
    /// Whether the time has a zone, and so is an instant.
    pub zoned: bool,
    /// Number of digits in the fraction of a second.
    pub fraction_digits: usize,
}

/// Reads the time at the start of `text`: `YYYY-MM-DDThh:mm:ss` (or with `/` and a blank), an optional fraction and an
/// optional zone. `None` if there is no such time, or no such date.
pub fn scan(text: &[u8]) -> Option<Scanned> {
    // Fast path for the form that Lambda's own runtimes write.
    if let Some(millis) = text.first_chunk().and_then(utc_millis) {
        return Some(Scanned {
            millis,
            len: 24,
            zoned: true,
            fraction_digits: 3,
        });
    }
    scan_any(text)
}

fn scan_any(text: &[u8]) -> Option<Scanned> {
    let separator = *text.get(4)?;
    if text.len() < 19
        || !matches!(separator, b'-' | b'/')
        || text[7] != separator
        || !matches!(text[10], b'T' | b't' | b' ')
        || text[13] != b':'
        || text[16] != b':'
    {
        return None;
    }
    let number = |from: usize, to: usize| digits(&text[from..to]);
    let date = |from, to| number(from, to).map(|part| part as u32);
    let (year, month, day) = (date(0, 4)?, date(5, 7)?, date(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let day = i64::from(day_of_date(year, month, day)?);
    let mut at = 19;
    let (fraction, fraction_digits) = match text.get(at) {
        Some(b'.' | b',') => fraction(&text[at + 1..]),
        _ => (0, 0),
    };
    if fraction_digits > 0 {
        at += 1 + fraction_digits;
    }
    let zone = zone(&text[at..]);
    let (offset_minutes, zone_len) = zone.unwrap_or((0, 0));
    // Clocks show a leap second as :60; it is read as :59.
    let seconds = day * 86_400 + hour * 3_600 + (minute - offset_minutes) * 60 + second.min(59);
    Some(Scanned {
        millis: seconds * 1_000 + fraction,
        len: at + zone_len,
        zoned: zone.is_some(),
        fraction_digits,
    })
}

/// The instant of a string that is wholly a time or a number since 1970, in milliseconds since 1970; `None` for other
/// strings and for times without a zone.
pub fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(scanned) = scan(text.as_bytes())
        && scanned.len == text.len()
    {
        return scanned.zoned.then_some(scanned.millis);
    }
    if !(16..=64).contains(&text.len()) {
        return text.parse().ok().and_then(from_number);
    }
    let bytes = text.as_bytes();
    let time = match (bytes[0], bytes[2], bytes[4]) {
        // `14/Sep/2020:11:45:41 -0400`
        (b'0'..=b'9', b'/', _) => jiff::Zoned::strptime("%d/%b/%Y:%H:%M:%S %z", text)
            .ok()?
            .timestamp(),
        // `Mon, 03 May 2021 11:47:12 GMT`, with or without the day of the week, the day with one or two digits
        (b'A'..=b'Z', _, b' ') | (b'0'..=b'9', b' ', _) | (b'0'..=b'9', b'A'..=b'Z', _) => {
            jiff::fmt::rfc2822::DateTimeParser::new()
                .parse_zoned(text)
                .ok()?
                .timestamp()
        }
        // ISO forms that the scan does not read
        (b'0'..=b'9', _, b'-') => text.parse::<jiff::Timestamp>().ok()?,
        (b'0'..=b'9', _, _) if bytes.get(8) == Some(&b'T') => text.parse().ok()?,
        (b'0'..=b'9', ..) => return text.parse().ok().and_then(from_number),
        _ => return None,
    };
    Some(time.as_millisecond())
}

/// Milliseconds since 1970 of a number of seconds, milli-, micro- or nanoseconds since 1970. The size tells the unit,
/// so only times of the years 2001 to 2100 are accepted.
pub fn from_number(number: f64) -> Option<i64> {
    const YEAR_2001: f64 = 978_307_200.0;
    const YEAR_2101: f64 = 4_133_980_800.0;
    [1.0, 1e3, 1e6, 1e9].into_iter().find_map(|per_second| {
        let seconds = number / per_second;
        (YEAR_2001..YEAR_2101)
            .contains(&seconds)
            .then(|| (number * (1e3 / per_second)).round() as i64)
    })
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

/// The milliseconds of the fraction of a second at the start of `bytes`, and the number of its digits.
fn fraction(bytes: &[u8]) -> (i64, usize) {
    let mut millis = 0;
    let mut weight = 100;
    let mut len = 0;
    for byte in bytes.iter().take_while(|byte| byte.is_ascii_digit()) {
        millis += i64::from(byte - b'0') * weight;
        weight /= 10;
        len += 1;
    }
    (millis, len)
}

/// The zone at the start of `bytes` (`Z`, `+01:00`, ` +0100`, `-03`, ` UTC`): minutes east of UTC, and its length in
/// bytes.
fn zone(bytes: &[u8]) -> Option<(i64, usize)> {
    let blank = usize::from(bytes.first() == Some(&b' '));
    let rest = &bytes[blank..];
    if rest.starts_with(b"UTC") || rest.starts_with(b"GMT") {
        return Some((0, blank + 3));
    }
    let sign = match rest.first()? {
        b'Z' | b'z' if blank == 0 => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = digits(rest.get(1..3)?).filter(|hours| *hours <= 23)?;
    let colon = usize::from(rest.get(3) == Some(&b':'));
    let minutes = rest
        .get(3 + colon..5 + colon)
        .and_then(digits)
        .filter(|minutes| *minutes <= 59);
    match minutes {
        Some(minutes) => Some((sign * (hours * 60 + minutes), blank + 5 + colon)),
        // After a blank, ` -03` may be something else than a zone.
        None if blank == 0 => Some((sign * hours * 60, 3)),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_many_loggers_are_read() {
        for (text, millis) in [
            ("2024-02-09T08:42:44.078Z", 1_707_468_164_078),
            ("2024-06-18T02:07:06Z", 1_718_676_426_000),
            ("2025-11-30T22:35:51.565857Z", 1_764_542_151_565),
            ("2021-05-03 11:47:12,494+0000", 1_620_042_432_494),
            ("2021-05-03 13:47:12.494 +02:00", 1_620_042_432_494),
            ("2021-05-03T13:47:12+02", 1_620_042_432_000),
            ("2021-05-03 11:47:12 UTC", 1_620_042_432_000),
            ("Mon, 03 May 2021 11:47:12 GMT", 1_620_042_432_000),
            ("14/Sep/2020:11:45:41 -0400", 1_600_098_341_000),
            ("3 May 2021 11:47:12 +0000", 1_620_042_432_000),
            ("03 May 2021 11:47:12 GMT", 1_620_042_432_000),
            ("2021-05-03T11:47:12.494+00:00[UTC]", 1_620_042_432_494),
            ("20210503T114712Z", 1_620_042_432_000),
            ("1620042432494000", 1_620_042_432_494),
            ("1620042432494", 1_620_042_432_494),
            ("1620042432.494", 1_620_042_432_494),
        ] {
            assert_eq!(instant(text), Some(millis), "{text}");
        }
    }

    #[test]
    fn times_without_a_zone_or_a_real_date_are_no_instants() {
        for text in [
            "2021-05-03 11:47:12,494",
            "2021-02-29T00:00:00Z",
            "2021-05-03T24:00:00Z",
            "12 May 2020 21:19:02,997",
            "",
            "42",
            "é2021-05-03T11:47:12Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn the_size_of_a_number_tells_its_unit() {
        for number in [
            1_620_042_432.0,
            1_620_042_432_000.0,
            1_620_042_432e6,
            1_620_042_432e9,
        ] {
            assert_eq!(from_number(number), Some(1_620_042_432_000));
        }
        assert_eq!(from_number(7.0), None);
        assert_eq!(from_number(f64::NAN), None);
    }
}
