/*! A text line with a logger's prefix goes in; the time, level, request id and logger of the prefix come out.

These are prefixes that loggers write without Lambda's help: time, level, request id, thread and logger in any order and
in any brackets. Only certain values become fields, and the message keeps the prefix. */

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::parse::record::{IdSource, Record};
use crate::parse::{level, request_id, timestamp};

/// Longest prefix of a line that is read, in bytes.
const LONGEST_HEAD: usize = 256;

/// Reads time, level, request id and logger from the prefix of `text` into `record`. Without a level, only the time
/// is set.
pub fn read<'a>(record: &mut Record<'a>, text: &'a str) {
    let line = text.lines().next().unwrap_or("");
    let mut head = PrefixReader {
        line: &line[..line.floor_char_boundary(LONGEST_HEAD)],
        // Ruby's logger begins with the first letter of the level.
        at: if line.get(1..4) == Some(", [") { 2 } else { 0 },
        bracketed: false,
        divided: false,
        patterned: false,
        basic_config: false,
        id: None,
    };
    // Ruby's logger has the request id behind the level.
    let mut id_source = match head.at {
        0 => IdSource::Function,
        _ => IdSource::Logger,
    };
    let mut named = None;
    // No known pattern has twelve words before the message.
    for _ in 0..12 {
        let Some(word) = head.next_word() else { break };
        match word {
            PrefixWord::Time(time) => record.time = record.time.or(time),
            PrefixWord::Id(id) => {
                // Behind the level, the message may begin with an id of the function's own.
                if head.id.is_none() && record.level.is_none() {
                    id_source = IdSource::Logger;
                }
                head.id = head.id.or(Some(id));
            }
            PrefixWord::Level(level) if record.level.is_none() => record.level = Some(level),
            PrefixWord::Logger(name) if record.level.is_some() => {
                named = named.or(Some(name));
                break;
            }
            PrefixWord::Logger(name) => named = named.or(Some(name)),
            PrefixWord::Skipped => {}
            PrefixWord::Level(_) => break,
        }
    }
    if record.level.is_some() {
        record.request_id = head.id.map(Cow::Borrowed);
        record.id_source = head.id.map_or(IdSource::Function, |_| id_source);
        record.logger = named.map(Cow::Borrowed);
    }
}

/// One word of a prefix.
enum PrefixWord<'a> {
    /// A time in milliseconds since 1970; None if it has no zone.
    Time(Option<i64>),
    Id(&'a str),
    Level(crate::parse::record::Level),
    Logger(&'a str),
    Skipped,
}

/// The reader of a prefix.
struct PrefixReader<'a> {
    line: &'a str,
    at: usize,
    /// Whether the reader is inside `[…]`.
    bracketed: bool,
    /// Whether a ` - ` or ` | ` stands directly before the next word.
    divided: bool,
    /// Whether the line had a time, a thread, an id or a line number: a logger's pattern has these, prose does not.
    patterned: bool,
    /// Whether the level of `INFO:name:message` stands directly before the next word.
    basic_config: bool,
    id: Option<&'a str>,
}

