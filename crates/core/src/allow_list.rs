/*! The name of a bucket goes in; whether a message may name it comes out.

Messages come from outside. An object is fetched only after its bucket is allowed. */

/// Patterns of bucket names; `*` stands for any number of characters. An empty list allows every bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketAllowList {
    patterns: Vec<String>,
}

/// The pattern is empty, or holds a character that no bucket name has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a pattern of bucket names: letters, digits, dots, hyphens, underscores, and * for any of them"
)]
pub struct PatternError;

impl BucketAllowList {
    /// An allow list of patterns that [`check`](Self::check) accepts.
    pub fn new(patterns: Vec<String>) -> Self {
        Self { patterns }
    }

    /// Checks one pattern: ASCII letters, digits, `.`, `-`, `_` and `*`, at least one character; otherwise
    /// [`PatternError`].
    pub fn check(pattern: &str) -> Result<(), PatternError> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'*');
        match !pattern.is_empty() && pattern.bytes().all(fits) {
            true => Ok(()),
            false => Err(PatternError),
        }
    }

    /// Whether the list is empty, so that every bucket is allowed.
    pub fn is_open(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The patterns without a star: the names of the only buckets that they match.
    pub fn exact_names(&self) -> impl Iterator<Item = &str> {
        let patterns = self.patterns.iter().map(String::as_str);
        patterns.filter(|pattern| !pattern.contains('*'))
    }

    /// Whether `bucket` matches a pattern, or the list is empty.
    pub fn allow(&self, bucket: &str) -> bool {
        self.is_open() || self.patterns.iter().any(|pattern| matches(pattern, bucket))
    }
}

/// Whether `name` holds the parts between the asterisks in their order: the first part at its start, the last at its
/// end.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, allowed) in [
            ("logs", "logs", true),
            ("logs", "logs2", false),
            ("logs-*", "logs-eu", true),
            ("logs-*", "my-logs-eu", false),
            ("*-logs", "my-logs", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("*", "anything", true),
            ("l*gs", "lgs", true),
        ] {
            let allowed_buckets = BucketAllowList::new(vec![pattern.to_owned()]);
            assert_eq!(allowed_buckets.allow(name), allowed, "{pattern} {name}");
        }
        assert!(BucketAllowList::default().allow("any"));
    }

    #[test]
    fn invalid_patterns_are_refused() {
        for bad in ["", "a/b", "a b", "arn:aws:s3:::b", "[ab]"] {
            assert_eq!(BucketAllowList::check(bad), Err(PatternError), "{bad}");
        }
        assert_eq!(BucketAllowList::check("my.logs-*_x"), Ok(()));
    }
}
