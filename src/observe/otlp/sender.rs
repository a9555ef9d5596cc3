/*! A request's body goes in; it is sent by HTTP, again after failures that may pass, and the receiver's answer comes
out. */

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Certificate, Client, Identity, Response, StatusCode, redirect};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::error_chain::chain;
use crate::observe::otlp::settings::OtlpDestination;
use crate::retry::Delays;

const ATTEMPTS: usize = 4;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// The longest answer that is read: it holds a count and a sentence.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Why a request was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct SendError {
    pub(super) reason: String,
    /// Whether it may be accepted later, and when at the earliest if the receiver says so.
    retry: Option<Option<Duration>>,
}

pub(super) struct Sender {
    client: Client,
    url: Url,
    gzip: bool,
    /// For messages: the URL without secrets.
    pub(super) shown: String,
}

impl Sender {
    /// Fails if a header or a certificate cannot be used; the message names the variable.
    pub(super) fn new(to: &OtlpDestination) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in &to.headers {
            let unusable = || {
                format!("OTEL_EXPORTER_OTLP_HEADERS: {name:?} is no header, or its value is none")
            };
            let key = HeaderName::try_from(name).map_err(|_| unusable())?;
            let mut value = HeaderValue::try_from(value).map_err(|_| unusable())?;
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        if to.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let mut builder = Client::builder()
            .user_agent(concat!("logferry/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            // A redirect would carry the headers, which are secrets, to another host.
            .redirect(redirect::Policy::none())
            .timeout(to.timeout);
        if let Some(pem) = &to.client {
            let identity = Identity::from_pem(pem).map_err(|error| {
                format!(
                    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY: {error}"
                )
            })?;
            builder = builder.identity(identity);
        }
        if let Some(pem) = &to.ca {
            let authorities = Certificate::from_pem_bundle(pem)
                .map_err(|error| format!("OTEL_EXPORTER_OTLP_CERTIFICATE: {error}"))?;
            builder = builder.tls_certs_only(authorities);
        }
        let client = builder.build().map_err(|error| chain(&error))?;
        Ok(Self {
            client,
            url: to.url.clone(),
            gzip: to.gzip,
            shown: to.shown(),
        })
    }

    /// The body of the answer, as far as it is short. A failure that may pass is tried again, until `stop` is
    /// cancelled.
    pub(super) async fn send(
        &self,
        body: Vec<u8>,
        stop: &CancellationToken,
    ) -> Result<Vec<u8>, SendError> {
        let body = Bytes::from(match self.gzip {
            true => gzip(&body).map_err(|error| SendError {
                reason: error.to_string(),
                retry: None,
            })?,
            false => body,
        });
        let mut delays = Delays::new(FIRST_DELAY, LONGEST_DELAY, ATTEMPTS);
        loop {
            let error = match self.send_once(body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let (Some(wanted), Some(delay)) = (error.retry, delays.next()) else {
                return Err(error);
            };
            let delay = wanted.map_or(delay, |wanted| wanted.clamp(delay, LONGEST_DELAY * 3));
            let waited = stop.run_until_cancelled(tokio::time::sleep(delay)).await;
            if waited.is_none() {
                return Err(error);
            }
        }
    }

    /// Sends a request without data, once: every receiver takes it.
    pub(super) async fn try_empty(&self) -> Result<(), String> {
        let body = match self.gzip {
            true => gzip(&[]).map_err(|error| error.to_string())?,
            false => Vec::new(),
        };
        let sent = self.send_once(body.into()).await;
        sent.map(drop).map_err(|error| error.reason)
    }

    async fn send_once(&self, body: Bytes) -> Result<Vec<u8>, SendError> {
        let sent = self.client.post(self.url.clone()).body(body).send().await;
        let response = sent.map_err(|error| SendError {
            reason: chain(&error.without_url()),
            retry: Some(None),
        })?;
        let status = response.status();
        if status.is_success() {
            // The request is accepted, whatever becomes of the rest of the answer.
            return Ok(read(response).await);
        }
        let may_pass = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(SendError {
            reason: format!("HTTP {}", status.as_u16()),
            retry: may_pass
                .contains(&status)
                .then(|| retry_after.map(Duration::from_secs)),
        })
    }
}

async fn read(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Vec::new();
        }
        body.extend_from_slice(&chunk);
    }
    body
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}
