/*! The part of [`Subscription`] that reads whole JSON values outside of `logEvents`: an envelope, an array and its
elements, or an event. */

use crate::decode::buffer::{Buffer, PREFIX, ROOM};
use crate::decode::container;
use crate::decode::decode_error::DecodeError;
use crate::decode::event_span::{EventSpan, IdentityKind};
use crate::decode::json_structure::members::members;
use crate::decode::json_structure::scanner::{Progress, Scanner};
use crate::decode::subscription::envelope_start::{
    EnvelopeHeader, EnvelopeStart, envelope_start, is_listed_event, may_be_listed_event,
};
use crate::decode::subscription::envelopes::held_bytes::{SEAM, cut, error, is_in_held_string};
use crate::decode::subscription::envelopes::step::EnvelopeStep;
use crate::decode::subscription::envelopes::{EnvelopePosition, MAX_DEPTH, Subscription};
use crate::decode::subscription::nested::Nested;
use crate::json::scan;

impl Subscription {
    /// Reads the start of an element of an array, or goes to the line or container behind a container.
    pub(crate) fn between(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        let data = buffer.data();
        let offset = buffer.offset();
        if self.depth == 0 {
            self.state = EnvelopePosition::Lines;
            return Ok(EnvelopeStep::Again);
        }
        match data[0] {
            b',' if self.comma => {
                self.comma = false;
                buffer.consume(1);
            }
            b']' => {
                self.depth -= 1;
                self.comma = self.depth > 0;
                buffer.consume(1);
            }
            _ if self.comma => return error(offset, "no comma between elements of an array"),
            b'{' | b'[' => return self.begin(buffer),
            _ => self.element(value_state()),
        }
        Ok(EnvelopeStep::Again)
    }

    /// Reads the start of an object or of an array.
    pub(crate) fn begin(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        if buffer.data()[0] == b'{' {
            self.object(buffer)
        } else {
            self.array(buffer)
        }
    }

    /// Reads the value at the start of the buffer as a line, since it is no container.
    pub(crate) fn decline(&mut self) {
        self.depth = 0;
        self.comma = false;
        self.looked_at = 0;
        self.lines.decline();
        self.state = EnvelopePosition::Lines;
    }

    /// Handles invalid JSON: among lines, the rest of the container is a line; else the object is broken.
    pub(crate) fn broken(
        &mut self,
        buffer: &Buffer,
        offset: u64,
        reason: &'static str,
    ) -> Result<EnvelopeStep, DecodeError> {
        if !self.lines.are_a_log() || buffer.dropped() > 0 {
            return error(offset, reason);
        }
        self.decline();
        Ok(EnvelopeStep::Again)
    }

    /// Moves to `state`, which reads an element of the innermost array if an array is open.
    fn element(&mut self, state: EnvelopePosition) {
        self.comma = self.depth > 0;
        self.looked_at = 0;
        self.state = state;
    }

    /// Enters an array of objects, arrays or (outside of other arrays) strings. Any other array is one event.
    fn array(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        let data = buffer.data();
        let enters = match data.get(scan::blanks(data, 1)) {
            None if !buffer.finished && data.len() < self.hold => return Ok(EnvelopeStep::More),
            Some(b'{' | b'[' | b']') => true,
            Some(b'"') => self.depth == 0,
            _ => false,
        };
        if enters && self.depth == MAX_DEPTH {
            return error(buffer.offset(), "too many arrays in arrays");
        }
        if enters {
            self.depth += 1;
            self.state = EnvelopePosition::Between;
            buffer.consume(1);
        } else if self.depth > 0 {
            self.element(value_state());
        } else {
            self.decline();
        }
        Ok(EnvelopeStep::Again)
    }

