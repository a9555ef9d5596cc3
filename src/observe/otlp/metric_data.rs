/*! A scrape and the descriptions of its metrics go in; the same metrics come out as OTLP has them.

The catalogue is read as a scraper reads it, so that nothing is counted a second time and both ways name a metric alike:
with the unit and with `_total`. */

use std::collections::HashMap;

use crate::observe::catalogue::{MetricDescription, MetricKind};
use crate::observe::otlp::attributes::text;
use crate::observe::otlp::messages::{
    CUMULATIVE, Data, Gauge, Histogram, HistogramPoint, KeyValue, Metric, Number, NumberPoint, Sum,
};

/// In nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    /// Since when counters count.
    pub(super) start: u64,
    pub(super) now: u64,
}

/// One line of a scrape.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: &'a str,
}

/// The metrics that have samples, in the order of the descriptions.
pub(super) fn metrics(
    scrape: &str,
    descriptions: &[MetricDescription],
    period: Period,
) -> Vec<Metric> {
    let mut samples = HashMap::<&str, Vec<Sample<'_>>>::new();
    for sample in scrape.lines().filter_map(Sample::read) {
        samples.entry(sample.name).or_default().push(sample);
    }
    let mut metrics = Vec::with_capacity(descriptions.len());
    for description in descriptions {
        let of = |suffix: &str| samples.get(format!("{}{suffix}", description.name).as_str());
        let data = match description.kind {
            MetricKind::Counter => of("").map(|samples| {
                Data::Sum(Sum {
                    data_points: numbers(samples, period, period.start),
                    aggregation_temporality: CUMULATIVE,
                    is_monotonic: true,
                })
            }),
            MetricKind::Gauge => of("").map(|samples| {
                Data::Gauge(Gauge {
                    data_points: numbers(samples, period, 0),
                })
            }),
            // No histogram of the catalogue has labels: it is one data point.
            MetricKind::Histogram => of("_bucket").map(|buckets| {
                let number =
                    |suffix| of(suffix).and_then(|samples| samples.first()?.value.parse().ok());
                Data::Histogram(Histogram {
                    data_points: vec![histogram(buckets, number("_sum"), period)],
                    aggregation_temporality: CUMULATIVE,
                })
            }),
        };
        if data.is_some() {
            metrics.push(Metric {
                name: description.name.clone(),
                description: description.help.to_owned(),
                unit: unit(description.unit).to_owned(),
                data,
            });
        }
    }
    metrics
}

/// As UCUM writes it. A number of things has none: receivers would append the word to the name.
fn unit(name: Option<&str>) -> &'static str {
    match name {
        Some("bytes") => "By",
        Some("seconds") => "s",
        _ => "",
    }
}

fn numbers(samples: &[Sample<'_>], period: Period, start: u64) -> Vec<NumberPoint> {
    let points = samples.iter().filter_map(|sample| {
        let value = match sample.value.parse::<i64>() {
            Ok(whole) => Number::Int(whole),
            Err(_) => Number::Double(sample.value.parse().ok()?),
        };
        Some(NumberPoint {
            attributes: sample.attributes(),
            start_time_unix_nano: start,
            time_unix_nano: period.now,
            value: Some(value),
        })
    });
    points.collect()
}

/// The buckets of a scrape are cumulative; those of OTLP are not, and the last has no bound.
fn histogram(buckets: &[Sample<'_>], sum: Option<f64>, period: Period) -> HistogramPoint {
    let mut point = HistogramPoint {
        start_time_unix_nano: period.start,
        time_unix_nano: period.now,
        sum,
        ..HistogramPoint::default()
    };
    for bucket in buckets {
        let bound = bucket.labels.iter().find(|(name, _)| *name == "le");
        let bound = bound.and_then(|(_, bound)| bound.replace("+Inf", "inf").parse::<f64>().ok());
        let (Some(bound), Ok(below)) = (bound, bucket.value.parse::<u64>()) else {
            continue;
        };
        point.bucket_counts.push(below.saturating_sub(point.count));
        point.count = below;
        if bound.is_finite() {
            point.explicit_bounds.push(bound);
        }
    }
    point
}

impl<'a> Sample<'a> {
    /// `name value` or `name{label="value",…} value`.
    fn read(line: &'a str) -> Option<Self> {
        if line.starts_with('#') {
            return None;
        }
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, read_labels(labels.strip_suffix('}')?)?),
            None => (series, Vec::new()),
        };
        Some(Self {
            name,
            labels,
            value,
        })
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let labels = self.labels.iter();
        labels
            .map(|(name, value)| text(name, value.clone()))
            .collect()
    }
}

