/*! What single lines state about a request, in a form that orders totally and survives JSON unchanged. */

use std::borrow::Cow;

use memchr::memmem;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

use crate::lambda::{Kind, Level, Platform, Record};

/// Longest text of a field that is kept, in bytes.
pub(super) const TEXT: usize = 256;
/// Longest text of a first error, in bytes.
pub(super) const ERROR_TEXT: usize = 1024;

/// One event: its time in milliseconds since 1970, then its identity. Written as `1696789827768:00ab12cd34ef5678`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub at: i64,
    pub hash: u64,
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.split_once(':')
            .and_then(|(at, hash)| {
                let at = at.parse().ok()?;
                let hash = u64::from_str_radix(hash, 16).ok()?;
                Some(Stamp { at, hash })
            })
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"time:hash"))
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
    /// The name in a summary's state.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::InitStart => "init_start",
            Role::InitReport => "init_report",
            Role::Start => "start",
            Role::RuntimeDone => "runtime_done",
            Role::End => "end",
            Role::ReportText => "report_text",
            Role::ReportJson => "report_json",
            Role::Timeout => "timeout",
            Role::Fault => "fault",
            Role::Failure => "failure",
        }
    }

    /// The role of a line, if it has one; `json` tells a JSON line from a text line.
    pub fn of(record: &Record<'_>, text: &[u8], json: bool) -> Option<Role> {
        Some(match record.kind {
            Kind::InitStart | Kind::RestoreStart => Role::InitStart,
            Kind::InitReport
            | Kind::RestoreReport
            | Kind::InitRuntimeDone
            | Kind::RestoreRuntimeDone => Role::InitReport,
            Kind::Start => Role::Start,
            Kind::RuntimeDone => Role::RuntimeDone,
            Kind::End => Role::End,
            Kind::Report if json => Role::ReportJson,
            Kind::Report => Role::ReportText,
            Kind::Timeout => Role::Timeout,
            Kind::Fault => Role::Fault,
            Kind::Function if is_failure(record, text, json) => Role::Failure,
            _ => return None,
        })
    }
}

/// Fields of a platform line. Numbers are thousandths of the unit that the line states: exact, and equal when written.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    pub duration: Option<i64>,
    pub billed_duration: Option<i64>,
    pub memory_size: Option<i64>,
    pub max_memory_used: Option<i64>,
    pub init_duration: Option<i64>,
    pub restore_duration: Option<i64>,
    pub billed_restore_duration: Option<i64>,
    pub produced_bytes: Option<i64>,
    pub timeout: Option<i64>,
    pub status: Option<String>,
    pub error_type: Option<String>,
    pub phase: Option<String>,
    pub initialization_type: Option<String>,
    pub runtime_version: Option<String>,
    pub runtime_version_arn: Option<String>,
    pub function_arn: Option<String>,
    pub tenant_id: Option<String>,
    pub trace_id: Option<String>,
    pub segment_id: Option<String>,
    pub sampled: Option<bool>,
    /// The process was killed from outside, as it is when memory runs out.
    pub killed: bool,
}

impl Facts {
    pub fn of(record: &Record<'_>, text: &[u8], role: Role) -> Facts {
        let mut facts = match record.platform.as_deref() {
            Some(platform) => Facts::of_platform(platform),
            None => Facts::default(),
        };
        if let Some(xray) = record.xray.as_deref() {
            facts.trace_id = kept(&xray.trace_id);
            facts.segment_id = kept(&xray.segment_id);
            facts.sampled = xray.sampled;
        }
        if role == Role::Fault {
            facts.killed = memmem::find(text, b"signal: killed").is_some();
        }
        if matches!(role, Role::Fault | Role::Failure) && facts.error_type.is_none() {
            facts.error_type = record.error.as_deref().and_then(|error| kept(&error.kind));
        }
        facts
    }

    pub fn is_none(&self) -> bool {
        *self == Facts::default()
    }

    fn of_platform(platform: &Platform<'_>) -> Facts {
        Facts {
            duration: thousandths(platform.duration_ms),
            billed_duration: thousandths(platform.billed_duration_ms),
            memory_size: thousandths(platform.memory_size_mb),
            max_memory_used: thousandths(platform.max_memory_used_mb),
            init_duration: thousandths(platform.init_duration_ms),
            restore_duration: thousandths(platform.restore_duration_ms),
            billed_restore_duration: thousandths(platform.billed_restore_duration_ms),
            produced_bytes: thousandths(platform.produced_bytes),
            timeout: thousandths(platform.timeout_seconds),
            status: kept(&platform.status),
            error_type: kept(&platform.error_type),
            phase: kept(&platform.phase),
            initialization_type: kept(&platform.initialization_type),
            runtime_version: kept(&platform.runtime_version),
            runtime_version_arn: kept(&platform.runtime_version_arn),
            function_arn: kept(&platform.function_arn),
            tenant_id: kept(&platform.tenant_id),
            ..Facts::default()
        }
    }
}

fn thousandths(value: Option<f64>) -> Option<i64> {
    value
        .filter(|value| value.is_finite())
        .map(|value| (value * 1000.0).round() as i64)
}

fn kept(text: &Option<Cow<'_, str>>) -> Option<String> {
    text.as_deref().map(|text| cut(text, TEXT).to_owned())
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
pub(super) fn error_text(record: &Record<'_>) -> String {
    let error = record.error.as_deref();
    let kind = error.and_then(|error| error.kind.as_deref());
    let message = error.and_then(|error| error.message.as_deref());
    let text = match (kind, message) {
        (Some(kind), Some(message)) => {
            let message = cut(message, ERROR_TEXT);
            Cow::Owned(format!("{}: {message}", cut(kind, TEXT)))
        }
        (None, Some(message)) => Cow::Borrowed(message),
        _ => Cow::Borrowed(record.message.trim()),
    };
    cut(&text, ERROR_TEXT).trim_end().to_owned()
}

/// Whether the runtime reported the handler's failure with this line. A logged error is not one.
fn is_failure(record: &Record<'_>, text: &[u8], json: bool) -> bool {
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
    if json {
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