    fn object(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        let all = buffer.data();
        let data = &all[..all.len().min(self.hold)];
        let no_more = buffer.finished || all.len() >= self.hold;
        if data.len() < self.looked_at && !no_more {
            return Ok(EnvelopeStep::More);
        }
        let mut header = EnvelopeHeader::default();
        let found = envelope_start(data, &mut header);
        let offset = buffer.offset();
        let in_array = self.depth > 0;
        match found {
            EnvelopeStart::More if !no_more => {
                self.looked_at = 2 * data.len();
                return Ok(EnvelopeStep::More);
            }
            EnvelopeStart::More
                if data.len() >= self.hold
                    && (header.is_envelope() || header.is_open_failure(data)) =>
            {
                return self.too_long(&header, offset);
            }
            EnvelopeStart::More if header.is_envelope() => {
                return self.broken(buffer, offset, "an envelope that is cut off in its header");
            }
            EnvelopeStart::Broken(at) if header.is_envelope() => {
                let at = offset + at as u64;
                return self.broken(buffer, at, "no JSON in an envelope's header");
            }
            EnvelopeStart::More | EnvelopeStart::Broken(_) if in_array => {
                self.element(value_state());
            }
            EnvelopeStart::More | EnvelopeStart::Broken(_) => self.decline(),
            EnvelopeStart::End(n)
                if !in_array && !self.lines.are_a_log() && header.is_empty_listing(&data[..n]) =>
            {
                let rest = &all[n..];
                if rest.len() < ROOM && !buffer.finished {
                    return Ok(EnvelopeStep::More);
                }
                if container::is_followed(&rest[..rest.len().min(ROOM)]) {
                    self.element(EnvelopePosition::Between);
                    buffer.consume(n);
                } else {
                    self.decline();
                }
            }
            EnvelopeStart::End(n) => return self.whole(buffer, &header, n),
            EnvelopeStart::Events(at) if header.is_complete() => {
                self.element(EnvelopePosition::Between);
                self.open(header, buffer, at);
            }
            EnvelopeStart::Events(at) => {
                self.element(EnvelopePosition::Ahead(Scanner::value(), at))
            }
        }
        Ok(EnvelopeStep::Again)
    }

    /// Reads a whole object of `n` bytes without a list of events: it holds compressed envelopes, or it is one event.
    fn whole(
        &mut self,
        buffer: &mut Buffer,
        header: &EnvelopeHeader,
        n: usize,
    ) -> Result<EnvelopeStep, DecodeError> {
        let (data, offset) = (buffer.data(), buffer.offset());
        if self.outermost {
            let mut nested = None;
            if let Some(awslogs) = header.awslogs(data) {
                nested = Some(("awslogs.data", awslogs));
            } else if let Some((raw, why)) = header.failure(data) {
                self.failures.records += 1;
                self.failures.last = why.into_owned();
                nested = Some(("rawData", raw));
            }
            if let Some((name, text)) = nested {
                let inner = self.inner();
                let nested = Nested::new(name, &text, offset, inner, self.max, &mut self.inflated);
                return match nested {
                    Ok(nested) => {
                        self.element(EnvelopePosition::Nested(Box::new(nested), n));
                        Ok(EnvelopeStep::Again)
                    }
                    Err(error) => self.nested_failed(buffer, n, error),
                };
            }
        }
        if self.depth > 0 {
            let listed = is_listed_event(&data[..n]);
            self.element(EnvelopePosition::Between);
            return self.emit_value(buffer, n, listed);
        }
        self.decline();
        Ok(EnvelopeStep::Again)
    }

    /// Handles nested data that cannot be decoded. Its object of `n` bytes is intact: among lines it is a line; else
    /// the error is reported at the end of the file, behind all other events.
    pub(crate) fn nested_failed(
        &mut self,
        buffer: &mut Buffer,
        n: usize,
        error: DecodeError,
    ) -> Result<EnvelopeStep, DecodeError> {
        if self.inflated.is_too_much() {
            return Err(error);
        }
        if self.lines.are_a_log() && n <= self.max {
            self.decline();
            return Ok(EnvelopeStep::Again);
        }
        self.deferred.get_or_insert(error);
        buffer.consume(n);
        self.element(EnvelopePosition::Between);
        Ok(EnvelopeStep::Again)
    }

