//! The tokenizer of a prefix: a level counts only at the positions that loggers give it.

use crate::parse::level;
use crate::parse::record::{IdSource, Level};
use crate::parse::text::logger_prefix::behind::*;
use crate::parse::text::logger_prefix::fixed;
use crate::parse::text::logger_prefix::prefix::Prefix;
use crate::parse::text::logger_prefix::words::*;
use crate::parse::{request_id, timestamp};

/// No known pattern has more words before the message.
const MOST_WORDS: usize = 14;

/// Reads the words of the prefix at the start of `line`.
pub fn read(line: &str) -> Prefix<'_> {
    let mut prefix = Prefix::default();
    // Ruby's logger begins with the first letter of the level.
    let is_ruby = line.get(1..4) == Some(", [");
    let mut reader = PrefixReader {
        line,
        at: if is_ruby { 2 } else { 0 },
        ..PrefixReader::default()
    };
    for _ in 0..MOST_WORDS {
        let Some(word) = reader.next_word() else {
            break;
        };
        match word {
            PrefixWord::Time(time) => prefix.time = prefix.time.or(time),
            PrefixWord::Id(id) if prefix.id.is_none() => {
                prefix.id = Some(id);
                if is_ruby || !reader.has_level {
                    prefix.id_source = IdSource::Logger;
                }
            }
            PrefixWord::Id(_) => {}
            PrefixWord::Level(level, channel) if prefix.level.is_none() => {
                prefix.level = Some(level);
                prefix.logger = channel.or(prefix.logger);
                reader.has_level = true;
            }
            PrefixWord::Logger(name) => {
                prefix.logger = prefix.logger.or(Some(name));
                reader.named = true;
                if prefix.level.is_some() {
                    prefix.message = reader.at;
                    break;
                }
            }
            PrefixWord::Skipped => continue,
            PrefixWord::Level(..) => break,
        }
        prefix.message = reader.at;
    }
    prefix
}

