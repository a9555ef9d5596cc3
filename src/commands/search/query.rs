/*! A question as OpenSearch is asked it, and in words. Pure. */

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commands::search::text::quoted;
use crate::config::{Question, Range, View};
use logferry_core::document::index_name::DocumentKind;

/// Request ids have this many characters; less is the beginning of one.
const REQUEST_ID: usize = 36;

/// Statuses of invocations that failed.
const FAILED: [&str; 3] = ["error", "timeout", "out_of_memory"];

/// One search, but for its size and place.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub kind: DocumentKind,
    pub filters: Vec<Value>,
    pub sort: Vec<Value>,
}

impl Query {
    /// The query alone, as `_validate` takes it too.
    pub fn query(&self) -> Value {
        json!({"bool": {"filter": self.filters}})
    }
}

/// Whether to begin with the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    OldestFirst,
    NewestFirst,
}

/// What a list is made of.
pub fn list(question: &Question, now: Timestamp, order: Order) -> Query {
    match question.view {
        View::Slowest | View::ColdStarts => invocations(question, now),
        _ => lines(question, now, order),
    }
}

fn lines(question: &Question, now: Timestamp, order: Order) -> Query {
    let mut filters = shared(question, now, DocumentKind::Log);
    if question.errors {
        filters.push(errors());
    }
    Query {
        kind: DocumentKind::Log,
        filters,
        sort: by_time(order),
    }
}

fn invocations(question: &Question, now: Timestamp) -> Query {
    let mut filters = shared(question, now, DocumentKind::Invocation);
    if let Some(trace) = &question.trace {
        filters.push(json!({"term": {"aws.xray.trace_id": trace}}));
    }
    if question.errors {
        filters.push(json!({"terms": {"invocation.status": FAILED}}));
    }
    if question.cold_starts {
        filters.push(json!({"term": {"faas.coldstart": true}}));
    }
    let by = match question.view {
        View::Slowest => "lambda.duration_ms",
        _ => "lambda.init_duration_ms",
    };
    let mut sort =
        vec![json!({by: {"order": "desc", "missing": "_last", "unmapped_type": "double"}})];
    sort.extend(by_start());
    Query {
        kind: DocumentKind::Invocation,
        filters,
        sort,
    }
}

/// The invocations that a request id or a trace names.
pub fn named(question: &Question, now: Timestamp) -> Query {
    let mut filters = shared(question, now, DocumentKind::Invocation);
    if let Some(trace) = &question.trace {
        filters.push(json!({"term": {"aws.xray.trace_id": trace}}));
    }
    Query {
        kind: DocumentKind::Invocation,
        filters,
        sort: by_start(),
    }
}

/// Lines of what a request id or a trace names, for requests that have no summary.
pub fn named_lines(question: &Question, now: Timestamp) -> Query {
    let mut query = lines(question, now, Order::OldestFirst);
    if let Some(trace) = &question.trace {
        query
            .filters
            .push(json!({"term": {"aws.xray.trace_id": trace}}));
    }
    query
}

/// How long before a cold start its environment may have begun its init.
const INIT: i64 = 15 * 60 * 1000;

/// Every line of a request. Before a cold start, those of its environment's init too, which name no request.
pub fn of_request(request: &str, cold_starts: &[(String, Timestamp)]) -> Query {
    let mut any = vec![json!({"term": {"faas.invocation_id": request}})];
    for (stream, start) in cold_starts {
        let start = start.as_millisecond();
        let range = json!({"gte": start - INIT, "lte": start, "format": "epoch_millis"});
        any.push(json!({"bool": {
            "filter": [{"term": {"aws.log.stream.name": stream}}, {"range": {"@timestamp": range}}],
            "must_not": [{"exists": {"field": "faas.invocation_id"}}],
        }}));
    }
    Query {
        kind: DocumentKind::Log,
        filters: vec![json!({"bool": {"should": any, "minimum_should_match": 1}})],
        sort: by_time(Order::OldestFirst),
    }
}

