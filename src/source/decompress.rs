/*!
An opened object goes in; its decompressed bytes come out: any number of gzip members or zstd frames, or plain bytes.
The first bytes tell the format, not the object's name. Compression inside compression (Firehose compressing gzip again)
is undone too. A known format that holds no logs is refused by its name. A body that breaks is resumed.
*/

mod error;
mod magic;
mod members;
mod resume;
#[cfg(test)]
mod tests;
mod whole;
mod windows;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, BufReader, ReadBuf};

pub use self::error::ReadError;
use self::error::read_error;
use self::members::{Members, Source};
use self::resume::resuming;
pub use self::whole::{Whole, whole};
use self::windows::Windows;
use crate::source::{Opened, Store};
use logferry_core::notification::ObjectRef;

/// The most layers of compression inside each other.
const MAX_LAYERS: usize = 3;
/// Padding before an object's first bytes: it is held until they tell whether it belongs to a compressed member.
const MAX_FIRST_PADDING: usize = 64 * 1024;
/// The largest window of a zstd frame for callers without a memory limit: zstd's own limit.
const USUAL_WINDOW: u64 = 128 << 20;

/// An opened object, ready to be read.
pub struct Unpacked {
    reader: Source,
    stored_bytes: Arc<AtomicU64>,
    windows: Arc<Windows>,
}

/// The result of one step of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Bytes that were read; 0 at the end.
    Read(usize),
    /// The next bytes need zstd windows of this many bytes. The caller grants them before the next step.
    Window(u64),
}

impl Unpacked {
    /// Any window is granted, up to zstd's own limit.
    pub async fn new(
        store: Arc<dyn Store>,
        object: ObjectRef,
        opened: Opened,
    ) -> Result<Self, ReadError> {
        let unpacked = Self::within(store, object, opened, USUAL_WINDOW).await?;
        unpacked.grant(USUAL_WINDOW);
        Ok(unpacked)
    }

    /// Zstd frames with windows above `limit` are refused; smaller windows are requested by [`Step::Window`].
    pub async fn within(
        store: Arc<dyn Store>,
        object: ObjectRef,
        opened: Opened,
        limit: u64,
    ) -> Result<Self, ReadError> {
        let stored_bytes = Arc::new(AtomicU64::new(0));
        let windows = Arc::new(Windows::new(limit, members::FREE));
        let mut reader = resuming(store, object, opened, stored_bytes.clone());
        for layer in 0..=MAX_LAYERS {
            let (head, failure) = read_head(&mut reader, &windows).await?;
            let padding = members::padding(&head);
            let packed = members::begin(&head[padding..]);
            if let Some(name) = magic::name(&head).filter(|_| !packed) {
                return Err(ReadError::Corrupt {
                    reason: format!(
                        "{name}: not read; store logs as UTF-8 text or JSON, plain or in gzip or zstd"
                    ),
                    whole: true,
                });
            }
            reader = match failure {
                None => Box::pin(AsyncReadExt::chain(io::Cursor::new(head), reader)),
                Some(error) => Box::pin(AsyncReadExt::chain(
                    io::Cursor::new(head),
                    Failing(Some(error)),
                )),
            };
            if !packed {
                return Ok(Self {
                    reader,
                    stored_bytes,
                    windows,
                });
            }
            if layer == MAX_LAYERS {
                break;
            }
            reader = Box::pin(BufReader::new(Members::new(reader, layer, windows.clone())));
        }
        Err(ReadError::Corrupt {
            reason: format!("more than {MAX_LAYERS} layers of compression"),
            whole: true,
        })
    }

    /// Reads some bytes, or requests a window.
    pub async fn step(&mut self, buffer: &mut [u8]) -> Result<Step, ReadError> {
        let (reader, windows) = (&mut self.reader, &self.windows);
        let step = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(buffer);
            match reader.as_mut().poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => Poll::Ready(Ok(Step::Read(buffer.filled().len()))),
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => match windows.asked() {
                    Some(bytes) => Poll::Ready(Ok(Step::Window(bytes))),
                    None => Poll::Pending,
                },
            }
        });
        step.await.map_err(read_error)
    }

    /// Zstd windows may have this many bytes from now on.
    pub fn grant(&self, bytes: u64) {
        self.windows.grant(bytes);
    }

    /// Reads some bytes and grants every window; 0 at the end.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        loop {
            match self.step(buffer).await? {
                Step::Read(n) => return Ok(n),
                Step::Window(bytes) => self.grant(bytes),
            }
        }
    }

    /// Stored bytes that were read so far.
    pub fn stored_bytes(&self) -> u64 {
        self.stored_bytes.load(Ordering::Relaxed)
    }
}

/// Reads the first bytes, which tell the format, and returns the failure that ended them early.
async fn read_head(
    reader: &mut Source,
    windows: &Windows,
) -> Result<(Bytes, Option<io::Error>), ReadError> {
    let mut head = vec![0; magic::HEAD];
    let mut filled = 0;
    let mut padding = 0;
    loop {
        if filled == head.len() {
            // The bytes behind padding tell the format.
            padding += members::padding(&head[padding..]);
            if filled - padding >= members::LONGEST_MAGIC {
                break;
            }
            if padding > MAX_FIRST_PADDING {
                // A text that begins with blank lines.
                break;
            }
            head.resize(filled + magic::HEAD, 0);
        }
        let read = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut head[filled..]);
            match reader.as_mut().poll_read(cx, &mut buffer) {
                Poll::Ready(read) => Poll::Ready(Some(read.map(|()| buffer.filled().len()))),
                Poll::Pending if windows.asked().is_some() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        match read.await {
            None => {
                return Err(ReadError::cut(
                    "a zstd frame that begins with too much padding",
                ));
            }
            Some(Ok(0)) => break,
            Some(Ok(n)) => filled += n,
            Some(Err(error)) => {
                head.truncate(filled);
                return Ok((Bytes::from(head), Some(error)));
            }
        }
    }
    head.truncate(filled);
    Ok((Bytes::from(head), None))
}

/// Returns the failure that was met while the first bytes were read.
struct Failing(Option<io::Error>);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.take().map_or(Ok(()), Err))
    }
}

impl AsyncBufRead for Failing {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(self.get_mut().0.take().map_or(Ok(&[]), Err))
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}
