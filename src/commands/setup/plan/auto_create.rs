/*! Whether OpenSearch makes the daily indices by itself: the cluster setting `action.auto_create_index` may forbid
it. */

use crate::commands::setup::plan::overlap::overlap;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{alias, index_patterns};

const SETTING: &str = "action.auto_create_index";

/// A sentence about the value to set, if the setting forbids some daily indices of logferry.
pub(crate) fn forbids(setting: &str, prefix: &str) -> Option<String> {
    let forbidden: Vec<String> = DocumentKind::ALL
        .into_iter()
        .filter(|kind| {
            let mut patterns = index_patterns(prefix, *kind).into_iter();
            !patterns.all(|ours| allows_all(setting, &ours))
        })
        .map(|kind| format!("{}-*", alias(prefix, kind)))
        .collect();
    if forbidden.is_empty() {
        return None;
    }
    let rest = match setting.trim() {
        "false" | "" => String::new(),
        list => format!(",{list}"),
    };
    Some(format!(
        "the cluster setting {SETTING} is \"{setting}\": it forbids OpenSearch to make daily indices ({}), so their documents are refused; set it to \"+{prefix}-*{rest}\"",
        forbidden.join(", ")
    ))
}

/// Whether OpenSearch may make every index that a pattern of logferry matches. The first pattern of the setting that
/// matches a name decides.
fn allows_all(setting: &str, ours: &str) -> bool {
    match setting.trim() {
        "true" | "" => return true,
        "false" => return false,
        _ => {}
    }
    // A name with an unknown character where the pattern of logferry has a star.
    let any = ours.replace('*', "\0");
    for pattern in setting.split(',').map(str::trim) {
        let (allowed, pattern) = match (pattern.strip_prefix('+'), pattern.strip_prefix('-')) {
            (Some(pattern), _) => (true, pattern),
            (_, Some(pattern)) => (false, pattern),
            _ => (true, pattern),
        };
        if allowed && overlap(pattern, &any) {
            return true;
        }
        if !allowed && overlap(pattern, ours) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tried with 3.4.0: the first pattern that matches decides, and what none matches is forbidden.
    #[test]
    fn the_first_pattern_that_matches_decides() {
        for allowed in [
            "true",
            "",
            "*",
            "+*",
            "lf-*",
            "+lf-*",
            " +lf-* , -* ",
            "+lf-*,-lf-logs-*",
            "-other-*,+*",
            "-lf,+*",
            "lf-logs-*,lf-invocations-*",
            "+l*-logs-*,+l*s-*.*",
            "-lf-archive*,+lf-*",
        ] {
            assert_eq!(forbids(allowed, "lf"), None, "{allowed}");
        }
        for (forbidden, which) in [
            ("false", "(lf-logs-*, lf-invocations-*)"),
            ("other-*", "(lf-logs-*, lf-invocations-*)"),
            ("-lf-*,+*", "(lf-logs-*, lf-invocations-*)"),
            ("-*,+lf-*", "(lf-logs-*, lf-invocations-*)"),
            ("+lf-logs-*", "(lf-invocations-*)"),
            ("-lf-logs-*,+lf-*", "(lf-logs-*)"),
            // One day, and one year, of many.
            ("-lf-logs-2026.11.27,+*", "(lf-logs-*)"),
            ("+lf-logs-2026*,+lf-invocations-*", "(lf-logs-*)"),
        ] {
            let sentence = forbids(forbidden, "lf").expect(forbidden);
            assert!(sentence.contains(which), "{forbidden}: {sentence}");
            assert!(sentence.contains("set it to \"+lf-*"), "{sentence}");
        }
    }

    #[test]
    fn what_the_sentence_says_to_set_is_allowed() {
        for forbidden in ["false", "other-*", "-lf-*,+*", "-*"] {
            let sentence = forbids(forbidden, "lf").expect(forbidden);
            let (_, set) = sentence.rsplit_once("set it to \"").expect(forbidden);
            assert_eq!(forbids(set.trim_end_matches('"'), "lf"), None, "{sentence}");
        }
    }
}