    fn too_long<T>(&self, header: &EnvelopeHeader, offset: u64) -> Result<T, DecodeError> {
        let what = if header.is_envelope() {
            "an envelope whose header or awslogs.data has"
        } else {
            "a record of Firehose's report (rawData) that has"
        };
        let hold = self.hold;
        Err(DecodeError {
            offset,
            reason: format!("{what} more than {hold} bytes: raise --max-event-bytes").into(),
        })
    }

    /// Reads an element of an array that is not an envelope, up to its end.
    pub(crate) fn value(&mut self, buffer: &mut Buffer) -> Result<EnvelopeStep, DecodeError> {
        let EnvelopePosition::Value { scanner, whole } = &mut self.state else {
            return Ok(EnvelopeStep::Again);
        };
        let (data, offset) = (buffer.data(), buffer.offset());
        match scanner.run(data) {
            Progress::More if buffer.finished => {
                error(offset, "an element of an array that is cut off")
            }
            Progress::More => {
                if data.len() >= self.hold + ROOM {
                    container::refuse_cut(data, self.max, offset)?;
                    *whole &= is_in_held_string(scanner, self.hold);
                    // Its id may be behind the cut.
                    if !*whole && may_be_listed_event(&data[..self.hold]) {
                        return error(offset, LONG_LISTED_EVENT);
                    }
                    cut(buffer, scanner, self.hold);
                }
                Ok(EnvelopeStep::More)
            }
            Progress::Broken(at) => error(
                offset + at as u64 + buffer.dropped(),
                "no JSON in an element of an array",
            ),
            Progress::Done(n) => {
                let element = &data[..n];
                // With less than this behind its message, an element keeps its members however the input was cut.
                let is_known = *whole && bytes_beside_message(element) <= ROOM - PREFIX;
                let head = &element[..n.min(self.hold)];
                let is_long = n as u64 + buffer.dropped() > self.hold as u64;
                if is_long && !is_known && may_be_listed_event(head) {
                    return error(offset, LONG_LISTED_EVENT);
                }
                let listed = is_known && is_listed_event(element);
                self.state = EnvelopePosition::Between;
                self.emit_value(buffer, n, listed)
            }
        }
    }

    /// The event of the element in the buffer's first `n` bytes; `listed` if it has the form of a listed event.
    fn emit_value(
        &mut self,
        buffer: &mut Buffer,
        n: usize,
        listed: bool,
    ) -> Result<EnvelopeStep, DecodeError> {
        let data = &buffer.data()[..n];
        if listed {
            return Ok(self.emit_listed(buffer, n).into());
        }
        if n > self.max {
            container::refuse_cut(data, self.max, buffer.offset())?;
        }
        self.leave();
        let usable = self.hold - SEAM;
        self.element
            .read_value(data, buffer.dropped(), self.max, usable);
        Ok(self.found(buffer, n).into())
    }

    /// The event of the listed event in the buffer's first `n` bytes.
    pub(crate) fn emit_listed(&mut self, buffer: &mut Buffer, n: usize) -> EventSpan {
        self.origins.leave();
        let found = self.emit(buffer, n);
        if found.identity == IdentityKind::EventId {
            self.origins.enter(&EnvelopeHeader::default(), &[]);
            self.is_entered = true;
            self.set_element_origin();
        }
        found
    }
}

const LONG_LISTED_EVENT: &str = "a listed event that is too long beside its message";

/// Number of bytes of an element without its message.
fn bytes_beside_message(element: &[u8]) -> usize {
    let message = members(element).find(|(key, _)| *key == b"message");
    element.len() - message.map_or(0, |(_, at)| at.len())
}

/// The position at the start of an element that is not an envelope.
fn value_state() -> EnvelopePosition {
    EnvelopePosition::Value {
        scanner: Scanner::value(),
        whole: true,
    }
}
