/*! Lines of documents go in; the body of a request comes out as chunks, one after another.

A large parcel becomes a chunk of its own without a copy. Small parcels are copied into shared chunks: a copy of few
bytes costs less than a chunk. A document's lines always lie in one chunk. */

use std::ops::Range;

use bytes::Bytes;

/// A parcel of at least this many bytes becomes a chunk of its own.
const OWN: usize = 64 * 1024;
/// Capacity of a chunk that small parcels share. It is that of a full parcel, so that the allocator reuses either's
/// memory for the other.
const SHARED: usize = 512 * 1024;

/// Whether a parcel of these lines becomes a chunk of its own.
pub(super) fn is_large(lines: &[u8]) -> bool {
    lines.len() >= OWN
}

/// The bytes of a request body. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct BodyChunks {
    chunks: Vec<Chunk>,
    len: usize,
}

#[derive(Debug, Clone)]
struct Chunk {
    /// Offset in the body.
    start: usize,
    bytes: Bytes,
}

impl BodyChunks {
    /// Length of the body in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The chunks in the order of the body; none is empty.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.chunks.iter().map(|chunk| &chunk.bytes)
    }

    /// All bytes in one piece, copied if there are several chunks.
    pub fn to_bytes(&self) -> Bytes {
        match &*self.chunks {
            [chunk] => chunk.bytes.clone(),
            _ => self
                .iter()
                .map(|bytes| &bytes[..])
                .collect::<Vec<_>>()
                .concat()
                .into(),
        }
    }

    /// Bytes of one document's lines, by their offsets in the body.
    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        let (chunk, range) = self.find(range);
        &chunk.bytes[range]
    }

    /// As [`BodyChunks::slice`], sharing the chunk.
    pub(super) fn slice_shared(&self, range: Range<usize>) -> Bytes {
        let (chunk, range) = self.find(range);
        chunk.bytes.slice(range)
    }

    /// The chunk in which a range of the body lies, and the range in the chunk.
    fn find(&self, range: Range<usize>) -> (&Chunk, Range<usize>) {
        let behind = self
            .chunks
            .partition_point(|chunk| chunk.start <= range.start);
        let chunk = &self.chunks[behind - 1];
        (chunk, range.start - chunk.start..range.end - chunk.start)
    }

    fn push(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            let start = self.len;
            self.len += bytes.len();
            self.chunks.push(Chunk {
                start,
                bytes: fitted(bytes).into(),
            });
        }
    }
}

impl From<Vec<u8>> for BodyChunks {
    fn from(bytes: Vec<u8>) -> Self {
        let mut body = Self::default();
        body.push(bytes);
        body
    }
}

impl From<String> for BodyChunks {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// The memory limiter has reserved the length of the bytes, so the capacity must not exceed it by much.
fn fitted(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.capacity() > bytes.len() + bytes.len() / 8 {
        bytes.shrink_to_fit();
    }
    bytes
}

/// Builds a body from the lines of parcels.
#[derive(Debug, Default)]
pub(super) struct BodyBuilder {
    body: BodyChunks,
    /// The shared chunk that is being filled.
    shared: Vec<u8>,
}

impl BodyBuilder {
    pub fn len(&self) -> usize {
        self.body.len + self.shared.len()
    }

    pub fn add(&mut self, lines: Vec<u8>) {
        if is_large(&lines) {
            self.close_shared();
            self.body.push(lines);
            return;
        }
        if self.shared.capacity() - self.shared.len() < lines.len() {
            self.close_shared();
            self.shared.reserve_exact(SHARED);
        }
        self.shared.extend_from_slice(&lines);
    }

    fn close_shared(&mut self) {
        self.body.push(std::mem::take(&mut self.shared));
    }

    pub fn finish(mut self) -> BodyChunks {
        self.close_shared();
        self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_large_parcel_is_not_copied_and_small_ones_share_a_chunk() {
        let large = vec![b'l'; OWN];
        let at = large.as_ptr();
        let mut builder = BodyBuilder::default();
        builder.add(vec![b'a'; 10]);
        builder.add(vec![b'b'; OWN - 1]);
        builder.add(large);
        builder.add(vec![b'c'; 1]);
        let body = builder.finish();
        let lengths: Vec<usize> = body.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [10 + OWN - 1, OWN, 1]);
        assert_eq!(body.iter().nth(1).unwrap().as_ptr(), at);
    }

    proptest! {
        #[test]
        fn every_parcel_is_found_where_it_was_put(
            parcels in prop::collection::vec((0..=255_u8, prop_oneof![0..200_usize, OWN - 2..OWN + 200, 0..3 * OWN]), 0..40)
        ) {
            let mut builder = BodyBuilder::default();
            let mut places = Vec::new();
            for (byte, len) in &parcels {
                places.push(builder.len()..builder.len() + len);
                builder.add(vec![*byte; *len]);
            }
            let whole = builder.len();
            let body = builder.finish();
            prop_assert_eq!(body.len(), whole);
            prop_assert_eq!(body.iter().map(Bytes::len).sum::<usize>(), whole);
            prop_assert!(body.iter().all(|chunk| !chunk.is_empty()));
            let bytes = body.to_bytes();
            prop_assert_eq!(bytes.len(), whole);
            for ((byte, len), place) in parcels.iter().zip(places).filter(|((_, len), _)| *len > 0) {
                let expected = vec![*byte; *len];
                prop_assert_eq!(body.slice(place.clone()), &expected[..]);
                prop_assert_eq!(&body.slice_shared(place.clone())[..], &expected[..]);
                prop_assert_eq!(&bytes[place], &expected[..]);
            }
        }
    }
}
