/*! A condition and the values of a request go in; whether the condition holds comes out. */

use crate::check::policy::document::Condition;
use crate::check::policy::pattern::{arn, glob};
use crate::check::policy::sender::{Sender, Source};

/// Whether something holds; `Unknown` if the check does not know a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    pub(super) fn of(holds: bool) -> Self {
        match holds {
            true => Truth::Yes,
            false => Truth::No,
        }
    }

    fn not(self) -> Self {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Truth::No, _) | (_, Truth::No) => Truth::No,
            (Truth::Yes, Truth::Yes) => Truth::Yes,
            _ => Truth::Unknown,
        }
    }
}

/// The value of a key in a request of a sender.
enum Known {
    Text(String),
    /// The value begins so.
    Begins(String),
    /// The request has no such key.
    Absent,
    Unknown,
}

fn value(sender: &Sender, key: &str) -> Known {
    let text = |text: &str| Known::Text(text.to_owned());
    match &*key.to_ascii_lowercase() {
        "aws:sourcearn" => match &sender.source {
            Source::Arn(arn) => text(arn),
            Source::Begins(begin) => Known::Begins(begin.clone()),
        },
        "aws:sourceaccount" | "aws:sourceowner" => match &sender.account {
            Some(account) => text(account),
            None => Known::Unknown,
        },
        "aws:securetransport" | "aws:principalisawsservice" => text("true"),
        "aws:viaawsservice" => text("false"),
        "aws:principalservicename" => text(&sender.service),
        // A service is no member of an organisation, and calls over no VPC endpoint of the account.
        "aws:principalorgid"
        | "aws:principalaccount"
        | "aws:principalarn"
        | "aws:sourcevpce"
        | "aws:sourcevpc" => Known::Absent,
        _ => Known::Unknown,
    }
}

/// Whether the condition holds for a request of the sender.
pub(super) fn holds(condition: &Condition, sender: &Sender) -> Truth {
    let operator = condition.operator.to_ascii_lowercase();
    // It holds for all values of a key that the request does not have.
    let of_all = operator.starts_with("forallvalues:");
    let operator = operator
        .strip_prefix("foranyvalue:")
        .or(operator.strip_prefix("forallvalues:"))
        .unwrap_or(&operator);
    let (operator, if_exists) = match operator.strip_suffix("ifexists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let known = value(sender, &condition.key);
    if operator == "null" {
        let wants_absent = condition.values.iter().any(|v| v == "true");
        return match known {
            Known::Unknown => Truth::Unknown,
            Known::Absent => Truth::of(wants_absent),
            Known::Text(_) | Known::Begins(_) => Truth::of(!wants_absent),
        };
    }
    let Some((negated, matches)) = matcher(operator) else {
        return Truth::Unknown;
    };
    let any = match known {
        Known::Unknown => return Truth::Unknown,
        Known::Absent => return Truth::of(if_exists || negated || of_all),
        Known::Text(text) => Truth::of(condition.values.iter().any(|v| matches(v, &text))),
        Known::Begins(begin) => condition
            .values
            .iter()
            .map(|v| may_match(v, &begin))
            .fold(Truth::No, |any, one| any.not().and(one.not()).not()),
    };
    match negated {
        true => any.not(),
        false => any,
    }
}

type Matches = fn(&str, &str) -> bool;

/// Whether the operator is a negation, and how it compares a pattern with a value. `None`: an unknown operator.
fn matcher(operator: &str) -> Option<(bool, Matches)> {
    let equal: Matches = |pattern, text| pattern == text;
    let equal_ignoring_case: Matches = |pattern, text| pattern.eq_ignore_ascii_case(text);
    Some(match operator {
        "stringequals" => (false, equal),
        "stringnotequals" => (true, equal),
        "stringequalsignorecase" | "bool" => (false, equal_ignoring_case),
        "stringnotequalsignorecase" => (true, equal_ignoring_case),
        "stringlike" => (false, glob),
        "stringnotlike" => (true, glob),
        "arnequals" | "arnlike" => (false, arn),
        "arnnotequals" | "arnnotlike" => (true, arn),
        _ => return None,
    })
}

/// Whether some value that begins so matches.
fn may_match(pattern: &str, begin: &str) -> Truth {
    let literal = pattern.split(['*', '?']).next().unwrap_or_default();
    match pattern.starts_with(begin)
        || (literal.len() < pattern.len() && begin.starts_with(literal))
    {
        // Which value it is, is not known: a pattern of the same kind counts as its own.
        true => Truth::Yes,
        false => Truth::No,
    }
}
