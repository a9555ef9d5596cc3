/*! A record and its text go in; the line's role, identity and error text come out. */

use std::borrow::Cow;

use serde::Deserialize;

use crate::invocation::summary::line_set;
use crate::json::values;
use crate::parse::{ErrorInfo, Kind, Level, Record, request_id};

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
            // Web Functions: the last event of a request.
            Kind::Other(ref name) if name == "platform.requestComplete" => LineRole::RuntimeDone,
            _ => return None,
        })
    }

    /// Whether the platform ends a request with a line of this role.
    pub fn ends_request(self) -> bool {
        matches!(
            self,
            LineRole::RuntimeDone | LineRole::End | LineRole::ReportText | LineRole::ReportJson
        )
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

/// Whether the runtime reported a failure of the handler with this line. The shapes are exact, because a function also
/// logs errors that it handled, and errors of functions that it called.
fn is_failure(record: &Record<'_>, text: &[u8]) -> bool {
    let Some(error) = record.error.as_deref() else {
        return false;
    };
    let kind = error.kind.as_deref().unwrap_or_default();
    let message = record.message.as_ref();
    // The platform's errors stand on lines of the platform: here they are those of another function.
    if kind.starts_with("Sandbox.") || error.message.as_deref().is_some_and(is_platforms) {
        return false;
    }
    // The first three are Node's, the last two Ruby's.
    const BEFORE_OBJECT: [&str; 5] = [
        "Invoke Error",
        "Uncaught Exception",
        "Unhandled Promise Rejection",
        "Error raised from handler method",
        "Init error when loading handler",
    ];
    // Bref, a runtime for PHP, writes the request's id before the words.
    let said = request_id::leading_uuid(message)
        .and_then(|id| message[id.len()..].strip_prefix('\t'))
        .unwrap_or(message);
    let behind = BEFORE_OBJECT
        .iter()
        .find_map(|words| said.strip_prefix(words));
    if let Some(object) = behind {
        return object.trim_start().starts_with('{');
    }
    // Python: the runtime puts a space after the level, the logging module a tab.
    if text.starts_with(b"[ERROR] ") {
        return kind.starts_with("Runtime.") || is_pythons(message, kind);
    }
    // Go, Python in JSON, old Node: the error response as JSON.
    if let Some(app) = &record.app {
        return error.message.is_some() && is_error_response(app, record.level);
    }
    record.level.is_none() && is_javas(message, error)
}

/// Whether an error's message is one that the platform writes about a function.
fn is_platforms(message: &str) -> bool {
    message.starts_with("RequestId: ") || message.contains("Task timed out after ")
}

/// Whether a message is `[ERROR] Type: text` with a traceback, as Python's runtime writes it: the traceback has frames
/// alone, or ends with the same type.
fn is_pythons(message: &str, kind: &str) -> bool {
    const TRACEBACK: &str = "Traceback (most recent call last):";
    let head = message.strip_prefix("[ERROR] ").unwrap_or_default();
    let Some((head, frames)) = head.split_once(TRACEBACK) else {
        return false;
    };
    let names = |line: &str| {
        let rest = line.strip_prefix(kind);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let outside = frames
        .split(['\n', '\r'])
        .rfind(|line| !line.is_empty() && !line.starts_with([' ', '\t', '\u{a0}']));
    !kind.is_empty() && names(head.trim_end()) && outside.is_none_or(names)
}

/// Whether an object is an error response as a runtime prints it: type and message, and nothing that a logger would
/// add. The level is Python's.
fn is_error_response(object: &str, level: Option<Level>) -> bool {
    let (mut has_type, mut has_message, mut has_level) = (false, false, false);
    let mut is_exact = true;
    values::each_field(object, |key, _| match key {
        b"errorType" => has_type = true,
        b"errorMessage" => has_message = true,
        b"log_level" => has_level = true,
        b"stackTrace" | b"requestId" | b"timestamp" | b"cause" => {}
        _ => is_exact = false,
    });
    is_exact && has_type && has_message && (level.is_none() || has_level)
}

/// Whether a message is `text: class`, then the stack trace, which begins with the same class and text: Java's runtime.
fn is_javas(message: &str, error: &ErrorInfo<'_>) -> bool {
    let (Some((first, stack)), Some(kind)) = (message.split_once('\n'), error.kind.as_deref())
    else {
        return false;
    };
    let said = first
        .trim_end()
        .strip_suffix(kind)
        .and_then(|first| first.strip_suffix(": "));
    let Some((said, header)) = said.zip(stack.strip_prefix(kind)) else {
        return false;
    };
    match header.strip_prefix(": ") {
        Some(header) => header.starts_with(said),
        None => said.is_empty() || said == "null",
    }
}
