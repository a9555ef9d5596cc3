/*! Account, region and log group go in; the prefix of an export's keys comes out, and the other way round.

`logferry export` exports each group to `<prefix>/logferry/<account>/<region>/<group>`, with `!` for each slash of the
group's name. Neither a group's name nor a stream's has a `!`, and S3 encodes it nowhere. */

use crate::decode::log_group::{is_account, is_region};

/// The segment before the account. It makes the form certain, whatever the operator's prefix is.
const MARK: &str = "logferry";

/// Where the events of a prefix were logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportPrefix<'a> {
    pub account: &'a str,
    pub region: &'a str,
    /// With `!` for each slash.
    group: &'a str,
}

impl<'a> ExportPrefix<'a> {
    /// Reads the prefix of a key, without its last slash; `None` if `logferry export` did not choose it.
    pub fn read(prefix: &'a str) -> Option<Self> {
        let mut segments = prefix.rsplit('/');
        let (group, region) = (segments.next()?, segments.next()?);
        let (account, mark) = (segments.next()?, segments.next()?);
        (mark == MARK && is_account(account) && is_region(region) && !group.is_empty()).then_some(
            Self {
                account,
                region,
                group,
            },
        )
    }

    pub fn log_group(&self) -> String {
        group_of_escaped(self.group)
    }
}

/// The prefix of the keys of one group, without a slash at its ends. `base` is the operator's prefix.
pub fn export_prefix(base: &str, account: &str, region: &str, log_group: &str) -> String {
    let group = escaped_group(log_group);
    let prefix = format!(
        "{}/{MARK}/{account}/{region}/{group}",
        base.trim_matches('/')
    );
    prefix.trim_start_matches('/').to_owned()
}

/// The name of a group as one segment of a key.
pub fn escaped_group(log_group: &str) -> String {
    log_group.replace('/', "!")
}

/// The group that [`escaped_group`] has made a segment of.
pub fn group_of_escaped(segment: &str) -> String {
    segment.replace('!', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_comes_back() {
        for base in ["", "exports", "/a/b/", "logferry"] {
            for group in ["/aws/lambda/orders", "aws/lambda/orders", "a_b-c.d#e", "/"] {
                let prefix = export_prefix(base, "123456789012", "eu-central-1", group);
                assert!(
                    !prefix.starts_with('/') && !prefix.ends_with('/'),
                    "{prefix}"
                );
                let read = ExportPrefix::read(&prefix).unwrap();
                assert_eq!(
                    (read.account, read.region),
                    ("123456789012", "eu-central-1")
                );
                assert_eq!(read.log_group(), group);
            }
        }
        assert_eq!(
            export_prefix(
                "exports/",
                "123456789012",
                "eu-central-1",
                "/aws/lambda/orders"
            ),
            "exports/logferry/123456789012/eu-central-1/!aws!lambda!orders"
        );
    }

    #[test]
    fn other_prefixes_say_nothing() {
        for prefix in [
            "",
            "exports",
            "logferry/123456789012/eu-central-1",
            "exports/123456789012/eu-central-1/!aws!lambda!x",
            "exports/logferry/12345678901/eu-central-1/!aws!lambda!x",
            "exports/logferry/123456789012/here/!aws!lambda!x",
            "exports/logferry/123456789012/eu-central-1/!aws!lambda!x/more",
            "exports/logferry/123456789012/eu-central-1/",
        ] {
            assert_eq!(ExportPrefix::read(prefix), None, "{prefix}");
        }
    }
}
