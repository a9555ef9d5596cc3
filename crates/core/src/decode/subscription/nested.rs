/*! Base64 text goes in; the events of the envelopes that it holds come out, compressed with gzip or not.

Such text is in `{"awslogs":{"data":…}}`, as a subscribed Lambda function receives it, and in the `rawData` of a record
that Firehose could not process. The envelopes are read by an inner
[`envelopes`](crate::decode::subscription::envelopes) decoder, which reads no further nesting. */

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use flate2::{Decompress, FlushDecompress, Status};

use crate::decode::binary;
use crate::decode::buffer::{Buffer, ROOM};
use crate::decode::decode_error::DecodeError;
use crate::decode::event_span::{EventSource, EventSpan};
use crate::decode::subscription::envelopes::Subscription;

const GZIP: [u8; 2] = [0x1F, 0x8B];
const WINDOW_BITS: u8 = 15;
/// Base64 with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Bytes that may stand between members.
const PADDING: &[u8] = b" \t\r\n\0";
/// Maximum number of layers of gzip.
const MAX_LAYERS: usize = 3;

/// The decoder of one such text.
pub(crate) struct Nested {
    /// The name of the text's member, for errors.
    name: &'static str,
    input: Vec<u8>,
    at: usize,
    /// Whether the first bytes are known not to be binary.
    is_checked: bool,
    /// `None` if the data is not compressed.
    gzip: Option<Decompress>,
    buffer: Buffer,
    inner: Subscription,
    /// Offset in the object of the member's object. All events have this offset.
    offset: u64,
}

/// The number of bytes inflated from envelopes in an object, and its limit.
#[derive(Debug)]
pub(crate) struct Inflated {
    pub bytes: u64,
    pub allowed: u64,
}

impl Default for Inflated {
    fn default() -> Self {
        Inflated {
            bytes: 0,
            allowed: u64::MAX,
        }
    }
}

impl Inflated {
    /// Counts bytes; fails if they are too many in all.
    fn add(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes as u64;
        if self.is_too_much() {
            return Err(format!("inflates to too much: {} bytes so far", self.bytes));
        }
        Ok(())
    }

    /// Whether the bytes are over the limit.
    pub fn is_too_much(&self) -> bool {
        self.bytes > self.allowed
    }
}

impl Nested {
    pub fn new(
        name: &'static str,
        data: &str,
        offset: u64,
        inner: Subscription,
        max: usize,
        inflated: &mut Inflated,
    ) -> Result<Self, DecodeError> {
        let mut input = BASE64.decode(data).map_err(|error| DecodeError {
            offset,
            reason: Cow::Owned(format!("{name} that is not base64 ({error})")),
        })?;
        let mut layers = 1;
        while layers < MAX_LAYERS && is_gzip_of_gzip(&input) {
            input = inflate(&input, inflated).map_err(|reason| DecodeError {
                offset,
                reason: Cow::Owned(format!("{name} of gzip in gzip that {reason}")),
            })?;
            layers += 1;
        }
        let is_gzip = input.starts_with(&GZIP);
        Ok(Nested {
            name,
            gzip: is_gzip.then(|| Decompress::new_gzip(WINDOW_BITS)),
            input,
            at: 0,
            is_checked: false,
            buffer: Buffer::new(max),
            inner,
            offset,
        })
    }

    pub fn control_messages(&self) -> u64 {
        self.inner.control_messages
    }

    pub fn local_copies(&self) -> u64 {
        self.inner.local_copies
    }

    pub fn event_source(&self) -> EventSource<'_> {
        self.inner.event_source(&self.buffer)
    }

    /// The next event; `None` at the end.
    pub fn next(&mut self, inflated: &mut Inflated) -> Result<Option<EventSpan>, DecodeError> {
        while !self.is_checked {
            let data = self.buffer.data();
            if data.len() >= ROOM || self.buffer.finished {
                let window = &data[..data.len().min(ROOM)];
                if window.starts_with(&GZIP) {
                    return Err(self.error(format!("{} of too much gzip in gzip", self.name)));
                }
                binary::refuse(window, self.offset)?;
                self.is_checked = true;
            } else {
                self.feed(inflated)?;
            }
        }
        loop {
            let found = self.inner.next(&mut self.buffer).map_err(|error| {
                let reason = format!("{} (byte {} of {})", error.reason, error.offset, self.name);
                self.error(reason)
            })?;
            if let Some(found) = found {
                return Ok(Some(self.outside(found)));
            }
            if self.buffer.finished {
                return Ok(None);
            }
            self.feed(inflated)?;
        }
    }

    /// An event of the inner decoder with the offset in the object.
    fn outside(&self, found: EventSpan) -> EventSpan {
        EventSpan {
            offset: self.offset,
            ..found
        }
    }

    fn feed(&mut self, inflated: &mut Inflated) -> Result<(), DecodeError> {
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
        self.buffer.filled(written);
        (inflated.add(written)).map_err(|reason| self.error(format!("{} {reason}", self.name)))?;
        match status {
            Ok(Status::StreamEnd) => self.member_end()?,
            Ok(_) if read == 0 && written == 0 => {
                return Err(self.error(format!("{} that is cut off", self.name)));
            }
            Ok(_) => {}
            Err(error) => {
                return Err(self.error(format!("{} that cannot be inflated ({error})", self.name)));
            }
        }
        Ok(())
    }

    /// Handles the end of a gzip member: only white space and zeros may stand before the next member or the end.
    fn member_end(&mut self) -> Result<(), DecodeError> {
        let rest = &self.input[self.at..];
        let padding = rest.iter().take_while(|b| PADDING.contains(b));
        self.at += padding.count();
        let rest = &self.input[self.at..];
        if rest.is_empty() {
            self.buffer.finished = true;
        } else if rest.starts_with(&GZIP) {
            self.gzip = Some(Decompress::new_gzip(WINDOW_BITS));
        } else {
            return Err(self.error(format!("{} with other bytes behind its gzip", self.name)));
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

/// Whether gzip holds more gzip.
fn is_gzip_of_gzip(input: &[u8]) -> bool {
    let mut head = [0; 2];
    input.starts_with(&GZIP)
        && Decompress::new_gzip(WINDOW_BITS)
            .decompress(input, &mut head, FlushDecompress::None)
            .is_ok()
        && head == GZIP
}

/// Inflates gzip of gzip, which is hardly longer than what it is inflated from.
fn inflate(input: &[u8], inflated: &mut Inflated) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(2 * input.len() + ROOM);
    let mut gzip = Decompress::new_gzip(WINDOW_BITS);
    let status = gzip
        .decompress_vec(input, &mut out, FlushDecompress::Finish)
        .map_err(|error| format!("cannot be inflated ({error})"))?;
    inflated.add(out.len())?;
    if status != Status::StreamEnd {
        return Err("is cut off or inflates to too much".to_owned());
    }
    let rest = &input[gzip.total_in() as usize..];
    if rest.iter().any(|b| !PADDING.contains(b)) {
        return Err("has other bytes behind it".to_owned());
    }
    Ok(out)
}

impl std::fmt::Debug for Nested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nested")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
