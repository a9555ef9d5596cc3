/*! Figures go in; short texts for table cells come out. Pure. */

use crate::commands::shared::table::grouped;

/// Milliseconds with about three digits: `0.42 ms`, `12.5 ms`, `1.48 s`, `840 s`.
pub fn duration(ms: f64) -> String {
    match ms {
        ms if ms < 999.5 => format!("{} ms", three_digits(ms)),
        ms => format!("{} s", three_digits(ms / 1000.0)),
    }
}

/// Billed milliseconds as seconds.
pub fn billed(ms: f64) -> String {
    format!("{} s", three_digits(ms / 1000.0))
}

/// A share as percent; a share above zero is never shown as zero.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0%".to_owned(),
        percent if percent < 0.05 => "<0.1%".to_owned(),
        percent if percent < 99.95 => format!("{percent:.1}%"),
        percent => format!("{percent:.0}%"),
    }
}

/// Megabytes used of those configured.
pub fn memory(used: Option<f64>, size: Option<f64>) -> String {
    let shown = |mb: Option<f64>| mb.map_or_else(|| "?".to_owned(), whole);
    match (used, size) {
        (None, None) => String::new(),
        (used, size) => format!("{} of {} MB", shown(used), shown(size)),
    }
}

/// A whole number with groups of thousands.
pub fn whole(value: f64) -> String {
    grouped(value.round() as u64)
}

fn three_digits(value: f64) -> String {
    match value {
        value if value < 9.995 => format!("{value:.2}"),
        value if value < 99.95 => format!("{value:.1}"),
        value => whole(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits() {
        for (ms, shown) in [
            (0.0, "0.00 ms"),
            (0.424, "0.42 ms"),
            (12.52, "12.5 ms"),
            (99.96, "100 ms"),
            (999.4, "999 ms"),
            (999.6, "1.00 s"),
            (1479.22, "1.48 s"),
            (840_000.0, "840 s"),
        ] {
            assert_eq!(duration(ms), shown, "{ms}");
        }
        assert_eq!(billed(1_234_567_000.0), "1,234,567 s");
    }

    #[test]
    fn a_share_above_zero_is_not_shown_as_zero() {
        for (share, shown) in [
            (0.0, "0%"),
            (0.0001, "<0.1%"),
            (0.0005, "0.1%"),
            (0.034, "3.4%"),
            (0.9999, "100%"),
            (1.0, "100%"),
        ] {
            assert_eq!(percent(share), shown, "{share}");
        }
    }
}
