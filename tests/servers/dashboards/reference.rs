/*! A reference for OpenSearch's aggregations: the documents and the body of a search go in; what each aggregation must
answer comes out, counted by hand. */

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::corpus::at;
use crate::dashboards::requests::INTERVAL_MS;

/// Whether a document fits a query, for each query of the dashboards. A new query needs a line here.
pub fn fits(query: &str, document: &Value) -> bool {
    let has = |path: &str| at(document, path).is_some_and(|v| !v.is_null());
    let is = |path: &str, values: &[&str]| {
        let found = at(document, path)
            .map(String::from_json)
            .unwrap_or_default();
        values.contains(&found.as_str())
    };
    match query {
        "" | "*" => true,
        "faas.coldstart:true" => is("faas.coldstart", &["true"]),
        "invocation.status:(error OR timeout OR out_of_memory)" => {
            is("invocation.status", &["error", "timeout", "out_of_memory"])
        }
        "invocation.status:incomplete" => is("invocation.status", &["incomplete"]),
        "invocation.status:timeout" => is("invocation.status", &["timeout"]),
        "invocation.status:out_of_memory" => is("invocation.status", &["out_of_memory"]),
        "_exists_:error.type" => has("error.type"),
        "_exists_:logferry.flags" => has("logferry.flags"),
        "kind:document" => is("kind", &["document"]),
        query if query.starts_with("(log.level:(ERROR OR FATAL) OR ") => {
            let reported = is("log.level", &["ERROR", "FATAL"])
                || [
                    "error.type",
                    "error.message",
                    "error.stack_trace",
                    "lambda.error_type",
                ]
                .into_iter()
                .any(has)
                || is("lambda.type", &["platform.timeout", "platform.fault"])
                || is("lambda.status", &["error", "failure", "timeout"]);
            let done = [
                "platform.runtimeDone",
                "platform.initRuntimeDone",
                "platform.restoreRuntimeDone",
            ];
            reported && !is("lambda.type", &done)
        }
        other => panic!("{other}: the reference does not know this query"),
    }
}

trait FromJson {
    fn from_json(value: &Value) -> String;
}

impl FromJson for String {
    fn from_json(value: &Value) -> String {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    }
}

/// Compares the answer of each aggregation with the documents; returns how many numbers were compared.
pub fn compare(what: &str, aggs: &Value, answers: &Value, documents: &[&Value]) -> usize {
    let mut compared = 0;
    for (id, aggregation) in aggs.as_object().into_iter().flatten() {
        let what = format!("{what}/{id}");
        let answer = &answers[id];
        let (kind, params) = aggregation
            .as_object()
            .unwrap()
            .iter()
            .find(|(k, _)| *k != "aggs")
            .unwrap();
        let buckets = match kind.as_str() {
            "terms" => by_values(params, documents),
            "date_histogram" => by_time(params, documents),
            "filters" => by_queries(params, documents),
            "filter" => {
                let inside = within(&params["terms"], documents);
                assert_eq!(answer["doc_count"], inside.len(), "{what}");
                compared += 1 + compare(&what, &aggregation["aggs"], answer, &inside);
                continue;
            }
            _ => {
                compare_metric(&what, kind, params, answer, documents);
                compared += 1;
                continue;
            }
        };
        let found: Vec<(String, &Value)> = match &answer["buckets"] {
            Value::Array(list) => list
                .iter()
                .map(|b| (String::from_json(&b["key"]), b))
                .collect(),
            Value::Object(named) => named.iter().map(|(name, b)| (name.clone(), b)).collect(),
            other => panic!("{what}: {other}"),
        };
        let counts = |(key, n): (&String, usize)| (key.clone(), n);
        let expected: Vec<_> = buckets
            .iter()
            .map(|(key, inside)| counts((key, inside.len())))
            .collect();
        let answered: Vec<_> = (found.iter())
            .map(|(key, b)| {
                (
                    key.clone(),
                    usize::try_from(b["doc_count"].as_u64().unwrap()).unwrap(),
                )
            })
            .collect();
        assert_eq!(answered, expected, "{what}");
        compared += expected.len();
        for ((_, answer), (key, inside)) in found.iter().zip(&buckets) {
            compared += compare(
                &format!("{what}[{key}]"),
                &aggregation["aggs"],
                answer,
                inside,
            );
        }
    }
    compared
}

type Buckets<'d> = Vec<(String, Vec<&'d Value>)>;

/// All values of a field of a document: OpenSearch takes a list as several values.
fn values(document: &Value, path: &str) -> Vec<String> {
    let found: Vec<&Value> = match at(document, path.trim_end_matches(".keyword")) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    };
    let most = if path.ends_with(".keyword") { 256 } else { 512 };
    let texts = found.into_iter().map(String::from_json);
    texts
        .filter(|text| path == "aws.s3.key" || text.chars().count() <= most)
        .collect()
}

