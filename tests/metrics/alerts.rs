/*! The rules of `deploy/alerts/prometheus` and the dashboard of `deploy/grafana` name metrics of the catalogue, and
each alert has its section in the runbook. `promtool` reads and runs the rules in `deploy/tests/prometheus.sh`. */

use std::collections::{BTreeMap, BTreeSet};

use logferry::observe::{MetricKind, Metrics};
use regex::Regex;

const RULES: &str = include_str!("../../deploy/alerts/prometheus/logferry.yaml");
const TESTS: &str = include_str!("../../deploy/alerts/prometheus/tests/logferry_test.yaml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/logferry.json");
const RUNBOOK: &str = include_str!("../../docs/runbook.md");

/// Fails on a metric, label or label value that the catalogue does not have. Returns the names of the metrics.
fn named_metrics<'a>(expressions: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let metrics = Metrics::new();
    let mut known = BTreeMap::new();
    for metric in metrics.descriptions() {
        let suffixes: &[&str] = match metric.kind {
            MetricKind::Histogram => &["_bucket", "_sum", "_count"],
            MetricKind::Counter | MetricKind::Gauge => &[""],
        };
        for suffix in suffixes {
            known.insert(format!("{}{suffix}", metric.name), metric);
        }
    }
    let series = Regex::new(r"\b(logferry_\w+)(?:\{([^}]*)\})?").unwrap();
    let label = Regex::new(r#"(\w+)="([^"]*)""#).unwrap();
    let grouping = Regex::new(r"by \(([^)]*)\)").unwrap();
    // Labels that Prometheus adds, and those of a histogram.
    let of_prometheus = ["job", "instance", "le"];
    let mut named = BTreeSet::new();
    for line in expressions {
        let mut labels = BTreeSet::from(of_prometheus);
        for found in series.captures_iter(line) {
            let name = &found[1];
            let metric = known
                .get(name)
                .unwrap_or_else(|| panic!("{line}: {name} is no metric"));
            named.insert(name.to_owned());
            labels.extend(metric.labels.iter().map(|label| label.name));
            let pairs = found.get(2).map_or("", |found| found.as_str()).split(',');
            for pair in pairs.filter(|pair| !pair.is_empty() && !pair.starts_with("job=~")) {
                let pair = label.captures(pair).expect("a label");
                let of_metric = metric.labels.iter().find(|label| label.name == &pair[1]);
                let values = &of_metric
                    .unwrap_or_else(|| panic!("{line}: no label {}", &pair[1]))
                    .values;
                assert!(values.iter().any(|v| v == &&pair[2]), "{line}: {values:?}");
            }
        }
        for found in grouping.captures_iter(line) {
            let unknown = found[1].split(", ").find(|name| !labels.contains(name));
            assert_eq!(unknown, None, "{line}: no label");
        }
    }
    named
}

#[test]
fn each_metric_of_a_rule_is_in_the_catalogue() {
    let lines = RULES.lines().map(str::trim_start);
    let named = named_metrics(lines.filter(|line| line.starts_with("expr:")));
    assert!(named.len() > 18, "{named:?}");
}

#[test]
fn each_metric_of_the_dashboard_is_in_the_catalogue() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array());
    let named = named_metrics(
        targets
            .flatten()
            .map(|target| target["expr"].as_str().unwrap()),
    );
    assert!(named.len() > 30, "{named:?}");
}

#[test]
fn each_alert_has_a_section_in_the_runbook_and_two_tests() {
    let values = |key: &str| -> Vec<&str> {
        let lines = RULES.lines().map(str::trim_start);
        lines.filter_map(|line| line.strip_prefix(key)).collect()
    };
    let alerts = values("- alert: ");
    let links = values("runbook_url: docs/runbook.md#");
    assert!(alerts.len() > 15);
    assert_eq!(values("summary: ").len(), alerts.len());
    assert_eq!(values("description: ").len(), alerts.len());
    for (alert, link) in alerts.iter().zip(&links) {
        assert_eq!(alert.to_lowercase(), *link);
        assert!(
            RUNBOOK.contains(&format!("\n### {alert}\n")),
            "{alert}: no section"
        );
        for outcome in ["fires", "stays silent"] {
            let test = format!("- name: {alert} {outcome}\n");
            assert!(TESTS.contains(&test), "{test}");
        }
    }
    assert_eq!(links.len(), alerts.len());
}

#[test]
fn each_monitor_has_a_section_in_the_runbook() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/alerts/opensearch");
    let mut monitors = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains(&format!("docs/runbook.md#{name}\"")),
            "{name}: no link"
        );
        assert!(
            RUNBOOK.contains(&format!("\n<a id=\"{name}\"></a>\n")),
            "{name}: no section"
        );
        monitors += 1;
    }
    assert_eq!(monitors, 6);
}
