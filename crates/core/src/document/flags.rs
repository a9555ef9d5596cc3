/*! `logferry.flags`: what a reader of a document has to know about how it came to be. */

/// One flag; its name is what documents show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// A cap cut the event's text; `logferry.truncated_bytes` tells how much is missing.
    Truncated,
    /// The text was not UTF-8; what was not is shown as U+FFFD.
    InvalidUtf8,
    /// Neither file nor line tells a time: `@timestamp` is the object's LastModified, else that of the document's
    /// index.
    NoTimestamp,
    /// The time lies outside of the years 1970 to 2261: the document is in the index of 1970-01-01.
    TimeOutOfRange,
    /// Only the line's text tells the time, and no Lambda line can be from then: the document is in the index that it
    /// would have without a time.
    TimeImplausible,
    /// A string of `app` was too long to be indexed and is cut; `event.original` has all of it.
    AppTruncated,
    /// A key of `app` came more than once in one object: the later ones are shown as `key (2)` and so on.
    AppDuplicateKeys,
    /// A part of `app` was nested too deep (or a number too long) to be indexed and is shown as a JSON string.
    AppAsText,
    /// `app` had half a surrogate pair, which no UTF-8 can hold; shown as U+FFFD.
    AppSurrogates,
    /// `app` was not JSON after all; `event.original` has it.
    AppInvalid,
}

const NAMES: [(Flag, &str); 10] = [
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
];

/// A set of [`Flag`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    pub fn set(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u16;
    }

    pub fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u16) != 0
    }

    pub fn add(&mut self, others: Flags) {
        self.0 |= others.0;
    }

    /// Whether some of what the function logged is only in the untouched text.
    pub fn has_loss(self) -> bool {
        [Flag::AppTruncated, Flag::AppSurrogates, Flag::AppInvalid]
            .into_iter()
            .any(|flag| self.has(flag))
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the flags that are set, always in the same order.
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
