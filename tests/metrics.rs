/*! Tests of the catalogue of metrics against scrapes in both formats, and against `docs/metrics.md`. */

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use logferry::observe::{Counts, ExpositionFormat, LabelDescription, MetricDescription, Metrics};

#[path = "metrics/alerts.rs"]
mod alerts;
#[path = "docs/generated_page.rs"]
mod generated_page;

/// One metric of a scrape.
#[derive(Debug, Default)]
struct ScrapedMetric {
    kind: String,
    help: String,
    unit: Option<String>,
    /// Suffix of the name with labels, and value.
    samples: Vec<(String, f64)>,
}

impl ScrapedMetric {
    fn value(&self, sample: &str) -> Option<f64> {
        let found = self.samples.iter().find(|(name, _)| name == sample);
        found.map(|(_, value)| *value)
    }
}

/// Reads a scrape strictly: each metric is described once, before its samples, and has nothing that the format lacks.
fn parse(text: &str, format: ExpositionFormat) -> BTreeMap<String, ScrapedMetric> {
    let open_metrics = format == ExpositionFormat::OpenMetrics;
    let text = match text.strip_suffix("# EOF\n") {
        Some(text) if open_metrics => text,
        None if !open_metrics => text,
        _ => panic!("# EOF ends OpenMetrics, and only OpenMetrics:\n{text}"),
    };
    assert!(text.ends_with('\n'));
    let mut metrics = BTreeMap::<String, ScrapedMetric>::new();
    let mut series_seen = BTreeSet::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help has words");
            assert!(is_name(name) && !help.contains('\\'), "{line}");
            let metric = ScrapedMetric {
                help: help.to_owned(),
                ..ScrapedMetric::default()
            };
            assert!(metrics.insert(name.to_owned(), metric).is_none(), "{line}");
            name.clone_into(&mut current);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, current, "a type follows its help");
            let metric = metrics.get_mut(name).expect("a help");
            assert!(metric.kind.is_empty(), "{line}: twice");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            let has_total = name.ends_with("_total");
            assert_eq!(has_total, kind == "counter" && !open_metrics, "{line}");
            kind.clone_into(&mut metric.kind);
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            let (name, unit) = rest.split_once(' ').expect("a unit");
            assert!(open_metrics && name == current, "{line}");
            assert!(name.ends_with(&format!("_{unit}")), "{line}");
            let metric = metrics.get_mut(name).expect("a help");
            assert!(metric.unit.replace(unit.to_owned()).is_none(), "{line}");
        } else {
            assert!(!line.starts_with('#'), "{line}");
            let (series, value) = line.rsplit_once(' ').expect("a value");
            assert!(series_seen.insert(series.to_owned()), "{line}: twice");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            assert!(is_name(name) && labels.ends_with('}'), "{line}");
            let metric = metrics
                .get_mut(&current)
                .expect("a metric before its samples");
            let suffix = name.strip_prefix(&current).expect("a sample of its metric");
            let suffixes: &[&str] = match metric.kind.as_str() {
                "histogram" => &["_sum", "_count", "_bucket"],
                "counter" if open_metrics => &["_total"],
                "counter" | "gauge" => &[""],
                kind => panic!("{line}: type {kind:?}"),
            };
            assert!(suffixes.contains(&suffix), "{line}");
            let value = value.parse().expect("a number");
            metric.samples.push((format!("{suffix}{{{labels}"), value));
        }
    }
    metrics
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    name.chars().all(fits) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Metrics of a worker that did some work.
fn metrics() -> Metrics {
    let metrics = Metrics::new();
    metrics.count(&Counts {
        indexed: 3,
        already_there: 2,
        rejected: 1,
        unsettled: 0,
    });
    metrics.bulk_sent(Duration::from_millis(20), true);
    metrics.bulk_fill(5_000_000);
    metrics.observe_lag(Duration::from_secs(90));
    metrics.messages_held.set(7);
    metrics
}

/// The label of a sample and its value, without `le` of histograms.
fn label(sample: &str) -> Option<(&str, &str)> {
    let labels = sample.split_once('{')?.1.strip_suffix('}')?;
    let (name, value) = labels.split_once('=')?;
    (name != "le").then(|| (name, value.trim_matches('"')))
}