/// Lines of one time stay in the order of their file.
fn by_time(order: Order) -> Vec<Value> {
    vec![
        by("@timestamp", "date", order),
        by("aws.s3.key", "keyword", order),
        by("log.offset", "long", order),
    ]
}

/// One document of each stream and request.
fn by_start() -> Vec<Value> {
    vec![
        by("@timestamp", "date", Order::OldestFirst),
        by("aws.log.stream.name", "keyword", Order::OldestFirst),
        by("faas.invocation_id", "keyword", Order::OldestFirst),
    ]
}

/// A document without the field goes last, and first where the order is turned.
fn by(field: &str, kind: &str, order: Order) -> Value {
    let (order, missing) = match order {
        Order::OldestFirst => ("asc", "_last"),
        Order::NewestFirst => ("desc", "_first"),
    };
    json!({field: {"order": order, "missing": missing, "unmapped_type": kind}})
}

fn shared(question: &Question, now: Timestamp, kind: DocumentKind) -> Vec<Value> {
    let mut filters = Vec::new();
    filters.extend(range(&question.range, now));
    if !question.functions.is_empty() {
        let names = question.functions.iter().map(|name| {
            if name.contains(['*', '?']) {
                json!({"wildcard": {"faas.name": {"value": name}}})
            } else {
                json!({"term": {"faas.name": name}})
            }
        });
        let names: Vec<Value> = names.collect();
        filters.push(json!({"bool": {"should": names, "minimum_should_match": 1}}));
    }
    if let Some(request) = &question.request {
        let how = if request.len() < REQUEST_ID {
            "prefix"
        } else {
            "term"
        };
        filters.push(json!({how: {"faas.invocation_id": request}}));
    }
    if let Some(text) = &question.text {
        filters.push(words(text, question.literal, kind));
    }
    filters
}

/// Text without a field's name is looked for where people would.
fn words(text: &str, literal: bool, kind: DocumentKind) -> Value {
    let fields: &[&str] = match kind {
        DocumentKind::Log => &[
            "message",
            "error.type",
            "error.message",
            "error.stack_trace",
            "app",
        ],
        DocumentKind::Invocation => &["invocation.first_error", "lambda.error_type", "faas.name"],
    };
    if literal {
        json!({"multi_match": {"query": text, "fields": fields, "type": "phrase"}})
    } else {
        json!({"query_string": {"query": text, "fields": fields, "default_operator": "AND"}})
    }
}

fn range(range: &Range, now: Timestamp) -> Option<Value> {
    let since = range.since.map(|since| since.at(now).as_millisecond());
    let until = range.until.map(Timestamp::as_millisecond);
    let bounds = match (since, until) {
        (None, None) => return None,
        (Some(since), None) => json!({"gte": since, "format": "epoch_millis"}),
        (None, Some(until)) => json!({"lt": until, "format": "epoch_millis"}),
        (Some(since), Some(until)) => {
            json!({"gte": since, "lt": until, "format": "epoch_millis"})
        }
    };
    Some(json!({"range": {"@timestamp": bounds}}))
}

/// What tells of a failure. Not what says the same again: a report follows each runtimeDone.
fn errors() -> Value {
    json!({"bool": {
        "should": [
            {"terms": {"log.level": ["ERROR", "FATAL"]}},
            {"exists": {"field": "error.type"}},
            // Not every line with an exception names its type.
            {"exists": {"field": "error.message"}},
            {"exists": {"field": "error.stack_trace"}},
            {"terms": {"lambda.type": ["platform.timeout", "platform.fault"]}},
            {"exists": {"field": "lambda.error_type"}},
            {"terms": {"lambda.status": ["error", "failure", "timeout"]}},
        ],
        "minimum_should_match": 1,
        "must_not": [{"terms": {"lambda.type": [
            "platform.runtimeDone", "platform.initRuntimeDone", "platform.restoreRuntimeDone",
        ]}}],
    }})
}

