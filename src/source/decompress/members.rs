/*!
One layer of compression: gzip members and zstd frames, one after another. White space and zeros between them
are skipped, as gzip does with a tape's padding and as Firehose's delimiters make necessary; so are zstd's
skippable frames. Other bytes are refused where they begin.
*/

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_compression::codecs::zstd::params::DParameter;
use async_compression::codecs::{DecodeV2, GzipDecoder, ZstdDecoder};
use async_compression::core::util::{PartialBuffer, WriteBuffer};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::source::decompress::error::{ReadError, read_error};
use crate::source::decompress::magic;
use crate::source::decompress::windows::{FRAME_HEADER, Windows, window};

/// Bytes of a frame's content that need no window of their own: as much is there for any reader.
pub(crate) const FREE: u64 = 256 * 1024;
/// Padding that a layer inside of another may have, in all: it costs its writer next to nothing.
const MAX_PADDING: u64 = 64 << 20;
/// zstd needs a window of at least this.
const LEAST_WINDOW_LOG: u32 = 10;
const SKIPPABLE_HEADER: usize = 8;
/// The fixed part of a gzip member's header.
const GZIP_HEADER: usize = 10;

pub(crate) type Source = Pin<Box<dyn AsyncBufRead + Send>>;

pub(crate) struct Members {
    source: Source,
    /// Inside of other layers.
    depth: usize,
    state: State,
    codec: Codec,
    windows: Arc<Windows>,
    /// Window of the present frame.
    window: u64,
    /// Bytes that the present member has given.
    plain: u64,
    /// Bytes of this layer that were consumed.
    at: u64,
    padding: u64,
    /// To be told when all before it was read.
    failure: Option<ReadError>,
}

enum State {
    /// Between two members; the first bytes of what comes next.
    Between(Vec<u8>),
    /// In a skippable frame of which this much is left.
    Skipping(u64),
    /// In a member: first these bytes of it, then the source's. The output was full, so that more may be
    /// there without input.
    Within {
        head: PartialBuffer<Vec<u8>>,
        full: bool,
    },
    End,
}

enum Codec {
    None,
    Gzip(Box<GzipDecoder>),
    Zstd(Box<ZstdDecoder>),
}

/// [`begin`] needs this many bytes.
pub(crate) const LONGEST_MAGIC: usize = 4;

/// Whether a layer of compression begins with these bytes.
pub(crate) fn begin(head: &[u8]) -> bool {
    is_gzip(head) || is_zstd(head) || is_skippable(head)
}

/// White space and zeros at the head.
pub(crate) fn padding(head: &[u8]) -> usize {
    let padding = |b: &&u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0);
    head.iter().take_while(padding).count()
}

pub(crate) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b, 8])
}

