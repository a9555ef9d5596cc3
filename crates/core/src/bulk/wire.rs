//! The body of a bulk as it goes over the network.

use std::sync::{Arc, OnceLock};

use crate::bulk::BodyChunks;

/// A compressed body has at most this part of the plain one, else the plain one is sent. The memory limiter leaves room
/// for as much.
pub const COMPRESSED_PART: usize = 3;

/// A body, and the `Content-Encoding` that it is sent with.
#[derive(Debug, Clone)]
pub struct WireBody {
    pub bytes: BodyChunks,
    /// `None` for the plain body.
    pub encoding: Option<&'static str>,
    /// Length of the plain body in bytes.
    pub plain_bytes: usize,
}

impl WireBody {
    pub fn plain(bytes: BodyChunks) -> Self {
        Self {
            plain_bytes: bytes.len(),
            bytes,
            encoding: None,
        }
    }
}

/// The compressed body, made once: clones of a bulk share it, so that another attempt does not compress again.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptWireBody(Arc<OnceLock<WireBody>>);

impl KeptWireBody {
    pub(super) fn get(&self) -> Option<&WireBody> {
        self.0.get()
    }

    pub(super) fn keep(&self, body: WireBody) {
        // Another attempt may have been faster; its body is the same.
        let _ = self.0.set(body);
    }
}
