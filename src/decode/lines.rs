/*! Plain text and JSON lines: events without a prefix. A JSON object is an event, however many lines it takes; for lines of text see
[`Shape`]. */

use memchr::memchr;

use super::buffer::{Buffer, PREFIX, Taken};
use super::line::{Head, line_head};
use super::scanner::{Progress, Scanner};
use super::shape::Shape;

#[derive(Debug)]
pub(super) struct Lines {
    /// The object holds JSON in the first place.
    json: bool,
    /// Looks for the end of a JSON object that begins where the buffer does.
    object: Option<Scanner>,
    /// The pending event is text.
    shape: Option<Shape>,
    /// The head of the line at `scanned` was looked at.
    in_line: bool,
    max: usize,
    pub blank: u64,
}

impl Lines {
    pub fn new(json: bool, max: usize) -> Self {
        Lines {
            json,
            object: None,
            shape: None,
            in_line: false,
            max,
            blank: 0,
        }
    }

    /// The next event; none if more bytes are needed or the end is reached.
    pub fn next(&mut self, buffer: &mut Buffer) -> Option<Taken> {
        loop {
            if let Some(scanner) = &mut self.object {
                match object_end(scanner, buffer, self.max) {
                    Progress::More => return None,
                    Progress::Done(n) => {
                        self.object = None;
                        buffer.scanned = n;
                        return Some(buffer.take(0));
                    }
                    Progress::Broken(_) => {
                        self.object = None;
                        let Head::Line(head) = line_head(buffer) else {
                            return None;
                        };
                        self.shape = Some(Shape::of(head));
                        self.in_line = true;
                    }
                }
            }
            if !self.in_line {
                let head = match line_head(buffer) {
                    Head::Line(head) => head,
                    Head::More => {
                        buffer.shed(0);
                        return None;
                    }
                    Head::End => return self.take(buffer),
                };
                match &mut self.shape {
                    None if head.trim_ascii().is_empty() => {
                        // A blank line that is longer than its head is taken in pieces.
                        let rest = &buffer.data()[..buffer.data().len().min(PREFIX)];
                        let n = memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
                        buffer.consume(n);
                        self.blank += n as u64;
                        continue;
                    }
                    None if head.trim_ascii_start().starts_with(b"{") => {
                        let blanks = head.len() - head.trim_ascii_start().len();
                        buffer.consume(blanks);
                        self.blank += blanks as u64;
                        self.object = Some(Scanner::one_line_strings());
                        continue;
                    }
                    None => self.shape = Some(Shape::of(head)),
                    Some(shape) => {
                        let event = &buffer.data()[..buffer.scanned];
                        if !shape.goes_on(event, head, self.json) {
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
                return None;
            }
            self.in_line = false;
        }
    }

    fn take(&mut self, buffer: &mut Buffer) -> Option<Taken> {
        self.shape = None;
        (buffer.scanned > 0).then(|| buffer.take(0))
    }
}

/// Where the object ends if that is within `max` bytes and nothing but another object follows it in its line.
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
            // The scanner is done for good: it is asked again from the start, which a chunk's end hardly ever makes necessary.
            *scanner = Scanner::one_line_strings();
            Progress::More
        }
        None | Some(b'\n' | b'{') => Progress::Done(n),
        Some(_) if blanks >= PREFIX => Progress::Done(n),
        Some(_) => Progress::Broken(n),
    }
}
