/*! The name of a log group goes in; function, account and region come out, as far as the name states them.

Three sorts of groups name a function: Lambda's own (`/aws/lambda/<name>`), those of Web Functions
(`/aws/lambda/web/<name>`, and `….local` with a copy of the same events), and central groups, into which CloudWatch
copies the events of other accounts and regions. A central group's name is made of a pattern of variables, for example
`${source.accountId}/${source.region}/${source.logGroup}`. */

/// What the name of a log group states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupName<'a> {
    pub function: Option<&'a str>,
    /// The account that logged, twelve digits.
    pub account: Option<&'a str>,
    /// The region that logged.
    pub region: Option<&'a str>,
    /// Whether the group is the region's own copy of a Web Function's group: its events are in the other group too.
    pub is_local_copy: bool,
}

const LAMBDA: &str = "aws/lambda/";
const WEB: &str = "web/";
const LOCAL: &str = ".local";

/// Reads the name of a log group.
pub fn read(group: &str) -> GroupName<'_> {
    let Some((before, name)) = split_at_lambda(group) else {
        return central_without_function(group);
    };
    let (name, is_web) = match name.strip_prefix(WEB) {
        Some(name) => (name, true),
        None => (name, false),
    };
    let (name, behind) = name.split_once('/').unwrap_or((name, ""));
    let local = name.strip_suffix(LOCAL).filter(|_| is_web);
    let (mut account, mut region) = (None, None);
    let mut unknown = false;
    for segment in before.split('/') {
        note(segment, &mut account, &mut region);
    }
    for segment in behind.split('/').filter(|segment| !segment.is_empty()) {
        unknown |= !note(segment, &mut account, &mut region);
    }
    GroupName {
        function: function(local.unwrap_or(name)).filter(|_| !unknown),
        account,
        region,
        is_local_copy: local.is_some_and(|name| !name.is_empty()) && !unknown,
    }
}

/// The function whose log group this is.
pub fn function_of_group(group: &str) -> Option<&str> {
    read(group).function
}

/// The group that a local copy is a copy of, or `group` itself.
pub fn original_of(group: &str) -> &str {
    match read(group).is_local_copy {
        true => group.strip_suffix(LOCAL).unwrap_or(group),
        false => group,
    }
}

/// The text before the last `aws/lambda/` that begins a segment, and the text behind it.
fn split_at_lambda(group: &str) -> Option<(&str, &str)> {
    let mut found = group.rmatch_indices(LAMBDA);
    let (at, _) = found.find(|(at, _)| group[..*at].is_empty() || group[..*at].ends_with('/'))?;
    Some((&group[..at], &group[at + LAMBDA.len()..]))
}

/// A central group of other logs: without the mark of Lambda's groups, only an account and a region side by side show
/// that the group is one.
fn central_without_function(group: &str) -> GroupName<'_> {
    let mut segments = group.split('/').peekable();
    while let Some(segment) = segments.next() {
        if let Some(next) = segments.peek() {
            for (account, region) in [(segment, *next), (*next, segment)] {
                if is_account(account) && is_region(region) {
                    return GroupName {
                        account: Some(account),
                        region: Some(region),
                        ..GroupName::default()
                    };
                }
            }
        }
    }
    GroupName::default()
}

/// Takes account and region from one segment of a name: alone, or joined as in `123456789012-us-east-1`. False if the
/// segment is neither.
fn note<'a>(segment: &'a str, account: &mut Option<&'a str>, region: &mut Option<&'a str>) -> bool {
    let segment = segment.trim_matches(SEPARATORS);
    if is_account(segment) {
        *account = Some(segment);
    } else if is_region(segment) {
        *region = Some(segment);
    } else if let Some((first, second)) = joined(segment) {
        *account = Some(first);
        *region = Some(second);
    } else {
        return false;
    }
    true
}

/// Account and region of `<account>-<region>` or `<region>-<account>`, with any separator.
fn joined(segment: &str) -> Option<(&str, &str)> {
    let first = segment.split_at_checked(ACCOUNT);
    let last = segment
        .len()
        .checked_sub(ACCOUNT)
        .and_then(|at| segment.split_at_checked(at));
    let separated = |text: &str| text.starts_with(SEPARATORS) || text.ends_with(SEPARATORS);
    let pairs = [first, last.map(|(region, account)| (account, region))];
    pairs.into_iter().flatten().find_map(|(account, region)| {
        let trimmed = region.trim_matches(SEPARATORS);
        (is_account(account) && separated(region) && is_region(trimmed))
            .then_some((account, trimmed))
    })
}

const SEPARATORS: [char; 4] = ['-', '_', '.', ':'];

/// The function in the last part of a group's name. Lambda@Edge puts the region of the function before it:
/// `us-east-1.<name>`. No other function's name has a dot.
fn function(name: &str) -> Option<&str> {
    let name = match name.split_once('.') {
        Some((region, name)) if is_region(region) => name,
        Some(_) => return None,
        None => name,
    };
    (!name.is_empty()).then_some(name)
}

