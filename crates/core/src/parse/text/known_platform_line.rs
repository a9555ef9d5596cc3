/*! A platform line goes in; whether its record holds all that it says comes out: every key is known, occurs once, and
has a value that was read to its end. */

use crate::parse::request_id;
use crate::parse::text::key_values::{self, Key, Pair};

/// The lines that are asked about, by their first words.
const WORDS: [&str; 7] = [
    "START",
    "END",
    "REPORT",
    "INIT_START",
    "INIT_REPORT",
    "RESTORE_START",
    "RESTORE_REPORT",
];

/// Whether the record of this START, END, REPORT, INIT or RESTORE line holds all of it. False for other texts.
pub(crate) fn is_known(text: &str) -> bool {
    let Some((word, rest)) = text.split_once(' ') else {
        return false;
    };
    let mut seen = 0_u32;
    WORDS.contains(&word)
        && key_values::pairs(rest).all(|pair| {
            let Some(key) = pair.key else { return false };
            let bit = 1 << key as u32;
            let is_first = seen & bit == 0;
            seen |= bit;
            is_first && is_read(key, &pair)
        })
        && seen != 0
}

/// Whether the value of a pair was read to its end.
fn is_read(key: Key, pair: &Pair<'_>) -> bool {
    let value = pair.value;
    let is_word = !value.is_empty() && key_values::word(value).len() == value.len();
    match key {
        Key::Duration
        | Key::BilledDuration
        | Key::InitDuration
        | Key::RestoreDuration
        | Key::BilledRestoreDuration => is_number(value, " ms"),
        Key::MemorySize | Key::MaxMemoryUsed => is_number(value, " MB"),
        Key::RequestId => is_word && request_id::named(value).is_some(),
        Key::Sampled => matches!(value, "true" | "false"),
        Key::TenantId => !value.is_empty(),
        Key::Version
        | Key::Status
        | Key::ErrorType
        | Key::Phase
        | Key::InitializationType
        | Key::RuntimeVersion
        | Key::RuntimeVersionArn
        | Key::FunctionArn
        | Key::TraceId
        | Key::SegmentId => is_word,
        Key::Name | Key::State | Key::Events | Key::Types => false,
    }
}

fn is_number(value: &str, unit: &str) -> bool {
    let digits = value.strip_suffix(unit).unwrap_or_default();
    digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && key_values::number(digits).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "405bb962-f57b-521d-81a1-e7272fbf6077";

    #[test]
    fn a_line_with_a_part_that_no_field_holds_is_not_known() {
        for (line, known) in [
            ("START RequestId: @ Version: $LATEST", true),
            (
                "START RequestId: @ Version: $LATEST TenantId: Blue Tenant",
                true,
            ),
            ("END RequestId: @", true),
            (
                "REPORT RequestId: @\tDuration: 1711.87 ms\tBilled Duration: 1712 ms\tMemory Size: 128 MB\tMax Memory Used: 80 MB\tInit Duration: 150.5 ms\t\nXRAY TraceId: 1-5e34a614-10bd\tSegmentId: 07f5\tSampled: true\t",
                true,
            ),
            (
                "INIT_START Runtime Version: python:3.13.v1\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:ab",
                true,
            ),
            ("INIT_REPORT Init Duration: 10010.37 ms\tPhase: init", true),
            ("START RequestId: @ Version: $LATEST and more", false),
            ("END RequestId: @, at last", false),
            ("END RequestId: ", false),
            ("REPORT RequestId: @\tDuration: 1 ms\tDuration: 2 ms", false),
            ("REPORT RequestId: @\tDuration: 1 s", false),
            ("REPORT RequestId: @\tDuration: 1e3 ms", false),
            ("REPORT RequestId: @\tDuration: 1 ms\tGpu Time: 3 s", false),
            ("EXTENSION Name: x State: Ready Events: [INVOKE]", false),
            ("LOGS Name: x", false),
            ("START", false),
            ("", false),
        ] {
            assert_eq!(is_known(&line.replace('@', ID)), known, "{line}");
        }
    }
}
