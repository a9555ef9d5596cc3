/*! In which format metrics are shown, and the text format of Prometheus. Pure. */

/// What a scraper may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// The text format 0.0.4, which every scraper reads.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Exposition {
    /// By the `Accept` header: OpenMetrics only for those who name it and want nothing else more.
    pub fn accepted(accept: &str) -> Self {
        let (mut open_metrics, mut text) = (0, 0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut quality, mut version) = (Some(1000), None);
            for part in parts {
                match part.split_once('=') {
                    Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => {
                        quality = thousandths(value.trim());
                    }
                    Some((name, value)) if name.trim().eq_ignore_ascii_case("version") => {
                        version = Some(value.trim().trim_matches('"'));
                    }
                    _ => {}
                }
            }
            let quality = quality.unwrap_or(0);
            match (kind.as_str(), version) {
                ("application/openmetrics-text", None | Some("1.0.0")) => {
                    open_metrics = open_metrics.max(quality);
                }
                ("text/plain", None | Some("0.0.4")) | ("text/*" | "*/*", _) => {
                    text = text.max(quality);
                }
                _ => {}
            }
        }
        if open_metrics > 0 && open_metrics >= text {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A quality of at most three digits behind the point; none where it is none.
fn thousandths(value: &str) -> Option<u32> {
    let quality: f64 = value.parse().ok()?;
    (0.0..=1.0)
        .contains(&quality)
        .then_some((quality * 1000.0).round() as u32)
}

/// OpenMetrics as the text format: a counter is named as its samples are, and there is neither `# UNIT` nor `# EOF`.
pub fn prometheus_text(open_metrics: &str) -> String {
    let mut out = String::with_capacity(open_metrics.len() + 1024);
    // Each `# HELP` stands before the `# TYPE` that tells how its metric is named.
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "untyped"));
            let total = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take() {
                out.push_str(&format!("# HELP {name}{total} {help}\n"));
            }
            out.push_str(&format!("# TYPE {name}{total} {kind}\n"));
        } else if !line.starts_with('#') {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use super::*;
    use crate::observe::{Counts, Metrics};

    #[test]
    fn the_format_is_the_one_that_is_accepted() {
        const OM: &str = "application/openmetrics-text";
        for (accept, open_metrics) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                false,
            ),
            ("application/json", false),
            ("application/*", false),
            (OM, true),
            (
                "Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8",
                true,
            ),
            // Prometheus 2.42, 2.55 and 3.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true,
            ),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                true,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                true,
            ),
            (
                "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5",
                false,
            ),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=0,*/*", false),
            ("application/openmetrics-text;version=2.0.0", false),
            ("application/openmetrics-text;q=much", false),
            ("application/openmetrics-text;q=-1", false),
            ("application/openmetrics-text;q=NaN", false),
            (",;;,=,q=1", false),
        ] {
            let format = Exposition::accepted(accept);
            assert_eq!(
                format == Exposition::OpenMetrics,
                open_metrics,
                "{accept:?}"
            );
        }
    }

    /// Each family once, described before its samples, and nothing that the format does not have.
    fn parse(text: &str) -> BTreeMap<String, (String, Vec<(String, f64)>)> {
        let is_name = |name: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
            name.chars().all(fits) && name.starts_with(|c: char| !c.is_ascii_digit())
        };
        let mut families = BTreeMap::new();
        let mut samples_seen = BTreeSet::new();
        let mut help = String::new();
        let mut current = String::new();
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, words) = rest.split_once(' ').expect("a help has words");
                assert!(
                    is_name(name) && !words.trim().is_empty() && !words.contains('\\'),
                    "{line}"
                );
                assert!(help.is_empty(), "{line}: a help without a type before");
                name.clone_into(&mut help);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(name, help, "a type behind its help");
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                help.clear();
                name.clone_into(&mut current);
                let family = (kind.to_owned(), Vec::new());
                assert!(
                    families.insert(current.clone(), family).is_none(),
                    "{line}: twice"
                );
            } else {
                assert!(!line.starts_with('#'), "{line}");
                let (series, value) = line.rsplit_once(' ').expect("a value");
                assert!(samples_seen.insert(series.to_owned()), "{line}: twice");
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                assert!(is_name(name) && labels.ends_with('}'), "{line}");
                let (kind, samples) = families
                    .get_mut(&current)
                    .expect("a family before its samples");
                let rest = name
                    .strip_prefix(current.as_str())
                    .expect("a sample of its family");
                assert!(
                    if kind == "histogram" {
                        ["_sum", "_count", "_bucket"].contains(&rest)
                    } else {
                        rest.is_empty()
                    },
                    "{line}"
                );
                samples.push((
                    format!("{rest}{{{labels}"),
                    value.parse().expect("a number"),
                ));
            }
        }
        families
    }

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
        metrics.messages_held.set(7);
        metrics
    }

    /// What `promtool check metrics` wants: it was run on this text by hand (2.42.0: nothing to complain of).
    #[test]
    fn the_text_of_prometheus_is_valid() {
        let text = metrics().show(Exposition::Prometheus);
        let families = parse(&text);
        assert!(families.len() > 30, "{text}");
        let value = |family: &str, sample: &str| {
            let samples = &families[family].1;
            samples
                .iter()
                .find(|(name, _)| name == sample)
                .map(|(_, value)| *value)
        };
        assert_eq!(
            value("logferry_documents_total", "{verdict=\"already_there\"}"),
            Some(2.0)
        );
        assert_eq!(value("logferry_messages_held", "{}"), Some(7.0));
        assert_eq!(
            value("logferry_bulk_size_bytes", "_sum{}"),
            Some(5_000_000.0)
        );
        for (kind, samples) in families.values().filter(|(kind, _)| kind == "histogram") {
            let mut buckets = samples
                .iter()
                .filter(|(name, _)| name.starts_with("_bucket"));
            let count = samples
                .iter()
                .find(|(name, _)| name == "_count{}")
                .expect("a count");
            assert!(buckets.clone().is_sorted_by_key(|(_, n)| *n), "{kind}");
            let last = buckets.next_back().expect("buckets");
            assert_eq!((last.0.as_str(), last.1), ("_bucket{le=\"+Inf\"}", count.1));
        }
    }

    #[test]
    fn both_formats_have_the_same_samples() {
        let metrics = metrics();
        let samples = |format| {
            let text = metrics.show(format);
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            samples(Exposition::Prometheus),
            samples(Exposition::OpenMetrics)
        );
    }
}
