/*! A question goes in; the query that OpenSearch is asked comes out. Pure. */

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::search::question::{Question, TimeRange, View};
use crate::search::timeline::cold_start::ColdStart;
use logferry_core::document::index_name::DocumentKind;

/// Length of a request id. A shorter one is the beginning of an id.
const REQUEST_ID_LENGTH: usize = 36;
/// Statuses of invocations that failed.
pub(crate) const FAILED_STATUSES: [&str; 3] = ["error", "timeout", "out_of_memory"];

/// One search without its size and its position in the hits.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub kind: DocumentKind,
    pub filters: Vec<Value>,
    pub sort: Vec<Value>,
}

impl Query {
    /// The member `query`, which `_validate/query` takes too.
    pub fn query(&self) -> Value {
        json!({"bool": {"filter": self.filters}})
    }
}

/// The fields of a document that a search returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFields {
    All,
    /// Index and id only.
    Nothing,
    Only(&'static [&'static str]),
    Except {
        includes: &'static [&'static str],
        excludes: &'static [&'static str],
    },
}

impl SourceFields {
    /// The member `_source` of a request.
    pub(crate) fn to_json(self) -> Value {
        match self {
            SourceFields::All => json!(true),
            SourceFields::Nothing => json!(false),
            SourceFields::Only(fields) => json!(fields),
            SourceFields::Except { includes, excludes } => {
                json!({"includes": includes, "excludes": excludes})
            }
        }
    }
}

/// Order of log lines by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    OldestFirst,
    NewestFirst,
}

/// The query of a list: log lines or invocations, by the view.
pub fn list(question: &Question, now: Timestamp, order: Order) -> Query {
    match question.view {
        View::Slowest | View::ColdStarts => invocations(question, now),
        _ => lines(question, now, order),
    }
}

fn lines(question: &Question, now: Timestamp, order: Order) -> Query {
    let mut filters = shared_filters(question, now, DocumentKind::Log);
    if !question.levels.is_empty() {
        filters.push(json!({"terms": {"log.level": question.levels}}));
    }
    if !question.error_types.is_empty() {
        filters.push(json!({"terms": {"error.type": question.error_types}}));
    }
    if question.errors {
        filters.push(error_filter());
    }
    Query {
        kind: DocumentKind::Log,
        filters,
        sort: by_time(order),
    }
}

