/*! The head of a text line as loggers write it without Lambda's help: time, level, request id, thread and logger in any
order and any brackets. Only what is certain becomes a field; the message stays whole. */

use std::borrow::Cow;

use super::record::Record;
use super::{level, request_id, timestamp};

/// Bytes of a line in which its head is looked for.
const LONGEST_HEAD: usize = 256;

/// Reads time, level, request id and logger from the start of `text` into `record`.
pub fn read<'a>(record: &mut Record<'a>, text: &'a str) {
    let line = text.lines().next().unwrap_or("");
    let mut head = Head {
        line: &line[..line.floor_char_boundary(LONGEST_HEAD)],
        // Ruby's logger begins with its level's first letter.
        at: if line.get(1..4) == Some(", [") { 2 } else { 0 },
        bracketed: false,
        divided: false,
        id: None,
    };
    let mut named = None;
    // More words than any known pattern has before its message.
    for _ in 0..12 {
        let Some(word) = head.next_word() else { break };
        match word {
            Word::Time(time) => record.time = record.time.or(time),
            Word::Id(id) => head.id = head.id.or(Some(id)),
            Word::Level(level) if record.level.is_none() => record.level = Some(level),
            Word::Logger(name) if record.level.is_some() => {
                named = named.or(Some(name));
                break;
            }
            Word::Logger(name) => named = named.or(Some(name)),
            Word::Skipped => {}
            Word::Level(_) => break,
        }
    }
    if record.level.is_some() {
        record.request_id = head.id.map(Cow::Borrowed);
        record.logger = named.map(Cow::Borrowed);
    }
}

enum Word<'a> {
    /// None if it has no zone.
    Time(Option<i64>),
    Id(&'a str),
    Level(super::record::Level),
    Logger(&'a str),
    Skipped,
}

struct Head<'a> {
    line: &'a str,
    at: usize,
    /// Inside `[…]`.
    bracketed: bool,
    /// Behind a ` - ` or ` | `.
    divided: bool,
    id: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// None where the message begins.
    fn next_word(&mut self) -> Option<Word<'a>> {
        self.skip_separators();
        let rest = &self.line[self.at..];
        if let Some(time) = timestamp::scan(rest.as_bytes()) {
            self.at += time.len;
            return Some(Word::Time(time.zoned.then_some(time.millis)));
        }
        if let Some(id) = request_id::leading_uuid(rest) {
            self.at += id.len();
            return Some(Word::Id(id));
        }
        if let Some(len) = time_of_day(rest) {
            self.at += len;
            return Some(Word::Skipped);
        }
        let len = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ']' | '|' | '[' | '{' | '(' | '\x1b'))
            .unwrap_or(rest.len());
        let word = rest[..len].trim_end_matches(':');
        if word.is_empty() {
            return None;
        }
        let behind = &rest[word.len()..];
        self.word(word, behind)
    }

    fn word(&mut self, word: &'a str, behind: &'a str) -> Option<Word<'a>> {
        let after = behind.trim_start_matches(' ');
        if let Some(level) = self.level(word, behind) {
            self.at += word.len();
            return Some(Word::Level(level));
        }
        // `INFO:root:message` of Python's basicConfig.
        if let Some((first, _)) = word.split_once(':')
            && let Some(level) = level::from_capitals(first)
            && self.at == 0
        {
            self.at += first.len() + 1;
            return Some(Word::Level(level));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            // A process id, or the line number of a source.
            self.at += word.len();
            return Some(Word::Skipped);
        }
        if is_month(word) {
            self.at += word.len();
            return Some(Word::Skipped);
        }
        if self.bracketed {
            self.at += self.line[self.at..].find(']')?;
            return Some(if looks_like_logger(word) {
                Word::Logger(word)
            } else {
                Word::Skipped
            });
        }
        let ended = [": ", ":\n", "["].iter().any(|end| behind.starts_with(end))
            || behind == ":"
            || ["- ", "| ", ": "].iter().any(|end| after.starts_with(end));
        let divided = self.divided && (after.starts_with("- ") || after.starts_with("| "));
        let name = before_line_number(word);
        if divided || ended && looks_like_logger(name) {
            self.at += word.len();
            return Some(Word::Logger(name));
        }
        None
    }

    fn level(&self, word: &str, behind: &str) -> Option<super::record::Level> {
        if self.bracketed {
            return level::from_name(word);
        }
        if let Some(level) = level::from_capitals(word) {
            return Some(level);
        }
        let first = self.at == 0 && behind.starts_with(": ");
        let lower = matches!(
            word,
            "trce" | "dbug" | "info" | "warn" | "fail" | "crit" | "error" | "debug"
        );
        (first && lower || self.divided && behind.trim_start().starts_with(['|', '-']))
            .then(|| level::from_name(word))
            .flatten()
    }

    /// Blanks, brackets, dividers and the colours of a terminal.
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

