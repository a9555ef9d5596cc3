/*! A span goes in; equal time buckets that begin with it come out. Pure. */

use crate::search::report::span::Span;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Steps that a person reads easily.
const STEPS: [i64; 26] = [
    1,
    10,
    100,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
];

/// The least step that needs at most so many buckets; beyond the list a multiple of 14 days.
pub fn nice_step(span: Span, most: u32) -> i64 {
    let least = i64::from(most.max(1));
    let length = length_ms(span);
    let least = length / least + i64::from(length % least != 0);
    let step = STEPS.into_iter().find(|step| *step >= least);
    let longest = STEPS[STEPS.len() - 1];
    step.unwrap_or((least / longest + 1) * longest)
}

/// The number of buckets; the last one may be shorter.
pub fn bucket_count(span: Span, step_ms: i64) -> usize {
    let length = length_ms(span);
    let count = length / step_ms + i64::from(length % step_ms != 0);
    usize::try_from(count).unwrap_or_default()
}

/// The bucket that a time lies in; `None` outside of the span.
pub fn bucket_index(span: Span, step_ms: i64, at_ms: i64) -> Option<usize> {
    let index = at_ms
        .checked_sub(span.since.as_millisecond())?
        .div_euclid(step_ms);
    let index = usize::try_from(index).ok()?;
    (index < bucket_count(span, step_ms)).then_some(index)
}

fn length_ms(span: Span) -> i64 {
    span.until.as_millisecond() - span.since.as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::{prop_assert, proptest};

    fn span(since: i64, length: i64) -> Span {
        Span {
            since: Timestamp::from_millisecond(since).unwrap(),
            until: Timestamp::from_millisecond(since + length).unwrap(),
        }
    }

    #[test]
    fn usual_spans_have_usual_steps() {
        for (length, most, step, count) in [
            (DAY, 24, HOUR, 24),
            (HOUR, 24, 5 * MINUTE, 12),
            (7 * DAY, 24, 8 * HOUR, 21),
            (15 * MINUTE, 24, MINUTE, 15),
            (DAY + 1, 24, 2 * HOUR, 13),
            (5000 * DAY, 24, 14 * 15 * DAY, 24),
        ] {
            let span = span(1_795_847_167_123, length);
            assert_eq!(nice_step(span, most), step, "{length}");
            assert_eq!(bucket_count(span, step), count, "{length}");
        }
    }

    proptest! {
        #[test]
        fn every_time_of_a_span_has_a_bucket(
            since in -10_i64.pow(12)..10_i64.pow(13), length in 1..10_i64.pow(12), most in 1_u32..100, at in 0.0..1.0_f64,
        ) {
            let span = span(since, length);
            let step = nice_step(span, most);
            let count = bucket_count(span, step);
            prop_assert!((1..=most as usize).contains(&count));
            let at = since + (at * length as f64) as i64;
            let index = bucket_index(span, step, at).unwrap() as i64;
            let start = since + index * step;
            prop_assert!(start <= at && at < start + step);
            prop_assert!(bucket_index(span, step, since - 1).is_none());
            prop_assert!(bucket_index(span, step, since + count as i64 * step).is_none());
        }
    }
}