/// One word of a prefix.
enum PrefixWord<'a> {
    /// A time in milliseconds since 1970; None if it has no zone.
    Time(Option<i64>),
    Id(&'a str),
    /// A level, and the channel that is one word with it.
    Level(Level, Option<&'a str>),
    Logger(&'a str),
    Skipped,
}

/// The reader of a prefix.
#[derive(Default)]
struct PrefixReader<'a> {
    line: &'a str,
    at: usize,
    /// Whether the reader is inside `[…]`.
    bracketed: bool,
    /// Whether a ` - ` or ` | ` stands directly before the next word.
    divided: bool,
    /// Whether a tab stands directly before the next word.
    tabbed: bool,
    /// Whether the line had a time.
    timed: bool,
    /// Whether the time is Python's `2020-08-31 08:40:11,123`.
    python_time: bool,
    /// Whether the line had a time, a thread, an id or a line number: a logger's pattern has these, prose does not.
    patterned: bool,
    /// Whether the level of `INFO:name:message` stands directly before the next word.
    basic_config: bool,
    has_level: bool,
    /// Whether the line had a logger's name.
    named: bool,
}

impl<'a> PrefixReader<'a> {
    /// Reads the next word of the prefix; None where the message begins.
    fn next_word(&mut self) -> Option<PrefixWord<'a>> {
        if std::mem::take(&mut self.basic_config)
            && let Some(name) = basic_config_name(&self.line[self.at..])
        {
            return self.take(name.len(), PrefixWord::Logger(name));
        }
        self.skip_separators();
        let rest = &self.line[self.at..];
        if let Some(time) = timestamp::scan(rest.as_bytes()) {
            self.python_time = rest.as_bytes().get(19) == Some(&b',');
            let half = ["AM", "PM"].iter().find(|half| {
                let behind = rest[time.len..].strip_prefix(' ');
                behind.is_some_and(|behind| behind.starts_with(**half))
            });
            let len = time.len + half.map_or(0, |_| 3);
            let instant = (time.zoned && half.is_none()).then_some(time.millis);
            return self.pattern(len, PrefixWord::Time(instant));
        }
        if let Some(id) = request_id::leading_uuid(rest) {
            self.patterned = true;
            return self.take(id.len(), PrefixWord::Id(id));
        }
        if let Some(bracketed) = rest.strip_prefix('<')
            && let Some(id) = request_id::leading_uuid(bracketed)
            && bracketed[id.len()..].starts_with('>')
        {
            self.patterned = true;
            return self.take(id.len() + 2, PrefixWord::Id(id));
        }
        if let Some(len) = time_of_day(rest).or_else(|| date(rest)) {
            return self.pattern(len, PrefixWord::Skipped);
        }
        if let Some(len) = self.group(rest) {
            return self.take(len, PrefixWord::Skipped);
        }
        if rest.starts_with("PHP ")
            && let Some((level, len)) = fixed::php(rest)
        {
            return self.take(len, PrefixWord::Level(level, None));
        }
        let len = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ']' | '|' | '[' | '{' | '('))
            .unwrap_or(rest.len());
        let word = rest[..len].trim_end_matches(':');
        if word.is_empty() {
            return None;
        }
        let behind = &rest[word.len()..];
        self.classify(word, behind)
    }

    /// Moves behind a word.
    fn take(&mut self, len: usize, word: PrefixWord<'a>) -> Option<PrefixWord<'a>> {
        self.at += len;
        Some(word)
    }

    /// Moves behind a time.
    fn pattern(&mut self, len: usize, word: PrefixWord<'a>) -> Option<PrefixWord<'a>> {
        self.timed = true;
        self.patterned = true;
        self.take(len, word)
    }

    /// The length of a quoted text, `{…}` or `(…)` between a time and a level: Airflow's `{file.py:12} INFO`.
    fn group(&self, rest: &str) -> Option<usize> {
        let close = match rest.as_bytes().first()? {
            b'"' => '"',
            b'{' => '}',
            b'(' => ')',
            _ => return None,
        };
        let len = rest[1..].find(close)? + 2;
        let behind = rest[len..].trim_start_matches([' ', ',', '[']);
        let word = behind.split([' ', ']', ':', ',']).next().unwrap_or(behind);
        (self.timed && !self.has_level && level::from_text(word).is_some()).then_some(len)
    }

    /// Classifies `word`; `behind` is the rest of the line. None if the word belongs to the message.
    fn classify(&mut self, word: &'a str, behind: &'a str) -> Option<PrefixWord<'a>> {
        if let Some(level) = self.level(word, behind) {
            if word == "NOTICE" && behind.starts_with(PHP_FPM) {
                // php-fpm prints the message of PHP, whose own level follows.
                self.at += word.len() + PHP_FPM.len();
                let own = fixed::php(&self.line[self.at..]);
                let (level, len) = own.unwrap_or((level, 0));
                return self.take(len, PrefixWord::Level(level, None));
            }
            return self.take(word.len(), PrefixWord::Level(level, None));
        }
        if let Some((level, len, channel)) = self.level_within(word, behind) {
            return self.take(len, PrefixWord::Level(level, channel));
        }
        let number = word.bytes().all(|byte| byte.is_ascii_digit());
        if is_epoch(word) {
            return self.pattern(word.len(), PrefixWord::Skipped);
        }
        // `10 ERROR lines` is prose.
        let counts = number && self.at == 0 && word.len() < 10 && followed_by_level(behind);
        if number && !counts || is_month_or_day(word) {
            // A process id, or the line number of a source.
            return self.take(word.len(), PrefixWord::Skipped);
        }
        if self.bracketed {
            // New Relic's extension writes `[NR_EXT ERROR] message`.
            if !self.timed && self.at == 1 && is_thread_or_id(word) && closes_level(behind) {
                return self.take(word.len(), PrefixWord::Skipped);
            }
            self.at += self.line[self.at..].find(']')?;
            if is_name(word) {
                return Some(PrefixWord::Logger(word));
            }
            self.patterned = true;
            return Some(PrefixWord::Skipped);
        }
        if !self.has_level && self.timed && self.before_level(word, behind) {
            let named = is_name(word) || !is_thread_or_id(word) && is_plain_name(word);
            let kind = match named {
                true => PrefixWord::Logger(word),
                false => PrefixWord::Skipped,
            };
            return self.take(word.len(), kind);
        }
        // Lumigo's tracers begin with `#LUMIGO# - `.
        if self.at == 0 && behind.starts_with(" - ") && is_tag(word) {
            return self.take(word.len(), PrefixWord::Skipped);
        }
        self.logger(word, behind)
    }

    /// The logger of a word before a divider or a colon.
    fn logger(&mut self, word: &'a str, behind: &'a str) -> Option<PrefixWord<'a>> {
        let after = behind.trim_start_matches(' ');
        let name = before_line_number(word);
        let line_number = word[name.len()..].rsplit(':').next().unwrap_or("");
        self.patterned |=
            !line_number.is_empty() && line_number.bytes().all(|byte| byte.is_ascii_digit());
        let before_divider = matches!(
            after.as_bytes(),
            [b'-' | b'|', b' ', ..] | [b'-', b'-', b' ', ..]
        ) || behind.starts_with('|');
        let before_colon = matches!(
            behind.as_bytes(),
            [b':', b' ' | b'\n', ..] | [b'[', ..] | [b':']
        ) || after.starts_with(": ");
        let named = if before_divider {
            is_name(name)
                || self.patterned && is_plain_name(name)
                || self.at == 0 && is_plain_name(name) && divides_level(after)
        } else {
            // `Code: 7` and `user_id: 7` may be prose.
            before_colon && is_name(name) && (self.patterned || is_path(name))
        };
        match named {
            true => self.take(word.len(), PrefixWord::Logger(name)),
            false => None,
        }
    }

    /// The level of `word`, if it is a level at this position.
    fn level(&self, word: &str, behind: &str) -> Option<Level> {
        if self.bracketed {
            return self.level_in_brackets(word, behind);
        }
        if let Some(level) = level::from_capitals(word) {
            let is_subject = self.at == 0 && begins_with_verb(behind);
            return (!is_subject).then_some(level);
        }
        let colon = matches!(behind.as_bytes(), [b':'] | [b':', b' ' | b'\n' | b'\t', ..]);
        let divider = || behind.starts_with('\t') || behind.trim_start().starts_with(['|', '-']);
        if !word.bytes().any(|byte| byte.is_ascii_lowercase()) {
            // Words that prose has in capitals need a sign of a pattern on both sides.
            let loud = matches!(
                word,
                "ALERT" | "EMERGENCY" | "PANIC" | "SUCCESS" | "FINE" | "NOTICE" | "FAIL"
            );
            let first = matches!(
                word,
                "NOTICE" | "ERR" | "CRIT" | "EMERG" | "VERBOSE" | "FINE" | "FINER" | "FINEST"
            );
            let offset = word.contains(['+', '-']);
            let certain = self.patterned && (!loud || colon || divider())
                || self.at == 0 && (colon && first || offset);
            let is_letter = self.timed
                && word.len() == 1
                && (behind.starts_with(" | ") || is_semantic_logger(behind));
            return match certain {
                _ if is_letter => of_letter(word),
                true => level::from_pattern(word),
                false => None,
            };
        }
        if self.at == 0 && colon {
            return level::from_first_word(word);
        }
        if self.timed && word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            let tabs = self.tabbed && behind.starts_with('\t');
            if colon || tabs || before_label(behind) {
                return level::from_first_word(word);
            }
        }
        let between = self.divided && divider();
        match between {
            true if self.timed => level::from_pattern(word),
            true => level::from_text(word),
            false => None,
        }
    }

    /// The level of a word in brackets. Serilog writes `[10:15:30 INF]`, env_logger `[time WARN module]`, Apache
    /// `[php:error]`.
    fn level_in_brackets(&self, word: &str, behind: &str) -> Option<Level> {
        let closed = behind.trim_start_matches(' ').starts_with(']');
        let capitals = !word.bytes().any(|byte| byte.is_ascii_lowercase());
        if let Some(level) = level::from_text(word) {
            return (closed || capitals).then_some(level);
        }
        // Celery writes `[time: ERROR/MainProcess]`.
        if let Some((name, _)) = word.split_once('/').filter(|_| self.timed && closed) {
            return level::from_capitals(name);
        }
        let short = matches!(word, "VRB" | "DBG" | "INF" | "WRN" | "ERR" | "FTL");
        if !closed || !self.patterned && !short {
            return None;
        }
        let last = word.rsplit(':').next().unwrap_or(word);
        level::from_pattern(last)
    }

    /// The level that is a part of `word` with the length up to its end, and the channel before it.
    fn level_within(
        &mut self,
        word: &'a str,
        behind: &str,
    ) -> Option<(Level, usize, Option<&'a str>)> {
        // Most words have neither, and only a word behind a time may have a channel.
        if !self.timed && memchr::memchr2(b'=', b':', word.as_bytes()).is_none() {
            return None;
        }
        let placed = self.at == 0 || self.patterned;
        // logfmt: `level=error`.
        if let Some((key, value)) = word.split_once('=') {
            // A variable of the environment is in capitals.
            let keys = ["level", "Level", "lvl", "loglevel", "log_level", "severity"];
            let known = placed && keys.contains(&key);
            let level = level::from_pattern(value.trim_matches(['"', ','])).filter(|_| known)?;
            return Some((level, word.len(), None));
        }
        // Monolog, and with it Laravel and Symfony: `[time] channel.ERROR: message`.
        if self.timed
            && !self.bracketed
            && behind.starts_with(':')
            && let Some((channel, name)) = word.rsplit_once('.')
            && !name.bytes().any(|byte| byte.is_ascii_lowercase())
        {
            let level = level::from_pattern(name)?;
            return Some((level, word.len(), Some(channel)));
        }
        let (first, rest) = word.split_once(':')?;
        if self.bracketed {
            // Chromium: `[1127/100000.123456:ERROR:file.cc(12)] message`.
            let mut parts = rest.split(':');
            let level = parts.find_map(level::from_capitals);
            return level
                .filter(|_| first.contains('/'))
                .map(|level| (level, word.len(), None));
        }
        // Python's basicConfig writes `INFO:root:message`.
        if let Some(level) = level::from_capitals(first).filter(|_| placed) {
            self.basic_config = !self.named;
            return Some((level, first.len() + 1, None));
        }
        let (second, _) = rest.split_once(':')?;
        let level = level::from_capitals(second)?;
        let named = self.at == 0 && is_plain_name(first);
        named.then(|| (level, first.len() + second.len() + 2, Some(first)))
    }

    /// Whether a level follows `word`, which stands behind a time: a thread, an id, or a logger's name.
    fn before_level(&self, word: &str, behind: &str) -> bool {
        let after = behind.trim_start_matches([' ', '\t']);
        let bracket = after.strip_prefix('[');
        let next = bracket.unwrap_or(after);
        let end = next
            .find([' ', '\t', ':', ']', '|', '\n'])
            .unwrap_or(next.len());
        let is_level = level::from_capitals(&next[..end]).is_some()
            || bracket.is_some()
                && next[end..].trim_start().starts_with(']')
                && level::from_text(&next[..end]).is_some();
        let pair = word.contains('=');
        let placed = bracket.is_some() || self.python_time;
        is_level && (is_thread_or_id(word) || is_name(word) || placed && is_plain_name(word))
            || pair
    }

    /// Skips blanks, brackets and dividers.
    fn skip_separators(&mut self) {
        let bytes = self.line.as_bytes();
        self.divided = false;
        self.tabbed = false;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b':' => {}
                b'\t' => self.tabbed = true,
                b'[' => self.bracketed = true,
                b']' => self.bracketed = false,
                b'|' => self.divided = true,
                b'-' if matches!(bytes.get(self.at + 1), Some(b' ' | b'-')) => self.divided = true,
                // logback's own messages: `|-ERROR in …`
                b'-' if self.divided => {}
                _ => break,
            }
            self.at += 1;
        }
    }
}

/// What php-fpm writes between its own level and the message of PHP.
const PHP_FPM: &str = ": PHP message: ";

/// The level of a letter of Go's capnslog or of semantic_logger: `2022-06-28 23:00:32.881162 E | package: message`.
fn of_letter(letter: &str) -> Option<Level> {
    Some(match letter {
        "C" | "F" => Level::Fatal,
        "E" => Level::Error,
        "W" => Level::Warn,
        "N" | "I" => Level::Info,
        "D" => Level::Debug,
        "T" => Level::Trace,
        _ => return None,
    })
}
