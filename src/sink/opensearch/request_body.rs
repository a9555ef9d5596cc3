//! The chunks of a body go in; the body of an HTTP request comes out, without a copy.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use logferry_core::bulk::BodyChunks;

pub(super) fn request_body(chunks: &BodyChunks) -> reqwest::Body {
    match chunks.iter().len() {
        // It needs no turns of its own.
        0 | 1 => reqwest::Body::from(chunks.to_bytes()),
        _ => reqwest::Body::wrap(ChunkedBody {
            left: chunks.len() as u64,
            chunks: chunks.iter().cloned().collect::<Vec<_>>().into_iter(),
        }),
    }
}

/// A body that is sent chunk by chunk. Its length is known, so the request has a `Content-Length`: not every proxy
/// takes a body without.
struct ChunkedBody {
    chunks: std::vec::IntoIter<Bytes>,
    /// Bytes of the chunks that are left.
    left: u64,
}

impl Body for ChunkedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.chunks.next();
        self.left -= chunk.as_ref().map_or(0, Bytes::len) as u64;
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
