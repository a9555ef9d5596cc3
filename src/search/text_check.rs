/*! TEXT and the response of `_validate/query` go in; the problem of TEXT comes out, if it has one. Pure. */

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::search::response::first_line;
use crate::search::text_fields::{NamedField, fields};
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::schema::{FIELDS, FieldKind};

/// Result of checking TEXT before the search.
#[derive(Debug, PartialEq, Eq)]
pub enum TextCheck {
    Good,
    Wrong(TextProblem),
    /// The check is impossible, for this reason. Hits are right nevertheless, but the absence of hits proves nothing.
    Unknown(String),
}

/// Why TEXT makes no sense as a query.
#[derive(Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// No index has this field.
    UnknownField(String),
    NotANumber(String),
    NotATime(String),
    TooManyWords,
    EndsTooEarly,
    BreaksOff {
        line: u32,
        column: u32,
    },
    Unparsable,
    /// As `message:>`.
    Empty,
    /// The reason in OpenSearch's words.
    Refused(String),
}

impl fmt::Display for TextProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextProblem::UnknownField(name) => write!(f, "there is no field {name}"),
            TextProblem::NotANumber(value) => {
                write!(f, "{value:?} is no number, which must stand there")
            }
            TextProblem::NotATime(value) => {
                write!(f, "{value:?} is no time, such as 2026-11-23T10:00:00Z")
            }
            TextProblem::TooManyWords => f.write_str("it has more words than one query may have"),
            TextProblem::EndsTooEarly => {
                f.write_str("it ends too early, as after an open quote or bracket")
            }
            TextProblem::BreaksOff { line: 1, column } => {
                write!(f, "it breaks off at character {column}")
            }
            TextProblem::BreaksOff { line, column } => {
                write!(f, "it breaks off in line {line} at character {column}")
            }
            TextProblem::Unparsable => f.write_str("it cannot be parsed"),
            TextProblem::Empty => f.write_str("it says nothing to search for"),
            TextProblem::Refused(reason) => f.write_str(reason),
        }
    }
}

/// Reads a response of `_validate/query?explain=true`.
pub fn check_text(text: &str, literal: bool, response: &Value) -> TextCheck {
    let shards = |name| response["_shards"][name].as_u64();
    let (Some(explanations), Some(valid), Some(total), Some(failed)) = (
        response["explanations"].as_array(),
        response["valid"].as_bool(),
        shards("total"),
        shards("failed"),
    ) else {
        return TextCheck::Unknown("OpenSearch answered with something else".to_owned());
    };
    let shards_failed = || TextCheck::Unknown(format!("{failed} of {total} shards did not answer"));
    if !valid {
        let error = explanations.iter().find_map(|e| e["error"].as_str());
        let error = error.unwrap_or("OpenSearch gives no reason");
        // A blocked index makes a query invalid too.
        let about_text = error.contains("QueryShardException") || error.contains("ParseException");
        return if about_text {
            TextCheck::Wrong(refusal(error))
        } else {
            TextCheck::Unknown(first_line(error))
        };
    }
    if explanations.is_empty() && total > 0 {
        return shards_failed();
    }
    let empty = |explanation: &Value| explanation["explanation"] == "#()";
    if !explanations.is_empty() && explanations.iter().all(empty) {
        return TextCheck::Wrong(TextProblem::Empty);
    }
    let unknown = (!literal).then(|| unknown_field(text, explanations));
    match unknown.flatten() {
        None => TextCheck::Good,
        // An index on a failed shard may have the field.
        Some(_) if failed > 0 => shards_failed(),
        Some(name) => TextCheck::Wrong(TextProblem::UnknownField(name)),
    }
}

/// The problem of TEXT, if it is the reason why a search failed.
pub fn refused_text(error: &str) -> Option<TextProblem> {
    let (_, reason) = error.split_once("query_shard_exception: ")?;
    Some(refusal(reason))
}

/// Reads OpenSearch's message, which has many lines.
fn refusal(error: &str) -> TextProblem {
    let between = |begin: &str, end: &str| {
        let rest = error.split_once(begin)?.1;
        rest.split_once(end).map(|(inside, _)| inside.to_owned())
    };
    if let Some(value) = between("For input string: \"", "\"") {
        return TextProblem::NotANumber(value);
    }
    if let Some(value) = between("failed to parse date field [", "]") {
        return TextProblem::NotATime(value);
    }
    if error.contains("maxClauseCount") || error.contains("too_many_clauses") {
        return TextProblem::TooManyWords;
    }
    if error.contains("Encountered \"<EOF>\"") || error.contains("Encountered: <EOF>") {
        return TextProblem::EndsTooEarly;
    }
    if let Some((line, column)) = parser_position(error) {
        return TextProblem::BreaksOff { line, column };
    }
    if error.contains("Failed to parse query [") {
        return TextProblem::Unparsable;
    }
    let reason = between("QueryShardException[", "]; nested").unwrap_or_else(|| error.to_owned());
    let reason = reason
        .split_once("QueryShardException[")
        .map_or(&*reason, |(_, rest)| rest);
    let reason = reason
        .strip_prefix("failed to create query: ")
        .unwrap_or(reason);
    TextProblem::Refused(first_line(reason.trim_end_matches(']')))
}

