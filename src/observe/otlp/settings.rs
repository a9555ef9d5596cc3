/*! What is exported by OTLP, to where and how often. `config` reads it from the variables of OpenTelemetry. */

use std::time::Duration;

use url::Url;

/// All of it. Without a destination nothing is exported.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OtlpSettings {
    pub traces: Option<TraceSettings>,
    pub metrics: Option<MetricSettings>,
    /// Attributes of this process, `service.name` among them.
    pub resource: Vec<(String, String)>,
    /// Variables that are not used as they are written, each with the reason.
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    pub to: OtlpDestination,
    pub sampler: Sampler,
    /// Spans that wait at the most; further ones are dropped and counted.
    pub queue: usize,
    /// Spans of one request at the most.
    pub batch: usize,
    /// The longest time that a span waits for others.
    pub delay: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct MetricSettings {
    pub to: OtlpDestination,
    pub interval: Duration,
}

#[derive(Clone, PartialEq)]
pub struct OtlpDestination {
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub gzip: bool,
    /// For one request.
    pub timeout: Duration,
    /// Certificates (PEM) of authorities, instead of the system's.
    pub ca: Option<Vec<u8>>,
    /// Certificate and key (PEM) of this client.
    pub client: Option<Vec<u8>>,
}

impl std::fmt::Debug for OtlpDestination {
    /// Headers and keys are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers = self.headers.iter().map(|(name, _)| name.as_str());
        f.debug_struct("OtlpDestination")
            .field("url", &self.shown())
            .field("headers", &headers.collect::<Vec<_>>())
            .field("gzip", &self.gzip)
            .field("timeout", &self.timeout)
            .field("ca", &self.ca.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}

impl OtlpDestination {
    /// The URL without a password and without a query, which may hold a key.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        // These fail only for URLs without a host, which `config` refuses.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.to_string()
    }
}

/// Which messages become traces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampler {
    All,
    None,
    /// From 0 to 1, decided by the trace's id.
    Ratio(f64),
}

impl Sampler {
    pub(super) fn takes(self, trace_id: u128) -> bool {
        match self {
            Sampler::All => true,
            Sampler::None => false,
            // The last 56 bits of an id are random. OpenTelemetry's samplers agree on taking the highest values.
            Sampler::Ratio(ratio) => {
                let random = (trace_id & ((1 << 56) - 1)) as f64;
                random >= (1.0 - ratio) * (1_u64 << 56) as f64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_takes_its_share() {
        let ids = (0..1024_u128).map(|n| n << 46);
        for (sampler, taken) in [
            (Sampler::All, 1024),
            (Sampler::None, 0),
            (Sampler::Ratio(0.0), 0),
            (Sampler::Ratio(0.25), 256),
            (Sampler::Ratio(1.0), 1024),
        ] {
            let found = ids.clone().filter(|id| sampler.takes(*id)).count();
            assert_eq!(found, taken, "{sampler:?}");
        }
    }
}