impl<'a> PrefixReader<'a> {
    /// Reads the next word of the prefix; None where the message begins.
    fn next_word(&mut self) -> Option<PrefixWord<'a>> {
        if std::mem::take(&mut self.basic_config)
            && let Some(name) = basic_config_name(&self.line[self.at..])
        {
            self.at += name.len();
            return Some(PrefixWord::Logger(name));
        }
        self.skip_separators();
        let rest = &self.line[self.at..];
        if let Some(time) = timestamp::scan(rest.as_bytes()) {
            self.at += time.len;
            self.patterned = true;
            return Some(PrefixWord::Time(time.zoned.then_some(time.millis)));
        }
        if let Some(id) = request_id::leading_uuid(rest) {
            self.at += id.len();
            self.patterned = true;
            return Some(PrefixWord::Id(id));
        }
        if let Some(len) = time_of_day(rest) {
            self.at += len;
            self.patterned = true;
            return Some(PrefixWord::Skipped);
        }
        let len = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ']' | '|' | '[' | '{' | '(' | '\x1b'))
            .unwrap_or(rest.len());
        let word = rest[..len].trim_end_matches(':');
        if word.is_empty() {
            return None;
        }
        let behind = &rest[word.len()..];
        self.classify(word, behind)
    }

    /// Classifies `word`; `behind` is the rest of the line. None if the word belongs to the message.
    fn classify(&mut self, word: &'a str, behind: &'a str) -> Option<PrefixWord<'a>> {
        let after = behind.trim_start_matches(' ');
        if let Some(level) = self.level(word, behind) {
            self.at += word.len();
            return Some(PrefixWord::Level(level));
        }
        // Python's basicConfig writes `INFO:root:message`.
        if let Some((first, _)) = word.split_once(':')
            && let Some(level) = level::from_capitals(first)
            && self.at == 0
        {
            self.at += first.len() + 1;
            self.basic_config = true;
            return Some(PrefixWord::Level(level));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            // A process id, or the line number of a source.
            self.at += word.len();
            return Some(PrefixWord::Skipped);
        }
        if is_month(word) {
            self.at += word.len();
            return Some(PrefixWord::Skipped);
        }
        if self.bracketed {
            self.at += self.line[self.at..].find(']')?;
            if is_name(word) {
                return Some(PrefixWord::Logger(word));
            }
            self.patterned = true;
            return Some(PrefixWord::Skipped);
        }
        let name = before_line_number(word);
        let line_number = word[name.len()..].rsplit(':').next().unwrap_or("");
        self.patterned |=
            !line_number.is_empty() && line_number.bytes().all(|byte| byte.is_ascii_digit());
        let before_divider = ["- ", "| "].iter().any(|end| after.starts_with(end));
        let before_colon = [": ", ":\n", "["].iter().any(|end| behind.starts_with(end))
            || behind == ":"
            || after.starts_with(": ");
        let named = if before_divider {
            is_name(name) || self.patterned && is_plain_name(name)
        } else {
            // `Code: 7` and `user_id: 7` may be prose.
            before_colon && is_name(name) && (self.patterned || is_path(name))
        };
        named.then(|| {
            self.at += word.len();
            PrefixWord::Logger(name)
        })
    }

    /// The level of `word`, if it is a level at this position.
    fn level(&self, word: &str, behind: &str) -> Option<crate::parse::record::Level> {
        if self.bracketed {
            // Serilog writes `[10:15:30 INF]`.
            let short = matches!(word, "VRB" | "DBG" | "INF" | "WRN" | "ERR" | "FTL");
            return level::from_text(word)
                .or_else(|| (short && self.patterned).then(|| level::from_name(word))?);
        }
        if let Some(level) = level::from_capitals(word) {
            return Some(level);
        }
        let dotnet = matches!(word, "trce" | "dbug" | "info" | "warn" | "fail" | "crit");
        if self.at == 0 && behind.starts_with(": ") {
            let known = dotnet || matches!(word, "error" | "debug");
            return known.then(|| level::from_name(word)).flatten();
        }
        let between = self.divided && behind.trim_start().starts_with(['|', '-']);
        between.then(|| level::from_text(word)).flatten()
    }

    /// Skips blanks, brackets, dividers and a terminal's colour codes.
    fn skip_separators(&mut self) {
        let bytes = self.line.as_bytes();
        self.divided = false;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b':' => {}
                b'[' => self.bracketed = true,
                b']' => self.bracketed = false,
                b'|' => self.divided = true,
                b'-' if matches!(bytes.get(self.at + 1), Some(b' ' | b'-')) => self.divided = true,
                b'\x1b' => {
                    let end = self.line[self.at..].find('m');
                    self.at += end.unwrap_or(0);
                }
                _ => break,
            }
            self.at += 1;
        }
    }
}

/// Whether `word` is a month of a date such as `12 May 2020 21:19:02,997`, which parts of the Lambda service write.
fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    MONTHS.contains(&word)
}

/// The length of a time of day at the start of `text`: `12:34:56` with an optional fraction.
fn time_of_day(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |at: usize| {
        bytes.get(at).is_some_and(u8::is_ascii_digit)
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    let clock = digits(0)
        && bytes.get(2) == Some(&b':')
        && digits(3)
        && bytes.get(5) == Some(&b':')
        && digits(6);
    clock.then(|| {
        let fraction = bytes[8..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
            .count();
        8 + fraction
    })
}

/// `word` without a line number: `Handler` of `Handler:45`, but all of `my_crate::handler`.
fn before_line_number(word: &str) -> &str {
    let bytes = word.as_bytes();
    let colon = memchr::memchr_iter(b':', bytes).find(|at| {
        let doubled = *at > 0 && bytes[at - 1] == b':' || bytes.get(at + 1) == Some(&b':');
        !doubled
    });
    &word[..colon.unwrap_or(word.len())]
}

/// The name in `name:message` of Python's basicConfig.
fn basic_config_name(text: &str) -> Option<&str> {
    let (name, message) = text.split_once(':')?;
    (has_name_letters(name) && !message.starts_with("//")).then_some(name)
}

fn has_name_letters(word: &str) -> bool {
    let letter =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$' | '-' | ':' | '/' | '#');
    word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.chars().all(letter)
}

/// Whether `word` is a dotted or `::` path, such as `com.example.Handler` or `my_crate::module`. Only error types
/// look alike, and they are excluded.
fn is_path(word: &str) -> bool {
    let dotted = word.contains('.') && !word.ends_with('.') || word.contains("::");
    dotted && has_name_letters(word) && !is_error(word)
}

/// Whether `word` is a logger's name and not prose: a path, `my_crate`, `OrderHandler` or `root`.
fn is_name(word: &str) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let camel = capitals >= 2 && word.chars().any(char::is_lowercase);
    is_path(word)
        || has_name_letters(word)
            && (camel || word.contains('_') || word == "root")
            && !is_error(word)
}

/// Whether `word` may be a logger's name (`Handler`) in a line that has a logger's pattern.
fn is_plain_name(word: &str) -> bool {
    has_name_letters(word) && !is_error(word)
}

fn is_error(word: &str) -> bool {
    word.ends_with("Error") || word.ends_with("Exception")
}
