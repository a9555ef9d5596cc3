/*! TEXT before it is searched: the fields that it names, and what OpenSearch says of it. Pure. */

use std::collections::BTreeSet;

use serde_json::Value;

use crate::commands::search::fields::{Field, fields};
use logferry_core::document::index_name::DocumentKind;

/// What is known of a TEXT before it is searched.
#[derive(Debug, PartialEq, Eq)]
pub enum Checked {
    Good,
    /// It makes no sense: why, in a sentence.
    Wrong(String),
    /// Nobody can say: why. What is found then is right; that nothing was found proves nothing.
    Unknown(String),
}

/// What to do about a TEXT that is none.
const LITERALLY: &str = "--literal searches for TEXT as it stands, without fields and operators";

/// Reads an answer of `_validate/query?explain=true`.
pub fn check(text: &str, literal: bool, kind: DocumentKind, answer: &Value) -> Checked {
    let shards = |name| answer["_shards"][name].as_u64();
    let (Some(explanations), Some(valid), Some(total), Some(failed)) = (
        answer["explanations"].as_array(),
        answer["valid"].as_bool(),
        shards("total"),
        shards("failed"),
    ) else {
        return Checked::Unknown("OpenSearch answered with something else".to_owned());
    };
    if !valid {
        let error = explanations.iter().find_map(|e| e["error"].as_str());
        let error = error.unwrap_or("OpenSearch gives no reason");
        // A blocked index makes a query invalid too.
        let about_text = error.contains("QueryShardException") || error.contains("ParseException");
        return if about_text {
            Checked::Wrong(refused(text, literal, error))
        } else {
            Checked::Unknown(brief(error))
        };
    }
    if explanations.is_empty() && total > 0 {
        return Checked::Unknown(format!("{failed} of {total} shards did not answer"));
    }
    // As of `message:>`.
    let empty = |explanation: &Value| explanation["explanation"] == "#()";
    if !explanations.is_empty() && explanations.iter().all(empty) {
        return Checked::Wrong(refused(text, literal, "it says nothing to search for"));
    }
    let unknown = (!literal).then(|| unknown_field(text, explanations));
    match unknown.flatten() {
        None => Checked::Good,
        // Another index may have it.
        Some(_) if failed > 0 => {
            Checked::Unknown(format!("{failed} of {total} shards did not answer"))
        }
        Some(name) => Checked::Wrong(format!(
            "TEXT: there is no field {name}{}; {LITERALLY}",
            match kind {
                DocumentKind::Log => ", as there is log.level, error.type, faas.name or app.KEY",
                DocumentKind::Invocation =>
                    " of invocations, as there is invocation.status, lambda.error_type or faas.name",
            }
        )),
    }
}

/// What is wrong with TEXT, if that is why a search failed.
pub fn refused_search(text: &str, literal: bool, error: &str) -> Option<String> {
    let (_, reason) = error.split_once("query_shard_exception: ")?;
    Some(refused(text, literal, reason))
}

/// From OpenSearch's words, which go on over many lines.
fn refused(text: &str, literal: bool, error: &str) -> String {
    let between = |begin: &str, end: &str| {
        let rest = error.split_once(begin)?.1;
        rest.split_once(end).map(|(inside, _)| inside)
    };
    let place = || {
        let rest = error.split_once(" at line ")?.1;
        let (line, rest) = rest.split_once(", column ")?;
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        Some(match line {
            "1" => format!("it breaks off at character {}", &rest[..end]),
            line => format!("it breaks off in line {line} at character {}", &rest[..end]),
        })
    };
    let why = if let Some(value) = between("For input string: \"", "\"") {
        format!("{value:?} is no number, which must stand there")
    } else if let Some(value) = between("failed to parse date field [", "]") {
        format!("{value:?} is no time, such as 2026-11-23T10:00:00Z")
    } else if error.contains("maxClauseCount") || error.contains("too_many_clauses") {
        "it has more words than one query may have".to_owned()
    } else if error.contains("Encountered \"<EOF>\"") || error.contains("Encountered: <EOF>") {
        "it ends too early, as after an open quote or bracket".to_owned()
    } else if let Some(place) = place() {
        place
    } else if error.contains("Failed to parse query [") {
        "it cannot be parsed".to_owned()
    } else {
        let reason = between("QueryShardException[", "]; nested").unwrap_or(error);
        let reason = reason
            .split_once("QueryShardException[")
            .map_or(reason, |(_, r)| r);
        let reason = reason
            .strip_prefix("failed to create query: ")
            .unwrap_or(reason);
        brief(reason.trim_end_matches(']'))
    };
    let text = quoted(text);
    if literal {
        format!("TEXT: {text} cannot be searched for: {why}")
    } else {
        format!("TEXT: {text} is no query_string query: {why}; {LITERALLY}")
    }
}

