/*! The prefix of an object's key goes in; log group, function, account and region come out, at the positions that an
operator's pattern names. */

use std::str::FromStr;

use percent_encoding::percent_decode_str;
use regex::Regex;

use crate::decode::log_group;

/// A pattern for the whole prefix of a key before an export's task id, such as `exports/{log_group}/`.
///
/// Placeholders: `{log_group}` (may contain slashes), `{function}`, `{account}` (twelve digits), `{region}`, and `*`
/// for any text without a slash. All other text matches itself; slashes at the pattern's ends are ignored.
///
/// Not every prefix can hold a group's slashes, so `{log_group}` gives `/aws/lambda/foo` for each of `/aws/lambda/foo`,
/// `aws/lambda/foo`, `%2Faws%2Flambda%2Ffoo`, `aws-lambda-foo`, `aws_lambda_foo` and `aws.lambda.foo` (the last three
/// also with a leading separator). Any other text is the name of the group, percent-decoded. Without `{log_group}`,
/// `{function}` gives the group `/aws/lambda/<function>`.
#[derive(Debug, Clone)]
pub struct LogGroupPattern {
    source: String,
    regex: Regex,
}

/// The values at a pattern's placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogGroupCaptures {
    /// Log group, with its slashes.
    pub log_group: Option<String>,
    /// Function name.
    pub function_name: Option<String>,
    /// Account id, twelve digits.
    pub account: Option<String>,
    /// Region, such as `eu-central-1`.
    pub region: Option<String>,
}

/// Why a pattern is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// An unknown placeholder.
    #[error(
        "no placeholder is called {{{0}}}; there are {{log_group}}, {{function}}, {{account}} and {{region}}"
    )]
    Unknown(String),
    /// A placeholder that occurs twice.
    #[error("{{{0}}} occurs twice")]
    Twice(String),
    /// `{` without `}`.
    #[error("a {{ has no }}")]
    Open,
    /// The pattern has neither `{log_group}` nor `{function}`.
    #[error("neither {{log_group}} nor {{function}} occurs")]
    Useless,
    /// The pattern is too long to compile.
    #[error("the pattern is too long")]
    TooLong,
}

impl LogGroupPattern {
    /// The values in the prefix of a key; `None` if the pattern does not match.
    pub(crate) fn find(&self, prefix: &str) -> Option<LogGroupCaptures> {
        let captures = self.regex.captures(prefix)?;
        let get = |name: &str| captures.name(name).map(|found| found.as_str().to_owned());
        let function = get("function");
        let log_group = get("log_group").map(|text| group_name(&text));
        Some(LogGroupCaptures {
            log_group: log_group.or_else(|| function.as_ref().map(|f| format!("/aws/lambda/{f}"))),
            function_name: function,
            account: get("account"),
            region: get("region"),
        })
    }
}

impl FromStr for LogGroupPattern {
    type Err = PatternError;

    fn from_str(source: &str) -> Result<Self, PatternError> {
        let mut regex = String::from("^/*");
        let mut seen = Vec::new();
        let mut rest = source.trim_matches('/');
        while let Some(at) = rest.find(['{', '*']) {
            regex.push_str(&regex::escape(&rest[..at]));
            if rest[at..].starts_with('*') {
                regex.push_str("[^/]*");
                rest = &rest[at + 1..];
                continue;
            }
            let (name, after) = rest[at + 1..].split_once('}').ok_or(PatternError::Open)?;
            regex.push_str(match name {
                "log_group" => "(?P<log_group>.+?)",
                "function" => "(?P<function>[^/]+?)",
                "account" => "(?P<account>[0-9]{12})",
                "region" => "(?P<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]+)",
                _ => return Err(PatternError::Unknown(name.to_owned())),
            });
            if seen.contains(&name) {
                return Err(PatternError::Twice(name.to_owned()));
            }
            seen.push(name);
            rest = after;
        }
        if !seen
            .iter()
            .any(|name| matches!(*name, "log_group" | "function"))
        {
            return Err(PatternError::Useless);
        }
        regex.push_str(&regex::escape(rest));
        regex.push_str("/*$");
        Ok(LogGroupPattern {
            source: source.to_owned(),
            regex: Regex::new(&regex).map_err(|_| PatternError::TooLong)?,
        })
    }
}

impl std::fmt::Display for LogGroupPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}

