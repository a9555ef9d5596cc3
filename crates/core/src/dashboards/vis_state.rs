/*! A view goes in; the `visState` of a visualization comes out, in the form that Dashboards' editor saves. */

use serde_json::{Value, json};

use crate::dashboards::aggregation::{Bucket, Labelled, Metric};

/// How an aggregation is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawing {
    /// Large numbers.
    Numbers,
    Table,
    /// Stacked bars over time.
    Bars,
    /// Lines over time.
    Lines,
    Ring,
}

/// `visState` of an aggregation.
pub(crate) fn of_aggregation(
    title: &str,
    drawing: Drawing,
    metrics: &[Labelled<Metric>],
    buckets: &[Labelled<Bucket>],
) -> Value {
    let mut aggs: Vec<Value> = Vec::new();
    for metric in metrics {
        aggs.push(metric.to_json(aggs.len() + 1));
    }
    // Percentiles have no single value to order by: every panel that splits by values begins with a count.
    for (place, bucket) in buckets.iter().enumerate() {
        let schema = match (drawing, place) {
            (Drawing::Numbers, _) => "group",
            (Drawing::Table, _) => "bucket",
            (Drawing::Ring, _) | (Drawing::Bars | Drawing::Lines, 0) => "segment",
            (Drawing::Bars | Drawing::Lines, _) => "group",
        };
        aggs.push(bucket.to_json(aggs.len() + 1, schema, 1));
    }
    let (kind, params) = match drawing {
        Drawing::Numbers => ("metric", numbers()),
        Drawing::Table => ("table", table()),
        Drawing::Bars => ("histogram", chart("histogram", metrics)),
        Drawing::Lines => ("line", chart("line", metrics)),
        Drawing::Ring => ("pie", ring()),
    };
    json!({"title": title, "type": kind, "aggs": aggs, "params": params})
}

/// `visState` of a Vega or Vega-Lite specification.
pub(crate) fn of_vega(title: &str, spec: &Value) -> Value {
    json!({"title": title, "type": "vega", "aggs": [], "params": {"spec": format!("{spec:#}")}})
}

/// `visState` of a text.
pub(crate) fn of_markdown(title: &str, text: &str) -> Value {
    json!({
        "title": title, "type": "markdown", "aggs": [],
        "params": {"markdown": text, "fontSize": 12, "openLinksInNewTab": false},
    })
}

fn numbers() -> Value {
    json!({
        "type": "metric", "addTooltip": true, "addLegend": false,
        "metric": {
            "percentageMode": false, "useRanges": false, "colorSchema": "Green to Red",
            "metricColorMode": "None", "colorsRange": [{"from": 0, "to": 10000}], "labels": {"show": true},
            "invertColors": false,
            "style": {"bgFill": "#000", "bgColor": false, "labelColor": false, "subText": "", "fontSize": 32},
        },
    })
}

fn table() -> Value {
    json!({
        "perPage": 10, "showPartialRows": false, "showMetricsAtAllLevels": false, "showTotal": false,
        "totalFunc": "sum", "percentageCol": "", "sort": {"columnIndex": null, "direction": null},
    })
}

fn ring() -> Value {
    json!({
        "type": "pie", "addTooltip": true, "addLegend": true, "legendPosition": "right", "isDonut": true,
        "labels": {"show": false, "values": true, "last_level": true, "truncate": 100},
    })
}

fn chart(mark: &str, metrics: &[Labelled<Metric>]) -> Value {
    let mode = if mark == "histogram" {
        "stacked"
    } else {
        "normal"
    };
    let series: Vec<Value> = (metrics.iter().enumerate())
        .map(|(place, metric)| {
            json!({
                "show": true, "type": mark, "mode": mode, "valueAxis": "ValueAxis-1",
                "data": {"id": (place + 1).to_string(), "label": metric.label},
                "drawLinesBetweenPoints": true, "lineWidth": 2, "interpolate": "linear", "showCircles": true,
            })
        })
        .collect();
    let title = metrics.first().map_or("", |metric| metric.label);
    json!({
        "type": mark, "grid": {"categoryLines": false}, "addTooltip": true, "addLegend": true,
        "legendPosition": "right", "times": [], "addTimeMarker": false, "labels": {"show": false},
        "thresholdLine": {"show": false, "value": 10, "width": 1, "style": "full", "color": "#E7664C"},
        "categoryAxes": [{
            "id": "CategoryAxis-1", "type": "category", "position": "bottom", "show": true, "style": {},
            "scale": {"type": "linear"}, "labels": {"show": true, "filter": true, "truncate": 100}, "title": {},
        }],
        "valueAxes": [{
            "id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left", "show": true,
            "style": {}, "scale": {"type": "linear", "mode": "normal"}, "title": {"text": title},
            "labels": {"show": true, "rotate": 0, "filter": false, "truncate": 100},
        }],
        "seriesParams": series,
    })
}
