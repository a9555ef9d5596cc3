/*! The catalogue of metrics. In: one declaration for each metric; out: the metric, its description, and scrapes. */

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

/// The first part of each metric's name.
const NAMESPACE: &str = "logferry";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

impl MetricKind {
    /// As in a `# TYPE` line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A label, and its values if they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelDescription {
    pub name: &'static str,
    /// Empty if the label may have any value.
    pub values: Vec<&'static str>,
}

/// What `docs/metrics.md`, dashboards and alerts may rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricDescription {
    /// As a query names it: with the namespace, the unit and `_total`. The series of a histogram add `_bucket`, `_sum`
    /// and `_count`.
    pub name: String,
    pub kind: MetricKind,
    pub unit: Option<&'static str>,
    pub labels: Vec<LabelDescription>,
    /// Series appear with their first values, and not from the start.
    pub appears_later: bool,
    pub help: &'static str,
}

/// A gauge for each log group. The label's values come from outside, so that the caller bounds their number.
#[derive(Clone, Default)]
pub(crate) struct GroupGauges(Family<[(&'static str, String); 1], Gauge>);

impl GroupGauges {
    const LABEL: &str = "log_group";

    /// Replaces all series.
    pub(crate) fn replace(&self, values: impl IntoIterator<Item = (String, i64)>) {
        self.0.clear();
        for (group, value) in values {
            self.0.get_or_create(&[(Self::LABEL, group)]).set(value);
        }
    }
}

/// Declares, describes and encodes metrics.
///
/// A declaration gives the name without the namespace and without `_total`. A name that ends in `_bytes` or
/// `_seconds` declares its unit with it, as the conventions of Prometheus demand.
pub(crate) struct Catalogue {
    registry: Registry,
    descriptions: Vec<MetricDescription>,
}

impl Catalogue {
    pub(crate) fn new() -> Self {
        Self {
            registry: Registry::with_prefix(NAMESPACE),
            descriptions: Vec::new(),
        }
    }

    pub(crate) fn counter(&mut self, name: &'static str, help: &'static str) -> Counter {
        let counter = Counter::default();
        self.add(name, MetricKind::Counter, Vec::new(), help, counter.clone());
        counter
    }

    /// One counter for each value of a label. All are scraped from the start, as 0.
    pub(crate) fn counters_by<const N: usize>(
        &mut self,
        name: &'static str,
        label: &'static str,
        values: [&'static str; N],
        help: &'static str,
    ) -> [Counter; N] {
        let family = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let counters = values.map(|value| family.get_or_create_owned(&[(label, value)]));
        let label = LabelDescription {
            name: label,
            values: values.to_vec(),
        };
        self.add(name, MetricKind::Counter, vec![label], help, family);
        counters
    }

    pub(crate) fn gauge(&mut self, name: &'static str, help: &'static str) -> Gauge {
        let gauge = Gauge::default();
        self.add(name, MetricKind::Gauge, Vec::new(), help, gauge.clone());
        gauge
    }

    /// One gauge for each value of a label. All are scraped from the start, as 0.
    pub(crate) fn gauges_by<const N: usize>(
        &mut self,
        name: &'static str,
        label: &'static str,
        values: [&'static str; N],
        help: &'static str,
    ) -> [Gauge; N] {
        let family = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        let gauges = values.map(|value| family.get_or_create_owned(&[(label, value)]));
        let label = LabelDescription {
            name: label,
            values: values.to_vec(),
        };
        self.add(name, MetricKind::Gauge, vec![label], help, family);
        gauges
    }

    /// One gauge for each log group.
    pub(crate) fn group_gauges(&mut self, name: &'static str, help: &'static str) -> GroupGauges {
        let gauges = GroupGauges::default();
        let label = LabelDescription {
            name: GroupGauges::LABEL,
            values: Vec::new(),
        };
        self.add(name, MetricKind::Gauge, vec![label], help, gauges.0.clone());
        if let Some(description) = self.descriptions.last_mut() {
            description.appears_later = true;
        }
        gauges
    }

    /// A gauge that is always 1; the value of its label is the information.
    pub(crate) fn info(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &'static str,
        help: &'static str,
    ) {
        let family = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        family.get_or_create(&[(label, value)]).set(1);
        let label = LabelDescription {
            name: label,
            values: Vec::new(),
        };
        self.add(name, MetricKind::Gauge, vec![label], help, family);
    }

    /// `buckets` are upper bounds in ascending order, without infinity.
    pub(crate) fn histogram(
        &mut self,
        name: &'static str,
        buckets: impl IntoIterator<Item = f64>,
        help: &'static str,
    ) -> Histogram {
        let histogram = Histogram::new(buckets);
        let metric = histogram.clone();
        self.add(name, MetricKind::Histogram, Vec::new(), help, metric);
        histogram
    }

    fn add(
        &mut self,
        name: &'static str,
        kind: MetricKind,
        labels: Vec<LabelDescription>,
        help: &'static str,
        metric: impl Metric,
    ) {
        let total = match kind {
            MetricKind::Counter => "_total",
            MetricKind::Gauge | MetricKind::Histogram => "",
        };
        let (stem, unit) = split_unit(name);
        self.descriptions.push(MetricDescription {
            name: format!("{NAMESPACE}_{name}{total}"),
            kind,
            unit: unit.as_ref().map(|(name, _)| *name),
            labels,
            appears_later: false,
            help,
        });
        match unit {
            Some((_, unit)) => self.registry.register_with_unit(stem, help, unit, metric),
            None => self.registry.register(stem, help, metric),
        }
    }

    pub(crate) fn descriptions(&self) -> &[MetricDescription] {
        &self.descriptions
    }

    /// All metrics as OpenMetrics.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}

/// The name without its unit, and the unit: the registry puts it back.
fn split_unit(name: &'static str) -> (&'static str, Option<(&'static str, Unit)>) {
    for (suffix, unit) in [("bytes", Unit::Bytes), ("seconds", Unit::Seconds)] {
        let stem = name.strip_suffix(suffix).and_then(|n| n.strip_suffix('_'));
        if let Some(stem) = stem {
            return (stem, Some((suffix, unit)));
        }
    }
    (name, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_declares_its_unit() {
        let mut catalogue = Catalogue::new();
        catalogue.counter("object_bytes", "Bytes").inc_by(3);
        catalogue.gauge("age_seconds", "Age").set(4);
        catalogue.gauge("megabytes", "No unit").set(5);
        let described: Vec<_> = catalogue
            .descriptions()
            .iter()
            .map(|metric| (metric.name.as_str(), metric.unit))
            .collect();
        assert_eq!(
            described,
            [
                ("logferry_object_bytes_total", Some("bytes")),
                ("logferry_age_seconds", Some("seconds")),
                ("logferry_megabytes", None),
            ]
        );
        let text = catalogue.encode();
        for line in [
            "# UNIT logferry_object_bytes bytes",
            "logferry_object_bytes_total 3",
            "logferry_age_seconds 4",
            "logferry_megabytes 5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }

    #[test]
    fn labelled_counters_are_scraped_from_the_start() {
        let mut catalogue = Catalogue::new();
        let [yes, _no] = catalogue.counters_by("bulks", "answered", ["yes", "no"], "Bulks");
        yes.inc();
        let text = catalogue.encode();
        assert!(text.contains("logferry_bulks_total{answered=\"yes\"} 1\n"));
        assert!(text.contains("logferry_bulks_total{answered=\"no\"} 0\n"));
    }
}
