/*! A question goes in; the query and the aggregations of its one request come out. Pure. */

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::search::query;
use crate::search::query::{FAILED_STATUSES, Order, Query};
use crate::search::report::question::{GroupBy, ReportQuestion, SortKey};
use crate::search::report::span::Span;
use crate::search::report::time_steps::bucket_count;

/// Most groups that one request reads. Beyond it OpenSearch chooses the greatest.
const MAX_GROUPS: usize = 1000;
/// Each group by error has an example, which OpenSearch must load.
const MAX_ERROR_GROUPS: usize = 200;
/// OpenSearch's default for `search.max_buckets` is 65,535, for each shard and for the whole answer.
const MAX_BUCKETS: usize = 60_000;
/// Most statuses that are counted; documents have five.
const STATUSES: usize = 8;
/// Why an invocation failed.
const REASON: [&str; 2] = ["invocation.status", "lambda.error_type"];
/// Most reasons, and most configured sizes of memory, that a row has.
const ERROR_TYPES: usize = 5;
const MEMORY_SIZES: usize = 4;
/// Most price tables that are named.
const PRICES: usize = 10;

/// The invocations of both spans.
pub fn query(question: &ReportQuestion, now: Timestamp) -> Query {
    let mut query = query::list(question.invocations(), now, Order::OldestFirst);
    query.sort = Vec::new();
    query
}

/// The member `aggs`.
pub fn aggregations(question: &ReportQuestion) -> Value {
    let over_time = histogram(question.span, question.step_ms);
    let mut total = figures();
    insert(
        &mut total,
        "statuses",
        with(statuses(), json!({"over_time": over_time})),
    );
    insert(
        &mut total,
        "prices",
        json!({"terms": {"field": "invocation.price", "size": PRICES}}),
    );
    insert(&mut total, "groups", groups(question, Some(over_time)));
    let mut spans = json!({"now": with(in_span(question.span), total)});
    if let Some(before) = question.before {
        let mut total = figures();
        insert(&mut total, "groups", groups(question, None));
        insert(&mut spans, "before", with(in_span(before), total));
    }
    spans
}

/// How many groups the request reads, so that all their buckets stay below OpenSearch's limit.
pub fn group_limit(question: &ReportQuestion) -> usize {
    let most = match question.by {
        GroupBy::Error => MAX_ERROR_GROUPS,
        _ => MAX_GROUPS,
    };
    let by_time = bucket_count(question.span, question.step_ms);
    // The group itself, its statuses, error types and sizes, all invocations by time, failures by time.
    let buckets_a_group = 1 + STATUSES + ERROR_TYPES + MEMORY_SIZES + 2 * by_time;
    most.min(MAX_BUCKETS / buckets_a_group).max(1)
}

/// The groups of a span. `over_time` is left out of the span before, as are examples and types of errors.
fn groups(question: &ReportQuestion, over_time: Option<Value>) -> Value {
    let mut inside = figures();
    let failed = failed();
    if let Some(over_time) = over_time {
        let (kind, source, _) = multiple(REASON);
        let mut types = json!({"size": ERROR_TYPES});
        extend(&mut types, source);
        let types = json!({kind: types});
        let failures = json!({"over_time": over_time, "types": types});
        insert(&mut inside, "failed", with(failed.clone(), failures));
        insert(&mut inside, "over_time", over_time);
        match question.by {
            GroupBy::Function | GroupBy::Version => {
                insert(&mut inside, "sizes", memory_sizes());
            }
            GroupBy::Error => {
                insert(&mut inside, "functions", distinct("faas.name"));
                insert(&mut inside, "example", newest_failure());
            }
            GroupBy::Account | GroupBy::Region => {
                insert(&mut inside, "functions", distinct("faas.name"));
            }
        }
    } else {
        insert(&mut inside, "failed", failed.clone());
    }
    let (chosen_by, counted) = order(question.sort);
    if let Some(counted) = counted {
        insert(&mut inside, "sorted_by", counted);
    }
    let limit = group_limit(question);
    let mut terms = json!({"size": limit, "shard_size": limit, "order": [{chosen_by: "desc"}, {"_key": "asc"}]});
    let (kind, source, distinct_groups) = match question.by {
        GroupBy::Function => single("faas.name"),
        GroupBy::Account => single("cloud.account.id"),
        GroupBy::Region => single("cloud.region"),
        GroupBy::Version => multiple(["faas.name", "faas.version"]),
        GroupBy::Error => multiple(REASON),
    };
    extend(&mut terms, source);
    let mut aggregations = json!({"rows": with(json!({kind: terms}), inside)});
    if let Some(distinct_groups) = distinct_groups {
        insert(&mut aggregations, "distinct", distinct_groups);
    }
    let counted = match question.by {
        GroupBy::Error => failed,
        _ => json!({"filter": {"match_all": {}}}),
    };
    with(counted, aggregations)
}

