/*! The variables of OpenTelemetry go in; what is exported by OTLP comes out.

These variables are often set for many programs at once. Therefore a value that logferry cannot use is a warning, as
OpenTelemetry's specification has it, and no mistake that keeps the worker from starting. */

use std::time::Duration;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::observe::otlp::{MetricSettings, OtlpDestination, OtlpSettings, Sampler, TraceSettings};

/// All variables that are read. `<SIGNAL>` stands for `TRACES` and `METRICS`, which win over the general variable.
pub const OTLP_VARIABLES: [&str; 20] = [
    "OTEL_SDK_DISABLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_<SIGNAL>_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_<SIGNAL>_EXPORTER",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
];

/// Reads the environment of this process.
pub fn otlp() -> OtlpSettings {
    settings(&|name| std::env::var(name).ok())
}

/// Whatever `lookup` knows as empty counts as unset.
fn settings(lookup: &dyn Fn(&str) -> Option<String>) -> OtlpSettings {
    let mut variables = Variables {
        lookup,
        warnings: Vec::new(),
    };
    if variables.is_true("OTEL_SDK_DISABLED") {
        return OtlpSettings::default();
    }
    let traces = variables.destination("TRACES");
    let metrics = variables.destination("METRICS");
    if traces.is_none() && metrics.is_none() {
        // Also if every signal is switched off. Nothing else is of interest then.
        return OtlpSettings {
            warnings: variables.warnings,
            ..OtlpSettings::default()
        };
    }
    let traces = traces.and_then(|to| variables.traces(to));
    let metrics = metrics.map(|to| variables.metrics(to));
    OtlpSettings {
        traces,
        metrics,
        resource: variables.resource(),
        warnings: variables.warnings,
    }
}

struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    warnings: Vec<String>,
}

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The variable of the signal, else the general one; with its name.
    fn of_signal(&self, signal: &str, rest: &str) -> Option<(String, String)> {
        let names = [
            format!("OTEL_EXPORTER_OTLP_{signal}_{rest}"),
            format!("OTEL_EXPORTER_OTLP_{rest}"),
        ];
        names
            .into_iter()
            .find_map(|name| self.get(&name).map(|value| (name, value)))
    }

    fn warn(&mut self, name: &str, what: &str) {
        let warning = format!("{name}: {what}");
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Only "true" is true.
    fn is_true(&mut self, name: &str) -> bool {
        let Some(value) = self.get(name) else {
            return false;
        };
        let is_true = value.eq_ignore_ascii_case("true");
        if !is_true && !value.eq_ignore_ascii_case("false") {
            self.warn(
                name,
                &format!("{value:?} counts as false: use true or false"),
            );
        }
        is_true
    }

    fn number(&mut self, name: &str, default: u64, most: u64) -> u64 {
        let Some(value) = self.get(name) else {
            return default;
        };
        match value.parse() {
            Ok(number) if (1..=most).contains(&number) => number,
            _ => {
                let what = format!("{value:?} is no number from 1 to {most}: {default} is used");
                self.warn(name, &what);
                default
            }
        }
    }

    fn milliseconds(&mut self, name: &str, default: u64) -> Duration {
        const DAY: u64 = 24 * 3600 * 1000;
        Duration::from_millis(self.number(name, default, DAY))
    }

    /// `None`: the signal is not exported.
    fn destination(&mut self, signal: &str) -> Option<OtlpDestination> {
        let url = self.endpoint(signal)?;
        if !self.is_wanted(signal) || !self.is_protobuf(signal) {
            return None;
        }
        let gzip = match self.of_signal(signal, "COMPRESSION") {
            Some((_, value)) if value == "gzip" => true,
            Some((name, value)) if value != "none" => {
                self.warn(&name, &format!("{value:?} is not used: use gzip or none"));
                false
            }
            _ => false,
        };
        let timeout = match self.of_signal(signal, "TIMEOUT") {
            Some((name, _)) => self.milliseconds(&name, 10_000),
            None => Duration::from_secs(10),
        };
        let ca = self.file(signal, "CERTIFICATE").ok()?;
        let certificate = self.file(signal, "CLIENT_CERTIFICATE").ok()?;
        let key = self.file(signal, "CLIENT_KEY").ok()?;
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some([certificate, key].join(&b'\n')),
            (None, None) => None,
            _ => {
                let name = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY";
                self.warn(name, "one without the other is not used");
                None
            }
        };
        Some(OtlpDestination {
            url,
            headers: self.headers(signal),
            gzip,
            timeout,
            ca,
            client,
        })
    }

    /// The general endpoint is the base of a path for each signal; one of a signal is used as it is.
    fn endpoint(&mut self, signal: &str) -> Option<Url> {
        let own = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
        let (name, value) = self.of_signal(signal, "ENDPOINT")?;
        let url = Url::parse(&value);
        let url = url
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(mut url) = url else {
            let what = "is no URL, such as http://collector:4318: nothing is sent to it";
            self.warn(&name, what);
            return None;
        };
        if name != own {
            let base = url.path().trim_end_matches('/');
            let path = format!("{base}/v1/{}", signal.to_ascii_lowercase());
            url.set_path(&path);
        }
        Some(url)
    }

    fn is_wanted(&mut self, signal: &str) -> bool {
        let name = format!("OTEL_{signal}_EXPORTER");
        let Some(value) = self.get(&name) else {
            return true;
        };
        let listed: Vec<&str> = value.split(',').map(str::trim).collect();
        if !listed.contains(&"otlp") && listed != ["none"] {
            let what =
                format!("{value:?} is not known here (otlp and none are): nothing is exported");
            self.warn(&name, &what);
        }
        listed.contains(&"otlp")
    }

    fn is_protobuf(&mut self, signal: &str) -> bool {
        match self.of_signal(signal, "PROTOCOL") {
            Some((name, value)) if value != "http/protobuf" => {
                let what = format!(
                    "{value:?} is not spoken here: use http/protobuf, mostly at port 4318; nothing is exported"
                );
                self.warn(&name, &what);
                false
            }
            _ => true,
        }
    }

    /// Without a file that is asked for, nothing may be sent: it would go to whoever answers.
    fn file(&mut self, signal: &str, rest: &str) -> Result<Option<Vec<u8>>, ()> {
        let Some((name, path)) = self.of_signal(signal, rest) else {
            return Ok(None);
        };
        std::fs::read(&path).map(Some).map_err(|error| {
            self.warn(&name, &format!("{path}: {error}: nothing is exported"));
        })
    }

    /// `name=value,name=value`, values percent-encoded. Values are secrets, so that no message has one.
    fn headers(&mut self, signal: &str) -> Vec<(String, String)> {
        let Some((name, value)) = self.of_signal(signal, "HEADERS") else {
            return Vec::new();
        };
        self.pairs(&name, &value).unwrap_or_default()
    }

    fn pairs(&mut self, variable: &str, text: &str) -> Option<Vec<(String, String)>> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let pairs: Option<Vec<_>> = parts
            .map(|part| {
                let (name, value) = part.split_once('=')?;
                let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
                let name = name.trim();
                (!name.is_empty()).then(|| (name.to_owned(), value.into_owned()))
            })
            .collect();
        if pairs.is_none() {
            self.warn(
                variable,
                "is no list such as name=value,name=value (a comma in a value is %2C): it is not used",
            );
        }
        pairs
    }

    /// `None`: no trace is ever taken.
    fn traces(&mut self, to: OtlpDestination) -> Option<TraceSettings> {
        let sampler = self.sampler();
        let queue = self.number("OTEL_BSP_MAX_QUEUE_SIZE", 2048, 100_000);
        let batch = self.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 100_000);
        let delay = self.milliseconds("OTEL_BSP_SCHEDULE_DELAY", 5000);
        (sampler != Sampler::None).then_some(TraceSettings {
            to,
            sampler,
            queue: usize::try_from(queue).unwrap_or(usize::MAX),
            batch: usize::try_from(batch.min(queue)).unwrap_or(usize::MAX),
            delay,
        })
    }

    /// A message has no parent, so that a sampler that asks the parent decides as its root.
    fn sampler(&mut self) -> Sampler {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        let Some(value) = self.get(NAME) else {
            return Sampler::All;
        };
        match value.strip_prefix("parentbased_").unwrap_or(&value) {
            "always_on" => Sampler::All,
            "always_off" => Sampler::None,
            "traceidratio" => self.ratio(),
            _ => {
                let what = format!(
                    "{value:?} is not known here (always_on, always_off, traceidratio, also with parentbased_): all are taken"
                );
                self.warn(NAME, &what);
                Sampler::All
            }
        }
    }

    fn ratio(&mut self) -> Sampler {
        const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
        let Some(value) = self.get(NAME) else {
            return Sampler::All;
        };
        match value.parse::<f64>() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Sampler::Ratio(ratio),
            _ => {
                self.warn(
                    NAME,
                    &format!("{value:?} is no number from 0 to 1: 1 is used"),
                );
                Sampler::All
            }
        }
    }

    fn metrics(&mut self, to: OtlpDestination) -> MetricSettings {
        const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        if let Some(value) = self.get(TEMPORALITY)
            && !value.eq_ignore_ascii_case("cumulative")
        {
            self.warn(
                TEMPORALITY,
                &format!("{value:?} is not known here: counters are cumulative"),
            );
        }
        MetricSettings {
            to,
            interval: self.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", 60_000),
        }
    }

    fn resource(&mut self) -> Vec<(String, String)> {
        const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let text = self.get(NAME).unwrap_or_default();
        let mut attributes = self.pairs(NAME, &text).unwrap_or_default();
        if let Some(service) = self.get("OTEL_SERVICE_NAME") {
            attributes.retain(|(name, _)| name != "service.name");
            attributes.push(("service.name".to_owned(), service));
        }
        attributes
    }
}

#[cfg(test)]
mod tests;
