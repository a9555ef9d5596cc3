/*! A body goes in; its compressed form comes out, in steps between which other tasks run. */

use std::io;
use std::io::Write;

use flate2::write::GzEncoder;
use logferry_core::bulk::{BodyChunks, COMPRESSED_PART};

use crate::sink::opensearch::compression::encoding::Encoding;

/// The fastest level of each: higher ones gain little (docs/decisions/0042-bulk-compression.md).
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;
/// Bytes that are compressed at a time: half a millisecond at the most.
const STEP: usize = 256 * 1024;

/// Why a body is not compressed.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncodeError {
    #[error("compression saves less than two thirds of it")]
    GainsLittle,
    #[error("it cannot be compressed: {0}")]
    Failed(io::Error),
}

pub(super) async fn encode(plain: &BodyChunks, encoding: Encoding) -> Result<Vec<u8>, EncodeError> {
    let most = plain.len() / COMPRESSED_PART;
    let encoded = match encoding {
        Encoding::Gzip => gzip(plain, most).await,
        Encoding::Zstd => zstd(plain, most).await,
    };
    encoded.map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => EncodeError::GainsLittle,
        _ => EncodeError::Failed(error),
    })
}

async fn gzip(plain: &BodyChunks, most: usize) -> io::Result<Vec<u8>> {
    let level = flate2::Compression::new(GZIP_LEVEL);
    let mut gzip = GzEncoder::new(BoundedBuffer::new(most), level);
    write_in_steps(&mut gzip, plain).await?;
    Ok(gzip.finish()?.into_bytes())
}

async fn zstd(plain: &BodyChunks, most: usize) -> io::Result<Vec<u8>> {
    let mut zstd = zstd::Encoder::new(BoundedBuffer::new(most), ZSTD_LEVEL)?;
    // The frame names its size, so that the reader knows how much memory it needs.
    zstd.set_pledged_src_size(Some(plain.len() as u64))?;
    write_in_steps(&mut zstd, plain).await?;
    Ok(zstd.finish()?.into_bytes())
}

async fn write_in_steps(encoder: &mut impl Write, plain: &BodyChunks) -> io::Result<()> {
    for step in plain.iter().flat_map(|chunk| chunk.chunks(STEP)) {
        encoder.write_all(step)?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Takes a limited number of bytes.
struct BoundedBuffer {
    bytes: Vec<u8>,
    most: usize,
}

impl BoundedBuffer {
    /// Memory is allocated once; pages that are never written cost nothing.
    fn new(most: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(most),
            most,
        }
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.shrink_to_fit();
        self.bytes
    }
}

impl Write for BoundedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn lines() -> BodyChunks {
        let line = |i: u32| {
            format!(
                "{{\"create\":{{\"_index\":\"logferry-logs-2026.11.23\",\"_id\":\"{i:020}\"}}}}\n{{\"message\":\"line {i}\"}}\n"
            )
        };
        (0..20_000).map(line).collect::<String>().into()
    }

    fn decoded(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
        let mut plain = Vec::new();
        match encoding {
            Encoding::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain),
            Encoding::Zstd => zstd::Decoder::new(bytes).unwrap().read_to_end(&mut plain),
        }
        .unwrap();
        plain
    }

    #[tokio::test]
    async fn a_body_comes_back_whole() {
        let plain = lines();
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let encoded = encode(&plain, encoding).await.unwrap();
            assert!(encoded.len() * 4 < plain.len(), "{}", encoded.len());
            assert_eq!(decoded(&encoded, encoding), plain.to_bytes());
        }
    }

    #[tokio::test]
    async fn what_gains_little_is_left_as_it_is() {
        let mut random = fastrand::Rng::with_seed(7);
        let plain: Vec<u8> = (0..100_000).map(|_| random.u8(..)).collect();
        let plain = BodyChunks::from(plain);
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let error = encode(&plain, encoding).await.unwrap_err();
            assert!(matches!(error, EncodeError::GainsLittle), "{error}");
        }
    }

    /// Other tasks run between two steps.
    #[tokio::test]
    async fn other_tasks_run_meanwhile() {
        let plain = lines();
        assert!(plain.len() > 4 * STEP);
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let ran = std::cell::Cell::new(0);
            let other = async {
                while ran.get() < 1_000_000 {
                    ran.set(ran.get() + 1);
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                encoded = encode(&plain, encoding) => assert!(encoded.is_ok()),
                () = other => panic!("the compression does not end"),
            }
            assert!(ran.get() >= 4, "{}", ran.get());
        }
    }
}
