/*! The body of a bulk goes in; the body that is sent comes out, compressed if the cluster takes that. */

use prometheus_client::metrics::counter::Counter;

use crate::observe::Metrics;
use crate::sink::opensearch::compression::encode::encode;
use crate::sink::opensearch::compression::encoding::Encoding;
use logferry_core::bulk::{BodyChunks, Bulk, WireBody};

/// A smaller body gains less than its compression costs.
const LEAST: usize = 1024;

/// How bodies of bulks are sent, and how many bytes that were.
#[derive(Default)]
pub(crate) struct Compression {
    encoding: Option<Encoding>,
    body_bytes: Counter,
    wire_bytes: Counter,
}

impl Compression {
    pub(crate) fn shown_in(self, metrics: &Metrics) -> Self {
        Self {
            body_bytes: metrics.bulk_body_bytes.clone(),
            wire_bytes: metrics.bulk_wire_bytes.clone(),
            ..self
        }
    }

    pub(crate) fn with(self, encoding: Option<Encoding>) -> Self {
        Self { encoding, ..self }
    }

    /// The body of a bulk as it is sent. It is compressed once, however often it is sent.
    pub(crate) async fn wire_body(&self, bulk: &Bulk) -> WireBody {
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
    pub(crate) async fn compressed(&self, plain: BodyChunks) -> WireBody {
        let Some(encoding) = self.encoding.filter(|_| plain.len() >= LEAST) else {
            return WireBody::plain(plain);
        };
        match encode(&plain, encoding).await {
            Ok(bytes) => WireBody {
                bytes: bytes.into(),
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
    pub(crate) fn count(&self, body: &WireBody) {
        self.body_bytes.inc_by(body.plain_bytes as u64);
        self.wire_bytes.inc_by(body.bytes.len() as u64);
    }
}
