/*! The body of a bulk goes in; the body that is sent comes out, compressed if the cluster takes that. */

mod accepted;
mod encode;

use bytes::Bytes;
use prometheus_client::metrics::counter::Counter;

use crate::observe::Metrics;
use logferry_core::bulk::{Bulk, WireBody};

pub use accepted::Accepted;

/// A smaller body gains less than its compression costs.
const LEAST: usize = 1024;

/// A `Content-Encoding` of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
    /// All, the one that saves most first.
    pub const BEST_FIRST: [Self; 2] = [Self::Zstd, Self::Gzip];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// How bodies of bulks are sent, and how many bytes that were.
#[derive(Default)]
pub(crate) struct Compression {
    encoding: Option<Encoding>,
    body_bytes: Counter,
    wire_bytes: Counter,
}

impl Compression {
    pub(super) fn shown_in(self, metrics: &Metrics) -> Self {
        Self {
            body_bytes: metrics.bulk_body_bytes.clone(),
            wire_bytes: metrics.bulk_wire_bytes.clone(),
            ..self
        }
    }

    pub(super) fn with(self, encoding: Option<Encoding>) -> Self {
        Self { encoding, ..self }
    }

    /// The body of a bulk as it is sent. It is compressed once, however often it is sent.
    pub(super) async fn wire_body(&self, bulk: &Bulk) -> WireBody {
        if self.encoding.is_none() {
            return WireBody::plain(bulk.body());
        }
        if let Some(kept) = bulk.wire_body() {
            return kept.clone();
        }
        let body = self.compressed(bulk.body()).await;
        bulk.keep_wire_body(body.clone());
        body
    }

    /// The compressed body; the plain one if it is small, or if compression gains little.
    pub(super) async fn compressed(&self, plain: Bytes) -> WireBody {
        let Some(encoding) = self.encoding.filter(|_| plain.len() >= LEAST) else {
            return WireBody::plain(plain);
        };
        match encode::encode(&plain, encoding).await {
            Ok(bytes) => WireBody {
                bytes,
                encoding: Some(encoding.as_str()),
                plain_bytes: plain.len(),
            },
            Err(error) => {
                tracing::debug!(%error, bytes = plain.len(), "a bulk is sent uncompressed");
                WireBody::plain(plain)
            }
        }
    }

    /// Counts one request.
    pub(super) fn count(&self, body: &WireBody) {
        self.body_bytes.inc_by(body.plain_bytes as u64);
        self.wire_bytes.inc_by(body.bytes.len() as u64);
    }
}
