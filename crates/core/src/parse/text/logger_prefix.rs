/*! A text line with a logger's prefix goes in; the time, level, request id and logger of the prefix come out.

These are prefixes that loggers write without Lambda's help: time, level, request id, thread and logger in any order and
in any brackets. Only certain values become fields, and the message keeps the prefix.

A word is a level only where a logger writes one. The shapes, with those who write them (T is a time, N a name):

| shape | who |
|---|---|
| `ERROR message`, `ERROR: message` | java.util.logging, uvicorn, winston, slog, tracing |
| `[ERROR] message`, `[error    ] message` | structlog, winston, log4js, nginx, Symfony, Elixir |
| `error: message`, `fail: N[0]` at the start | winston, .NET |
| `T ERROR …`, `T [thread] ERROR …`, `T id ERROR …`, `id ERROR …` | log4j2, logback, log4net, Quarkus, Spring, Bref |
| `T thread WARN …`, `T " + NO_REQUEST_ID + " INFO …` | log4j2's status logger, a wrong pattern of log4j2 |
| `T error: …`, `T [label] error: …`, `T error [label]: …` | winston |
| `T error N : [module] …` | swift-log |
| `N - ERROR - …`, `T - N - ERROR - …`, `T N ERROR …`, `T {file:1} ERROR …` | Python: Chalice, its documentation, Airflow |
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
| `[1127/100000.1:ERROR:file.cc(12)] …`, `[php:error]` | Chromium, Apache |

Words that begin prose (`info about …`, `Warning: …`, `[notice] moved`) are no level. */

mod fixed;
mod prefix;
mod reader;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;

use crate::parse::record::Record;
pub use crate::parse::text::logger_prefix::prefix::Prefix;
use crate::parse::text::other_runtimes;

/// Longest prefix of a line that is read, in bytes.
const LONGEST_HEAD: usize = 256;

/// The prefix at the start of `text`, which has no white space at its start.
pub fn scan(text: &str) -> Prefix<'_> {
    let line = text.lines().next().unwrap_or("");
    let line = &line[..line.floor_char_boundary(LONGEST_HEAD)];
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
    let prefix = scan(text);
    record.time = prefix.time;
    record.level = prefix.level;
    if record.level.is_some() {
        record.request_id = prefix.id.map(Cow::Borrowed);
        record.id_source = prefix.id_source;
        record.logger = prefix.logger.map(Cow::Borrowed);
    }
}

/// The prefix that a logger wrote into a text that was printed through another channel, such as `console.log`; `None`
/// if it has no level.
pub fn behind_channel(text: &str) -> Option<Prefix<'_>> {
    let mut prefix = may_begin_prefix(text.as_bytes()).then(|| scan(text))?;
    prefix.level = prefix.level.or_else(|| other_runtimes::logfmt_level(text));
    prefix.level.is_some().then_some(prefix)
}

/// Whether a prefix may begin so, judged by the first bytes: false is certain, true is not. Most texts are prose.
fn may_begin_prefix(text: &[u8]) -> bool {
    let [first, second, ..] = text else {
        return false;
    };
    let head = &text[..text.len().min(20)];
    let word = match first {
        b'[' => true,
        b'0'..=b'9' => head[..head.len().min(9)]
            .iter()
            .any(|byte| matches!(byte, b'-' | b'/' | b':' | b'.')),
        b'A'..=b'Z' => !second.is_ascii_lowercase() && *second != b' ',
        b'a'..=b'z' => {
            let end = head.iter().position(|byte| !byte.is_ascii_lowercase());
            end.is_some_and(|end| matches!(head[end], b':' | b'=' | b'_'))
        }
        _ => false,
    };
    // `name - ERROR - message`, or an id.
    let divided = || {
        let blank = memchr::memchr(b' ', head);
        blank.is_some_and(|at| matches!(text.get(at + 1), Some(b'-' | b'|')))
    };
    word || divided() || text.get(8) == Some(&b'-')
}
