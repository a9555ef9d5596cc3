/*! A text line with a logger's prefix goes in; the time, level, request id and logger of the prefix come out.

These are prefixes that loggers write without Lambda's help: time, level, request id, thread and logger in any order and
in any brackets. Only certain values become fields, and the message keeps the prefix.

A word is a level only where a logger writes one. The shapes, with those who write them (T is a time, N a name):

| shape | who |
|---|---|
| `ERROR message`, `ERROR: message` | java.util.logging, uvicorn, winston, slog, tracing |
| `[ERROR] message`, `[error    ] message` | structlog, winston, log4js, nginx, Symfony, Elixir |
| `error: message`, `fail: N[0]` at the start | winston, .NET |
| `T ERROR …`, `T [thread] ERROR …`, `T id ERROR …`, `id ERROR …` | log4j2, logback, log4net, Spring, Bref |
| `T thread WARN …`, `T " + NO_REQUEST_ID + " INFO …` | log4j2's status logger, a wrong pattern of log4j2 |
| `T error: …`, `T [label] error: …`, `T error [label]: …` | winston |
| `T error N : [module] …` | swift-log |
| `N - ERROR - …`, `T - N - ERROR - …`, `T N ERROR …`, `T {file:1} ERROR …` | Python: Chalice, Airflow |
| `T \| ERROR \| …`, `T\|ERROR\|N\|…` | loguru, Datadog's extension, NLog |
| `ERROR:N:message`, `N:ERROR:message` | Python's basicConfig |
| `T ERR message`, `[T ERR] message` | zerolog, tint, Serilog |
| `[T ERROR N] message`, `[T ERROR] N: message` | env_logger, Dropwizard, bunyan |
| `E, [T #1] ERROR -- N: message` | Ruby |
| `[T] N.ERROR: message` | Monolog: Laravel, Symfony |
| `PHP Fatal error:  …`, `NOTICE: PHP message: PHP …` | PHP, php-fpm |
| `level=error`, `T level=error` | logfmt |
| `[Nest] 8  - T   ERROR [N] message`, `[NestWinston] Error⇥T …` | NestJS, nest-winston |
| `E0102 15:04:05.6 1 file:12] message`, `[E 240102 15:04:05 N:1] …` | glog, klog, absl; tornado |
| `ERRO[0000] message`, `T E \| N: message` | logrus, capnslog |
| `T E [1:main] N -- message` | Ruby's semantic_logger |
| `[NR_EXT ERROR] message`, `#LUMIGO# - ERROR - message`, `#LUMIGO# - T - ERROR - …` | New Relic, Lumigo |
| `[1127/100000.1:ERROR:file.cc(12)] …`, `[php:error]` | Chromium, Apache |

Words that begin prose (`info about …`, `Warning: …`, `[notice] moved`) are no level. */

mod behind;
mod fixed;
mod prefix;
mod reader;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;

use crate::parse::level;
use crate::parse::record::Record;
use crate::parse::text::logfmt;
pub use crate::parse::text::logger_prefix::prefix::Prefix;

/// Longest prefix of a line that is read, in bytes.
const LONGEST_HEAD: usize = 256;

/// The prefix at the start of `text`, which has no white space at its start.
pub fn scan(text: &str) -> Prefix<'_> {
    let head = text.floor_char_boundary(LONGEST_HEAD);
    let end = memchr::memchr2(b'\n', b'\r', &text.as_bytes()[..head]);
    let line = &text[..end.unwrap_or(head)];
    let prefix = fixed::read(line).unwrap_or_else(|| reader::read(line));
    let message = match prefix.level {
        Some(_) => prefix.message + separators(&line[prefix.message..]),
        None => 0,
    };
    Prefix { message, ..prefix }
}

/// The length of the separators before a message.
fn separators(text: &str) -> usize {
    let bytes = text.as_bytes();
    let separator = |at: &usize| match bytes[*at] {
        b' ' | b'\t' | b':' | b']' | b'|' => true,
        b'-' => matches!(bytes.get(at + 1), Some(b' ' | b'-')),
        _ => false,
    };
    (0..bytes.len()).take_while(separator).count()
}