/// `promtool check metrics` (2.42.0) accepts a worker's scrape too; that check is run by hand.
#[test]
fn prometheus_text_is_valid() {
    let text = metrics().expose(ExpositionFormat::Prometheus);
    let scraped = parse(&text, ExpositionFormat::Prometheus);
    assert!(scraped.len() > 30, "{text}");
    for (metric, sample, value) in [
        (
            "logferry_documents_total",
            "{verdict=\"already_there\"}",
            2.0,
        ),
        ("logferry_documents_total", "{verdict=\"unsettled\"}", 0.0),
        ("logferry_bulks_total", "{answered=\"yes\"}", 1.0),
        ("logferry_bulks_total", "{answered=\"no\"}", 0.0),
        ("logferry_messages_held", "{}", 7.0),
        ("logferry_bulk_size_bytes", "_sum{}", 5_000_000.0),
        ("logferry_lag_seconds", "_bucket{le=\"60.0\"}", 0.0),
        ("logferry_lag_seconds", "_bucket{le=\"120.0\"}", 1.0),
    ] {
        let found = scraped[metric].value(sample);
        assert_eq!(found, Some(value), "{metric} {sample}");
    }
    for (name, metric) in scraped.iter().filter(|(_, m)| m.kind == "histogram") {
        let is_bucket = |(sample, _): &&(String, f64)| sample.starts_with("_bucket");
        let mut buckets = metric.samples.iter().filter(is_bucket);
        assert!(buckets.clone().is_sorted_by_key(|(_, n)| *n), "{name}");
        let (last, n) = buckets.next_back().expect("buckets");
        assert_eq!(last, "_bucket{le=\"+Inf\"}");
        assert_eq!(Some(*n), metric.value("_count{}"), "{name}");
    }
}

#[test]
fn both_formats_have_the_same_samples() {
    let metrics = metrics();
    let samples = |format| {
        let text = metrics.expose(format);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        samples(ExpositionFormat::Prometheus),
        samples(ExpositionFormat::OpenMetrics)
    );
}

/// A worker that has done nothing yet already exposes each metric, as the catalogue describes it.
#[test]
fn scrapes_and_descriptions_name_the_same_metrics() {
    let metrics = Metrics::new();
    for format in [ExpositionFormat::Prometheus, ExpositionFormat::OpenMetrics] {
        let mut scraped = parse(&metrics.expose(format), format);
        let from_start = metrics.descriptions().iter();
        for described in from_start.filter(|described| !described.appears_later) {
            let name = match format {
                ExpositionFormat::Prometheus => &described.name,
                ExpositionFormat::OpenMetrics => described.name.trim_end_matches("_total"),
            };
            let found = scraped
                .remove(name)
                .unwrap_or_else(|| panic!("{name} is not scraped"));
            assert_eq!(found.kind, described.kind.as_str(), "{name}");
            assert_eq!(found.help, format!("{}.", described.help));
            if format == ExpositionFormat::OpenMetrics {
                assert_eq!(found.unit.as_deref(), described.unit, "{name}");
            }
            assert_labels(&found, described);
        }
        assert!(scraped.is_empty(), "not described: {scraped:?}");
    }
}

