/*! The bytes of a subscription file go in; its events come out.

A file holds `DATA_MESSAGE` envelopes one after another, as Firehose stores them, or other JSON with many events in one
value: arrays of envelopes, records or strings, the output of `aws logs get-log-events`, records that Firehose could not
process. The buffer holds only an envelope's header and one element of `logEvents` at a time, or one element of an
array.

Behind a container, [`Lines`] reads on as in any log, up to the next container. Where an object holds lines, a value
that is no valid container is one of them. Where it holds containers only, invalid JSON ends the object with an error.

An envelope may hold compressed envelopes: this module and [`nested`](crate::decode::subscription::nested) call each
other, at most one level deep. [`values`] has the part of this decoder that reads arrays and whole objects. */

mod held_bytes;
mod step;
mod values;

use std::borrow::Cow;

use crate::decode::buffer::{Buffer, PREFIX, ROOM};
use crate::decode::decode_error::DecodeError;
use crate::decode::event::Origin;
use crate::decode::event_span::{EventSource, EventSpan, IdentityKind};
use crate::decode::json_structure::scanner::{Progress, Scanner};
use crate::decode::subscription::envelope_start::{EnvelopeHeader, envelope_start};
use crate::decode::subscription::envelopes::held_bytes::{SEAM, error, shed};
use crate::decode::subscription::envelopes::step::EnvelopeStep;
use crate::decode::subscription::log_event::{LogEventElement, MessageText};
use crate::decode::subscription::nested::{Inflated, Nested};
use crate::decode::subscription::origins::Origins;
use crate::decode::text::lines::{self, Containers, Lines};
use crate::json::scan;

/// Maximum nesting of arrays in arrays.
const MAX_DEPTH: u32 = 100;

/// The decoder of one subscription file.
#[derive(Debug)]
pub(crate) struct Subscription {
    state: EnvelopePosition,
    origins: Origins,
    element: LogEventElement,
    /// The decoder of what stands between containers.
    pub lines: Lines,
    /// Whether an envelope was entered since the last event outside of envelopes.
    is_entered: bool,
    /// The first error in nested data, to be reported at the end.
    deferred: Option<DecodeError>,
    max: usize,
    /// Maximum number of bytes in the buffer: an element with a message of `max` bytes, each escaped as `\u00XX`.
    hold: usize,
    /// Whether this is the decoder of the object itself: only there may `awslogs` occur.
    outermost: bool,
    /// Number of open arrays.
    depth: u32,
    /// Whether an element of the innermost array was read, so that a comma or the array's end must follow.
    comma: bool,
    /// An object is read again only when the buffer has this many bytes, so that the work stays linear.
    looked_at: usize,
    pub inflated: Inflated,
    pub control_messages: u64,
    /// Whether envelopes of local copies are skipped.
    pub skip_local_copies: bool,
    /// Events that were skipped for this reason.
    pub local_copies: u64,
    pub failures: Failures,
}

/// Records that Firehose could not process.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub records: u64,
    /// The error message of the last one.
    pub last: String,
}

/// The position of the decoder in the file.
#[derive(Debug)]
enum EnvelopePosition {
    /// Before an element of an array, or behind a container.
    Between,
    /// In lines that are no containers.
    Lines,
    /// Before a container.
    Begin,
    /// `logEvents` came before the header: the scanner looks for the envelope's end to read all of the header. The
    /// elements begin at this offset.
    Ahead(Scanner, usize),
    /// In `logEvents`.
    Events {
        scanner: Scanner,
        skip: Option<SkippedEnvelope>,
        comma: bool,
    },
    /// Behind `logEvents`.
    Rest(Scanner),
    /// In the data of `awslogs.data` or `rawData`, whose object has this number of bytes at the start of the buffer.
    Nested(Box<Nested>, usize),
    /// In an element of an array that is not an envelope. `whole`: all dropped bytes were in strings, so the rest is
    /// still JSON.
    Value { scanner: Scanner, whole: bool },
}

/// Why the events of an envelope are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SkippedEnvelope {
    ControlMessage,
    /// Its group is the local copy of a Web Function's group.
    LocalCopy,
}

type NextEvent = Result<Option<EventSpan>, DecodeError>;

impl Subscription {
    pub fn new(base: Origin, containers: Containers, max: usize) -> Self {
        Subscription {
            state: EnvelopePosition::Lines,
            lines: Lines::between(containers, max),
            is_entered: false,
            deferred: None,
            origins: Origins::new(base),
            element: LogEventElement::default(),
            max,
            hold: max.saturating_mul(6).saturating_add(PREFIX + ROOM),
            outermost: true,
            depth: 0,
            comma: false,
            looked_at: 0,
            inflated: Inflated::default(),
            control_messages: 0,
            skip_local_copies: false,
            local_copies: 0,
            failures: Failures::default(),
        }
    }

