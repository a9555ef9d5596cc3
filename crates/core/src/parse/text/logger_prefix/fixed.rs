//! Prefixes of loggers whose level is no word of its own, or stands behind a date in any locale's form.

use crate::parse::level;
use crate::parse::record::Level;
use crate::parse::text::logger_prefix::prefix::Prefix;
use crate::parse::text::logger_prefix::words;

/// Reads a fixed form at the start of a line; `None` if the line has another form.
type Reader = for<'a> fn(&'a str) -> Option<Prefix<'a>>;

/// The readers of the forms that begin with a bracket.
const BRACKETED: [Reader; 2] = [tornado, nest];
/// The readers of the forms that begin with a capital letter.
const CAPITALS: [Reader; 3] = [glog, logrus, php_at_start];

/// The prefix of `line`, if it has one of the fixed forms.
pub fn read(line: &str) -> Option<Prefix<'_>> {
    let readers: &[Reader] = match line.as_bytes().first()? {
        b'[' => &BRACKETED,
        b'A'..=b'Z' => &CAPITALS,
        _ => return None,
    };
    readers.iter().find_map(|read| read(line))
}

/// glog, klog and absl: `E0102 15:04:05.678901       1 file.go:12] message`; a newer glog writes the year too.
fn glog(line: &str) -> Option<Prefix<'_>> {
    let level = letter(line.as_bytes()[0]).filter(|_| !line.starts_with('D'))?;
    let date = digits(&line[1..]);
    let clock = line[1 + date..].strip_prefix(' ')?;
    // absl writes `00:00:` and the seconds since 1970 before it knows the time zone.
    let seconds = clock.strip_prefix("00:00:").map_or(0, digits);
    let clocked = seconds == 10 || words::time_of_day(clock).is_some();
    if !clocked || date != 4 && date != 8 {
        return None;
    }
    let message = line.find("] ")? + 2;
    Some(at(level, message))
}

/// tornado: `[E 240102 12:00:00 web:1] message`; Jupyter writes the date in ISO form, or no date.
fn tornado(line: &str) -> Option<Prefix<'_>> {
    let [b'[', name, b' ', b'0'..=b'9', ..] = line.as_bytes() else {
        return None;
    };
    Some(at(letter(*name)?, line.find("] ")? + 2))
}

/// logrus on a terminal: `ERRO[0000] message`, with seconds since the start or a time.
fn logrus(line: &str) -> Option<Prefix<'_>> {
    let (name, rest) = line.split_at_checked(4)?;
    let rest = rest.strip_prefix('[')?;
    let begins = rest.as_bytes().first()?.is_ascii_digit();
    let known = matches!(
        name,
        "TRAC" | "DEBU" | "INFO" | "WARN" | "ERRO" | "FATA" | "PANI"
    );
    let level = level::from_name(name).filter(|_| known && begins)?;
    Some(at(level, 5 + rest.find(']')? + 1))
}

/// Longest time that NestJS writes, in bytes.
const LONGEST_TIME: usize = 80;

/// NestJS since version 8 and nest-winston: `[Nest] 8  - 11/27/2026, 10:00:00 AM   ERROR [Context] message`. The time
/// is in the process's locale, and the level may be `LOG`. An older nest-winston writes `[NestWinston] Error⇥time …`.
fn nest(line: &str) -> Option<Prefix<'_>> {
    let (application, rest) = line[1..].split_once("] ")?;
    if application.contains(['[', ']']) {
        return None;
    }
    let start = line.len() - rest.len();
    let process = digits(rest);
    if process == 0 {
        let end = rest.find([' ', '\t'])?;
        let timed = rest[end..].trim_start_matches([' ', '\t']);
        let tabbed = rest[end..].starts_with('\t') || rest[end..].starts_with("  ");
        let timed = tabbed && timed.as_bytes().first()?.is_ascii_digit();
        let level = level::from_text(&rest[..end]).filter(|_| timed)?;
        return Some(at(level, start + end));
    }
    let time = &rest[process..];
    let time = &time[..time.floor_char_boundary(LONGEST_TIME)];
    let mut from = 0;
    // Other applications of that form show a time of day in Western digits.
    let mut clock = application == "Nest";
    for word in time.split_inclusive(' ') {
        let end = from + word.len();
        let word = word.trim_end();
        let padded = time[..from].ends_with("  ");
        let level = match word {
            "LOG" if padded => Some(Level::Info),
            "VERBOSE" => Some(Level::Trace),
            _ => level::from_capitals(word),
        };
        if let Some(level) = level.filter(|_| clock) {
            let behind = rest[process + end..].trim_start();
            let context = behind
                .strip_prefix('[')
                .and_then(|named| named.split_once("] "));
            let message = context.map_or(behind, |(_, message)| message);
            return Some(Prefix {
                logger: context.map(|(name, _)| name),
                ..at(level, line.len() - message.len())
            });
        }
        if word.starts_with('[') {
            return None;
        }
        clock |= is_clock(word);
        from = end;
    }
    None
}

/// Whether a time of day is in `word`: digits on both sides of a colon.
fn is_clock(word: &str) -> bool {
    word.as_bytes()
        .windows(3)
        .any(|three| three[0].is_ascii_digit() && three[1] == b':' && three[2].is_ascii_digit())
}

/// PHP with `display_errors`: `Warning: Undefined variable $x in /var/task/index.php on line 3`.
fn php_at_start(text: &str) -> Option<Prefix<'_>> {
    let (level, len) = php(text)?;
    let certain = text.starts_with("PHP ") || text.contains(".php");
    certain.then(|| at(level, len))
}

/// The level of an error that PHP reports, and the length of the words that name it: `PHP Fatal error:  Uncaught …`.
pub fn php(text: &str) -> Option<(Level, usize)> {
    let kind = text.strip_prefix("PHP ").unwrap_or(text);
    let colon = memchr::memchr(b':', &kind.as_bytes()[..kind.len().min(LONGEST_KIND)])?;
    let level = match &kind[..colon] {
        "Fatal error" | "Recoverable fatal error" | "Core error" | "Compile error" => Level::Fatal,
        "Parse error" => Level::Error,
        "Warning" | "Core warning" | "Compile warning" => Level::Warn,
        "Notice" | "Deprecated" => Level::Info,
        _ => return None,
    };
    let blank = kind[colon..].starts_with(": ");
    blank.then(|| (level, text.len() - kind.len() + colon + 1))
}

/// Maximum length of PHP's name for a kind of error, in bytes.
const LONGEST_KIND: usize = 24;

fn at(level: Level, message: usize) -> Prefix<'static> {
    Prefix {
        level: Some(level),
        message,
        ..Prefix::default()
    }
}

/// The level of its first letter.
fn letter(letter: u8) -> Option<Level> {
    Some(match letter {
        b'D' => Level::Debug,
        b'I' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'C' | b'F' => Level::Fatal,
        _ => return None,
    })
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}
