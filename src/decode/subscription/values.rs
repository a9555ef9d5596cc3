/*! What stands where an envelope should be: an envelope, an array and its elements, or text. */

use super::{MAX_DEPTH, Outcome, SEAM, State, Subscription, cut, error};
use crate::decode::DecodeError;
use crate::decode::buffer::{Buffer, ROOM};
use crate::decode::container;
use crate::decode::header::{Head, Header, head, is_listed_event};
use crate::decode::json::skip_blanks;
use crate::decode::nested::Nested;
use crate::decode::scanner::{Progress, Scanner};

impl Subscription {
    /// At what should be an envelope, or an element of an array.
    pub(super) fn between(&mut self, buffer: &mut Buffer) -> Result<Outcome, DecodeError> {
        let data = buffer.data();
        let offset = buffer.offset();
        match data[0] {
            b',' if self.comma => {
                self.comma = false;
                buffer.consume(1);
            }
            b']' if self.depth > 0 => {
                self.depth -= 1;
                self.comma = self.depth > 0;
                buffer.consume(1);
            }
            _ if self.comma => return error(offset, "no comma between elements of an array"),
            b'{' => return self.object(buffer),
            b'[' => return self.array(buffer),
            _ if self.depth > 0 => self.element(State::Value(Scanner::value())),
            _ => self.state = State::Junk { to_brace: true },
        }
        Ok(Outcome::Again)
    }

    /// Goes on with an element of the innermost array, if one is open.
    fn element(&mut self, state: State) {
        self.comma = self.depth > 0;
        self.looked_at = 0;
        self.state = state;
    }

    /// An array is entered where objects, arrays or strings are in it; within another one, not for strings.
    fn array(&mut self, buffer: &mut Buffer) -> Result<Outcome, DecodeError> {
        let data = buffer.data();
        let enters = match data.get(skip_blanks(data, 1)) {
            None if !buffer.finished && data.len() < self.hold => return Ok(Outcome::More),
            Some(b'{' | b'[' | b']') => true,
            Some(b'"') => self.depth == 0,
            _ => false,
        };
        if enters && self.depth == MAX_DEPTH {
            return error(buffer.offset(), "too many arrays in arrays");
        }
        if enters {
            self.depth += 1;
            buffer.consume(1);
        } else if self.depth > 0 {
            self.element(State::Value(Scanner::value()));
        } else {
            self.state = State::Junk { to_brace: false };
        }
        Ok(Outcome::Again)
    }

    fn object(&mut self, buffer: &mut Buffer) -> Result<Outcome, DecodeError> {
        let all = buffer.data();
        let data = &all[..all.len().min(self.hold)];
        let no_more = buffer.finished || all.len() >= self.hold;
        if data.len() < self.looked_at && !no_more {
            return Ok(Outcome::More);
        }
        let mut header = Header::default();
        let found = head(data, &mut header);
        let offset = buffer.offset();
        let in_array = self.depth > 0;
        match found {
            Head::More if !no_more => {
                self.looked_at = 2 * data.len();
                return Ok(Outcome::More);
            }
            Head::More if header.is_envelope() => {
                return error(offset, "an envelope that is cut off in its header");
            }
            Head::Broken(at) if header.is_envelope() => {
                return error(offset + at as u64, "no JSON in an envelope's header");
            }
            Head::More | Head::Broken(_) if in_array => {
                self.element(State::Value(Scanner::value()));
            }
            Head::More | Head::Broken(_) => {
                if data.len() > self.max {
                    container::refuse_cut(data, self.max, offset)?;
                }
                self.element(State::Junk { to_brace: false });
            }
            Head::End(n) if header.is_control() || header.is_empty_listing(&data[..n]) => {
                self.element(State::Between);
                self.control_messages += u64::from(header.is_control());
                buffer.consume(n);
            }
            Head::End(n) => return self.whole(buffer, &header, n),
            Head::Events(at) if header.is_complete() => {
                self.element(State::Between);
                self.open(header, buffer, at);
            }
            Head::Events(at) => self.element(State::Ahead(Scanner::value(), at)),
        }
        Ok(Outcome::Again)
    }

    /// An object that is whole and has no list: it may hold an envelope, or be an event, or a record.
    fn whole(
        &mut self,
        buffer: &mut Buffer,
        header: &Header,
        n: usize,
    ) -> Result<Outcome, DecodeError> {
        let (data, offset) = (buffer.data(), buffer.offset());
        if self.outermost {
            let mut nested = None;
            if let Some(awslogs) = header.awslogs(data) {
                nested = Some(Nested::new(
                    "awslogs.data",
                    &awslogs,
                    offset,
                    self.inner(),
                    self.max,
                )?);
            } else if let Some((raw, why)) = header.failure(data) {
                self.failures.records += 1;
                self.failures.last = why.into_owned();
                nested = Some(Nested::new(
                    "rawData",
                    &raw,
                    offset,
                    self.inner(),
                    self.max,
                )?);
            }
            if let Some(nested) = nested {
                self.element(State::Nested(Box::new(nested)));
                buffer.consume(n);
                return Ok(Outcome::Again);
            }
        }
        if self.depth > 0 {
            let listed = is_listed_event(&data[..n]);
            self.element(State::Between);
            return self.emit_value(buffer, n, listed);
        }
        if n > self.max {
            container::refuse_cut(&data[..n], self.max, offset)?;
        }
        self.looked_at = 0;
        buffer.scanned = n;
        Ok(self.text(buffer).into())
    }

    /// An element of an array that is no envelope: to its end, however far that is.
    pub(super) fn value(&mut self, buffer: &mut Buffer) -> Result<Outcome, DecodeError> {
        let State::Value(scanner) = &mut self.state else {
            return Ok(Outcome::Again);
        };
        let (data, offset) = (buffer.data(), buffer.offset());
        match scanner.run(data) {
            Progress::More if buffer.finished => {
                error(offset, "an element of an array that is cut off")
            }
            Progress::More => {
                if data.len() >= self.hold + ROOM {
                    container::refuse_cut(data, self.max, offset)?;
                    cut(buffer, scanner, self.hold);
                }
                Ok(Outcome::More)
            }
            Progress::Broken(at) => error(
                offset + at as u64 + buffer.dropped(),
                "no JSON in an element of an array",
            ),
            Progress::Done(n) => {
                self.state = State::Between;
                self.emit_value(buffer, n, false)
            }
        }
    }

    /// The event that the first `n` bytes, an element of an array, make.
    fn emit_value(
        &mut self,
        buffer: &mut Buffer,
        n: usize,
        listed: bool,
    ) -> Result<Outcome, DecodeError> {
        let data = &buffer.data()[..n];
        if listed {
            return Ok(self.emit(buffer, n).into());
        }
        if n > self.max {
            container::refuse_cut(data, self.max, buffer.offset())?;
        }
        self.origins.leave();
        let usable = self.hold - SEAM;
        self.element
            .read_value(data, buffer.dropped(), self.max, usable);
        Ok(self.found(buffer, n).into())
    }
}
