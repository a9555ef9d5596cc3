/*! Questions, problems and errors go in; sentences for the terminal come out. Pure. */

use jiff::Timestamp;

use crate::search::{POINT_IN_TIME_KEEP_ALIVE, Question, SearchError, TextProblem, View};

/// Most closed indices that a sentence names.
const MAX_NAMED_INDICES: usize = 10;
/// Longest TEXT that a sentence quotes, in characters. Pasted text may be long.
const MAX_QUOTED: usize = 80;
/// Advice for TEXT that is no query.
const LITERAL_ADVICE: &str =
    "--literal searches for TEXT as it stands, without fields and operators";

/// Names the kind of document that a question asks for, to follow `found no`.
pub fn asked_documents(question: &Question, now: Timestamp) -> String {
    let failed = if question.errors { "failed " } else { "" };
    let mut name = match question.view {
        View::Slowest | View::ColdStarts if question.cold_starts => {
            format!("{failed}invocation with a cold start")
        }
        View::Slowest | View::ColdStarts => format!("{failed}invocation"),
        View::Timeline => "invocation".to_owned(),
        View::Lines | View::Follow if question.errors => "line that tells of a failure".to_owned(),
        View::Lines | View::Follow => "log line".to_owned(),
    };
    if !question.functions.is_empty() {
        name.push_str(&format!(" of function {}", question.functions.join(", ")));
    }
    if let Some(request_id) = &question.request_id {
        name.push_str(&format!(" of request {request_id}"));
    }
    if let Some(trace_id) = &question.trace_id {
        name.push_str(&format!(" in trace {trace_id}"));
    }
    if let Some(execution) = &question.execution {
        name.push_str(&format!(" of execution {execution}"));
    }
    if let Some(text) = &question.text {
        name.push_str(&format!(" with {}", quoted_text(text)));
    }
    let since = question.range.since.map(|since| since.at(now));
    match (since, question.range.until) {
        (None, None) => name.push_str(" at any time"),
        (Some(since), None) => name.push_str(&format!(" from {since:.0} until now")),
        (None, Some(until)) => name.push_str(&format!(" before {until:.0}")),
        (Some(since), Some(until)) => {
            name.push_str(&format!(" from {since:.0} to {until:.0}"));
        }
    }
    name
}

/// Advice after a search without hits.
pub fn no_hits_advice(question: &Question) -> &'static str {
    let Question {
        functions, range, ..
    } = question;
    if range.since.is_some() || range.until.is_some() {
        "look further back with --since: logs may come hours after their time"
    } else if functions.iter().any(|name| !name.contains('*')) {
        "--function takes a whole name, or its beginning as in 'orders*'"
    } else if question.literal {
        "--literal looks for all words of TEXT in their order in one field, and for whole values of app"
    } else if question.text.is_some() {
        "all words must be in one field, as whole words; AND between them looks across fields, OR and begin* find more"
    } else if question.execution.is_some() {
        "lines name an execution only if the SDK's logger wrote them as JSON; its logs may not have come yet"
    } else if question.request_id.is_some() || question.trace_id.is_some() {
        "its logs may not have come yet, or be of another --index-prefix"
    } else {
        "nothing of this kind has come yet"
    }
}

/// Why a search failed, with advice where flags help.
pub fn search_error(error: &SearchError) -> String {
    match error {
        SearchError::NoIndex(_) => format!(
            "{error}: check --index-prefix, and whether a worker or ingest has loaded anything yet"
        ),
        SearchError::NoPointInTime(reason) => no_point_in_time(error, &reason.to_string()),
        SearchError::PartialPointInTime(reason) => no_point_in_time(error, &reason.to_string()),
        SearchError::PointInTimeGone => format!(
            "{error}: more than {POINT_IN_TIME_KEEP_ALIVE} passed between two pages, or a node left; search again"
        ),
        SearchError::UnknownResponse { source, .. }
        | SearchError::UnknownDocument { source, .. } => format!("{error}: {source}"),
        SearchError::OpenSearch(_) | SearchError::Interrupted | SearchError::Incomplete(_) => {
            error.to_string()
        }
    }
}