/// Reads time, level, request id and logger from the prefix of `text` into `record`. Without a level, only the time
/// is set.
pub fn read<'a>(record: &mut Record<'a>, text: &'a str) {
    if begins_as_prose(text.as_bytes()) {
        return;
    }
    let prefix = scan(text);
    record.time = prefix.time;
    record.level = prefix.level;
    if record.level.is_some() {
        record.request_id = prefix.id.map(Cow::Borrowed);
        record.id_source = prefix.id_source;
        record.logger = prefix.logger.map(Cow::Borrowed);
    }
}

/// Whether `text` begins with two words of prose, which no prefix has: a fast path of [`scan`].
fn begins_as_prose(text: &[u8]) -> bool {
    let head = &text[..text.len().min(24)];
    let letters = head.iter().take_while(|byte| byte.is_ascii_alphabetic());
    let (word, behind) = head.split_at(letters.count());
    let begins = matches!(word, [_, second, ..] if second.is_ascii_lowercase());
    // A month, or PHP's `Fatal error`
    let known = word.len() == 3
        || matches!(
            word,
            b"Fatal" | b"Parse" | b"Recoverable" | b"Core" | b"Compile"
        );
    begins && !known && matches!(behind, [b' ', next, ..] if next.is_ascii_alphanumeric())
}

/// The prefix that a logger wrote into a text that was printed through another channel, such as `console.log`; `None`
/// if it has no level. The message's offset counts from the first letter.
#[inline]
pub fn behind_channel(text: &str) -> Option<Prefix<'_>> {
    let text = match text.as_bytes().first() {
        Some(b'!'..=b'~') => text,
        _ => text.trim_start(),
    };
    match may_begin_prefix(text.as_bytes()) {
        true => with_level(text),
        false => None,
    }
}

#[inline(never)]
fn with_level(text: &str) -> Option<Prefix<'_>> {
    let mut prefix = scan(text);
    prefix.level = prefix.level.or_else(|| logfmt::level(text));
    prefix.level.is_some().then_some(prefix)
}

/// Whether a prefix may begin so, judged by the first word: false is certain, true is not. Most texts are prose.
#[inline]
fn may_begin_prefix(text: &[u8]) -> bool {
    let [first, second, ..] = text else {
        return false;
    };
    let head = &text[..text.len().min(24)];
    match first {
        b'[' | b'#' => true,
        b'0'..=b'9' => head[..head.len().min(9)]
            .iter()
            .any(|byte| matches!(byte, b'-' | b'/' | b':' | b'.')),
        // `Processing …`
        b'A'..=b'Z' if second.is_ascii_lowercase() => false,
        b'a'..=b'z' | b'A'..=b'Z' => {
            let end = head.iter().position(|byte| !IN_WORD[usize::from(*byte)]);
            let (word, behind) = head.split_at(end.unwrap_or(head.len()));
            match behind {
                // `name - ERROR - message`
                [b' ', b'-' | b'|', ..] | [b'=' | b'[', ..] | [b',', b' ', b'[', ..] => true,
                [b':', next, ..] if !matches!(next, b' ' | b'\n') => true,
                [b':', ..] => is_level(word),
                // A request id
                _ if text.get(8) == Some(&b'-') => true,
                _ => second.is_ascii_digit() || second.is_ascii_uppercase() && is_level(word),
            }
        }
        _ => false,
    }
}

/// Whether `word` is a level, or the word before the levels of PHP.
fn is_level(word: &[u8]) -> bool {
    word == b"PHP" || std::str::from_utf8(word).is_ok_and(|word| level::from_name(word).is_some())
}

/// Whether a byte may be in a name.
const IN_WORD: [bool; 256] = {
    let mut in_word = [false; 256];
    let mut byte = 0;
    while byte < in_word.len() {
        let letter = byte as u8;
        in_word[byte] = letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-' | b'.');
        byte += 1;
    }
    in_word
};
