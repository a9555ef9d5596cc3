/*! The bytes of an object → its events.

A [`Decoder`] takes chunks of decompressed bytes and lends one event after another from its own buffer. It detects the
format of the object from the first bytes and the key, then hands the bytes to that format's decoder. Binary data is
refused. */

use crate::decode::binary;
use crate::decode::format;
use crate::decode::text::lines;
use std::sync::Arc;

use crate::decode::buffer::{Buffer, ROOM};
use crate::decode::decode_error::DecodeError;
use crate::decode::event::{Event, Origin};
use crate::decode::event_span::{EventSource, EventSpan, IdentityKind};
use crate::decode::format::Format;
use crate::decode::key::KeyInfo;
use crate::decode::log_group_pattern::LogGroupPattern;
use crate::decode::subscription::envelopes::Subscription;
use crate::decode::text::csv;
use crate::decode::text::csv::Csv;
use crate::decode::text::export::Export;
use crate::decode::text::lines::{Containers, Lines};
use crate::decode::text::tail::Tail;
use crate::time::iso8601::export_time;

/// How objects are decoded; the same for all objects.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// The format of all objects; `None`: each object's format is detected from its content and key.
    pub format: Option<Format>,
    /// Maximum length of a message in bytes; a longer message is cut. CloudWatch's own limit is 1 MiB.
    pub max_event_bytes: usize,
    /// Where keys name the log group. The first pattern that matches applies.
    pub log_groups: Vec<LogGroupPattern>,
    /// Skip the events of envelopes whose group is the local copy of a Web Function's group: they are in the other
    /// group too. An object of an export is skipped by its [`KeyInfo::is_local_copy`].
    pub skip_local_copies: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        DecodeOptions {
            format: None,
            max_event_bytes: 1024 * 1024,
            log_groups: Vec::new(),
            skip_local_copies: false,
        }
    }
}

/// Counts of what was decoded, and of input that gave no event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events delivered.
    pub events: u64,
    /// Events among them whose text was cut.
    pub truncated: u64,
    /// `CONTROL_MESSAGE` envelopes of a subscription, which are skipped.
    pub control_messages: u64,
    /// Events of local copies, which are skipped ([`DecodeOptions::skip_local_copies`]).
    pub local_copies: u64,
    /// Bytes of blank lines that belong to no event, of a byte order mark, and of the header of a CSV file.
    pub blank_bytes: u64,
    /// Records that Firehose could not process, as its error output reports them.
    pub firehose_failures: u64,
}

/// Decodes one object's bytes into events. See the module's documentation.
///
/// ```
/// # use logferry_core::decode::{Decoder, DecodeOptions};
/// let mut decoder = Decoder::new("app.log", &DecodeOptions::default());
/// let mut input: &[u8] = b"hello\nworld\n";
/// let mut texts = Vec::new();
/// loop {
///     while let Some(event) = decoder.next()? {
///         texts.push(String::from_utf8_lossy(event.text).into_owned());
///     }
///     if decoder.is_finished() {
///         break;
///     }
///     let space = decoder.space();
///     let n = input.len().min(space.len());
///     space[..n].copy_from_slice(&input[..n]);
///     input = &input[n..];
///     if n == 0 {
///         decoder.finish();
///     } else {
///         decoder.filled(n);
///     }
/// }
/// assert_eq!(texts, ["hello", "world"]);
/// # Ok::<(), logferry_core::decode::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    pub(crate) buffer: Buffer,
    pub(crate) state: FormatDecoder,
    key: KeyInfo,
    /// See [`KeyInfo::tells_stream`].
    by_content: bool,
    origin: Arc<Origin>,
    /// The format from the options, or the detected format; `None` before the detection.
    format: Option<Format>,
    max: usize,
    skip_local_copies: bool,
    /// Number of bytes from which the format is detected.
    pub(crate) window: usize,
    /// Maximum number of bytes to inflate from compressed envelopes in the object.
    inflatable: u64,
    failed: bool,
    counters: Counters,
}

#[derive(Debug)]
pub(crate) enum FormatDecoder {
    /// The bytes so far are too few to detect the format.
    Sniff,
    Export(Export),
    Subscription(Box<Subscription>),
    Tail(Box<Tail>),
    Csv(Csv),
    Lines(Lines),
}

