/*! A tag as typed goes in; whether a log group's tags fit it comes out. */

use std::collections::BTreeMap;

/// The longest key and value of a tag.
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// The tags of a log group.
pub type Tags = BTreeMap<String, String>;

/// A tag that a log group must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    pub key: String,
    /// `None`: any value.
    pub value: Option<String>,
}

impl TagFilter {
    /// Reads `KEY` or `KEY=VALUE`, or completes the sentence "the tag …". The first `=` ends the key.
    pub fn read(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (text, None),
        };
        let fits = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        if key.is_empty() {
            return Err("has no key: write KEY=VALUE, or KEY for any value".to_owned());
        }
        if let Some(other) = text.chars().find(|c| !fits(*c)) {
            return Err(format!("has {other:?}, which no tag of a log group has"));
        }
        if key.chars().count() > LONGEST_KEY
            || value.is_some_and(|value| value.chars().count() > LONGEST_VALUE)
        {
            return Err(format!(
                "is longer than a tag can be: {LONGEST_KEY} characters of its key, {LONGEST_VALUE} of its value"
            ));
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        })
    }

    pub fn fits(&self, tags: &Tags) -> bool {
        let found = tags.get(&self.key);
        match &self.value {
            Some(value) => found == Some(value),
            None => found.is_some(),
        }
    }

    /// Whether no group can have both.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.key == other.key
            && self.value.is_some()
            && other.value.is_some()
            && self.value != other.value
    }
}

impl std::fmt::Display for TagFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> TagFilter {
        TagFilter::read(text).unwrap()
    }

    #[test]
    fn the_first_equals_sign_ends_the_key() {
        for (text, key, value) in [
            ("team", "team", None),
            ("team=orders", "team", Some("orders")),
            ("query=a=b==", "query", Some("a=b==")),
            ("empty=", "empty", Some("")),
            ("cost center=4 2", "cost center", Some("4 2")),
            ("größe=groß", "größe", Some("groß")),
            (
                "aws:cloudformation:stack-name=shop",
                "aws:cloudformation:stack-name",
                Some("shop"),
            ),
        ] {
            let filter = read(text);
            assert_eq!((&*filter.key, filter.value.as_deref()), (key, value));
            assert_eq!(filter.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for (text, reason) in [
            ("", "no key"),
            ("=orders", "no key"),
            ("team=a*", "'*'"),
            ("te\"am", "'\"'"),
        ] {
            let refused = TagFilter::read(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
        let long = "ä".repeat(LONGEST_KEY);
        assert!(TagFilter::read(&long).is_ok());
        assert!(TagFilter::read(&format!("{long}x")).is_err());
        assert!(TagFilter::read(&format!("k={}", "v".repeat(257))).is_err());
    }

    #[test]
    fn a_value_is_compared_whole_and_by_case() {
        let tags: Tags = [("team", "orders"), ("empty", ""), ("query", "a=b")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        for fits in ["team", "team=orders", "empty", "empty=", "query=a=b"] {
            assert!(read(fits).fits(&tags), "{fits}");
        }
        for other in ["Team", "team=Orders", "team=order", "team=", "query=a", "x"] {
            assert!(!read(other).fits(&tags), "{other}");
        }
    }

    #[test]
    fn two_values_of_one_key_contradict_each_other() {
        assert!(read("env=a").contradicts(&read("env=b")));
        assert!(!read("env=a").contradicts(&read("env=a")));
        assert!(!read("env=a").contradicts(&read("env")));
        assert!(!read("env=a").contradicts(&read("team=b")));
    }
}