/// The gauges of log groups appear with the first result, and those of groups that are gone disappear.
#[test]
fn each_log_group_of_the_last_pass_has_its_series() {
    use logferry_core::coverage::{Finding, GroupCoverage, GroupName, ListedObject};
    let metrics = Metrics::new();
    let group = |log_group: &str, missing: usize| {
        let name = GroupName {
            log_group: log_group.to_owned(),
            ..GroupName::default()
        };
        let mut group = GroupCoverage::new(name, "logs".to_owned(), 1);
        for n in 0..missing {
            let object = ListedObject {
                key: &n.to_string(),
                size: 1,
                last_modified: None,
                task: None,
            };
            group.add(object, Finding::Missing(String::new()), 0);
        }
        group
    };
    let shown = || {
        let text = metrics.expose(ExpositionFormat::OpenMetrics);
        let mut scraped = parse(&text, ExpositionFormat::OpenMetrics);
        for described in metrics.descriptions() {
            let found = scraped.remove(described.name.trim_end_matches("_total"));
            assert!(found.is_some(), "{}", described.name);
        }
        text
    };
    metrics
        .coverage
        .show(&[group("/a", 3), group("/b", 1)], 5_000);
    let text = shown();
    for line in [
        "logferry_coverage_missing_objects{log_group=\"/a\"} 3",
        "logferry_coverage_missing_objects{log_group=\"/b\"} 1",
        "logferry_coverage_objects{finding=\"missing\"} 4",
        "logferry_coverage_groups{state=\"gap\"} 2",
        "logferry_coverage_last_pass_timestamp_seconds 5",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    metrics.coverage.show(&[group("/a", 0)], 6_000);
    let text = shown();
    assert!(
        text.contains("missing_objects{log_group=\"/a\"} 0"),
        "{text}"
    );
    assert!(!text.contains("/b"), "{text}");
    let many: Vec<GroupCoverage> = (0..2000).map(|n| group(&format!("/{n:04}"), 1)).collect();
    metrics.coverage.show(&many, 7_000);
    let text = shown();
    assert_eq!(text.matches("coverage_missing_objects{").count(), 500);
    assert!(text.contains("logferry_coverage_objects{finding=\"missing\"} 2000"));
}

fn assert_labels(scraped: &ScrapedMetric, described: &MetricDescription) {
    let found: Vec<_> = scraped.samples.iter().map(|(s, _)| label(s)).collect();
    match described.labels.as_slice() {
        [] => assert!(found.iter().all(Option::is_none), "{found:?}"),
        [LabelDescription { name, values }] if values.is_empty() => {
            assert!(matches!(found[..], [Some((n, _))] if n == *name));
        }
        [LabelDescription { name, values }] => {
            let found: BTreeSet<_> = found.into_iter().collect();
            let values: BTreeSet<_> = values.iter().map(|v| Some((*name, *v))).collect();
            assert_eq!(found, values, "{}", described.name);
        }
        more => panic!("{more:?}: the test reads one label"),
    }
}

#[test]
fn metrics_keep_their_names() {
    let metrics = Metrics::new();
    let described = metrics.descriptions().iter();
    let lines: BTreeSet<_> = described
        .map(|metric| format!("{} {}", metric.name, metric.kind.as_str()))
        .collect();
    assert_eq!(lines.len(), metrics.descriptions().len());
    insta::assert_snapshot!(Vec::from_iter(lines).join("\n"));
}

#[test]
fn build_info_names_the_version() {
    let text = Metrics::new().encode();
    let line = format!(
        "logferry_build_info{{version=\"{}\"}} 1\n",
        env!("CARGO_PKG_VERSION")
    );
    assert!(text.contains(&line), "{text}");
}

#[test]
fn docs_metrics_md_is_up_to_date() {
    generated_page::assert_up_to_date(
        "docs/metrics.md",
        &page(),
        "src/observe/metrics.rs",
        "metrics",
    );
}

fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         `LOGFERRY_UPDATE_DOCS=1 cargo test --test metrics` generates this page from `src/observe/metrics.rs`.\n\n\
         The worker, `export --every`, `coverage --every` and `replay --listen` answer `GET /metrics` at the address of\n\
         `--listen`, in the text format of Prometheus or as OpenMetrics, whichever the `Accept` header prefers. Each metric\n\
         is exposed from the start, counters as 0. A histogram has the series `_bucket`, `_sum` and `_count`. The series of\n\
         log groups (`log_group`) are those of the last pass of [`coverage --every`](coverage.md), of the 500 worst groups at\n\
         the most. [OTLP](otlp.md) sends the same metrics without a scrape.\n\n\
         | name | type | unit | labels | what it counts or measures |\n|---|---|---|---|---|\n",
    );
    let metrics = Metrics::new();
    let mut described: Vec<_> = metrics.descriptions().iter().collect();
    described.sort_by_key(|metric| &metric.name);
    for metric in described {
        let labels: Vec<_> = metric.labels.iter().map(label_cell).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            metric.name,
            metric.kind.as_str(),
            metric.unit.unwrap_or("–"),
            if labels.is_empty() {
                "–".to_owned()
            } else {
                labels.join("; ")
            },
            metric.help
        );
    }
    page
}

fn label_cell(label: &LabelDescription) -> String {
    let values: Vec<_> = label.values.iter().map(|v| format!("`{v}`")).collect();
    match values.is_empty() {
        true => format!("`{}`", label.name),
        false => format!("`{}`: {}", label.name, values.join(", ")),
    }
}