impl Decoder {
    /// A decoder for the object of this (decoded) key.
    pub fn new(key: &str, options: &DecodeOptions) -> Self {
        Self::of_key(KeyInfo::read(key, &options.log_groups), options)
    }

    /// The same for a key that was read already, with the same `log_groups`.
    pub fn of_key(key: KeyInfo, options: &DecodeOptions) -> Self {
        Decoder {
            buffer: Buffer::new(options.max_event_bytes),
            state: FormatDecoder::Sniff,
            origin: Arc::new(key.origin()),
            by_content: key.tells_stream(),
            key,
            format: options.format,
            max: options.max_event_bytes,
            skip_local_copies: options.skip_local_copies,
            window: ROOM,
            inflatable: u64::MAX,
            failed: false,
            counters: Counters::default(),
        }
    }

    /// Free space for decompressed bytes, at least 64 KiB. Call it when [`Decoder::next`] has returned `None`: then the
    /// buffer stays within `max_event_bytes` plus a constant.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.space()
    }

    /// Reports that the first `n` bytes of [`Decoder::space`] were filled. Panics if the space is smaller than `n`.
    pub fn filled(&mut self, n: usize) {
        self.buffer.filled(n);
    }

    /// Reports the end of the input.
    pub fn finish(&mut self) {
        self.buffer.finished = true;
    }

    /// Takes the whole content of a small object at once, instead of [`Decoder::filled`] and [`Decoder::finish`].
    pub fn whole(&mut self, content: Vec<u8>) {
        self.buffer.whole(content);
    }

    /// Whether [`Decoder::finish`] was called.
    pub fn is_finished(&self) -> bool {
        self.buffer.finished
    }

    /// The object's format, once it is known; `None` for an empty object.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// What the object's key says.
    pub fn key(&self) -> &KeyInfo {
        &self.key
    }

    /// Counts so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        match &self.state {
            FormatDecoder::Sniff => {}
            FormatDecoder::Export(export) => counters.blank_bytes += export.blank,
            FormatDecoder::Tail(tail) => counters.blank_bytes += tail.blank,
            FormatDecoder::Csv(csv) => counters.blank_bytes += csv.blank,
            FormatDecoder::Lines(lines) => counters.blank_bytes += lines.blank,
            FormatDecoder::Subscription(inner) => {
                counters.blank_bytes += inner.lines.blank;
                counters.control_messages += inner.control_messages;
                counters.local_copies += inner.local_copies;
                counters.firehose_failures += inner.failures.records;
            }
        }
        counters
    }

    /// Why Firehose could not process the last record that [`Counters::firehose_failures`] counts.
    pub fn firehose_error(&self) -> Option<&str> {
        match &self.state {
            FormatDecoder::Subscription(inner) if inner.failures.records > 0 => {
                Some(&inner.failures.last)
            }
            _ => None,
        }
    }

    /// Whether the pending event holds more than twice the maximum length of a message: a JSON element in which every
    /// byte may be an escape. It can grow to six times that maximum.
    pub fn is_in_long_element(&self) -> bool {
        self.buffer.data().len() > 2 * (self.max + ROOM)
    }

    /// Number of bytes inflated so far from compressed envelopes in the object.
    pub fn inflated(&self) -> u64 {
        match &self.state {
            FormatDecoder::Subscription(inner) => inner.inflated.bytes,
            _ => 0,
        }
    }

    /// Limits the bytes that are inflated from compressed envelopes in the object, in total. An object that exceeds the
    /// limit fails with a [`DecodeError`].
    pub fn allow_inflated(&mut self, bytes: u64) {
        self.inflatable = bytes;
        if let FormatDecoder::Subscription(inner) = &mut self.state {
            inner.inflated.allowed = bytes;
        }
    }

    /// The next event; `None` if more bytes are needed or, after [`Decoder::finish`], at the end. Fails where the rest
    /// of the object cannot be decoded; after an error there are no more events.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator cannot lend its items"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, DecodeError> {
        match self.advance() {
            Ok(Some(found)) => {
                self.counters.events += 1;
                self.counters.truncated += u64::from(found.truncated > 0);
                Ok(Some(self.event_source().resolve(found)))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    #[inline]
    fn advance(&mut self) -> Result<Option<EventSpan>, DecodeError> {
        if self.failed {
            return Ok(None);
        }
        let buffer = &mut self.buffer;
        match &mut self.state {
            FormatDecoder::Export(export) => Ok(export.next(buffer).map(|(taken, time)| {
                // Without a stream, only the offset distinguishes equal lines of two objects.
                let identity = match (self.by_content, taken.whole) {
                    (false, _) => IdentityKind::Offset,
                    (true, None) => IdentityKind::Content,
                    (true, Some(whole)) => IdentityKind::CutContent(whole),
                };
                EventSpan::new(taken, time, identity)
            })),
            FormatDecoder::Subscription(subscription) => subscription.next(buffer),
            FormatDecoder::Tail(tail) => Ok(tail
                .next(buffer)
                .map(|(taken, time)| EventSpan::new(taken, time, IdentityKind::Offset))),
            FormatDecoder::Csv(csv) => Ok(csv.next(buffer)),
            FormatDecoder::Lines(lines) => match lines.next(buffer)? {
                lines::Next::Event(taken) => {
                    Ok(Some(EventSpan::new(taken, None, IdentityKind::Offset)))
                }
                lines::Next::More => Ok(None),
                lines::Next::Container => {
                    let lines = std::mem::replace(lines, Lines::new(false, self.max));
                    let origin = Origin::clone(&self.origin);
                    let among = Subscription::among(lines, origin, self.max);
                    self.state = self.of_subscription(among);
                    self.advance()
                }
            },
            FormatDecoder::Sniff => {
                if !self.sniff()? {
                    return Ok(None);
                }
                self.advance()
            }
        }
    }

    fn of_subscription(&self, mut subscription: Subscription) -> FormatDecoder {
        subscription.inflated.allowed = self.inflatable;
        subscription.skip_local_copies = self.skip_local_copies;
        FormatDecoder::Subscription(Box::new(subscription))
    }

    /// Detects the format; false if that needs more bytes.
    #[cold]
    fn sniff(&mut self) -> Result<bool, DecodeError> {
        let data = self.buffer.data();
        if (data.len() < self.window && !self.buffer.finished) || data.is_empty() {
            return Ok(false);
        }
        let window = &data[..data.len().min(self.window)];
        let bom = if window.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let window = &window[bom..];
        let detected = format::detect(window, &self.key);
        // The text behind an export's time is what CloudWatch stored.
        let is_text = match detected {
            Format::Export => export_time(window).is_some(),
            Format::Subscription => true,
            Format::Text | Format::JsonLines | Format::Tail => false,
        };
        if !is_text {
            binary::refuse(window, self.buffer.offset() + bom as u64)?;
        }
        let format = self.format.unwrap_or(detected);
        let containers = match self.format {
            Some(_) => Containers::Forced,
            None => Containers::Only,
        };
        let state = match format {
            Format::Export => FormatDecoder::Export(Export::default()),
            Format::Subscription => {
                let origin = Origin::clone(&self.origin);
                self.of_subscription(Subscription::new(origin, containers, self.max))
            }
            Format::Tail if csv::begins(window) => FormatDecoder::Csv(Csv::default()),
            Format::Tail => FormatDecoder::Tail(Box::new(Tail::new(
                format::tail_style(window),
                self.origin.clone(),
            ))),
            Format::JsonLines => FormatDecoder::Lines(Lines::new(true, self.max)),
            Format::Text => FormatDecoder::Lines(Lines::new(false, self.max)),
        };
        self.state = state;
        self.format = Some(format);
        self.buffer.consume(bom);
        self.counters.blank_bytes += bom as u64;
        Ok(true)
    }

    fn event_source(&self) -> EventSource<'_> {
        match &self.state {
            FormatDecoder::Subscription(subscription) => subscription.event_source(&self.buffer),
            FormatDecoder::Tail(tail) => self.source_with(tail.origin()),
            FormatDecoder::Csv(csv) => EventSource {
                unescaped: &csv.unescaped,
                ..self.source_with(&self.origin)
            },
            _ => self.source_with(&self.origin),
        }
    }

    fn source_with<'a>(&'a self, origin: &'a Arc<Origin>) -> EventSource<'a> {
        EventSource {
            buffer: &self.buffer,
            unescaped: &[],
            id: "",
            origin,
        }
    }
}

pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
