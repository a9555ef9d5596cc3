/*! Dates of the (proleptic) Gregorian calendar ↔ days since 1970-01-01, for the hot path: every log event has a time.

`jiff` does all other calendar arithmetic, and the tests compare this module with it. */

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// A date of the (proleptic) Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub year: i64,
    pub month: u8,
    pub day: u8,
}

/// The day of a time in milliseconds since 1970: days since 1970-01-01, negative before it.
pub fn day_of(time: i64) -> i64 {
    time.div_euclid(DAY_MS)
}

/// The date of a day since 1970-01-01, for days up to about ±10^15.
pub fn date_of(day: i64) -> Date {
    // Years begin on 1 March, so that the leap day is the last day, and form eras of 400 years.
    const ERA_DAYS: i64 = 146_097;
    let since_march_0000 = day + 719_468;
    let era = since_march_0000.div_euclid(ERA_DAYS);
    let day_of_era = since_march_0000.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    Date {
        year: era * 400 + year_of_era + i64::from(month <= 2),
        month: month as u8,
        day: (day_of_year - (153 * march_month + 2) / 5 + 1) as u8,
    }
}

/// Days since 1970-01-01 of a date; `None` if the date does not exist or the year is over 9999.
pub(crate) fn day_of_date(year: u32, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = *LENGTHS.get(month.wrapping_sub(1) as usize)? + u32::from(leap && month == 2);
    if day == 0 || day > length || year > 9999 {
        return None;
    }
    // A year that begins in March has its leap day at its end (Hinnant's civil calendar). 400 more years keep the
    // number positive for January of year 0.
    let years = year + 400 - u32::from(month <= 2);
    let leap_days = years / 4 - years / 100 + years / 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some((365 * years + leap_days + day_of_year) as i32 - (719_468 + 146_097))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_agree_with_jiff() {
        for day in (-719_000..2_900_000).step_by(17) {
            let date = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(i64::from(day));
            let (y, m, d) = (date.year() as u32, date.month() as u32, date.day() as u32);
            assert_eq!(day_of_date(y, m, d), Some(day), "{date}");
            let read = date_of(i64::from(day));
            assert_eq!(
                (read.year as u32, u32::from(read.month), u32::from(read.day)),
                (y, m, d)
            );
        }
    }
}
