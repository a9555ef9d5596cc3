/*! What single lines are to their request. */

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;

use super::lines;
use crate::lambda::{Kind, Level, Record};

/// Longest text of a field that is kept, in bytes.
pub(super) const TEXT: usize = 256;
/// Longest text of a first error, in bytes.
pub(super) const ERROR_TEXT: usize = 1024;

/// One event: its time in milliseconds since 1970, then its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub at: i64,
    /// As [`lines::kept`] leaves it, so that a state can name the line instead.
    pub hash: u64,
}

impl Stamp {
    pub fn new(at: i64, event_hash: u64) -> Stamp {
        Stamp {
            at,
            hash: lines::kept(event_hash),
        }
    }
}

/// What a line is to its request. Of each role the latest line stands. From [`Role::RuntimeDone`] on they tell of an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    InitStart,
    InitReport,
    Start,
    RuntimeDone,
    End,
    ReportText,
    ReportJson,
    Timeout,
    Fault,
    /// An error that the runtime, not the function, printed: the invocation failed.
    Failure,
}

impl Role {
    pub const COUNT: usize = Role::Failure as usize + 1;

    /// `"name":` in a summary's state.
    pub fn key(self) -> &'static str {
        match self {
            Role::InitStart => "\"init_start\":",
            Role::InitReport => "\"init_report\":",
            Role::Start => "\"start\":",
            Role::RuntimeDone => "\"runtime_done\":",
            Role::End => "\"end\":",
            Role::ReportText => "\"report_text\":",
            Role::ReportJson => "\"report_json\":",
            Role::Timeout => "\"timeout\":",
            Role::Fault => "\"fault\":",
            Role::Failure => "\"failure\":",
        }
    }

    /// The role of a line, if it has one.
    pub fn of(record: &Record<'_>, text: &[u8]) -> Option<Role> {
        Some(match record.kind {
            Kind::InitStart | Kind::RestoreStart => Role::InitStart,
            Kind::InitReport
            | Kind::RestoreReport
            | Kind::InitRuntimeDone
            | Kind::RestoreRuntimeDone => Role::InitReport,
            Kind::Start => Role::Start,
            Kind::RuntimeDone => Role::RuntimeDone,
            Kind::End => Role::End,
            Kind::Report if is_json(text) => Role::ReportJson,
            Kind::Report => Role::ReportText,
            Kind::Timeout => Role::Timeout,
            Kind::Fault => Role::Fault,
            Kind::Function if is_failure(record, text) => Role::Failure,
            _ => return None,
        })
    }
}

/// Parts of `arn:aws:lambda:<region>:<account>:function:<name>[:<version>]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arn<'a> {
    pub region: &'a str,
    pub account: &'a str,
    pub function: &'a str,
}

impl<'a> Arn<'a> {
    pub fn of(arn: &'a str) -> Option<Arn<'a>> {
        let mut parts = arn.split(':').skip(2);
        if parts.next()? != "lambda" {
            return None;
        }
        let (region, account) = (parts.next()?, parts.next()?);
        let of_function = parts.next()? == "function";
        let function = parts
            .next()
            .filter(|name| of_function && !name.is_empty())?;
        Some(Arn {
            region,
            account,
            function,
        })
    }
}

/// At most `limit` bytes of a text, whole characters.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Whether a line tells nothing of its request but that it is there: a function printed it, and it is no error.
#[inline]
pub(super) fn is_plain(record: &Record<'_>) -> bool {
    matches!(record.kind, Kind::Function)
        && record.level.is_none_or(|level| level < Level::Error)
        && record.error.is_none()
        && record.xray.is_none()
        && record.version.is_none()
        && record.function_name.is_none()
}

/// Whether an event is a JSON line.
pub(super) fn is_json(text: &[u8]) -> bool {
    text.trim_ascii_start().first() == Some(&b'{')
}

/// Whether a line counts as an error of its request.
pub(super) fn is_error(record: &Record<'_>) -> bool {
    match (&record.kind, record.level) {
        (Kind::Timeout | Kind::Fault, _) => true,
        (Kind::Function | Kind::Other(_), Some(level)) => level >= Level::Error,
        (Kind::Function, None) => record.error.is_some(),
        _ => false,
    }
}

/// The short text of an error line.
pub(super) fn error_text(record: &Record<'_>) -> Box<str> {
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

/// Whether the runtime reported the handler's failure with this line. A logged error is not one.
fn is_failure(record: &Record<'_>, text: &[u8]) -> bool {
    let Some(error) = record.error.as_deref() else {
        return false;
    };
    let kind = error.kind.as_deref().unwrap_or_default();
    let message = record.message.as_ref();
    // Node; Ruby.
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
    // Python: logging's own lines have a tab after the level.
    if text.starts_with(b"[ERROR] ") {
        return kind.starts_with("Runtime.")
            || memmem::find(text, b"Traceback (most recent call last)").is_some();
    }
    // Go prints the error response as it is, without a level.
    if is_json(text) {
        return record.level.is_none() && !kind.is_empty() && error.message.is_some();
    }
    // Java: `message: class`, then the stack trace, which begins with the class again.
    match message.split_once('\n') {
        Some((first, stack)) if !kind.is_empty() => {
            first.trim_end().ends_with(kind) && first.contains(": ") && stack.starts_with(kind)
        }
        _ => false,
    }
}
