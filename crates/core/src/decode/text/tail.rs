/*! The output of `aws logs tail` or `sam logs`, or a copy of the console's table, goes in; its events come out. An
event begins at a line with a time, or with a time and a stream. */

use std::ops::Range;
use std::sync::Arc;

use memchr::memchr;

use crate::decode::buffer::{Buffer, TakenEvent};
use crate::decode::event::Origin;
use crate::decode::log_stream;
use crate::decode::text::line_prefix::{LinePrefix, line_prefix};
use crate::time::iso8601::iso_time;

/// The decoder of one object of such output.
#[derive(Debug)]
pub(crate) struct Tail {
    style: Style,
    base: Arc<Origin>,
    /// The origin of the pending event.
    origin: Arc<Origin>,
    time: Option<i64>,
    prefix: usize,
    /// The first bytes of the line at `scanned` were read.
    in_line: bool,
    pub blank: u64,
}

/// The form of the prefixes before messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Time and stream, or stream and time.
    Stream,
    /// `--format short`: a time in seconds.
    Short,
    /// The console's table of events, copied: a time with its zone, and a tab or a blank.
    Console,
}

/// The prefix of a line.
#[derive(Debug, PartialEq, Eq)]
struct Prefix {
    len: usize,
    time: i64,
    stream: Option<Range<usize>>,
}

impl Tail {
    pub fn new(style: Style, base: Arc<Origin>) -> Self {
        Tail {
            style,
            origin: base.clone(),
            base,
            time: None,
            prefix: 0,
            in_line: false,
            blank: 0,
        }
    }

    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The next event and its time; `None` if more bytes are needed, or at the end.
    pub fn next(&mut self, buffer: &mut Buffer) -> Option<(TakenEvent, Option<i64>)> {
        loop {
            if !self.in_line {
                let head = match line_prefix(buffer) {
                    LinePrefix::Line(head) => head,
                    LinePrefix::More => {
                        buffer.shed(self.prefix);
                        return None;
                    }
                    LinePrefix::End => return self.take(buffer),
                };
                let prefix = prefix(head, self.style);
                if prefix.is_some() && buffer.scanned > 0 {
                    if let Some(found) = self.take(buffer) {
                        return Some(found);
                    }
                    continue;
                }
                if buffer.scanned == 0 {
                    let prefix = prefix.as_ref();
                    let stream = prefix.and_then(|p| head.get(p.stream.clone()?));
                    self.origin = match stream {
                        Some(stream) => self.origin_of(stream),
                        None => self.base.clone(),
                    };
                    self.time = prefix.map(|p| p.time);
                    self.prefix = prefix.map_or(0, |p| p.len);
                }
                self.in_line = true;
            }
            let rest = &buffer.data()[buffer.scanned..];
            let end = memchr(b'\n', rest);
            buffer.scanned += end.map_or(rest.len(), |i| i + 1);
            self.in_line = end.is_none();
            if end.is_none() && !buffer.finished {
                buffer.shed(self.prefix);
                return None;
            }
            if end.is_none() {
                self.in_line = false;
            }
        }
    }

    fn take(&mut self, buffer: &mut Buffer) -> Option<(TakenEvent, Option<i64>)> {
        if buffer.scanned == 0 {
            return None;
        }
        let taken = buffer.take(self.prefix);
        let time = self.time.take();
        self.prefix = 0;
        if time.is_none() && taken.text.is_empty() && taken.truncated == 0 {
            self.blank += buffer.offset() - taken.offset;
            return None;
        }
        Some((taken, time))
    }

    fn origin_of(&self, stream: &[u8]) -> Arc<Origin> {
        let stream = String::from_utf8_lossy(stream);
        if self.origin.log_stream.as_deref() == Some(&stream) {
            return self.origin.clone();
        }
        let mut origin = Origin::clone(&self.base);
        origin.set_stream(&stream);
        Arc::new(origin)
    }
}

/// The form of the line's prefix; `None` if the line has no such prefix.
pub(crate) fn style(line: &[u8]) -> Option<Style> {
    if prefix(line, Style::Stream).is_some() {
        return Some(Style::Stream);
    }
    // Functions may begin their own lines with a time, so the message must be one that only Lambda's logs have.
    [Style::Short, Style::Console]
        .into_iter()
        .find(|style| prefix(line, *style).is_some_and(|prefix| is_of_lambda(&line[prefix.len..])))
}

/// Whether a line begins as one of the console's table. Functions' own lines may begin so too.
pub(crate) fn may_be_console(line: &[u8]) -> bool {
    prefix(line, Style::Console).is_some()
}

/// Whether only Lambda's logs have such a message.
fn is_of_lambda(message: &[u8]) -> bool {
    const HEADS: [&[u8]; 9] = [
        b"START RequestId: ",
        b"END RequestId: ",
        b"REPORT RequestId: ",
        b"INIT_START ",
        b"INIT_REPORT ",
        b"RESTORE_START ",
        b"EXTENSION\t",
        b"TELEMETRY\t",
        b"{\"time\":",
    ];
    HEADS.iter().any(|head| message.starts_with(head))
        || iso_time(message).is_some_and(|time| message.get(time.len) == Some(&b'\t'))
}