fn by_values<'d>(params: &Value, documents: &[&'d Value]) -> Buckets<'d> {
    let mut buckets: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for document in documents {
        for value in BTreeSet::from_iter(values(document, params["field"].as_str().unwrap())) {
            buckets.entry(value).or_default().push(document);
        }
    }
    let mut all: Vec<_> = buckets.into_iter().collect();
    all.sort_by_key(|(_, inside)| std::cmp::Reverse(inside.len()));
    all.truncate(usize::try_from(params["size"].as_u64().unwrap()).unwrap());
    all
}

fn by_time<'d>(params: &Value, documents: &[&'d Value]) -> Buckets<'d> {
    assert_eq!(params["field"], "@timestamp");
    let mut buckets: BTreeMap<i64, Vec<&Value>> = BTreeMap::new();
    for document in documents {
        buckets
            .entry(time(document).div_euclid(INTERVAL_MS))
            .or_default()
            .push(document);
    }
    let in_ms = |(hour, inside): (i64, Vec<&'d Value>)| ((hour * INTERVAL_MS).to_string(), inside);
    buckets.into_iter().map(in_ms).collect()
}

fn by_queries<'d>(params: &Value, documents: &[&'d Value]) -> Buckets<'d> {
    let filters = params["filters"].as_object().unwrap().iter();
    let each = filters.map(|(label, filter)| {
        let query = filter["query_string"]["query"].as_str().unwrap();
        let inside = documents
            .iter()
            .filter(|d| fits(query, d))
            .copied()
            .collect();
        (label.clone(), inside)
    });
    each.collect()
}

fn within<'d>(terms: &Value, documents: &[&'d Value]) -> Vec<&'d Value> {
    let (path, wanted) = terms.as_object().unwrap().iter().next().unwrap();
    let wanted: Vec<String> = wanted
        .as_array()
        .unwrap()
        .iter()
        .map(String::from_json)
        .collect();
    let fits = |document: &&&Value| {
        values(document, path)
            .iter()
            .any(|value| wanted.contains(value))
    };
    documents.iter().filter(fits).copied().collect()
}

pub fn time(document: &Value) -> i64 {
    let text = document["@timestamp"].as_str().expect("a time");
    text.parse::<Timestamp>().expect("a time").as_millisecond()
}

fn compare_metric(what: &str, kind: &str, params: &Value, answer: &Value, documents: &[&Value]) {
    let path = params["field"].as_str().unwrap();
    if kind == "cardinality" {
        let distinct: BTreeSet<String> = documents.iter().flat_map(|d| values(d, path)).collect();
        let found = answer["value"].as_f64().unwrap();
        let most = 1.0 + distinct.len() as f64 / 100.0;
        assert!(
            (found - distinct.len() as f64).abs() < most,
            "{what}: {found}, {}",
            distinct.len()
        );
        return;
    }
    let mut numbers: Vec<f64> = match path {
        "@timestamp" => documents.iter().map(|d| time(d) as f64).collect(),
        path => documents
            .iter()
            .filter_map(|d| at(d, path)?.as_f64())
            .collect(),
    };
    numbers.sort_by(f64::total_cmp);
    let found = answer["value"].as_f64();
    match kind {
        "sum" => {
            let sum: f64 = numbers.iter().sum();
            assert!(
                (found.unwrap() - sum).abs() <= sum.abs() * 1e-9,
                "{what}: {found:?}, {sum}"
            );
        }
        "max" => assert_eq!(found, numbers.last().copied(), "{what}"),
        "min" => assert_eq!(found, numbers.first().copied(), "{what}"),
        "percentiles" => {
            for percent in params["percents"].as_array().unwrap() {
                let percent = percent.as_f64().unwrap();
                let found = answer["values"][format!("{percent:.1}")].as_f64();
                assert_eq!(found.is_none(), numbers.is_empty(), "{what}");
                // OpenSearch estimates percentiles: within two hundredths of the ranks around it.
                let rank =
                    |share: f64| share.clamp(0.0, 1.0) * numbers.len().saturating_sub(1) as f64;
                let Some(found) = found else { continue };
                let low = numbers[rank(percent / 100.0 - 0.02).floor() as usize];
                let high = numbers[rank(percent / 100.0 + 0.02).ceil() as usize];
                assert!(
                    (low..=high).contains(&found),
                    "{what}: p{percent} {found}: {low} to {high}"
                );
            }
        }
        other => panic!("{other}"),
    }
}