/// Groups by one field: a document without it is in the group of the empty text.
fn single(field: &str) -> (&'static str, Value, Option<Value>) {
    (
        "terms",
        json!({"field": field, "missing": ""}),
        Some(distinct(field)),
    )
}

/// Groups by two fields. OpenSearch counts distinct pairs by scripts only.
fn multiple(fields: [&str; 2]) -> (&'static str, Value, Option<Value>) {
    let terms = fields.map(|field| json!({"field": field, "missing": ""}));
    ("multi_terms", json!({"terms": terms}), None)
}

/// What OpenSearch chooses groups by where it may not return all, and an aggregation that this needs. A rate cannot be
/// chosen by: the count stands for it.
fn order(sort: SortKey) -> (&'static str, Option<Value>) {
    let with_status = |status| json!({"filter": {"term": {"invocation.status": status}}});
    match sort {
        SortKey::Invocations => ("_count", None),
        SortKey::Errors | SortKey::ErrorRate => ("failed", None),
        SortKey::Timeouts => ("sorted_by", Some(with_status("timeout"))),
        SortKey::OutOfMemory => ("sorted_by", Some(with_status("out_of_memory"))),
        SortKey::ColdStarts => ("cold", None),
        SortKey::P50 => ("duration.50", None),
        SortKey::P95 => ("duration.95", None),
        SortKey::P99 => ("duration.99", None),
        SortKey::Billed => ("billed", None),
        SortKey::Cost => ("cost", None),
        SortKey::Memory => ("memory_used", None),
    }
}

/// The figures of any set of invocations.
fn figures() -> Value {
    let of = |kind: &str, field: &str| json!({kind: {"field": field}});
    let percentiles = |field: &str, percents: &[f64]| json!({"percentiles": {"field": field, "percents": percents}});
    json!({
        "statuses": statuses(),
        "attempts": of("sum", "invocation.attempts"),
        "cold": {"filter": {"term": {"faas.coldstart": true}}},
        "cold_known": of("value_count", "faas.coldstart"),
        "init": percentiles("lambda.init_duration_ms", &[95.0]),
        "duration": percentiles("lambda.duration_ms", &[50.0, 95.0, 99.0]),
        "longest": of("max", "lambda.duration_ms"),
        "measured": of("value_count", "lambda.duration_ms"),
        "billed": of("sum", "lambda.billed_duration_ms"),
        "cost": of("sum", "invocation.estimated_cost_usd"),
        "priced": of("value_count", "invocation.estimated_cost_usd"),
        "memory_used": of("max", "lambda.max_memory_used_mb"),
        "memory_used_p99": percentiles("lambda.max_memory_used_mb", &[99.0]),
        "memory_size": of("max", "lambda.memory_size_mb"),
        "newest": of("max", "@timestamp"),
    })
}

fn statuses() -> Value {
    json!({"terms": {"field": "invocation.status", "size": STATUSES}})
}

fn failed() -> Value {
    json!({"filter": {"terms": {"invocation.status": FAILED_STATUSES}}})
}

/// Billed time and cost by configured size: a size may change within a span.
fn memory_sizes() -> Value {
    json!({
        "terms": {"field": "lambda.memory_size_mb", "size": MEMORY_SIZES},
        "aggs": {
            "used": {"max": {"field": "lambda.max_memory_used_mb"}},
            "billed": {"sum": {"field": "lambda.billed_duration_ms"}},
            "attempts": {"sum": {"field": "invocation.attempts"}},
            "cost": {"sum": {"field": "invocation.estimated_cost_usd"}},
        },
    })
}

fn newest_failure() -> Value {
    json!({"top_hits": {
        "size": 1,
        "sort": [{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
        "_source": ["faas.name", "faas.invocation_id", "invocation.first_error"],
    }})
}

fn distinct(field: &str) -> Value {
    json!({"cardinality": {"field": field}})
}

/// Buckets that begin with the span, those without invocations left out.
fn histogram(span: Span, step_ms: i64) -> Value {
    let offset = span.since.as_millisecond().rem_euclid(step_ms);
    json!({"date_histogram": {
        "field": "@timestamp",
        "fixed_interval": format!("{step_ms}ms"),
        "offset": format!("{offset}ms"),
        "min_doc_count": 1,
    }})
}

fn in_span(span: Span) -> Value {
    let bounds = json!({
        "gte": span.since.as_millisecond(),
        "lt": span.until.as_millisecond(),
        "format": "epoch_millis",
    });
    json!({"filter": {"range": {"@timestamp": bounds}}})
}

/// An aggregation with aggregations inside.
fn with(mut aggregation: Value, inside: Value) -> Value {
    insert(&mut aggregation, "aggs", inside);
    aggregation
}

fn insert(object: &mut Value, name: &str, value: Value) {
    extend(
        object,
        Value::Object(Map::from_iter([(name.to_owned(), value)])),
    );
}

fn extend(object: &mut Value, members: Value) {
    if let (Value::Object(object), Value::Object(members)) = (object, members) {
        object.extend(members);
    }
}
