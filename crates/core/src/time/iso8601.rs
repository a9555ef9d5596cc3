/*! The bytes of a line go in; the ISO 8601 time (or the date) at its start comes out: milliseconds since 1970 for a
time, days since 1970-01-01 for a date. */

use crate::time::calendar::{DAY_MS, day_of_date};

/// Length of `YYYY-MM-DDThh:mm:ss.mmmZ ` (with its blank), the prefix of each event of an export, in bytes.
pub(crate) const EXPORT_PREFIX: usize = 25;

/// The time of a line that begins with the prefix of an export's event, in milliseconds since 1970; `None` for other
/// lines.
#[inline]
pub(crate) fn export_time(line: &[u8]) -> Option<i64> {
    if *line.get(EXPORT_PREFIX - 1)? != b' ' {
        return None;
    }
    utc_millis(line.first_chunk()?)
}

/// Milliseconds since 1970 of `YYYY-MM-DDThh:mm:ss.mmmZ`; `None` for other texts and dates that do not exist. Every
/// event begins with such a time, so for speed it is read eight bytes at a time.
#[inline]
pub(crate) fn utc_millis(text: &[u8; 24]) -> Option<i64> {
    let (words, _) = text.as_chunks::<8>();
    let (a, b, c) = (
        digits(&words[0], b"0000-00-")?,
        digits(&words[1], b"00T00:00")?,
        digits(&words[2], b":00.000Z")?,
    );
    let (date, day_hour_minute, second_milli) = (pairs(a), pairs(b), pairs(c));
    let (year, month) = (byte_at(date, 0) * 100 + byte_at(date, 2), byte_at(date, 5));
    let (day, hour, minute) = (
        byte_at(day_hour_minute, 0),
        byte_at(day_hour_minute, 3),
        byte_at(day_hour_minute, 6),
    );
    let second = byte_at(second_milli, 1);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let millis = byte_at(second_milli, 4) * 10 + byte_at(c, 6);
    let seconds = (hour * 60 + minute) * 60 + second;
    let day = i64::from(day_of_date(year, month, day)?);
    Some(day * DAY_MS + i64::from(seconds * 1000 + millis))
}

/// The value of each digit, in its byte of the result. `None` unless `text` has digits where `form` has zeros, and
/// equals `form` elsewhere.
#[inline]
fn digits(text: &[u8; 8], form: &[u8; 8]) -> Option<u64> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Added to this, a digit's byte reaches the high bit if it is over 9; any other byte does if it is over 0.
    let room = u64::from_le_bytes(form.map(|byte| if byte == b'0' { 0x76 } else { 0x7f }));
    let values = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*form);
    ((values.wrapping_add(room) | values) & HIGH == 0).then_some(values)
}

/// In each byte, the two-digit number of that byte's digit and the next byte's.
#[inline]
fn pairs(digits: u64) -> u64 {
    digits.wrapping_mul(10).wrapping_add(digits >> 8)
}

#[inline]
fn byte_at(bytes: u64, index: u32) -> u32 {
    (bytes >> (index * 8)) as u32 & 0xff
}

/// A time such as `2024-03-05T15:18:18.321000+00:00`; fraction and zone may be missing.
pub(crate) struct IsoTime {
    /// Milliseconds since 1970; without a zone, the text is read as UTC.
    pub time: i64,
    /// Length of the text of the time in bytes.
    pub len: usize,
    pub has_fraction: bool,
    pub has_zone: bool,
}

