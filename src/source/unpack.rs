/*!
An object's bytes, decompressed: gzip with any number of members, zstd, or plain, told by their first bytes and not by the
object's name. Compression inside compression (Firehose re-compressing gzip) is undone too.
The only user of async-compression.
*/

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use bytes::Bytes;
use futures_util::stream;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, BufReader};
use tokio_util::io::StreamReader;

use super::{OpenError, Opened, Store, StoreError};
use crate::class::Class;
use crate::notification::ObjectRef;

/// gzip in gzip in gzip is somebody's joke.
const MAX_LAYERS: usize = 3;
/// Broken bodies are resumed this often without a byte of progress between.
const MAX_RESUMES: u32 = 5;

/// An opened object, ready to be read.
pub struct Unpacked {
    reader: Pin<Box<dyn AsyncBufRead + Send>>,
    stored_bytes: Arc<AtomicU64>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes are not what their header promised.
    #[error("{0}")]
    Corrupt(String),
}

impl ReadError {
    pub fn class(&self) -> Class {
        match self {
            ReadError::Store(e) => e.class,
            ReadError::Corrupt(_) => Class::Broken,
        }
    }
}

impl Unpacked {
    #[expect(clippy::disallowed_methods, reason = "all members are asked for")]
    pub async fn new(
        store: Arc<dyn Store>,
        object: ObjectRef,
        opened: Opened,
    ) -> Result<Self, ReadError> {
        let stored_bytes = Arc::new(AtomicU64::new(0));
        let mut reader = resuming(store, object, opened, stored_bytes.clone());
        for layer in 0..=MAX_LAYERS {
            let mut head = [0; 4];
            let n = read_full(&mut reader, &mut head)
                .await
                .map_err(read_error)?;
            let rest: Pin<Box<dyn AsyncBufRead + Send>> = Box::pin(AsyncReadExt::chain(
                io::Cursor::new(Bytes::copy_from_slice(&head[..n])),
                reader,
            ));
            reader = match head {
                [0x1f, 0x8b, 8, _] | [0x28, 0xb5, 0x2f, 0xfd] if layer == MAX_LAYERS => break,
                [0x1f, 0x8b, 8, _] => {
                    let mut gunzip = GzipDecoder::new(rest);
                    // Off by default, and then all but the first member is lost without a word.
                    gunzip.multiple_members(true);
                    Box::pin(BufReader::new(gunzip))
                }
                [0x28, 0xb5, 0x2f, 0xfd] => {
                    let mut unzstd = ZstdDecoder::new(rest);
                    unzstd.multiple_members(true);
                    Box::pin(BufReader::new(unzstd))
                }
                _ => {
                    return Ok(Self {
                        reader: rest,
                        stored_bytes,
                    });
                }
            };
        }
        Err(ReadError::Corrupt(format!(
            "more than {MAX_LAYERS} layers of compression"
        )))
    }

    /// Reads some bytes; 0 at the end.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        self.reader.read(buffer).await.map_err(read_error)
    }

    /// Bytes as stored that were read so far.
    pub fn stored_bytes(&self) -> u64 {
        self.stored_bytes.load(Ordering::Relaxed)
    }
}

async fn read_full<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]).await? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

fn read_error(error: io::Error) -> ReadError {
    let text = error.to_string();
    match error.downcast::<StoreError>() {
        Ok(store) => ReadError::Store(store),
        Err(_) => ReadError::Corrupt(text),
    }
}

/// The stored bytes as a reader that goes on where a broken body ended: a Range of the very version that was opened.
fn resuming(
    store: Arc<dyn Store>,
    object: ObjectRef,
    opened: Opened,
    at: Arc<AtomicU64>,
) -> Pin<Box<dyn AsyncBufRead + Send>> {
    struct State {
        opened: Opened,
        resumes: u32,
    }
    let state = State { opened, resumes: 0 };
    let chunks = stream::unfold(Some(state), move |state| {
        let (store, object, at) = (store.clone(), object.clone(), at.clone());
        async move {
            let mut state = state?;
            loop {
                let failure = match futures_util::StreamExt::next(&mut state.opened.chunks).await {
                    Some(Ok(chunk)) => {
                        at.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                        if !chunk.is_empty() {
                            state.resumes = 0;
                        }
                        return Some((Ok(chunk), Some(state)));
                    }
                    None => {
                        let read = at.load(Ordering::Relaxed);
                        match state.opened.size {
                            Some(size) if read < size => StoreError {
                                class: Class::Retryable,
                                reason: format!("the body ended after {read} of {size} bytes"),
                            },
                            _ => return None,
                        }
                    }
                    Some(Err(error)) => error,
                };
                state.resumes += 1;
                let etag = state.opened.etag.clone();
                if failure.class != Class::Retryable
                    || state.resumes > MAX_RESUMES
                    || etag.is_none()
                {
                    return Some((Err(io::Error::other(failure)), None));
                }
                let from = at.load(Ordering::Relaxed);
                tracing::debug!(bucket = object.bucket, key = object.key, from, reason = %failure, "resuming a broken body");
                tokio::time::sleep(crate::retry::full_jitter(state.resumes)).await;
                match store.open(&object, from, etag.as_deref()).await {
                    Ok(opened) => state.opened = opened,
                    Err(OpenError::Other(error)) if error.class == Class::Retryable => {
                        // The next read fails at once and is counted.
                        state.opened.chunks = Box::pin(stream::iter([Err(error)]));
                    }
                    Err(error) => {
                        let error = StoreError {
                            class: error.class(),
                            reason: format!("while resuming at byte {from}: {error}"),
                        };
                        return Some((Err(io::Error::other(error)), None));
                    }
                }
            }
        }
    });
    Box::pin(StreamReader::new(Box::pin(chunks)))
}