/// `label="value",…`, where `\\`, `\"` and `\n` stand for a character.
fn read_labels(mut rest: &str) -> Option<Vec<(&str, String)>> {
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next()? {
                (end, '"') => break end,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.push((name, value));
        rest = after[end + 1..].trim_start_matches(',');
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Metrics;
    use logferry_core::coverage::GroupCoverage;
    use std::time::Duration;

    const PERIOD: Period = Period { start: 5, now: 9 };

    fn exported(metrics: &Metrics) -> Vec<Metric> {
        super::metrics(&metrics.encode(), metrics.descriptions(), PERIOD)
    }

    fn named<'m>(metrics: &'m [Metric], name: &str) -> &'m Metric {
        metrics.iter().find(|metric| metric.name == name).unwrap()
    }

    /// Each metric of the catalogue arrives, but those whose series come with their first values.
    #[test]
    fn the_whole_catalogue_is_exported_under_the_names_of_a_scrape() {
        let metrics = Metrics::new();
        let expected = metrics.descriptions().iter().filter(|d| !d.appears_later);
        let expected: Vec<&str> = expected.map(|d| d.name.as_str()).collect();
        let found = exported(&metrics);
        let names: Vec<&str> = found.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, expected);
        assert!(names.len() > 50);
    }

    #[test]
    fn counters_gauges_and_histograms_keep_their_values() {
        let metrics = Metrics::new();
        metrics.object_bytes.inc_by(7);
        metrics.memory_reserved.set(-2);
        for seconds in [1, 2, 90, 1_000_000] {
            metrics.observe_lag(Duration::from_secs(seconds));
        }
        let found = exported(&metrics);
        let bytes = named(&found, "logferry_object_bytes_total");
        assert_eq!(bytes.unit, "By");
        let Some(Data::Sum(sum)) = &bytes.data else {
            panic!("{bytes:?}")
        };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
        let point = &sum.data_points[0];
        assert_eq!(point.value, Some(Number::Int(7)));
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (5, 9));
        let Some(Data::Gauge(gauge)) = &named(&found, "logferry_memory_reserved_bytes").data else {
            panic!("no gauge")
        };
        assert_eq!(gauge.data_points[0].value, Some(Number::Int(-2)));
        let lag = named(&found, "logferry_lag_seconds");
        let Some(Data::Histogram(histogram)) = &lag.data else {
            panic!("{lag:?}")
        };
        let point = &histogram.data_points[0];
        assert_eq!((point.count, point.sum), (4, Some(1_000_093.0)));
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), 4);
        assert_eq!(point.bucket_counts.last(), Some(&1));
        let of_90 = point
            .explicit_bounds
            .iter()
            .position(|b| *b == 120.0)
            .unwrap();
        assert_eq!(point.bucket_counts[of_90], 1);
    }

    #[test]
    fn labels_become_attributes_as_they_were_before_they_were_escaped() {
        let metrics = Metrics::new();
        let mut group = GroupCoverage::default();
        let name = "a\"b\\c\nd,e=\"f}";
        name.clone_into(&mut group.name.log_group);
        metrics.coverage.show(&[group], 0);
        let found = exported(&metrics);
        let missing = named(&found, "logferry_coverage_missing_objects");
        let Some(Data::Gauge(gauge)) = &missing.data else {
            panic!("{missing:?}")
        };
        assert_eq!(
            gauge.data_points[0].attributes,
            [text("log_group", name.to_owned())]
        );
    }
}