fn is_zstd(head: &[u8]) -> bool {
    head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

impl Members {
    pub fn new(source: Source, depth: usize, windows: Arc<Windows>) -> Self {
        Self {
            source,
            depth,
            state: State::Between(Vec::new()),
            codec: Codec::None,
            windows,
            window: 0,
            plain: 0,
            at: 0,
            padding: 0,
            failure: None,
        }
    }

    /// The next bytes; none at the end. Waits for a window where the frame needs one.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<Result<usize, ReadError>> {
        if let Some(failure) = self.failure.take() {
            self.state = State::End;
            return Poll::Ready(Err(failure));
        }
        loop {
            match &mut self.state {
                State::End => return Poll::Ready(Ok(0)),
                State::Between(_) => ready!(self.poll_between(cx))?,
                State::Skipping(_) => ready!(self.poll_skip(cx))?,
                State::Within { .. } => {
                    if self.plain >= FREE && !self.windows.suffice() {
                        return Poll::Pending;
                    }
                    let written = ready!(self.poll_within(cx, out))?;
                    self.plain += written as u64;
                    if written > 0 {
                        return Poll::Ready(Ok(written));
                    }
                }
            }
        }
    }

    /// Gathers the bytes that tell what comes next.
    fn poll_between(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        let State::Between(head) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let mut end = false;
        while head.len() < FRAME_HEADER && !end {
            let data = ready!(self.source.as_mut().poll_fill_buf(cx)).map_err(read_error)?;
            let skip = if head.is_empty() { padding(data) } else { 0 };
            let take = (data.len() - skip).min(FRAME_HEADER - head.len());
            head.extend_from_slice(&data[skip..skip + take]);
            end = data.is_empty();
            self.padding += skip as u64;
            self.at += (skip + take) as u64;
            self.source.as_mut().consume(skip + take);
            if self.depth > 0 && self.padding > MAX_PADDING {
                return Poll::Ready(Err(self.refused("too much padding")));
            }
        }
        let head = std::mem::take(head);
        self.state = self.next(head)?;
        Poll::Ready(Ok(()))
    }

    fn next(&mut self, head: Vec<u8>) -> Result<State, ReadError> {
        let within = |head| State::Within {
            head: PartialBuffer::new(head),
            full: false,
        };
        self.plain = 0;
        if head.is_empty() {
            return Ok(State::End);
        }
        if is_gzip(&head) {
            if head.len() < GZIP_HEADER {
                return Err(self.refused("a gzip member that is cut off in its header"));
            }
            self.set_window(0)?;
            match &mut self.codec {
                Codec::Gzip(codec) => codec.reinit().map_err(|e| self.corrupt(&e))?,
                codec => *codec = Codec::Gzip(Box::default()),
            }
            return Ok(within(head));
        }
        if is_zstd(&head) {
            let Some(window) = window(&head) else {
                return Err(self.refused("a zstd frame that is cut off"));
            };
            self.set_window(window)?;
            match &mut self.codec {
                Codec::Zstd(codec) => codec.reinit().map_err(|e| self.corrupt(&e))?,
                codec => {
                    // A second watch over the limit; zstd rounds it to a power of two.
                    let log = self.windows.limit().max(1).ilog2() + 1;
                    let most = DParameter::window_log_max(log.clamp(LEAST_WINDOW_LOG, 31));
                    *codec = Codec::Zstd(Box::new(ZstdDecoder::new_with_params(&[most])));
                }
            }
            return Ok(within(head));
        }
        if is_skippable(&head) {
            let Some(size) = head.get(4..SKIPPABLE_HEADER) else {
                return Err(self.refused("a skippable zstd frame that is cut off"));
            };
            let size = size.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
            let mut rest = head;
            rest.drain(..SKIPPABLE_HEADER);
            let here = size.min(rest.len() as u64);
            rest.drain(..here as usize);
            return Ok(if size > here {
                State::Skipping(size - here)
            } else {
                rest.drain(..padding(&rest));
                State::Between(rest)
            });
        }
        self.at -= head.len() as u64;
        let what = magic::name(&head).unwrap_or("something that is neither gzip nor zstd");
        Err(self.refused(what))
    }

    fn poll_skip(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        let State::Skipping(left) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let data = ready!(self.source.as_mut().poll_fill_buf(cx)).map_err(read_error)?;
        if data.is_empty() {
            return Poll::Ready(Err(self.refused("a skippable zstd frame that is cut off")));
        }
        let skip = (data.len() as u64).min(*left);
        *left -= skip;
        self.at += skip;
        self.padding += skip;
        self.source.as_mut().consume(skip as usize);
        if *left == 0 {
            self.state = State::Between(Vec::new());
        }
        if self.depth > 0 && self.padding > MAX_PADDING {
            return Poll::Ready(Err(self.refused("too much padding")));
        }
        Poll::Ready(Ok(()))
    }

    /// Bytes of the member that were written; none behind its end.
    fn poll_within(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<Result<usize, ReadError>> {
        let State::Within { head, full } = &mut self.state else {
            return Poll::Ready(Ok(0));
        };
        let codec: &mut dyn DecodeV2 = match &mut self.codec {
            Codec::Gzip(codec) => codec.as_mut(),
            Codec::Zstd(codec) => codec.as_mut(),
            Codec::None => return Poll::Ready(Ok(0)),
        };
        let mut out = WriteBuffer::new_initialized(out);
        let mut over = false;
        if std::mem::take(full) {
            // Without input it fails where nothing was left, which is no failure; any other is met again.
            over = matches!(
                codec.decode(&mut PartialBuffer::new(&[]), &mut out),
                Ok(true)
            );
        }
        while !over && !out.has_no_spare_space() {
            let from_head = !head.unwritten().is_empty();
            let data = if from_head {
                head.unwritten()
            } else {
                match self.source.as_mut().poll_fill_buf(cx) {
                    Poll::Ready(Ok(data)) => data,
                    Poll::Ready(Err(error)) => {
                        let error = read_error(error).within_member();
                        return Poll::Ready(self.fail(out.written_len(), error));
                    }
                    Poll::Pending if out.written_len() == 0 => return Poll::Pending,
                    Poll::Pending => return Poll::Ready(Ok(out.written_len())),
                }
            };
            if data.is_empty() {
                let cut = ReadError::cut("the compressed data is cut off (unexpected end of file)");
                return Poll::Ready(self.fail(out.written_len(), cut));
            }
            let mut input = PartialBuffer::new(data);
            let decoded = codec.decode(&mut input, &mut out);
            let used = input.written_len();
            if from_head {
                head.advance(used);
            } else {
                self.at += used as u64;
                self.source.as_mut().consume(used);
            }
            match decoded {
                Ok(at_end) => over = at_end,
                Err(error) => {
                    let error = ReadError::cut(&error.to_string());
                    return Poll::Ready(self.fail(out.written_len(), error));
                }
            }
        }
        *full = !over;
        if over {
            // A member may be shorter than what was gathered to tell it.
            let mut rest = head.unwritten().to_vec();
            rest.drain(..padding(&rest));
            self.state = State::Between(rest);
        }
        Poll::Ready(Ok(out.written_len()))
    }

    /// A failure is told after the bytes before it.
    fn fail(&mut self, written: usize, error: ReadError) -> Result<usize, ReadError> {
        if written == 0 {
            self.state = State::End;
            return Err(error);
        }
        self.failure = Some(error);
        Ok(written)
    }

    fn set_window(&mut self, window: u64) -> Result<(), ReadError> {
        if window != self.window {
            // Its memory is given back before another one is asked for.
            self.codec = Codec::None;
        }
        let from = std::mem::replace(&mut self.window, window);
        if self.windows.change(from, window) {
            return Ok(());
        }
        self.window = 0;
        let limit = self.windows.limit();
        let share = match self.windows.needed() {
            0 => String::new(),
            others => format!(", of which other layers of compression use {others}"),
        };
        Err(ReadError::Corrupt {
            reason: format!(
                "a zstd frame whose window of {window} bytes is over the limit of {limit}{share}: \
                 give more --memory, or compress with a lower level or a smaller --long"
            ),
            whole: true,
        })
    }

    /// Bytes between two members: all before them was read.
    fn refused(&self, what: &str) -> ReadError {
        ReadError::Corrupt {
            reason: format!("{what} between compressed members, at byte {}", self.at),
            whole: true,
        }
    }

    fn corrupt(&self, error: &io::Error) -> ReadError {
        ReadError::cut(&error.to_string())
    }
}

impl AsyncRead for Members {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let n = ready!(self.get_mut().poll_next(cx, buf.initialize_unfilled()));
        buf.advance(n.map_err(io::Error::other)?);
        Poll::Ready(Ok(()))
    }
}