/// Line and column at which the parser of query_string stopped.
fn parser_position(error: &str) -> Option<(u32, u32)> {
    let rest = error.split_once(" at line ")?.1;
    let (line, rest) = rest.split_once(", column ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    Some((line.parse().ok()?, rest[..end].parse().ok()?))
}

/// A field of TEXT that no index has. A search for it would find nothing, which looks like an answer.
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

/// The words that match nothing because their field is unknown, by an explanation. `null` and an empty word stand for
/// the fields that are searched if TEXT names none.
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

/// OpenSearch names the field, but for `name:begin*` and `name:/pattern/` it names the value.
fn field_of(words: &str, fields: &[NamedField<'_>]) -> Option<String> {
    let value = |field: &NamedField<'_>| {
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
    // TEXT is wrong in any case.
    let field = field.or(fields.first())?;
    Some(field.name.clone())
}

/// Whether TEXT may name a field.
pub fn names_fields(text: &str) -> bool {
    text.contains(':')
}

/// Whether TEXT names a field that documents of this kind do not have in logferry's schema. Another mapping may have
/// it.
pub fn names_other_fields(text: &str, kind: DocumentKind) -> bool {
    let in_schema = |name: &str| {
        FIELDS.iter().any(|field| {
            let has = match kind {
                DocumentKind::Log => field.in_logs(),
                DocumentKind::Invocation => field.in_invocations(),
            };
            let is_inside = || {
                let inside = name.strip_prefix(field.path);
                inside.is_some_and(|inside| inside.starts_with('.'))
            };
            has && (field.path == name || field.kind == FieldKind::FlatObject && is_inside())
        })
    };
    fields(text).iter().any(|field| !in_schema(&field.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn response(explanations: &[&str]) -> Value {
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
            assert_eq!(
                check_text(text, false, &response(&[explanation, explanation])),
                TextCheck::Wrong(TextProblem::UnknownField(field.to_owned())),
                "{text}"
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
                check_text("a:x OR b:y", false, &response(explanations)),
                TextCheck::Good,
                "{explanations:?}"
            );
        }
        // Words that only look like an explanation, and an index that is not logferry's.
        for (text, explanation) in [
            (
                "error.type:\"unmapped fields [x]\"",
                "#ConstantScore(error.type:unmapped fields [x])",
            ),
            ("word", "#MatchNoDocsQuery(\"unmapped fields [null]\")"),
            ("word*", "#MatchNoDocsQuery(\"unmapped fields [word]\")"),
        ] {
            assert_eq!(
                check_text(text, false, &response(&[explanation])),
                TextCheck::Good,
                "{text}"
            );
        }
        assert_eq!(
            check_text(
                "a: b",
                true,
                &response(&["#MatchNoDocsQuery(\"unmapped fields []\")"])
            ),
            TextCheck::Good
        );
    }

    #[test]
    fn a_query_of_nothing_is_no_query() {
        assert_eq!(
            check_text("message:>", false, &response(&["#()"])),
            TextCheck::Wrong(TextProblem::Empty)
        );
    }

    #[test]
    fn refusals_are_told_apart() {
        for (error, shown) in [
            (
                "failed to create query: For input string: \"x\"",
                "\"x\" is no number, which must stand there",
            ),
            (
                "failed to create query: maxClauseCount is set to 1024",
                "it has more words than one query may have",
            ),
            (
                "Cannot parse 'a(': Encountered \"<EOF>\" at line 1, column 2.",
                "it ends too early, as after an open quote or bracket",
            ),
            (
                "Cannot parse 'a/b': Lexical error at line 1, column 4.  Encountered",
                "it breaks off at character 4",
            ),
            (
                "[i/u] QueryShardException[failed to create query: what]; nested: X",
                "what",
            ),
        ] {
            assert_eq!(refusal(error).to_string(), shown);
        }
    }

    #[test]
    fn fields_outside_of_the_schema_are_told() {
        use DocumentKind::{Invocation, Log};
        for (text, kind, other) in [
            ("payment declined", Log, false),
            ("log.level:WARN AND app.order.id:\"A-1\"", Log, false),
            ("a OR level:ERROR", Log, true),
            ("_exists_:app", Log, true),
            ("log.\\*:x", Log, true),
            ("invocation.status:timeout", Log, true),
            ("invocation.status:timeout", Invocation, false),
            ("message.x:a", Log, true),
        ] {
            assert_eq!(names_other_fields(text, kind), other, "{text}");
        }
    }
}