/// `12 May 2020 21:19:02,997`, the form of the Lambda service's own parts.
fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    MONTHS.contains(&word)
}

/// `12:34:56` with an optional fraction.
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

/// `Handler` of `Handler:45`, but all of `my_crate::handler`.
fn before_line_number(word: &str) -> &str {
    let bytes = word.as_bytes();
    let colon = memchr::memchr_iter(b':', bytes).find(|at| {
        let doubled = *at > 0 && bytes[at - 1] == b':' || bytes.get(at + 1) == Some(&b':');
        !doubled
    });
    &word[..colon.unwrap_or(word.len())]
}

/// `com.example.Handler`, `my_crate::module`, `Handler`: a name, not a word of prose.
fn looks_like_logger(word: &str) -> bool {
    let name =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$' | '-' | ':' | '/' | '#');
    let dotted = word.contains('.') && !word.ends_with('.') || word.contains("::");
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let camel = capitals >= 2 && word.chars().any(char::is_lowercase);
    word.chars().all(name)
        && (dotted
            || camel
            || word.contains('_')
            || capitals == 1 && word.starts_with(char::is_uppercase)
            || word == "root")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::record::Level;

    fn head(text: &str) -> (Option<Level>, Option<String>, Option<String>, Option<i64>) {
        let mut record = Record::default();
        read(&mut record, text);
        (
            record.level,
            record.logger.map(Cow::into_owned),
            record.request_id.map(Cow::into_owned),
            record.time,
        )
    }

    #[test]
    fn patterns_of_known_loggers() {
        let id = "983f71e5-9091-443b-8c01-6668120c0e5d";
        for (text, level, logger, has_id) in [
            (
                format!("{id} WARN uk.bot_by.BotHandler - stack"),
                Level::Warn,
                Some("uk.bot_by.BotHandler"),
                true,
            ),
            (
                format!("{id} DEBUG AbstractFlow:214 - SMA"),
                Level::Debug,
                Some("AbstractFlow"),
                true,
            ),
            (
                format!("2020-08-31 08:40:11 {id} INFO  Handler:45 - msg"),
                Level::Info,
                Some("Handler"),
                true,
            ),
            (
                "2020-08-31 08:40:11.123  INFO 8 --- [main] c.e.Application : Started".into(),
                Level::Info,
                None,
                false,
            ),
            (
                "08:40:11.123 [main] ERROR com.example.Handler - boom".into(),
                Level::Error,
                Some("com.example.Handler"),
                false,
            ),
            ("INFO:root:hello".into(), Level::Info, None, false),
            (
                "2020-08-31 08:40:11,123 - my.module - WARNING - careful".into(),
                Level::Warn,
                Some("my.module"),
                false,
            ),
            (
                "2020-08-31 08:40:11.123 | INFO     | __main__:handler:12 - hi".into(),
                Level::Info,
                Some("__main__"),
                false,
            ),
            ("[ERROR] boom".into(), Level::Error, None, false),
            ("[Information] - said".into(), Level::Info, None, false),
            (
                "info: Microsoft.Hosting.Lifetime[0]".into(),
                Level::Info,
                None,
                false,
            ),
            (
                "2023-04-08T12:01:45.123456Z  INFO lambda_runtime: hi".into(),
                Level::Info,
                Some("lambda_runtime"),
                false,
            ),
            (
                "\x1b[2m2023-04-08T12:01:45.1Z\x1b[0m \x1b[32m INFO\x1b[0m hi".into(),
                Level::Info,
                None,
                false,
            ),
            (
                "[2020-01-01T00:00:00Z WARN  my_crate] hi".into(),
                Level::Warn,
                Some("my_crate"),
                false,
            ),
            (
                format!("I, [2023-01-01T00:00:00.123456 #8]  INFO {id} -- : hi"),
                Level::Info,
                None,
                true,
            ),
        ] {
            let read = head(&text);
            assert_eq!((read.0, read.2.is_some()), (Some(level), has_id), "{text}");
            if logger.is_some() {
                assert_eq!(read.1.as_deref(), logger, "{text}");
            }
        }
    }

    #[test]
    fn words_that_are_no_level() {
        for text in [
            "[contracts] 1111 contracts",
            "[NR_EXT] attemptSend: data sent",
            "Error raised from handler",
            "/var/lang/x.py:42: SyntaxWarning: invalid",
            "information: none",
            "",
            "Restored SnapStart snapshot.",
            "log4j:WARN No appenders",
        ] {
            assert_eq!(head(text).0, None, "{text}");
        }
    }
}