fn no_point_in_time(error: &SearchError, reason: &str) -> String {
    let advice = if error.is_point_in_time_limit() {
        ", and a node has no context left for one of them: raise the cluster setting search.max_open_pit_context \
         above the number of shards, or ask for fewer days by --since and --until"
    } else {
        ""
    };
    format!("more than one page needs a point in time of all shards{advice}: {reason}")
}

/// Says which closed indices were not searched; `None` if there are none.
pub fn closed_indices(names: &[String]) -> Option<String> {
    let first = names.first()?;
    let mut list = names[..names.len().min(MAX_NAMED_INDICES)].join(", ");
    if names.len() > MAX_NAMED_INDICES {
        list.push_str(&format!(" and {} more", names.len() - MAX_NAMED_INDICES));
    }
    let (are, them, days) = match names.len() {
        1 => ("is closed and was", "it", "its day"),
        _ => ("are closed and were", "them", "their days"),
    };
    Some(format!(
        "{list} {are} not searched: open {them} (POST /{first}/_open), or leave {days} out by --since and --until"
    ))
}

/// Why TEXT cannot be searched for, with advice.
pub fn text_problem(question: &Question, text: &str, problem: &TextProblem) -> String {
    if matches!(problem, TextProblem::UnknownField(_)) {
        let examples = match question.view {
            View::Slowest | View::ColdStarts => {
                " of invocations, as there is invocation.status, lambda.error_type or faas.name"
            }
            _ => ", as there is log.level, error.type, faas.name or app.KEY",
        };
        return format!("TEXT: {problem}{examples}; {LITERAL_ADVICE}");
    }
    let text = quoted_text(text);
    if question.literal {
        format!("TEXT: {text} cannot be searched for: {problem}")
    } else {
        format!("TEXT: {text} is no query_string query: {problem}; {LITERAL_ADVICE}")
    }
}

/// TEXT or its beginning, in quotes.
fn quoted_text(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{TimeRange, a_question_of_everything};

    #[test]
    fn questions_in_words() {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        let everything = a_question_of_everything();
        assert_eq!(
            asked_documents(&everything, now),
            "line that tells of a failure of function orders, check* of request 8f14e45f with \
             \"payment AND declined\" from 2026-11-24T11:00:00Z to 2026-11-24T11:30:00Z"
        );
        let cold_starts = Question {
            view: View::Slowest,
            trace_id: Some("1-a-b".to_owned()),
            request_id: None,
            text: None,
            cold_starts: true,
            range: TimeRange::default(),
            ..everything
        };
        assert_eq!(
            asked_documents(&cold_starts, now),
            "failed invocation with a cold start of function orders, check* in trace 1-a-b at any time"
        );
        assert_eq!(
            asked_documents(&Question::default(), now),
            "log line at any time"
        );
    }

    #[test]
    fn many_closed_indices_are_counted() {
        let names: Vec<String> = (10..30)
            .map(|day| format!("l-logs-2026.11.{day}"))
            .collect();
        let sentence = closed_indices(&names).unwrap();
        assert!(
            sentence.contains("l-logs-2026.11.19 and 10 more are closed"),
            "{sentence}"
        );
        assert_eq!(closed_indices(&[]), None);
    }

    #[test]
    fn literal_text_is_not_advised_to_be_literal() {
        let literal = Question {
            literal: true,
            ..Question::default()
        };
        assert_eq!(
            text_problem(&literal, "a b", &TextProblem::TooManyWords),
            "TEXT: \"a b\" cannot be searched for: it has more words than one query may have"
        );
        let sentence = text_problem(&Question::default(), "a b", &TextProblem::TooManyWords);
        assert!(sentence.contains("--literal"), "{sentence}");
    }

    #[test]
    fn long_text_is_quoted_by_its_beginning() {
        assert_eq!(quoted_text("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted_text(&"ä".repeat(80)).chars().count(), 82);
        assert_eq!(
            quoted_text(&"ä".repeat(81)),
            format!("\"{}…\"", "ä".repeat(80))
        );
    }
}
