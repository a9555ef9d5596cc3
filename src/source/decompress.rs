/*!
An opened object goes in; its decompressed bytes come out: any number of gzip members or zstd frames, or plain bytes.
The first bytes tell the format, not the object's name. Compression inside compression (Firehose compressing gzip again)
is undone too. A known format that holds no logs is refused by its name. A body that breaks is resumed.
*/

mod magic;
mod members;
#[cfg(test)]
mod tests;
mod windows;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, BufReader, ReadBuf};
use tokio_util::io::StreamReader;

use self::members::Members;
use self::members::Source;
use self::windows::Windows;
use crate::error_class::ErrorClass;
use crate::source::{OpenError, Opened, Store, StoreError};
use logferry_core::notification::ObjectRef;

/// The most layers of compression inside each other.
const MAX_LAYERS: usize = 3;
/// How often in a row a broken body is resumed without a byte of progress.
const MAX_RESUMES: u32 = 5;
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

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object was not there any more when its broken body was to be resumed.
    #[error("the object was removed while it was read")]
    Removed,
    /// The compressed data is damaged, or the object holds no logs.
    #[error("{reason}")]
    Corrupt {
        reason: String,
        /// The bytes before it end with a whole compressed member.
        whole: bool,
    },
}

impl ReadError {
    pub fn class(&self) -> ErrorClass {
        match self {
            ReadError::Store(e) => e.class,
            ReadError::Removed | ReadError::Corrupt { .. } => ErrorClass::Broken,
        }
    }

    /// Whether the bytes before it end with a whole compressed member.
    pub fn is_behind_whole_members(&self) -> bool {
        matches!(self, ReadError::Corrupt { whole: true, .. })
    }

    /// The bytes before it may be cut anywhere.
    fn cut(reason: &str) -> Self {
        ReadError::Corrupt {
            reason: reason.to_owned(),
            whole: false,
        }
    }

    /// The same error, in the middle of a member of the next layer.
    fn within_member(self) -> Self {
        match self {
            ReadError::Corrupt { reason, .. } => ReadError::Corrupt {
                reason,
                whole: false,
            },
            other => other,
        }
    }
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

fn read_error(error: io::Error) -> ReadError {
    let text = error.to_string();
    match error.downcast::<ReadError>() {
        Ok(read) => read,
        Err(error) => match error.downcast::<StoreError>() {
            Ok(store) => ReadError::Store(store),
            Err(_) => ReadError::cut(&text),
        },
    }
}

/// A reader of the stored bytes. It resumes a broken body with a Range request for the version that was opened.
fn resuming(
    store: Arc<dyn Store>,
    object: ObjectRef,
    opened: Opened,
    at: Arc<AtomicU64>,
) -> Pin<Box<dyn AsyncBufRead + Send>> {
    struct ResumeState {
        opened: Opened,
        resumes: u32,
    }
    let state = ResumeState { opened, resumes: 0 };
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
                            Some(size) if read < size => StoreError::new(
                                ErrorClass::Retryable,
                                format!("the body ended after {read} of {size} bytes"),
                            ),
                            _ => return None,
                        }
                    }
                    Some(Err(error)) => error,
                };
                state.resumes += 1;
                let from = at.load(Ordering::Relaxed);
                // All bytes were given and are not to be trusted (a checksum that does not match): there is no rest
                // to ask for.
                let is_whole = state.opened.size.is_some_and(|size| from >= size);
                let etag = state.opened.etag.clone();
                if failure.class != ErrorClass::Retryable
                    || state.resumes > MAX_RESUMES
                    || is_whole
                    || etag.is_none()
                {
                    return Some((Err(io::Error::other(failure)), None));
                }
                tracing::debug!(from, reason = %failure, "resuming a broken body");
                tokio::time::sleep(crate::retry::full_jitter(state.resumes)).await;
                match store.open(&object, from, etag.as_deref()).await {
                    Ok(opened) => state.opened = opened,
                    Err(OpenError::Other(error)) if error.class == ErrorClass::Retryable => {
                        // The next read fails at once and is counted.
                        state.opened.chunks = Box::pin(stream::iter([Err(error)]));
                    }
                    Err(OpenError::Gone) => {
                        return Some((Err(io::Error::other(ReadError::Removed)), None));
                    }
                    Err(error) => {
                        let reason = format!("while resuming at byte {from}: {error}");
                        let error = StoreError::new(error.class(), reason);
                        return Some((Err(io::Error::other(error)), None));
                    }
                }
            }
        }
    });
    Box::pin(StreamReader::new(Box::pin(chunks)))
}