fn invocations(question: &Question, now: Timestamp) -> Query {
    let mut filters = shared_filters(question, now, DocumentKind::Invocation);
    if let Some(trace) = &question.trace_id {
        filters.push(json!({"term": {"aws.xray.trace_id": trace}}));
    }
    if question.errors {
        filters.push(json!({"terms": {"invocation.status": FAILED_STATUSES}}));
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

/// The invocations that a request id, a trace or an execution names.
pub fn named_invocations(question: &Question, now: Timestamp) -> Query {
    let mut filters = shared_filters(question, now, DocumentKind::Invocation);
    if let Some(trace) = &question.trace_id {
        filters.push(json!({"term": {"aws.xray.trace_id": trace}}));
    }
    Query {
        kind: DocumentKind::Invocation,
        filters,
        sort: by_start(),
    }
}

/// The invocations that a question with a request id names, and every log line that names this id. Only summaries have
/// a status; the other filters of the question select summaries only, as in [`named_invocations`].
pub fn named_invocations_and_lines(question: &Question, request_id: &str, now: Timestamp) -> Query {
    let is_summary = json!({"exists": {"field": "invocation.status"}});
    let mut of_summaries = named_invocations(question, now).filters;
    let by_id = request_id_filter(request_id);
    let either = if of_summaries == [by_id.clone()] {
        by_id
    } else {
        of_summaries.push(is_summary.clone());
        let lines = json!({"bool": {"filter": [by_id], "must_not": [is_summary]}});
        let alternatives = json!([{"bool": {"filter": of_summaries}}, lines]);
        json!({"bool": {"should": alternatives, "minimum_should_match": 1}})
    };
    let mut sort = by_time(Order::OldestFirst);
    sort.extend(by_start().into_iter().skip(1));
    Query {
        kind: DocumentKind::Log,
        filters: vec![either],
        sort,
    }
}

/// The log lines that a request id, a trace or an execution names, for requests without a summary.
pub fn named_lines(question: &Question, now: Timestamp) -> Query {
    let mut query = lines(question, now, Order::OldestFirst);
    if let Some(trace) = &question.trace_id {
        query
            .filters
            .push(json!({"term": {"aws.xray.trace_id": trace}}));
    }
    query
}

/// Every log line of a request. The lines of the init before each of the `cold_starts`, which name no request, are
/// included. `without` holds ids of lines that are known already.
pub fn lines_of_request(
    request_id: &str,
    cold_starts: &[ColdStart<'_>],
    without: &[&str],
) -> Query {
    let mut alternatives = vec![json!({"term": {"faas.invocation_id": request_id}})];
    for cold_start in cold_starts {
        let start = cold_start.start.as_millisecond();
        let first = start - cold_start.init_span_ms();
        let range = json!({"gte": first, "lte": start, "format": "epoch_millis"});
        alternatives.push(json!({"bool": {
            "filter": [{"term": {"aws.log.stream.name": cold_start.log_stream}}, {"range": {"@timestamp": range}}],
            "must_not": [{"exists": {"field": "faas.invocation_id"}}],
        }}));
    }
    let mut filters = vec![json!({"bool": {"should": alternatives, "minimum_should_match": 1}})];
    if !without.is_empty() {
        filters.push(json!({"bool": {"must_not": [{"ids": {"values": without}}]}}));
    }
    Query {
        kind: DocumentKind::Log,
        filters,
        sort: by_time(Order::OldestFirst),
    }
}

/// Log lines that tell of an error, once each: a report repeats the line before it, but for a timeout, which may leave
/// nothing else.
pub fn error_lines(question: &Question, now: Timestamp) -> Query {
    let question = Question {
        errors: true,
        ..question.clone()
    };
    let mut query = lines(&question, now, Order::NewestFirst);
    query.filters.push(json!({"bool": {
        "must_not": [{"bool": {
            "filter": [{"terms": {"lambda.type": ["platform.report", "platform.initReport", "platform.restoreReport"]}}],
            "must_not": [{"term": {"lambda.status": "timeout"}}],
        }}],
    }}));
    query
}

/// One log document, by its index and its id.
pub fn one_line(index: &str, id: &str) -> Query {
    Query {
        kind: DocumentKind::Log,
        filters: vec![
            json!({"term": {"_index": index}}),
            json!({"ids": {"values": [id]}}),
        ],
        sort: Vec::new(),
    }
}

/// Lines of the same time keep the order of their object.
fn by_time(order: Order) -> Vec<Value> {
    vec![
        by("@timestamp", "date", order),
        by("aws.s3.key", "keyword", order),
        by("log.offset", "long", order),
    ]
}

/// Summaries of the same start are told apart by stream and request.
fn by_start() -> Vec<Value> {
    vec![
        by("@timestamp", "date", Order::OldestFirst),
        by("aws.log.stream.name", "keyword", Order::OldestFirst),
        by("faas.invocation_id", "keyword", Order::OldestFirst),
    ]
}

/// A document without the field comes last in ascending order and first in descending order.
fn by(field: &str, field_type: &str, order: Order) -> Value {
    let (order, missing) = match order {
        Order::OldestFirst => ("asc", "_last"),
        Order::NewestFirst => ("desc", "_first"),
    };
    json!({field: {"order": order, "missing": missing, "unmapped_type": field_type}})
}

fn shared_filters(question: &Question, now: Timestamp, kind: DocumentKind) -> Vec<Value> {
    let mut filters = Vec::new();
    filters.extend(range_filter(&question.range, now));
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
    if let Some(request_id) = &question.request_id {
        filters.push(request_id_filter(request_id));
    }
    if let Some(execution) = &question.execution {
        filters.push(execution_filter(execution));
    }
    if let Some(text) = &question.text {
        filters.push(text_query(text, question.literal, kind));
    }
    filters
}

/// Documents of a request, by its id or the beginning of it.
fn request_id_filter(request_id: &str) -> Value {
    let clause = if request_id.len() < REQUEST_ID_LENGTH {
        "prefix"
    } else {
        "term"
    };
    json!({clause: {"faas.invocation_id": request_id}})
}

/// Documents of a durable execution, by its ARN or its name.
fn execution_filter(execution: &str) -> Value {
    if execution.starts_with("arn:") {
        json!({"term": {"lambda.durable.execution_arn": execution}})
    } else if execution.contains(['*', '?']) {
        json!({"wildcard": {"lambda.durable.execution_name": {"value": execution}}})
    } else {
        json!({"term": {"lambda.durable.execution_name": execution}})
    }
}

/// The query for TEXT. Words without a field name are searched for in the fields that hold texts.
fn text_query(text: &str, literal: bool, kind: DocumentKind) -> Value {
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

fn range_filter(range: &TimeRange, now: Timestamp) -> Option<Value> {
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

/// Lines that tell of a failure. A report repeats what runtimeDone tells, so runtimeDone is left out.
fn error_filter() -> Value {
    json!({"bool": {
        "should": [
            {"terms": {"log.level": ["ERROR", "FATAL"]}},
            {"exists": {"field": "error.type"}},
            // Some lines with an exception do not name its type.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::question::a_question_of_everything;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn asked(question: &Question) -> Value {
        let query = list(question, now(), Order::NewestFirst);
        json!({"kind": query.kind.as_str(), "query": query.query(), "sort": query.sort})
    }

    #[test]
    fn questions_as_they_are_asked() {
        let everything = a_question_of_everything();
        insta::assert_json_snapshot!("lines", asked(&everything));
        let slowest = Question {
            view: View::Slowest,
            trace_id: Some("1-a-b".to_owned()),
            request_id: None,
            cold_starts: true,
            ..everything
        };
        insta::assert_json_snapshot!("invocations", asked(&slowest));
        let start = "2026-11-22T10:00:00Z".parse().unwrap();
        insta::assert_json_snapshot!(
            "lines_of_request",
            lines_of_request(
                "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64",
                &[ColdStart {
                    log_stream: "s",
                    start,
                    init_ms: None
                }],
                &[]
            )
            .query()
        );
    }

    #[test]
    fn nothing_asked_is_everything() {
        let query = list(&Question::default(), now(), Order::OldestFirst);
        assert_eq!(query.query(), json!({"bool": {"filter": []}}));
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
    fn an_execution_is_asked_for_by_name_or_arn() {
        let arn =
            "arn:aws:lambda:eu-central-1:123456789012:function:f:1/durable-execution/order-1/550e";
        for (execution, filter) in [
            (arn, json!({"term": {"lambda.durable.execution_arn": arn}})),
            (
                "order-1",
                json!({"term": {"lambda.durable.execution_name": "order-1"}}),
            ),
            (
                "order-*",
                json!({"wildcard": {"lambda.durable.execution_name": {"value": "order-*"}}}),
            ),
        ] {
            let question = Question {
                execution: Some(execution.to_owned()),
                ..Question::default()
            };
            for query in [
                named_invocations(&question, now()),
                named_lines(&question, now()),
            ] {
                assert_eq!(query.filters, std::slice::from_ref(&filter));
            }
        }
    }

    #[test]
    fn a_whole_request_id_is_no_prefix() {
        let question = Question {
            request_id: Some("8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64".to_owned()),
            ..Question::default()
        };
        let query = named_invocations(&question, now());
        assert_eq!(
            query.filters,
            [json!({"term": {"faas.invocation_id": "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64"}})]
        );
    }
}
