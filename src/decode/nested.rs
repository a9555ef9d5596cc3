/*! `{"awslogs":{"data":…}}`: envelopes, compressed and in base64, as a subscribed Lambda function gets them. */

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Decompress, FlushDecompress, Status};

use super::DecodeError;
use super::buffer::Buffer;
use super::found::{Found, Lent};
use super::subscription::Subscription;

const GZIP: [u8; 2] = [0x1F, 0x8B];
const WINDOW_BITS: u8 = 15;
/// CloudWatch sends at most 6 MB, which is 10 to 20 times that in plain.
const MAX_PLAIN: u64 = 512 * 1024 * 1024;

pub(super) struct Nested {
    input: Vec<u8>,
    at: usize,
    /// None if the data is not compressed.
    gzip: Option<Decompress>,
    plain: u64,
    buffer: Buffer,
    inner: Subscription,
    /// Of the wrapping, which is that of all its events.
    offset: u64,
}

impl Nested {
    pub fn new(
        data: &str,
        offset: u64,
        inner: Subscription,
        max: usize,
    ) -> Result<Self, DecodeError> {
        let input = STANDARD.decode(data).map_err(|error| DecodeError {
            offset,
            reason: Cow::Owned(format!("awslogs.data that is not base64 ({error})")),
        })?;
        Ok(Nested {
            gzip: input
                .starts_with(&GZIP)
                .then(|| Decompress::new_gzip(WINDOW_BITS)),
            input,
            at: 0,
            plain: 0,
            buffer: Buffer::new(max),
            inner,
            offset,
        })
    }

    pub fn control_messages(&self) -> u64 {
        self.inner.control_messages
    }

    pub fn lent(&self) -> Lent<'_> {
        self.inner.lent(&self.buffer)
    }

    /// The next event; none at the end.
    pub fn next(&mut self) -> Result<Option<Found>, DecodeError> {
        loop {
            let found = self.inner.next(&mut self.buffer).map_err(|error| {
                let reason = format!("{} (byte {} of awslogs.data)", error.reason, error.offset);
                self.error(reason)
            })?;
            if let Some(found) = found {
                return Ok(Some(Found {
                    offset: self.offset,
                    ..found
                }));
            }
            if self.buffer.finished {
                return Ok(None);
            }
            self.feed()?;
        }
    }

    fn feed(&mut self) -> Result<(), DecodeError> {
        let rest = &self.input[self.at..];
        let Some(gzip) = &mut self.gzip else {
            let space = self.buffer.space();
            let n = rest.len().min(space.len());
            space[..n].copy_from_slice(&rest[..n]);
            self.buffer.filled(n);
            self.at += n;
            self.buffer.finished = self.at == self.input.len();
            return Ok(());
        };
        let (read, written) = (gzip.total_in(), gzip.total_out());
        let status = gzip.decompress(rest, self.buffer.space(), FlushDecompress::None);
        let read = (gzip.total_in() - read) as usize;
        let written = (gzip.total_out() - written) as usize;
        self.at += read;
        self.plain += written as u64;
        self.buffer.filled(written);
        match status {
            Ok(Status::StreamEnd) if self.input[self.at..].starts_with(&GZIP) => {
                self.gzip = Some(Decompress::new_gzip(WINDOW_BITS));
            }
            Ok(Status::StreamEnd) => self.buffer.finished = true,
            Ok(_) if read == 0 && written == 0 => {
                return Err(self.error("awslogs.data that is cut off".into()));
            }
            Ok(_) => {}
            Err(error) => {
                return Err(self.error(format!("awslogs.data that cannot be inflated ({error})")));
            }
        }
        if self.plain > MAX_PLAIN {
            return Err(self.error("awslogs.data that inflates to over 512 MiB".into()));
        }
        Ok(())
    }

    fn error(&self, reason: String) -> DecodeError {
        DecodeError {
            offset: self.offset,
            reason: Cow::Owned(reason),
        }
    }
}

impl std::fmt::Debug for Nested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nested")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