/// The question as a sentence goes on: `no …`.
pub fn in_words(question: &Question, now: Timestamp) -> String {
    let failed = if question.errors { "failed " } else { "" };
    let mut words = match question.view {
        View::Slowest | View::ColdStarts if question.cold_starts => {
            format!("{failed}invocation with a cold start")
        }
        View::Slowest | View::ColdStarts => format!("{failed}invocation"),
        View::Timeline => "invocation".to_owned(),
        View::Lines | View::Follow if question.errors => "line that tells of a failure".to_owned(),
        View::Lines | View::Follow => "log line".to_owned(),
    };
    if !question.functions.is_empty() {
        words.push_str(&format!(" of function {}", question.functions.join(", ")));
    }
    if let Some(request) = &question.request {
        words.push_str(&format!(" of request {request}"));
    }
    if let Some(trace) = &question.trace {
        words.push_str(&format!(" in trace {trace}"));
    }
    if let Some(text) = &question.text {
        words.push_str(&format!(" with {}", quoted(text)));
    }
    let since = question.range.since.map(|since| since.at(now));
    match (since, question.range.until) {
        (None, None) => words.push_str(" at any time"),
        (Some(since), None) => words.push_str(&format!(" from {since:.0} until now")),
        (None, Some(until)) => words.push_str(&format!(" before {until:.0}")),
        (Some(since), Some(until)) => {
            words.push_str(&format!(" from {since:.0} to {until:.0}"));
        }
    }
    words
}

/// What to try when nothing was found.
pub fn hint(question: &Question) -> &'static str {
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
    } else if question.request.is_some() || question.trace.is_some() {
        "its logs may not have come yet, or be of another --index-prefix"
    } else {
        "nothing of this kind has come yet"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Since;
    use std::time::Duration;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn asked(question: &Question) -> Value {
        let query = list(question, now(), Order::NewestFirst);
        json!({"kind": query.kind.as_str(), "query": query.query(), "sort": query.sort, "words": in_words(question, now())})
    }

    #[test]
    fn questions_as_they_are_asked() {
        let everything = Question {
            text: Some("payment AND declined".to_owned()),
            request: Some("8f14e45f".to_owned()),
            functions: vec!["orders".to_owned(), "check*".to_owned()],
            errors: true,
            range: Range {
                since: Some(Since::Ago(Duration::from_secs(3600))),
                until: Some("2026-11-24T11:30:00Z".parse().unwrap()),
            },
            ..Question::default()
        };
        insta::assert_json_snapshot!("lines", asked(&everything));
        let slowest = Question {
            view: View::Slowest,
            trace: Some("1-a-b".to_owned()),
            request: None,
            cold_starts: true,
            ..everything
        };
        insta::assert_json_snapshot!("invocations", asked(&slowest));
        let start = "2026-11-22T10:00:00Z".parse().unwrap();
        insta::assert_json_snapshot!(
            "of_request",
            of_request(
                "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64",
                &[("s".to_owned(), start)]
            )
            .query()
        );
    }

    #[test]
    fn nothing_asked_is_everything() {
        let query = list(&Question::default(), now(), Order::OldestFirst);
        assert_eq!(query.query(), json!({"bool": {"filter": []}}));
        assert_eq!(
            in_words(&Question::default(), now()),
            "log line at any time"
        );
    }

    #[test]
    fn literal_text_has_no_operators() {
        let question = Question {
            text: Some("[ERROR] a AND b: (c".to_owned()),
            literal: true,
            ..Question::default()
        };
        let query = list(&question, now(), Order::OldestFirst);
        let asked = &query.filters[0]["multi_match"];
        assert_eq!(asked["query"], "[ERROR] a AND b: (c");
        assert_eq!(asked["type"], "phrase");
    }

    #[test]
    fn a_whole_request_id_is_no_prefix() {
        let question = Question {
            request: Some("8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64".to_owned()),
            ..Question::default()
        };
        let query = named(&question, now());
        assert_eq!(
            query.filters,
            [json!({"term": {"faas.invocation_id": "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64"}})]
        );
    }
}
