/*! The bytes of an object → its events.

A [`Decoder`] is fed with chunks of decompressed bytes and lends out one event after another from its own buffer. What comes out does not
depend on how the input was cut into chunks, and no byte gets lost: whatever is not an event's time or prefix, a line break
or the syntax of a JSON envelope is in an event's text. */

mod buffer;
mod event;
mod export;
mod format;
mod key;
mod pattern;
pub mod stream;
mod time;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use buffer::{Buffer, ROOM, Taken};
pub use event::{Event, Identity, Origin};
use export::Export;
pub use format::{Format, UnknownFormat};
pub use key::KeyFacts;
pub use pattern::{LogGroupPattern, PatternError};

/// How objects are decoded; one for all of them.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// Instead of what key and content tell.
    pub format: Option<Format>,
    /// Longest message, in bytes; what is over is cut off. CloudWatch's own limit is 1 MiB.
    pub max_event_bytes: usize,
    /// Where keys name the log group. The first that matches counts.
    pub log_groups: Vec<LogGroupPattern>,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        DecodeOptions {
            format: None,
            max_event_bytes: 1024 * 1024,
            log_groups: Vec::new(),
        }
    }
}

/// The rest of an object cannot be decoded. All events before it were delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    /// Offset in the decompressed object.
    pub offset: u64,
    /// What is wrong there.
    pub reason: Cow<'static, str>,
}

/// What was decoded, and what gave no event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events delivered.
    pub events: u64,
    /// Of them, those that were cut.
    pub truncated: u64,
    /// `CONTROL_MESSAGE` envelopes of a subscription, skipped.
    pub control_messages: u64,
    /// Bytes of blank lines that belong to no event, and of a byte order mark.
    pub blank_bytes: u64,
}

/// Turns one object's bytes into events. See the module's documentation.
///
/// ```
/// # use logferry::decode::{Decoder, DecodeOptions};
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
/// # Ok::<(), logferry::decode::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    buffer: Buffer,
    state: State,
    key: KeyFacts,
    origin: Arc<Origin>,
    forced: Option<Format>,
    counters: Counters,
}

#[derive(Debug)]
enum State {
    /// Not enough bytes yet to tell the format.
    Sniff,
    Export(Export),
    /// After an error.
    Failed,
}

/// An event whose bytes still have to be looked up.
#[derive(Debug)]
struct Found {
    offset: u64,
    time: Option<i64>,
    text: Range<usize>,
    truncated: u64,
}

impl Decoder {
    /// A decoder for the object of this (decoded) key.
    pub fn new(key: &str, options: &DecodeOptions) -> Self {
        let key = KeyFacts::read(key, &options.log_groups);
        Decoder {
            buffer: Buffer::new(options.max_event_bytes),
            state: State::Sniff,
            origin: Arc::new(key.origin()),
            key,
            forced: options.format,
            counters: Counters::default(),
        }
    }

    /// Free room to put decompressed bytes into, 64 KiB at least. To be called when [`Decoder::next`] has nothing left:
    /// then memory stays under `max_event_bytes` and a constant.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.space()
    }

    /// The first `n` bytes of the space were filled.
    pub fn filled(&mut self, n: usize) {
        self.buffer.filled(n);
    }

    /// No more bytes will come.
    pub fn finish(&mut self) {
        self.buffer.finished = true;
    }

    /// Whether [`Decoder::finish`] was called.
    pub fn is_finished(&self) -> bool {
        self.buffer.finished
    }

    /// The object's format, once it is known.
    pub fn format(&self) -> Option<Format> {
        match self.state {
            State::Sniff => None,
            State::Export(_) => Some(Format::Export),
            State::Failed => None,
        }
    }

    /// What the object's key says.
    pub fn key(&self) -> &KeyFacts {
        &self.key
    }

    /// Counts so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The next event. None: more bytes are needed, or (finished) this is the end. After an error there are no more events.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator cannot lend its items"
    )]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, DecodeError> {
        match self.advance() {
            Ok(Some(found)) => {
                self.counters.events += 1;
                self.counters.truncated += u64::from(found.truncated > 0);
                Ok(Some(self.event(found)))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.state = State::Failed;
                Err(error)
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Found>, DecodeError> {
        if matches!(self.state, State::Sniff) {
            if self.buffer.data().len() < ROOM && !self.buffer.finished || self.buffer.at_end() {
                return Ok(None);
            }
            self.state = State::Export(Export::default());
        }
        match &mut self.state {
            State::Export(export) => Ok(export
                .next(&mut self.buffer)
                .map(|(taken, time)| Found::new(taken, time))),
            State::Sniff | State::Failed => Ok(None),
        }
    }

    fn event(&self, found: Found) -> Event<'_> {
        Event {
            offset: found.offset,
            time: found.time,
            text: self.buffer.at(found.text),
            truncated: found.truncated,
            identity: Identity::Content,
            origin: &self.origin,
        }
    }
}

impl Found {
    fn new(taken: Taken, time: Option<i64>) -> Self {
        Found {
            offset: taken.offset,
            time,
            text: taken.text,
            truncated: taken.truncated,
        }
    }
}
