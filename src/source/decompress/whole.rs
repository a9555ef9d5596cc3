/*! A small object is fetched and decompressed at once, without readers around each other and a decoder made for it. */

use std::borrow::Cow;
use std::cell::RefCell;

use async_compression::codecs::{DecodeV2, GzipDecoder};
use async_compression::core::util::{PartialBuffer, WriteBuffer};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::source::Opened;
use crate::source::decompress::{magic, members};

/// Header and trailer of a gzip member.
const LEAST_MEMBER: usize = 18;

/// The whole content of an object.
pub struct Whole {
    pub content: Vec<u8>,
    pub stored_bytes: u64,
}

/// Fetches an object of one gzip member and decompresses it. Any other object comes back, to be read step by step: one
/// with more than `most_stored` or `most_content` bytes, one that is broken, one whose body breaks.
pub async fn whole(
    mut opened: Opened,
    most_stored: u64,
    most_content: usize,
) -> Result<Whole, Opened> {
    let Some(size) = opened.size.filter(|size| *size <= most_stored) else {
        return Err(opened);
    };
    let mut chunks = Vec::with_capacity(1);
    let mut failure = None;
    while let Some(chunk) = opened.chunks.next().await {
        match chunk {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let stored_bytes = chunks.iter().map(|chunk| chunk.len() as u64).sum();
    if failure.is_none()
        && stored_bytes == size
        && let Some(content) = inflate(&joined(&chunks), most_content)
    {
        return Ok(Whole {
            content,
            stored_bytes,
        });
    }
    let again = chunks.into_iter().map(Ok).chain(failure.map(Err));
    Err(Opened {
        chunks: Box::pin(stream::iter(again)),
        ..opened
    })
}

fn joined(chunks: &[Bytes]) -> Cow<'_, [u8]> {
    match chunks {
        [one] => Cow::Borrowed(one),
        many => Cow::Owned(many.concat()),
    }
}

/// The content of one gzip member; `None` if there is anything else, or the content is compressed again or no text.
fn inflate(stored: &[u8], most_content: usize) -> Option<Vec<u8>> {
    thread_local! {
        /// Its window is as large as many a small object.
        static DECODER: RefCell<GzipDecoder> = RefCell::default();
    }
    if stored.len() < LEAST_MEMBER || !members::is_gzip(stored) {
        return None;
    }
    let size = u32::from_le_bytes(*stored.last_chunk()?) as usize;
    if size == 0 || size > most_content {
        return None;
    }
    let mut content = vec![0; size];
    let whole = DECODER.with_borrow_mut(|decoder| {
        decoder.reinit().ok()?;
        let mut input = PartialBuffer::new(stored);
        let mut output = WriteBuffer::new_initialized(&mut content[..]);
        let mut ended = decoder.decode(&mut input, &mut output).ok()?;
        if !ended {
            // The output is full; the trailer may be left.
            ended = decoder.decode(&mut input, &mut output).ok()?;
        }
        (ended && input.unwritten().is_empty() && output.has_no_spare_space()).then_some(())
    });
    whole?;
    let first = &content[members::padding(&content)..];
    let is_text = !members::begin(first) && magic::name(&content).is_none();
    is_text.then_some(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::FutureExt;

    use super::*;
    use crate::error_class::ErrorClass;
    use crate::source::StoreError;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn opened(stored: &[u8], chunk: usize, failure: bool) -> Opened {
        let mut chunks: Vec<_> = (stored.chunks(chunk))
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        if failure {
            chunks.push(Err(StoreError::new(ErrorClass::Retryable, "it broke")));
        }
        Opened {
            chunks: Box::pin(stream::iter(chunks)),
            etag: None,
            last_modified: None,
            size: Some(stored.len() as u64),
        }
    }

    fn read(opened: Opened) -> Result<Whole, Opened> {
        whole(opened, 1000, 2000).now_or_never().unwrap()
    }

    #[test]
    fn a_small_member_is_read_whole() {
        let lines = "2026-11-21T09:00:00.000Z hello\n".repeat(50);
        for chunk in [1, 7, 1000] {
            let stored = gzip(lines.as_bytes());
            let whole = read(opened(&stored, chunk, false)).unwrap_or_else(|_| panic!("{chunk}"));
            assert_eq!(whole.content, lines.as_bytes());
            assert_eq!(whole.stored_bytes, stored.len() as u64);
        }
    }

    #[test]
    fn all_else_comes_back_as_it_was() {
        let good = gzip(b"hello\n");
        let mut damaged = good.clone();
        damaged[12] ^= 1;
        let mut other_sum = good.clone();
        let sum = other_sum.len() - 8;
        other_sum[sum] ^= 1;
        let mut longer = good.clone();
        *longer.last_chunk_mut().unwrap() = 5u32.to_le_bytes();
        let noise: Vec<u8> = (0..1500u32)
            .map(|i| ((i * i) >> 3) as u8 ^ i as u8)
            .collect();
        for (what, stored, failure) in [
            ("plain text", b"hello\n".repeat(9), false),
            ("two members", [good.clone(), good.clone()].concat(), false),
            ("padding", [&good[..], b"\0\0"].concat(), false),
            ("gzip in gzip", gzip(&good), false),
            ("an archive", gzip(b"PK\x03\x04 and more"), false),
            ("no content", gzip(b""), false),
            ("too much content", gzip(&b"a".repeat(2001)), false),
            ("too many bytes", gzip(&noise), false),
            ("cut off", good[..good.len() - 1].to_vec(), false),
            ("damaged", damaged, false),
            ("another checksum", other_sum, false),
            ("another length", longer, false),
            ("a broken body", good.clone(), true),
        ] {
            let Err(again) = read(opened(&stored, 5, failure)) else {
                panic!("{what} was read");
            };
            let chunks: Vec<_> = again.chunks.collect().now_or_never().unwrap();
            let (whole, failed): (Vec<_>, Vec<_>) = chunks.into_iter().partition(Result::is_ok);
            let whole: Vec<Bytes> = whole.into_iter().map(Result::unwrap).collect();
            assert_eq!(whole.concat(), stored, "{what}");
            assert_eq!(failed.len(), usize::from(failure), "{what}");
        }
        // The decoder that met the damaged ones is as good as new.
        assert!(read(opened(&good, 5, false)).is_ok());
    }
}