/// Length of an account's id in digits.
const ACCOUNT: usize = 12;

/// Whether `text` is the id of an AWS account.
pub fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` has the form of a region's name: `eu-central-1`, `us-gov-west-1`, `us-isob-east-1`,
/// `eusc-de-east-1`.
pub fn is_region(text: &str) -> bool {
    const DIRECTIONS: [&str; 9] = [
        "north",
        "south",
        "east",
        "west",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
    ];
    let mut parts = text.split('-');
    let (Some(area), Some(second), Some(third)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (part, direction, number) = match parts.next() {
        Some(number) => (Some(second), third, number),
        None => (None, second, third),
    };
    let is_part = |part: &str| part == "gov" || part.starts_with("iso") || area == "eusc";
    (2..=4).contains(&area.len())
        && area.bytes().all(|byte| byte.is_ascii_lowercase())
        && part.is_none_or(is_part)
        && DIRECTIONS.contains(&direction)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

    fn parts(group: &str) -> Parts<'_> {
        let name = read(group);
        (name.function, name.account, name.region)
    }

    #[test]
    fn functions_of_lambdas_own_groups() {
        for (group, function) in [
            ("/aws/lambda/checkout", Some("checkout")),
            ("/aws/lambda/us-east-1.checkout", Some("checkout")),
            ("/aws/lambda/web", Some("web")),
            ("/aws/lambda/", None),
            ("/aws/lambda/team/checkout", None),
            ("/aws/lambda/checkout.local", None),
            ("/aws/codebuild/x", None),
            ("/my-aws/lambda/x", None),
        ] {
            assert_eq!(parts(group), (function, None, None), "{group}");
            assert!(!read(group).is_local_copy, "{group}");
        }
    }

    #[test]
    fn groups_of_web_functions_and_their_local_copies() {
        for (group, function, is_local_copy) in [
            ("/aws/lambda/web/my-site", Some("my-site"), false),
            ("/aws/lambda/web/my-site.local", Some("my-site"), true),
            ("/aws/lambda/web/local", Some("local"), false),
            ("/aws/lambda/web/", None, false),
            ("/aws/lambda/web/.local", None, false),
            ("/aws/lambda/web/a/b.local", None, false),
        ] {
            let name = read(group);
            assert_eq!(name.function, function, "{group}");
            assert_eq!(name.is_local_copy, is_local_copy, "{group}");
        }
        let central = read("123456789012/eu-west-1/aws/lambda/web/my-site.local");
        assert_eq!(central.function, Some("my-site"));
        assert!(central.is_local_copy);
    }

    #[test]
    fn central_groups_name_function_account_and_region() {
        let (account, region) = (Some("123456789012"), Some("us-east-1"));
        for group in [
            "123456789012/us-east-1/aws/lambda/checkout",
            "123456789012/us-east-1//aws/lambda/checkout",
            "/centralized/123456789012/us-east-1/aws/lambda/checkout",
            "/centralized/us-east-1/prod/123456789012/aws/lambda/checkout",
            "o-a1b2c3/ou-ab12-cdef3456/123456789012/us-east-1/aws/lambda/checkout",
            "123456789012-us-east-1/aws/lambda/checkout",
            "logs/us-east-1_123456789012//aws/lambda/checkout",
            "us-east-1:123456789012:/aws/lambda/checkout",
            "/aws/lambda/checkout/123456789012/us-east-1",
            "/aws/lambda/checkout/us-east-1.123456789012",
            "/aws/lambda/other/123456789012/us-east-1/aws/lambda/checkout",
        ] {
            assert_eq!(parts(group), (Some("checkout"), account, region), "{group}");
        }
        for (group, expected) in [
            ("123456789012/aws/lambda/x", (Some("x"), account, None)),
            ("central/us-east-1/aws/lambda/x", (Some("x"), None, region)),
            (
                "central/1234567890123/aws/lambda/x",
                (Some("x"), None, None),
            ),
            (
                "central/prod-us-east-1/aws/lambda/x",
                (Some("x"), None, None),
            ),
            (
                "123456789012/us-east-1/cloudtrail/managementevent",
                (None, account, region),
            ),
            ("orders/us-east-1/app", (None, None, None)),
            ("orders/123456789012/app", (None, None, None)),
            ("central", (None, None, None)),
            ("", (None, None, None)),
        ] {
            assert_eq!(parts(group), expected, "{group}");
        }
    }

    #[test]
    fn names_of_regions() {
        for region in [
            "eu-central-1",
            "ap-southeast-7",
            "us-gov-west-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
            "mx-central-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        for other in [
            "",
            "us-east",
            "us-east-x",
            "us-east-1a",
            "prod-us-east-1",
            "us-east-123",
            "US-EAST-1",
            "us-east-1-2-3",
            "my-lambda-1",
            "é-east-1",
        ] {
            assert!(!is_region(other), "{other}");
        }
    }
}