/// As it stands in a sentence: pasted text may be long.
pub fn quoted(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

/// The beginning of its first line.
pub fn brief(words: &str) -> String {
    let line = words.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}

/// A field of TEXT that no index has: it finds nothing, which could be taken for an answer.
fn unknown_field(text: &str, explanations: &[Value]) -> Option<String> {
    let mut indices = explanations.iter().map(|explanation| {
        let explanation = explanation["explanation"].as_str().unwrap_or_default();
        unmapped(explanation)
    });
    let first = indices.next()?;
    let in_all = indices.fold(first, |all, more| {
        all.intersection(&more).cloned().collect()
    });
    let fields = fields(text);
    in_all.iter().find_map(|words| field_of(words, &fields))
}

/// What an explanation says to match nothing because there is no such field. `null` and nothing stand for the fields that are
/// searched where TEXT names none.
fn unmapped(explanation: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in explanation.split("MatchNoDocsQuery(\"").skip(1) {
        let list = part.strip_prefix("unmapped fields [");
        let words = match list {
            Some(list) => list.split_once("]\")"),
            None => part
                .strip_prefix("unmapped field:")
                .and_then(|field| field.split_once("\")")),
        };
        let words = words.map(|(words, _)| words);
        found.extend(
            words
                .filter(|w| !w.is_empty() && *w != "null")
                .map(str::to_owned),
        );
    }
    found
}

/// OpenSearch names the field, but of `name:begin*` and `name:/pattern/` the value instead.
fn field_of(words: &str, fields: &[Field<'_>]) -> Option<String> {
    let value = |field: &Field<'_>| {
        let value = field
            .value
            .trim_start_matches(|c: char| c.is_whitespace() || "(/+-\"".contains(c));
        value.starts_with(words)
    };
    let exists = fields
        .iter()
        .find(|field| field.name == "_exists_" && value(field));
    if exists.is_some() {
        return Some(words.to_owned());
    }
    let field = fields.iter().find(|field| field.name == words);
    let field = field.or_else(|| fields.iter().find(|field| value(field)));
    // Whichever it is, TEXT is wrong.
    let field = field.or(fields.first())?;
    Some(field.name.clone())
}

/// Whether TEXT may name a field.
pub fn names_fields(text: &str) -> bool {
    text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(explanations: &[&str]) -> Value {
        let explanations = explanations.iter().enumerate().map(|(day, explanation)| {
            json!({"index": format!("logferry-logs-2026.11.{day:02}"), "valid": true, "explanation": explanation})
        });
        let explanations: Vec<Value> = explanations.collect();
        json!({
            "_shards": {"total": explanations.len(), "successful": explanations.len(), "failed": 0},
            "valid": true, "explanations": explanations,
        })
    }

    /// Explanations as 3.4.0 gives them.
    #[test]
    fn a_field_that_no_index_has_is_named() {
        for (text, explanation, field) in [
            (
                "level:ERROR",
                "#MatchNoDocsQuery(\"unmapped fields [level]\")",
                "level",
            ),
            (
                "Error: boom",
                "#MatchNoDocsQuery(\"unmapped fields [Error]\")",
                "Error",
            ),
            (
                "le\\:vel:x",
                "#MatchNoDocsQuery(\"unmapped fields [le:vel]\")",
                "le:vel",
            ),
            (
                "_exists_:foo",
                "#MatchNoDocsQuery(\"unmapped field:foo\")",
                "foo",
            ),
            (
                "_exists_:\"foo bar\"",
                "#MatchNoDocsQuery(\"unmapped field:foo bar\")",
                "foo bar",
            ),
            (
                "nope:*",
                "#MatchNoDocsQuery(\"unmapped field:nope\")",
                "nope",
            ),
            (
                "nope:a*",
                "#MatchNoDocsQuery(\"unmapped fields [a]\")",
                "nope",
            ),
            (
                "nope:*a",
                "#MatchNoDocsQuery(\"unmapped fields [*a]\")",
                "nope",
            ),
            (
                "nope:/[/",
                "#MatchNoDocsQuery(\"unmapped fields [[]\")",
                "nope",
            ),
            (
                "log.level:x AND nope:(+a*)",
                "#(+ConstantScore(log.level:x) +MatchNoDocsQuery(\"unmapped fields [a]\"))",
                "nope",
            ),
            (
                "(message:a OR (log.level:b AND (nope:c)))",
                "#(ConstantScore(message:a) (+ConstantScore(log.level:b) +MatchNoDocsQuery(\"unmapped fields [nope]\")))",
                "nope",
            ),
            (
                "NOT nope:x",
                "#(-MatchNoDocsQuery(\"unmapped fields [nope]\") #*:*)",
                "nope",
            ),
            (
                "a^9 nope:b^2",
                "#(+(ConstantScore(message:a))^9.0 +(MatchNoDocsQuery(\"unmapped fields [nope]\"))^2.0)",
                "nope",
            ),
        ] {
            let Checked::Wrong(said) = check(
                text,
                false,
                DocumentKind::Log,
                &answer(&[explanation, explanation]),
            ) else {
                panic!("{text}")
            };
            assert!(
                said.starts_with(&format!("TEXT: there is no field {field}, ")),
                "{said}"
            );
        }
    }

    #[test]
    fn a_field_that_one_index_has_is_there() {
        let unknown = "#MatchNoDocsQuery(\"unmapped fields [a]\")";
        let other = "#MatchNoDocsQuery(\"unmapped fields [b]\")";
        let known = "#ConstantScore(a:x)";
        for explanations in [
            &[known][..],
            &[unknown, known],
            &[known, unknown],
            &[unknown, other],
            &[],
        ] {
            assert_eq!(
                check(
                    "a:x OR b:y",
                    false,
                    DocumentKind::Log,
                    &answer(explanations)
                ),
                Checked::Good,
                "{explanations:?}"
            );
        }
        // Words that only look like an explanation, and an index of somebody else's.
        for (text, explanation) in [
            (
                "error.type:\"unmapped fields [x]\"",
                "#ConstantScore(error.type:unmapped fields [x])",
            ),
            ("word", "#MatchNoDocsQuery(\"unmapped fields [null]\")"),
            ("word*", "#MatchNoDocsQuery(\"unmapped fields [word]\")"),
        ] {
            assert_eq!(
                check(text, false, DocumentKind::Log, &answer(&[explanation])),
                Checked::Good,
                "{text}"
            );
        }
        assert_eq!(
            check(
                "a: b",
                true,
                DocumentKind::Log,
                &answer(&["#MatchNoDocsQuery(\"unmapped fields []\")"])
            ),
            Checked::Good
        );
    }

    #[test]
    fn a_query_of_nothing_is_no_query() {
        let Checked::Wrong(said) = check("message:>", false, DocumentKind::Log, &answer(&["#()"]))
        else {
            panic!("it finds nothing, whatever is there")
        };
        assert!(said.contains("says nothing to search for"), "{said}");
    }

    #[test]
    fn literal_text_is_not_advised_to_be_literal() {
        let error =
            "[i/u] QueryShardException[failed to create query: maxClauseCount is set to 1024]";
        let explanation = json!({"index": "i", "valid": false, "error": error});
        let answer = json!({
            "_shards": {"total": 1, "successful": 1, "failed": 0}, "valid": false, "explanations": [explanation],
        });
        assert_eq!(
            check("a b", true, DocumentKind::Log, &answer),
            Checked::Wrong(
                "TEXT: \"a b\" cannot be searched for: it has more words than one query may have"
                    .to_owned()
            )
        );
    }

    #[test]
    fn long_text_is_quoted_by_its_beginning() {
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted(&"ä".repeat(80)).chars().count(), 82);
        assert_eq!(quoted(&"ä".repeat(81)), format!("\"{}…\"", "ä".repeat(80)));
    }
}
