/*! Exposition formats. In: an `Accept` header, and OpenMetrics; out: the format to answer in, and Prometheus text. */

/// The formats that a scraper may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpositionFormat {
    /// The text format 0.0.4, which every scraper reads.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl ExpositionFormat {
    /// Chooses by the `Accept` header: OpenMetrics only if the scraper names it and prefers no other format.
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

/// A quality (`q`) from 0 to 1, in thousandths.
fn thousandths(value: &str) -> Option<u32> {
    let quality: f64 = value.parse().ok()?;
    (0.0..=1.0)
        .contains(&quality)
        .then_some((quality * 1000.0).round() as u32)
}

/// Converts OpenMetrics to the text format of Prometheus, in which `# HELP` and `# TYPE` name a counter with its
/// `_total`, and which has neither `# UNIT` nor `# EOF`.
pub fn prometheus_text(open_metrics: &str) -> String {
    let mut out = String::with_capacity(open_metrics.len() + 1024);
    // `# HELP` stands before `# TYPE`, and the type decides how both name the metric.
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
    use super::*;

    #[test]
    fn the_accept_header_chooses_the_format() {
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
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true,
            ),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                true,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                 application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
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
            let format = ExpositionFormat::accepted(accept);
            assert_eq!(
                format == ExpositionFormat::OpenMetrics,
                open_metrics,
                "{accept:?}"
            );
        }
    }

    #[test]
    fn a_counter_has_its_total_in_help_and_type() {
        let open_metrics = "# HELP a_bytes Bytes.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 1\n\
                            # HELP b Level.\n# TYPE b gauge\nb 2\n# EOF\n";
        assert_eq!(
            prometheus_text(open_metrics),
            "# HELP a_bytes_total Bytes.\n# TYPE a_bytes_total counter\na_bytes_total 1\n\
             # HELP b Level.\n# TYPE b gauge\nb 2\n"
        );
    }
}