fn prefix(line: &[u8], style: Style) -> Option<Prefix> {
    let mut at = skip_colour(line, 0);
    if style == Style::Short {
        let time = iso_time(&line[at..]).filter(|time| !time.has_fraction && !time.has_zone)?;
        let len = message(line, at + time.len)?;
        return Some(Prefix {
            len,
            time: time.time,
            stream: None,
        });
    }
    if style == Style::Console {
        let time = iso_time(line).filter(|time| time.has_fraction && time.has_zone)?;
        return matches!(line.get(time.len), Some(b'\t' | b' ')).then_some(Prefix {
            len: time.len + 1,
            time: time.time,
            stream: None,
        });
    }
    let (time, stream);
    if let Some(found) = iso_time(&line[at..]) {
        time = found.time;
        at = blank(line, at + found.len)?;
        stream = stream_at(line, at)?;
        at = stream.end;
    } else {
        stream = stream_at(line, at)?;
        at = blank(line, stream.end)?;
        let found = iso_time(&line[at..])?;
        time = found.time;
        at += found.len;
    }
    Some(Prefix {
        len: message(line, at)?,
        time,
        stream: Some(stream),
    })
}

/// The offset of the message, behind a blank; the colour codes of the message belong to it.
fn message(line: &[u8], at: usize) -> Option<usize> {
    let at = skip_colour(line, at);
    match line.get(at) {
        None => Some(at),
        Some(b' ') => Some(at + 1),
        Some(_) => None,
    }
}

/// The offset behind a blank and the colour codes around it.
fn blank(line: &[u8], at: usize) -> Option<usize> {
    let at = skip_colour(line, at);
    (line.get(at) == Some(&b' ')).then(|| skip_colour(line, at + 1))
}

/// The range of the stream's name at `at`; `None` if Lambda did not make such a name.
fn stream_at(line: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = line.get(at..)?;
    let len = rest
        .iter()
        .position(|b| matches!(b, b' ' | b'\x1b'))
        .unwrap_or(rest.len());
    let name = std::str::from_utf8(&rest[..len]).ok()?;
    log_stream::parse(name).map(|_| at..at + len)
}

/// The offset behind ANSI colour codes such as `ESC[33m`.
fn skip_colour(line: &[u8], mut at: usize) -> usize {
    while let Some(rest) = line.get(at..).and_then(|rest| rest.strip_prefix(b"\x1b[")) {
        let digits = rest
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b';');
        let digits = digits.count();
        if rest.get(digits) != Some(&b'm') {
            break;
        }
        at += 2 + digits + 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, style: Style) -> Option<(&str, Option<&str>, i64)> {
        let found = prefix(line.as_bytes(), style)?;
        Some((
            &line[found.len..],
            found.stream.map(|range| &line[range]),
            found.time,
        ))
    }

    #[test]
    fn prefixes() {
        let stream = "2024/03/05/fn[$LATEST]6e67";
        let time = 1_709_651_898_321;
        for line in [
            format!("2024-03-05T15:18:18.321000+00:00 {stream} a b"),
            format!("{stream} 2024-03-05T15:18:18.321000 a b"),
            format!("\x1b[36m{stream}\x1b[0m \x1b[33m2024-03-05T15:18:18.321000\x1b[0m a b"),
            format!(
                "\x1b[32m2024-03-05T15:18:18.321000+00:00\x1b[0m \x1b[1;36m{stream}\x1b[0m a b"
            ),
        ] {
            let found = split(&line, Style::Stream);
            assert_eq!(found, Some(("a b", Some(stream), time)), "{line}");
        }
        assert_eq!(
            split("2024-03-05T15:18:18 a b", Style::Short),
            Some(("a b", None, 1_709_651_898_000))
        );
        let coloured =
            format!("\x1b[36m{stream}\x1b[0m \x1b[33m2024-03-05T15:18:18.321000\x1b[0m \x1b[31ma");
        assert_eq!(split(&coloured, Style::Stream).unwrap().0, "\x1b[31ma");
        let empty = format!("{stream} 2024-03-05T15:18:18.321000");
        assert_eq!(split(&empty, Style::Stream), Some(("", Some(stream), time)));
        for line in [
            "2024-03-05T15:18:18.321000+00:00 INFO a",
            "2024/03/05/fn[$LATEST]6e67 a b",
            "2024/03/05/fn[$LATEST]6e67",
            "2024-03-05T15:18:18.321Z\tid\tINFO\ta",
            "\x1b[36",
        ] {
            assert_eq!(split(line, Style::Stream), None, "{line}");
        }
    }

    #[test]
    fn styles() {
        let short = |line: &str| style(line.as_bytes()) == Some(Style::Short);
        assert!(short("2024-03-05T15:18:18 START RequestId: x Version: 1"));
        assert!(short(
            "2024-03-05T15:18:18 2024-03-05T15:18:18.321Z\tid\tINFO\ta"
        ));
        assert!(!short("2024-03-05T15:18:18 INFO a"));
        assert!(!short("2024-03-05T15:18:18Z START RequestId: x Version: 1"));
        let console = |line: &str| style(line.as_bytes()) == Some(Style::Console);
        assert!(console(
            "2024-03-05T15:18:18.321+01:00\tSTART RequestId: x Version: 1"
        ));
        assert!(console(
            "2024-03-05T15:18:18.321+01:00 2024-03-05T14:18:18.321Z\tid\tINFO\ta"
        ));
        assert!(!console("2024-03-05T15:18:18.321Z\tid\tINFO\ta"));
        assert!(!console("2024-03-05T15:18:18.321+01:00\tINFO\ta"));
    }
}
