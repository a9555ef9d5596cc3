/*! Plain text and JSON lines go in; events come out. A JSON object is one event, on one line or several; [`Multiline`]
decides which lines of text belong to one event. */

use memchr::memchr;

use crate::decode::buffer::{Buffer, PREFIX, ROOM, TakenEvent};
use crate::decode::container;
use crate::decode::decode_error::DecodeError;
use crate::decode::json_structure::scanner::{Progress, Scanner};
use crate::decode::text::line_prefix::{LinePrefix, line_prefix};
use crate::decode::text::multiline::Multiline;

/// The decoder of one object of text or JSON lines.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The format is JSON lines: every `{` at the start of a line begins an event.
    json: bool,
    /// Finds the end of the JSON object at the start of the buffer; `None` outside of an object.
    object: Option<Scanner>,
    /// The lines of the pending event, if it is text.
    multiline: Option<Multiline>,
    /// The first bytes of the line at `scanned` were read.
    in_line: bool,
    /// Whether the buffer begins with a value that was found to be no container.
    pub is_declined: bool,
    containers: Containers,
    max: usize,
    pub blank: u64,
}

/// Which values are containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Containers {
    /// All that begin like one: the operator has named the format.
    Forced,
    /// So far the object holds containers only, and another one may be an array.
    Only,
    /// Valid objects among lines.
    Among,
}

/// The result of a step.
pub(crate) enum Next {
    Event(TakenEvent),
    /// More bytes are needed, or this is the end.
    More,
    /// A JSON container begins here.
    Container,
}

type Step = Result<Next, DecodeError>;

impl Lines {
    pub fn new(json: bool, max: usize) -> Self {
        Lines {
            json,
            object: None,
            multiline: None,
            in_line: false,
            is_declined: false,
            containers: Containers::Among,
            max,
            blank: 0,
        }
    }

    /// The decoder of what stands between the containers of an object.
    pub fn between(containers: Containers, max: usize) -> Self {
        Lines {
            containers,
            ..Lines::new(false, max)
        }
    }

    /// Whether the object holds lines other than containers, so that a value that is no valid container is a line.
    pub fn are_a_log(&self) -> bool {
        self.containers == Containers::Among
    }

    /// Reads the value at the start of the buffer as a line.
    pub fn decline(&mut self) {
        self.is_declined = true;
    }

    fn found_line(&mut self) {
        if self.containers == Containers::Only {
            self.containers = Containers::Among;
        }
    }

    fn is_container(&self, buffer: &Buffer) -> bool {
        let data = buffer.data();
        let window = &data[..data.len().min(ROOM)];
        let begins = container::begins(window);
        match self.containers {
            Containers::Forced => begins || window.first() == Some(&b'['),
            Containers::Only => {
                (begins && !container::is_torn(window)) || container::is_empty_array(window)
            }
            Containers::Among => {
                let is_all = buffer.finished && window.len() == data.len();
                begins && container::is_valid(window, is_all)
            }
        }
    }

    /// Whether the value at the start of the buffer may be a container, by its first bytes.
    fn may_be_container(&self, data: &[u8]) -> bool {
        match (data.first(), self.containers) {
            _ if self.is_declined => false,
            (Some(b'{'), Containers::Among) => container::may_begin(data),
            (Some(b'['), Containers::Among) => false,
            _ => true,
        }
    }

