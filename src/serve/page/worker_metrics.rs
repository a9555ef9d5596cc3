/*! The addresses of workers go in; what their metrics say about the pipeline comes out. */

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use reqwest::Client;
use reqwest::redirect::Policy;
use url::Url;

/// A worker answers from memory.
const TIMEOUT: Duration = Duration::from_secs(3);
/// A worker's metrics are some ten thousand bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Workers whose metrics are read.
pub struct WorkerMetrics {
    client: Client,
    urls: Vec<Url>,
}

/// What the metrics of a worker say, or of several together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkerFigures {
    /// Sums over the series of a name.
    values: BTreeMap<String, f64>,
    /// Cumulative numbers of lags by the upper bound of their bucket, in seconds.
    lag: Vec<(f64, f64)>,
}

impl WorkerMetrics {
    /// Fails if the system's certificates cannot be read.
    pub fn new(urls: Vec<Url>) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none());
        Ok(Self {
            client: client.build()?,
            urls,
        })
    }

    /// The figures of each worker, or why they cannot be read, in the order of the addresses.
    pub async fn read(&self) -> Vec<(&Url, Result<WorkerFigures, String>)> {
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
        for url in &self.urls {
            asked.push(Box::pin(async move { (url, self.read_one(url).await) }));
        }
        join_all(asked).await
    }

    async fn read_one(&self, url: &Url) -> Result<WorkerFigures, String> {
        let reason = |error: reqwest::Error| error.without_url().to_string();
        let mut response = self.client.get(url.clone()).send().await.map_err(reason)?;
        if !response.status().is_success() {
            return Err(format!(
                "it answers with HTTP {}",
                response.status().as_u16()
            ));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reason)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err("its answer is longer than the metrics of a worker".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        let figures = WorkerFigures::parse(&String::from_utf8_lossy(&body));
        if figures.values.contains_key("logferry_messages_held") {
            Ok(figures)
        } else {
            Err("its answer has no metrics of a worker: give the address of /metrics".to_owned())
        }
    }
}

impl WorkerFigures {
    /// Reads the text format of Prometheus as logferry writes it: `name{labels} value`.
    fn parse(text: &str) -> Self {
        let mut figures = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let Ok(value) = value.parse::<f64>() else {
                continue;
            };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            if !name.starts_with("logferry_") {
                continue;
            }
            if name == "logferry_lag_seconds_bucket" {
                let bound = labels
                    .split_once("le=\"")
                    .and_then(|(_, rest)| rest.split_once('"'));
                let bound = bound.and_then(|(bound, _)| bound.replace("+Inf", "inf").parse().ok());
                figures.lag.extend(bound.map(|bound: f64| (bound, value)));
                continue;
            }
            *figures.values.entry(name.to_owned()).or_default() += value;
            if let Some((_, verdict)) = labels.split_once("verdict=\"") {
                let verdict = verdict.split('"').next().unwrap_or_default();
                *figures
                    .values
                    .entry(format!("{name}:{verdict}"))
                    .or_default() += value;
            }
        }
        figures
    }

    /// Adds the figures of another worker.
    pub fn add(&mut self, other: &Self) {
        for (name, value) in &other.values {
            *self.values.entry(name.clone()).or_default() += value;
        }
        for (bound, count) in &other.lag {
            match self.lag.iter_mut().find(|(known, _)| known == bound) {
                Some((_, known)) => *known += count,
                None => self.lag.push((*bound, *count)),
            }
        }
    }

    /// A metric without `logferry_`; with `:` and the verdict for one of several series.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.get(&format!("logferry_{name}")).copied()
    }

    /// Seconds within which this share of the messages was settled: the upper bound of a bucket, infinite beyond the
    /// last one. `None` before the first message.
    pub fn lag_within(&self, share: f64) -> Option<f64> {
        let all = self.lag.iter().map(|(_, count)| *count).fold(0.0, f64::max);
        let mut buckets = self.lag.clone();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let bucket = buckets.into_iter().find(|(_, count)| *count >= all * share);
        bucket.filter(|_| all > 0.0).map(|(bound, _)| bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{ExpositionFormat, Metrics};

    #[test]
    fn what_a_worker_exposes_is_read() {
        let metrics = Metrics::new();
        metrics.messages_received.inc_by(7);
        for seconds in [1, 1, 1, 100] {
            metrics.observe_lag(Duration::from_secs(seconds));
        }
        for format in [ExpositionFormat::Prometheus, ExpositionFormat::OpenMetrics] {
            let mut figures = WorkerFigures::parse(&metrics.expose(format));
            assert_eq!(figures.value("messages_received_total"), Some(7.0));
            assert_eq!(figures.value("documents_total:indexed"), Some(0.0));
            let (median, most) = (
                figures.lag_within(0.5).unwrap(),
                figures.lag_within(0.95).unwrap(),
            );
            assert!(
                (1.0..100.0).contains(&median) && most >= 100.0,
                "{median} {most}"
            );
            figures.add(&figures.clone());
            assert_eq!(figures.value("messages_received_total"), Some(14.0));
            assert_eq!(figures.lag_within(0.5), Some(median));
        }
        assert_eq!(WorkerFigures::parse("").lag_within(0.5), None);
    }
}
