/*! Numbers of documents go in; texts with units come out. Pure. */

use jiff::Timestamp;

use logferry_core::document::stored::StoredLambda;

/// `74 of 128 MB`.
pub fn memory(lambda: &StoredLambda<'_>) -> Option<String> {
    match (lambda.max_memory_used_mb, lambda.memory_size_mb) {
        (Some(used), Some(size)) => Some(format!("{used} of {size} MB")),
        (None, Some(size)) => Some(format!("of {size} MB")),
        (Some(used), None) => Some(format!("{used} MB")),
        (None, None) => None,
    }
}

pub fn ms(value: f64) -> String {
    format!("{value} ms")
}

/// Reads a time of a document; `None` if the text is no time.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A cost with three significant digits.
pub fn cost(usd: f64) -> String {
    let places = if usd > 0.0 && usd < 1.0 {
        (-usd.log10()).ceil() as usize + 2
    } else {
        2
    };
    format!("${usd:.places$}", places = places.min(12))
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs() {
        for (usd, shown) in [
            (0.000001733336, "$0.00000173"),
            (0.0123, "$0.0123"),
            (12.3456, "$12.35"),
            (0.0, "$0.00"),
        ] {
            assert_eq!(cost(usd), shown);
        }
    }

    #[test]
    fn digits_are_grouped_by_thousands() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), shown);
        }
    }
}