/// Reads the time at the start of `line`; `None` if there is none.
pub(crate) fn iso_time(line: &[u8]) -> Option<IsoTime> {
    let mut time = seconds(line.first_chunk()?)? * 1000;
    let mut len = 19;
    let mut has_fraction = false;
    if line.get(len) == Some(&b'.') {
        let digits = line[len + 1..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        let mut scale = 100;
        for &b in &line[len + 1..len + 1 + digits.min(3)] {
            time += i64::from(b - b'0') * scale;
            scale /= 10;
        }
        has_fraction = true;
        len += 1 + digits;
    }
    let mut has_zone = true;
    match line.get(len) {
        Some(b'Z') => len += 1,
        Some(sign @ (b'+' | b'-')) => {
            let zone: &[u8; 5] = line.get(len + 1..)?.first_chunk()?;
            let (hours, minutes) = (pair(zone, 0), pair(zone, 3));
            if zone[2] != b':' || hours > 18 || minutes > 59 {
                return None;
            }
            let offset = i64::from(hours * 60 + minutes) * 60_000;
            time += if *sign == b'+' { -offset } else { offset };
            len += 6;
        }
        _ => has_zone = false,
    }
    Some(IsoTime {
        time,
        len,
        has_fraction,
        has_zone,
    })
}

/// Days since 1970-01-01 of `YYYY?MM?DD`, with the byte `between` for `?`; `None` for other texts.
pub(crate) fn leading_date(text: &[u8], between: u8) -> Option<i32> {
    let b: &[u8; 10] = text.first_chunk()?;
    let (century, year, month, day) = (pair(b, 0), pair(b, 2), pair(b, 5), pair(b, 8));
    if b[4] != between || b[7] != between || century > 99 || year > 99 {
        return None;
    }
    day_of_date(century * 100 + year, month, day)
}

/// Seconds since 1970 of `YYYY-MM-DDThh:mm:ss`.
#[inline]
fn seconds(b: &[u8; 19]) -> Option<i64> {
    if b[10] != b'T' || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let (hour, minute, second) = (pair(b, 11), pair(b, 14), pair(b, 17));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let day = leading_date(b, b'-')?;
    Some(i64::from(day) * 86_400 + i64::from(hour * 3600 + minute * 60 + second))
}

#[inline]
fn digit(b: u8) -> u32 {
    u32::from(b.wrapping_sub(b'0'))
}

/// The number of the two digits at `at`; `u32::MAX` if either byte is not a digit.
#[inline]
fn pair(b: &[u8], at: usize) -> u32 {
    let (tens, ones) = (digit(b[at]), digit(b[at + 1]));
    if tens > 9 || ones > 9 {
        return u32::MAX;
    }
    tens * 10 + ones
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn export_times() {
        let time = |text: &str| export_time(text.as_bytes());
        assert_eq!(time("1970-01-01T00:00:00.000Z "), Some(0));
        assert_eq!(time("2024-02-29T23:59:59.999Z x"), Some(1_709_251_199_999));
        assert_eq!(time("1969-12-31T23:59:59.999Z "), Some(-1));
        for wrong in [
            "2024-02-13T21:01:04.792Z",
            "2024-02-13T21:01:04.792Z\t",
            "2024-02-13 21:01:04.792Z ",
            "2024-02-13T21:01:04,792Z ",
            "2023-02-29T21:01:04.792Z ",
            "2024-13-13T21:01:04.792Z ",
            "2024-00-13T21:01:04.792Z ",
            "2024-02-00T21:01:04.792Z ",
            "2024-02-13T24:01:04.792Z ",
            "2024-02-13T21:60:04.792Z ",
            "2024-02-13T21:01:60.792Z ",
            "2024-02-13T21:01:04.7a2Z ",
            "２024-02-13T21:01:04.792Z ",
            "",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn iso_times() {
        let time = |text: &str| iso_time(text.as_bytes()).map(|iso| (iso.time, iso.len));
        let base = 1_709_651_898_000;
        assert_eq!(time("2024-03-05T15:18:18"), Some((base, 19)));
        assert_eq!(time("2024-03-05T15:18:18.32 x"), Some((base + 320, 22)));
        assert_eq!(
            time("2024-03-05T15:18:18.321000+00:00 x"),
            Some((base + 321, 32))
        );
        assert_eq!(
            time("2024-03-05T16:18:18.321000+01:00 x"),
            Some((base + 321, 32))
        );
        assert_eq!(time("2024-03-05T15:18:18Z"), Some((base, 20)));
        assert_eq!(time("2024-03-05T15:18:18.Z"), None);
        assert_eq!(time("2024-03-05T15:18:18+1:00"), None);
    }
}