/// The name of the log group that `text` in a key stands for.
pub(crate) fn group_name(text: &str) -> String {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_or_else(|_| text.to_owned(), |decoded| decoded.into_owned());
    let bare = text.trim_start_matches(['/', '-', '_', '.']);
    for separator in ['/', '-', '_', '.'] {
        let function = bare
            .strip_prefix("aws")
            .and_then(|rest| rest.strip_prefix(separator))
            .and_then(|rest| rest.strip_prefix("lambda"))
            .and_then(|rest| rest.strip_prefix(separator));
        if let Some(function) = function {
            // A dot that follows no region ends the name of a Web Function's own copy: `aws-lambda-web-x.local`.
            let web = function
                .strip_prefix("web")
                .and_then(|rest| rest.strip_prefix(separator))
                .filter(|name| separator == '.' || name.contains('.'))
                .map(|name| format!("/aws/lambda/web/{name}"));
            for group in [Some(format!("/aws/lambda/{function}")), web]
                .into_iter()
                .flatten()
            {
                if log_group::function_of_group(&group).is_some() {
                    return group;
                }
            }
        }
    }
    if text.starts_with("aws/") {
        return format!("/{text}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(pattern: &str, prefix: &str) -> Option<String> {
        let pattern: LogGroupPattern = pattern.parse().unwrap();
        pattern.find(prefix)?.log_group
    }

    #[test]
    fn slashes_of_a_group_come_back() {
        for prefix in [
            "exports//aws/lambda/my-fn",
            "exports/aws/lambda/my-fn",
            "exports/%2Faws%2Flambda%2Fmy-fn",
            "exports/aws-lambda-my-fn",
            "exports/-aws-lambda-my-fn",
            "exports/aws_lambda_my-fn",
            "exports/aws.lambda.my-fn",
        ] {
            assert_eq!(
                group("exports/{log_group}/", prefix).as_deref(),
                Some("/aws/lambda/my-fn"),
                "{prefix}"
            );
        }
        assert_eq!(
            group("exports/{log_group}", "exports/my-team/app").as_deref(),
            Some("my-team/app")
        );
        assert_eq!(
            group("{log_group}", "aws/codebuild/x").as_deref(),
            Some("/aws/codebuild/x")
        );
        assert_eq!(group("exports/{log_group}/", "other/aws-lambda-x"), None);
        assert_eq!(group("exports/{log_group}/", "exports"), None);
    }

    #[test]
    fn groups_of_web_functions_come_back() {
        for (prefix, group_name) in [
            ("exports//aws/lambda/web/x", "/aws/lambda/web/x"),
            ("exports/aws/lambda/web/x.local", "/aws/lambda/web/x.local"),
            (
                "exports/%2Faws%2Flambda%2Fweb%2Fx.local",
                "/aws/lambda/web/x.local",
            ),
            ("exports/aws-lambda-web-x.local", "/aws/lambda/web/x.local"),
            ("exports/aws_lambda_web_x.local", "/aws/lambda/web/x.local"),
            ("exports/aws.lambda.web.x", "/aws/lambda/web/x"),
            ("exports/aws.lambda.web.x.local", "/aws/lambda/web/x.local"),
            // A function may be called `web-x`.
            ("exports/aws-lambda-web-x", "/aws/lambda/web-x"),
            ("exports/aws.lambda.us-east-1.x", "/aws/lambda/us-east-1.x"),
        ] {
            assert_eq!(
                group("exports/{log_group}/", prefix).as_deref(),
                Some(group_name),
                "{prefix}"
            );
        }
    }

    #[test]
    fn other_placeholders() {
        let pattern: LogGroupPattern = "/logs/{account}/{region}/*/{function}/".parse().unwrap();
        let found = pattern.find("logs/123456789012/eu-central-1/any/checkout");
        assert_eq!(
            found,
            Some(LogGroupCaptures {
                log_group: Some("/aws/lambda/checkout".into()),
                function_name: Some("checkout".into()),
                account: Some("123456789012".into()),
                region: Some("eu-central-1".into()),
            })
        );
        assert_eq!(pattern.find("logs/12345/eu-central-1/any/checkout"), None);
        assert_eq!(
            group("a.b/{function}-logs", "a.b/my-fn-logs").as_deref(),
            Some("/aws/lambda/my-fn")
        );
        assert_eq!(group("a.b/{function}-logs", "axb/my-fn-logs"), None);
    }

    #[test]
    fn refused_patterns() {
        let error = |pattern: &str| pattern.parse::<LogGroupPattern>().unwrap_err();
        assert_eq!(error("x/{group}"), PatternError::Unknown("group".into()));
        assert_eq!(
            error("{function}/{function}"),
            PatternError::Twice("function".into())
        );
        assert_eq!(error("{function"), PatternError::Open);
        assert_eq!(error("exports/{region}"), PatternError::Useless);
        assert_eq!(error(""), PatternError::Useless);
        assert!(error("{x}").to_string().contains("{log_group}"));
    }
}