    pub fn next(&mut self, buffer: &mut Buffer) -> Step {
        loop {
            if let Some(scanner) = &mut self.object {
                match object_end(scanner, buffer, self.max) {
                    Progress::More => return Ok(Next::More),
                    Progress::Done(n) => {
                        self.object = None;
                        self.found_line();
                        buffer.scanned = n;
                        return Ok(Next::Event(buffer.take(0)));
                    }
                    Progress::Broken(at) => {
                        self.object = None;
                        // Invalid JSON is text. Only an object that goes on behind the limit is cut there.
                        if at == 0 && buffer.data().len() >= self.max {
                            container::refuse_cut(buffer.data(), self.max, buffer.offset())?;
                        }
                        let LinePrefix::Line(head) = line_prefix(buffer) else {
                            return Ok(Next::More);
                        };
                        self.multiline = Some(Multiline::of(head));
                        self.in_line = true;
                    }
                }
            }
            if !self.in_line {
                let head = match line_prefix(buffer) {
                    LinePrefix::Line(head) => head,
                    LinePrefix::More => {
                        buffer.shed(0);
                        return Ok(Next::More);
                    }
                    LinePrefix::End => return self.take(buffer),
                };
                let arrays = self.containers != Containers::Among && !self.is_declined;
                match &mut self.multiline {
                    None if head.trim_ascii().is_empty() => {
                        // A blank line longer than PREFIX bytes is consumed in pieces.
                        let rest = &buffer.data()[..buffer.data().len().min(PREFIX)];
                        let n = memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
                        buffer.consume(n);
                        self.blank += n as u64;
                        continue;
                    }
                    None if begins_json(head, arrays) => {
                        let blanks = head.len() - head.trim_ascii_start().len();
                        buffer.consume(blanks);
                        self.blank += blanks as u64;
                        let data = buffer.data();
                        if self.may_be_container(data) {
                            if data.len() < ROOM && !buffer.finished {
                                return Ok(Next::More);
                            }
                            if self.is_container(buffer) {
                                return Ok(Next::Container);
                            }
                        }
                        self.is_declined = data.first() == Some(&b'[');
                        if !self.is_declined {
                            self.object = Some(Scanner::one_line_strings());
                        }
                        continue;
                    }
                    None => {
                        self.is_declined = false;
                        self.multiline = Some(Multiline::of(head));
                    }
                    Some(multiline) => {
                        let event = &buffer.data()[..buffer.scanned];
                        if !multiline.goes_on(event, head, self.json) {
                            return self.take(buffer);
                        }
                    }
                }
                self.in_line = true;
            }
            let rest = &buffer.data()[buffer.scanned..];
            let end = memchr(b'\n', rest);
            buffer.scanned += end.map_or(rest.len(), |i| i + 1);
            if end.is_none() && !buffer.finished {
                buffer.shed(0);
                return Ok(Next::More);
            }
            self.in_line = false;
        }
    }

    fn take(&mut self, buffer: &mut Buffer) -> Step {
        self.multiline = None;
        if buffer.scanned == 0 {
            return Ok(Next::More);
        }
        self.found_line();
        let taken = buffer.take(0);
        if taken.truncated > 0 {
            let text = buffer.at(taken.text.clone());
            container::refuse_cut(text, self.max, taken.offset)?;
        }
        Ok(Next::Event(taken))
    }
}

/// Whether a line is the start of an object or, with `arrays`, of an array.
fn begins_json(head: &[u8], arrays: bool) -> bool {
    match head.trim_ascii_start().first() {
        Some(b'{') => true,
        Some(b'[') => arrays,
        _ => false,
    }
}

/// The end of the object at the start of the buffer. `Broken` if it is longer than `max` bytes, or if text other than
/// another object follows it on its line.
fn object_end(scanner: &mut Scanner, buffer: &Buffer, max: usize) -> Progress {
    let data = buffer.data();
    let n = match scanner.run(&data[..data.len().min(max)]) {
        Progress::More if buffer.finished || data.len() >= max => return Progress::Broken(0),
        Progress::Done(n) => n,
        other => return other,
    };
    let rest = &data[n..];
    let blanks = rest
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
        .count();
    match rest.get(blanks) {
        None if blanks < PREFIX && !buffer.finished => {
            // A scanner that has reached the end cannot continue, so the object is scanned again. This is rare: it
            // takes a chunk that ends exactly behind an object.
            *scanner = Scanner::one_line_strings();
            Progress::More
        }
        None | Some(b'\n' | b'{') => Progress::Done(n),
        Some(_) if blanks >= PREFIX => Progress::Done(n),
        Some(_) => Progress::Broken(n),
    }
}
