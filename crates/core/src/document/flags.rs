/*! `logferry.flags`: how a document differs from its log event, for the document's readers. */

/// One flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// The event's text was cut at the limit; `logferry.truncated_bytes` has the number of missing bytes.
    Truncated,
    /// The text had invalid UTF-8, which is shown as U+FFFD.
    InvalidUtf8,
    /// Neither the file nor the line has a time: `@timestamp` is the object's LastModified, else the day of the
    /// document's index.
    NoTimestamp,
    /// The time is outside of the years 1970 to 2261: the document is in the index of 1970-01-01.
    TimeOutOfRange,
    /// Only the line's text has a time, and Lambda did not exist then or it is after 2049: the document is in the index
    /// that it would have without a time.
    TimeImplausible,
    /// A string of `app` was too long for the index and is cut; `event.original` has the whole text.
    AppTruncated,
    /// A key of `app` occurred more than once in one object: the later ones are renamed to `key (2)` and so on.
    AppDuplicateKeys,
    /// A part of `app` was nested too deep, or a number was too long, for the index; it is shown as a JSON string.
    AppAsText,
    /// `app` had an unpaired surrogate, which UTF-8 cannot encode; it is shown as U+FFFD.
    AppSurrogates,
    /// `app` was not valid JSON; `event.original` has the whole text.
    AppInvalid,
    /// The logged object was nearly JSON, such as Python's with `NaN`, or had text around it: `app` is the repaired
    /// object, and `event.original` has the whole text.
    JsonRepaired,
}

const NAMES: [(Flag, &str); 11] = [
    (Flag::Truncated, "truncated"),
    (Flag::InvalidUtf8, "invalid_utf8"),
    (Flag::NoTimestamp, "no_timestamp"),
    (Flag::TimeOutOfRange, "time_out_of_range"),
    (Flag::TimeImplausible, "time_implausible"),
    (Flag::AppTruncated, "app_truncated"),
    (Flag::AppDuplicateKeys, "app_duplicate_keys"),
    (Flag::AppAsText, "app_as_text"),
    (Flag::AppSurrogates, "app_surrogates"),
    (Flag::AppInvalid, "app_invalid"),
    (Flag::JsonRepaired, "json_repaired"),
];

/// A set of [`Flag`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// Adds one flag.
    pub fn set(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u16;
    }

    /// Whether a flag is set.
    pub fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u16) != 0
    }

    /// Adds all flags of another set.
    pub fn add(&mut self, others: Flags) {
        self.0 |= others.0;
    }

    /// Whether a part of the logged text is missing in the other fields, so that `event.original` is needed.
    pub fn has_loss(self) -> bool {
        [
            Flag::AppTruncated,
            Flag::AppSurrogates,
            Flag::AppInvalid,
            Flag::JsonRepaired,
        ]
        .into_iter()
        .any(|flag| self.has(flag))
    }

    /// Whether no flag is set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the set flags as documents show them, always in the same order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES
            .iter()
            .filter(move |(flag, _)| self.has(*flag))
            .map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_flags_set() {
        let mut flags = Flags::default();
        assert!(flags.is_empty());
        flags.set(Flag::AppInvalid);
        flags.set(Flag::Truncated);
        flags.set(Flag::Truncated);
        assert_eq!(
            flags.names().collect::<Vec<_>>(),
            ["truncated", "app_invalid"]
        );
        assert!(!flags.has(Flag::NoTimestamp));
    }
}