    /// The decoder of an object of lines from its first container on, which is at the start of the buffer.
    pub fn among(lines: Lines, base: Origin, max: usize) -> Self {
        Subscription {
            state: EnvelopePosition::Begin,
            lines,
            ..Subscription::new(base, Containers::Among, max)
        }
    }

    /// The decoder for the data of `awslogs.data` or `rawData`.
    pub fn inner(&self) -> Self {
        Subscription {
            outermost: false,
            skip_local_copies: self.skip_local_copies,
            ..Subscription::new(self.origins.base().clone(), Containers::Only, self.max)
        }
    }

    /// What the last event's span refers to.
    pub fn event_source<'a>(&'a self, buffer: &'a Buffer) -> EventSource<'a> {
        match &self.state {
            EnvelopePosition::Nested(nested, _) => nested.event_source(),
            _ => EventSource {
                buffer,
                unescaped: &self.element.unescaped,
                id: &self.element.id,
                origin: self.origins.current(),
            },
        }
    }

    /// The next event; `None` if more bytes are needed, or at the end.
    pub fn next(&mut self, buffer: &mut Buffer) -> NextEvent {
        loop {
            let found = match &mut self.state {
                EnvelopePosition::Lines => match self.lines.next(buffer)? {
                    lines::Next::Event(taken) => {
                        self.leave();
                        let identity = if self.outermost {
                            IdentityKind::Offset
                        } else {
                            IdentityKind::Inner(taken.offset)
                        };
                        return Ok(Some(EventSpan::new(taken, None, identity)));
                    }
                    lines::Next::More => {
                        let is_end = buffer.finished && buffer.data().is_empty();
                        return match self.deferred.take_if(|_| is_end) {
                            Some(error) => Err(error),
                            None => Ok(None),
                        };
                    }
                    lines::Next::Container => {
                        self.state = EnvelopePosition::Begin;
                        continue;
                    }
                },
                EnvelopePosition::Begin => self.begin(buffer)?,
                EnvelopePosition::Between => {
                    let blanks = match self.depth {
                        0 => 0,
                        _ => scan::blanks(buffer.data(), 0),
                    };
                    if blanks > 0 {
                        buffer.consume(blanks);
                    }
                    if buffer.data().is_empty() && self.depth > 0 {
                        if buffer.finished {
                            return error(buffer.offset(), "an array that is cut off");
                        }
                        return Ok(None);
                    }
                    self.between(buffer)?
                }
                EnvelopePosition::Ahead(..) => self.ahead(buffer)?,
                EnvelopePosition::Events { scanner, .. } => {
                    if scanner.pos == 0 {
                        let blanks = scan::blanks(buffer.data(), 0);
                        if blanks > 0 {
                            buffer.consume(blanks);
                        }
                    }
                    self.events(buffer)?
                }
                EnvelopePosition::Rest(_) => self.rest(buffer)?,
                EnvelopePosition::Value { .. } => self.value(buffer)?,
                EnvelopePosition::Nested(nested, n) => {
                    let n = *n;
                    let found = nested.next(&mut self.inflated);
                    if !matches!(found, Ok(Some(_))) {
                        self.control_messages += nested.control_messages();
                        self.local_copies += nested.local_copies();
                    }
                    match found {
                        Ok(Some(found)) => found.into(),
                        Ok(None) => {
                            buffer.consume(n);
                            self.state = EnvelopePosition::Between;
                            continue;
                        }
                        Err(error) => self.nested_failed(buffer, n, error)?,
                    }
                }
            };
            match found {
                EnvelopeStep::Event(found) => return Ok(Some(found)),
                EnvelopeStep::Again => {}
                EnvelopeStep::More => return Ok(None),
            }
        }
    }

    /// Leaves the envelope, if there is one, for an event outside of envelopes.
    fn leave(&mut self) {
        if std::mem::take(&mut self.is_entered) {
            self.origins.leave();
        }
    }

    /// The identity of an event without an id that begins at the start of the buffer.
    fn identity_by_offset(&self, buffer: &Buffer) -> IdentityKind {
        if self.outermost {
            IdentityKind::Offset
        } else {
            IdentityKind::Inner(buffer.offset())
        }
    }

    fn ahead(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        let EnvelopePosition::Ahead(scanner, at) = &mut self.state else {
            return Ok(EnvelopeStep::Again);
        };
        let at = *at;
        let all = buffer.data();
        let data = &all[..all.len().min(self.hold)];
        let progress = scanner.run(data);
        let offset = buffer.offset();
        // Account, group and stream are a part of ids, so events without the whole header are not delivered.
        let end = match progress {
            Progress::Done(n) => n,
            Progress::Broken(at) => {
                let reason = "no JSON in an envelope before its header is complete";
                return self.broken(buffer, offset + at as u64, reason);
            }
            Progress::More if all.len() >= self.hold => {
                let hold = self.hold;
                return Err(DecodeError {
                    offset,
                    reason: Cow::Owned(format!(
                        "an envelope of more than {hold} bytes with logEvents before its header: \
                        write messageType, owner, logGroup and logStream first, or raise --max-event-bytes"
                    )),
                });
            }
            Progress::More if buffer.finished => {
                let reason = "an envelope that is cut off before its header is complete";
                return self.broken(buffer, offset, reason);
            }
            Progress::More => return Ok(EnvelopeStep::More),
        };
        let mut header = EnvelopeHeader::default();
        envelope_start(data, &mut header);
        header.read_all(&data[..end]);
        self.open(header, buffer, at);
        Ok(EnvelopeStep::Again)
    }

