/*! A record and its text go in; the line's role, identity and error text come out. */

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;

use crate::invocation::summary::line_set;
use crate::parse::{Kind, Level, Record};

/// Longest text of a field, in bytes; longer texts are cut.
pub(crate) const TEXT: usize = 256;
/// Longest text of a first error, in bytes; longer texts are cut.
pub(crate) const ERROR_TEXT: usize = 1024;

/// Key of an event. Sorts by time, then by identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineKey {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Hash of the event, cut by [`line_set::kept`]: a stored state can then refer to the line by its index.
    pub hash: u64,
}

impl LineKey {
    pub fn new(at: i64, event_hash: u64) -> LineKey {
        LineKey {
            at,
            hash: line_set::kept(event_hash),
        }
    }
}

/// Role of a line in its request. The state keeps the latest line of each role. The roles from
/// [`LineRole::RuntimeDone`] on mark the end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineRole {
    InitStart,
    InitReport,
    Start,
    RuntimeDone,
    End,
    ReportText,
    ReportJson,
    Timeout,
    Fault,
    /// An error that the runtime printed, not the function: the invocation failed.
    Failure,
}

impl LineRole {
    pub const COUNT: usize = LineRole::Failure as usize + 1;

    /// JSON key of the role in a summary's state: `"name":`.
    pub fn key(self) -> &'static str {
        match self {
            LineRole::InitStart => "\"init_start\":",
            LineRole::InitReport => "\"init_report\":",
            LineRole::Start => "\"start\":",
            LineRole::RuntimeDone => "\"runtime_done\":",
            LineRole::End => "\"end\":",
            LineRole::ReportText => "\"report_text\":",
            LineRole::ReportJson => "\"report_json\":",
            LineRole::Timeout => "\"timeout\":",
            LineRole::Fault => "\"fault\":",
            LineRole::Failure => "\"failure\":",
        }
    }

    /// The role of a line; `None` for a line that only counts.
    pub fn of(record: &Record<'_>, text: &[u8]) -> Option<LineRole> {
        Some(match record.kind {
            Kind::InitStart | Kind::RestoreStart => LineRole::InitStart,
            Kind::InitReport
            | Kind::RestoreReport
            | Kind::InitRuntimeDone
            | Kind::RestoreRuntimeDone => LineRole::InitReport,
            Kind::Start => LineRole::Start,
            Kind::RuntimeDone => LineRole::RuntimeDone,
            Kind::End => LineRole::End,
            Kind::Report if is_json(text) => LineRole::ReportJson,
            Kind::Report => LineRole::ReportText,
            Kind::Timeout => LineRole::Timeout,
            Kind::Fault => LineRole::Fault,
            Kind::Function if is_failure(record, text) => LineRole::Failure,
            _ => return None,
        })
    }
}

/// Parts of `arn:aws:lambda:<region>:<account>:function:<name>[:<version>]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FunctionArn<'a> {
    pub region: &'a str,
    pub account: &'a str,
    pub function: &'a str,
}

impl<'a> FunctionArn<'a> {
    /// Splits the ARN of a function; `None` for any other text.
    pub fn of(arn: &'a str) -> Option<FunctionArn<'a>> {
        let mut parts = arn.split(':').skip(2);
        if parts.next()? != "lambda" {
            return None;
        }
        let (region, account) = (parts.next()?, parts.next()?);
        let is_function = parts.next()? == "function";
        let function = parts
            .next()
            .filter(|name| is_function && !name.is_empty())?;
        Some(FunctionArn {
            region,
            account,
            function,
        })
    }
}

/// The beginning of a text: at most `limit` bytes, whole characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Whether a line only counts for its request: the function printed it, and it carries no error, trace, name,
/// version or durable execution.
#[inline]
pub(crate) fn is_plain(record: &Record<'_>) -> bool {
    matches!(record.kind, Kind::Function)
        && record.level.is_none_or(|level| level < Level::Error)
        && record.error.is_none()
        && record.xray.is_none()
        && record.version.is_none()
        && record.function_name.is_none()
        && (record.platform.as_deref()).is_none_or(|platform| platform.durable.is_none())
}

/// Whether an event is a JSON line.
pub(crate) fn is_json(text: &[u8]) -> bool {
    text.trim_ascii_start().first() == Some(&b'{')
}

/// Whether a line counts as an error of its request.
pub(crate) fn is_error(record: &Record<'_>) -> bool {
    match (&record.kind, record.level) {
        (Kind::Timeout | Kind::Fault, _) => true,
        (Kind::Function | Kind::Other(_), Some(level)) => level >= Level::Error,
        (Kind::Function, None) => record.error.is_some(),
        _ => false,
    }
}

/// Short text of an error line: `<error type>: <message>`, else the message alone, else the line's own text.
pub(crate) fn error_text(record: &Record<'_>) -> Box<str> {
    let error = record.error.as_deref();
    let kind = error.and_then(|error| error.kind.as_deref());
    let message = error.and_then(|error| error.message.as_deref());
    let text = match (kind, message) {
        (Some(kind), Some(message)) => {
            Cow::Owned([cut(kind, TEXT), ": ", cut(message, ERROR_TEXT)].concat())
        }
        (None, Some(message)) => Cow::Borrowed(message),
        _ => Cow::Borrowed(record.message.trim()),
    };
    let shown = cut(&text, ERROR_TEXT).trim_end().len();
    match text {
        Cow::Owned(mut text) => {
            text.truncate(shown);
            text.into()
        }
        Cow::Borrowed(text) => text[..shown].into(),
    }
}

/// Whether the runtime reported a failure of the handler with this line. An error that the function logged is no
/// failure.
fn is_failure(record: &Record<'_>, text: &[u8]) -> bool {
    let Some(error) = record.error.as_deref() else {
        return false;
    };
    let kind = error.kind.as_deref().unwrap_or_default();
    let message = record.message.as_ref();
    // The first three are Node's, the last two Ruby's.
    const PREFIXES: [&str; 5] = [
        "Invoke Error",
        "Uncaught Exception",
        "Unhandled Promise Rejection",
        "Error raised from handler method",
        "Init error when loading handler",
    ];
    if PREFIXES.iter().any(|prefix| message.starts_with(prefix)) {
        return true;
    }
    // Python: the runtime puts a space after the level, the logging module a tab.
    if text.starts_with(b"[ERROR] ") {
        return kind.starts_with("Runtime.")
            || memmem::find(text, b"Traceback (most recent call last)").is_some();
    }
    // Go: the error response as JSON, without a level.
    if is_json(text) {
        return record.level.is_none() && !kind.is_empty() && error.message.is_some();
    }
    // Java: `message: class`, then the stack trace, which begins with the same class.
    match message.split_once('\n') {
        Some((first, stack)) if !kind.is_empty() => {
            first.trim_end().ends_with(kind) && first.contains(": ") && stack.starts_with(kind)
        }
        _ => false,
    }
}
