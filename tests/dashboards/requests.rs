/*! The search that Dashboards sends for a panel. */

use serde_json::{Value, json};

use super::objects::Object;

/// Width of the bars over time, where Dashboards chooses it by the width of the panel.
pub const INTERVAL: &str = "1h";
pub const INTERVAL_MS: i64 = 3_600_000;

/// The body of the search of a panel, over a range of time. `None` for a text.
pub fn body(panel: &Object, time: &Value) -> Option<Value> {
    if let Some(spec) = panel.vega() {
        let url = &spec["data"]["url"];
        assert_eq!(url["%context%"], true, "{}", panel.id);
        let field = url["%timefield%"].as_str().expect("a time field");
        let mut body = url["body"].clone();
        assert!(
            body.get("query").is_none(),
            "{}: Dashboards refuses query with %context%",
            panel.id
        );
        with_interval(&mut body);
        body["query"] = json!({"bool": {"filter": [{"range": {field: time}}]}});
        return Some(body);
    }
    let query = query(&panel.search_source(), time);
    if panel.kind == "search" {
        let sort = panel.attributes["sort"][0].as_array().expect("a sort");
        let sort =
            json!([{sort[0].as_str().unwrap(): {"order": sort[1], "unmapped_type": "boolean"}}]);
        return Some(
            json!({"size": 500, "sort": sort, "version": true, "query": query, "track_total_hits": true}),
        );
    }
    let state = panel.inner("visState");
    let aggs = state["aggs"].as_array().expect("aggregations");
    if aggs.is_empty() {
        return None;
    }
    let (metrics, buckets): (Vec<_>, Vec<_>) =
        aggs.iter().partition(|agg| agg["schema"] == "metric");
    let mut body = json!({"size": 0, "track_total_hits": true, "query": query});
    let nested = nested(&buckets, &metrics);
    if nested != json!({}) {
        body["aggs"] = nested;
    }
    Some(body)
}

fn query(source: &Value, time: &Value) -> Value {
    assert_eq!(source["query"]["language"], "lucene");
    let range = json!({"range": {"@timestamp": time}});
    json!({"bool": {"filter": [range], "must": [lucene(source["query"]["query"].as_str().unwrap())]}})
}

fn lucene(query: &str) -> Value {
    match query {
        "" => json!({"match_all": {}}),
        query => json!({"query_string": {"query": query, "analyze_wildcard": true}}),
    }
}

/// Buckets one inside the other, metrics in the innermost.
fn nested(buckets: &[&Value], metrics: &[&Value]) -> Value {
    let Some((bucket, inner)) = buckets.split_first() else {
        return metrics
            .iter()
            .filter_map(|metric| one_metric(metric))
            .collect::<serde_json::Map<_, _>>()
            .into();
    };
    let params = &bucket["params"];
    let mut aggregation = match bucket["type"].as_str().unwrap() {
        "date_histogram" => json!({"date_histogram": {
            "field": params["field"], "fixed_interval": INTERVAL, "min_doc_count": params["min_doc_count"],
        }}),
        "terms" => {
            // Each panel orders by its count, which is no aggregation of its own.
            let by = metrics
                .iter()
                .find(|metric| metric["id"] == params["orderBy"])
                .expect("the metric to order by");
            assert_eq!(by["type"], "count");
            json!({"terms": {"field": params["field"], "size": params["size"], "order": {"_count": params["order"]}}})
        }
        "filters" => {
            let each = params["filters"].as_array().unwrap().iter();
            let each = each.map(|filter| {
                let label = filter["label"].as_str().unwrap().to_owned();
                (label, lucene(filter["input"]["query"].as_str().unwrap()))
            });
            json!({"filters": {"filters": each.collect::<serde_json::Map<_, _>>()}})
        }
        kind => panic!("a bucket of the type {kind}"),
    };
    let inside = nested(inner, metrics);
    if inside != json!({}) {
        aggregation["aggs"] = inside;
    }
    json!({bucket["id"].as_str().unwrap(): aggregation})
}

fn one_metric(metric: &Value) -> Option<(String, Value)> {
    let kind = metric["type"].as_str().unwrap();
    let mut params = json!({"field": metric["params"]["field"]});
    match kind {
        "count" => return None,
        "sum" | "min" | "max" | "cardinality" => {}
        "percentiles" => params["percents"] = metric["params"]["percents"].clone(),
        kind => panic!("a metric of the type {kind}"),
    }
    Some((
        metric["id"].as_str().unwrap().to_owned(),
        json!({kind: params}),
    ))
}

/// Replaces `{"%autointerval%": …}`, as Dashboards does.
fn with_interval(value: &mut Value) {
    match value {
        Value::Object(members) if members.contains_key("%autointerval%") => {
            *value = INTERVAL.into()
        }
        Value::Object(members) => members.values_mut().for_each(with_interval),
        Value::Array(items) => items.iter_mut().for_each(with_interval),
        _ => {}
    }
}