    /// Enters the list of events, whose first element is at or behind `at`.
    fn open(&mut self, header: EnvelopeHeader, buffer: &mut Buffer, at: usize) {
        self.origins.enter(&header, buffer.data());
        self.is_entered = true;
        let skip = if header.is_control() {
            self.control_messages += 1;
            Some(SkippedEnvelope::ControlMessage)
        } else if self.skip_local_copies && self.origins.is_in_local_copy() {
            Some(SkippedEnvelope::LocalCopy)
        } else {
            None
        };
        self.state = EnvelopePosition::Events {
            scanner: Scanner::value(),
            skip,
            comma: false,
        };
        buffer.consume(at);
    }

    fn events(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        let EnvelopePosition::Events {
            scanner,
            skip,
            comma,
        } = &mut self.state
        else {
            return Ok(EnvelopeStep::Again);
        };
        let offset = buffer.offset();
        let data = buffer.data();
        if scanner.pos == 0 {
            match data.first() {
                None if buffer.finished => {
                    return self.broken(buffer, offset, "an envelope that is cut off in logEvents");
                }
                None => return Ok(EnvelopeStep::More),
                Some(b']') => {
                    buffer.consume(1);
                    self.state = EnvelopePosition::Rest(Scanner::rest_of_object());
                    return Ok(EnvelopeStep::Again);
                }
                Some(b',') if *comma => {
                    *comma = false;
                    buffer.consume(1);
                    return Ok(EnvelopeStep::Again);
                }
                Some(_) if *comma => {
                    return self.broken(buffer, offset, "no comma between elements of logEvents");
                }
                Some(_) => {}
            }
        }
        match scanner.run(data) {
            Progress::More if buffer.finished => {
                self.broken(buffer, offset, "an element of logEvents that is cut off")
            }
            Progress::More => {
                if data.len() >= self.hold + ROOM {
                    shed(buffer, scanner, self.hold, offset)?;
                }
                Ok(EnvelopeStep::More)
            }
            Progress::Broken(at) => {
                let at = offset + at as u64 + buffer.dropped();
                self.broken(buffer, at, "no JSON in an element of logEvents")
            }
            Progress::Done(n) => {
                let skip = *skip;
                *scanner = Scanner::value();
                *comma = true;
                if let Some(why) = skip {
                    self.local_copies += u64::from(why == SkippedEnvelope::LocalCopy);
                    buffer.consume(n);
                    return Ok(EnvelopeStep::Again);
                }
                Ok(self.emit(buffer, n).into())
            }
        }
    }

    /// The event of the element in the buffer's first `n` bytes.
    fn emit(&mut self, buffer: &mut Buffer, n: usize) -> EventSpan {
        let data = &buffer.data()[..n];
        let usable = self.hold - SEAM;
        self.element.read(data, buffer.dropped(), self.max, usable);
        let found = self.found(buffer, n);
        self.set_element_origin();
        found
    }

    /// Sets the origin of the element that was read.
    pub(crate) fn set_element_origin(&mut self) {
        self.origins.set(&self.element.origin);
    }

    /// The span of the element that was read from the buffer's first `n` bytes, which it consumes.
    fn found(&self, buffer: &mut Buffer, n: usize) -> EventSpan {
        let text = match self.element.text.clone() {
            MessageText::Raw(range) => Some(buffer.absolute(range)),
            MessageText::Unescaped => None,
        };
        let identity = if self.element.id.is_empty() {
            self.identity_by_offset(buffer)
        } else {
            IdentityKind::EventId
        };
        let found = EventSpan {
            offset: buffer.offset(),
            time: self.element.time,
            text,
            truncated: self.element.truncated,
            identity,
        };
        buffer.consume(n);
        found
    }

    fn rest(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        let EnvelopePosition::Rest(scanner) = &mut self.state else {
            return Ok(EnvelopeStep::Again);
        };
        let offset = buffer.offset();
        match scanner.run(buffer.data()) {
            Progress::Done(n) => {
                buffer.consume(n);
                self.state = EnvelopePosition::Between;
                Ok(EnvelopeStep::Again)
            }
            Progress::Broken(at) => {
                self.broken(buffer, offset + at as u64, "no JSON behind logEvents")
            }
            Progress::More => {
                buffer.consume(scanner.pos);
                scanner.pos = 0;
                if buffer.finished {
                    let offset = buffer.offset();
                    return self.broken(buffer, offset, "an envelope that is cut off at its end");
                }
                Ok(EnvelopeStep::More)
            }
        }
    }
}
