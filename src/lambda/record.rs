/*! What an event turns out to be. Text is borrowed from the event wherever it can be; rare parts are boxed. */

use std::borrow::Cow;
use std::ops::Deref;

/// `lambda.type`: the Telemetry API's event names, for text and JSON logs alike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind<'a> {
    /// What the function or an extension printed.
    #[default]
    Function,
    Start,
    End,
    Report,
    InitStart,
    InitReport,
    RestoreStart,
    RestoreReport,
    Extension,
    TelemetrySubscription,
    LogsSubscription,
    LogsDropped,
    RuntimeDone,
    InitRuntimeDone,
    RestoreRuntimeDone,
    /// "Task timed out after …".
    Timeout,
    /// Process or runtime exited.
    Fault,
    /// An XRAY line that stands alone.
    Xray,
    /// Any other `platform.*` type, by its whole name.
    Other(Cow<'a, str>),
}

impl Kind<'_> {
    /// The value of `lambda.type`.
    pub fn as_str(&self) -> &str {
        match self {
            Kind::Function => "function",
            Kind::Start => "platform.start",
            Kind::End => "platform.end",
            Kind::Report => "platform.report",
            Kind::InitStart => "platform.initStart",
            Kind::InitReport => "platform.initReport",
            Kind::RestoreStart => "platform.restoreStart",
            Kind::RestoreReport => "platform.restoreReport",
            Kind::Extension => "platform.extension",
            Kind::TelemetrySubscription => "platform.telemetrySubscription",
            Kind::LogsSubscription => "platform.logsSubscription",
            Kind::LogsDropped => "platform.logsDropped",
            Kind::RuntimeDone => "platform.runtimeDone",
            Kind::InitRuntimeDone => "platform.initRuntimeDone",
            Kind::RestoreRuntimeDone => "platform.restoreRuntimeDone",
            Kind::Timeout => "platform.timeout",
            Kind::Fault => "platform.fault",
            Kind::Xray => "platform.xray",
            Kind::Other(name) => name,
        }
    }
}

/// `log.level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// The value of `log.level`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        }
    }
}

/// One event, understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record<'a> {
    pub kind: Kind<'a>,
    /// Milliseconds since 1970 that the line itself carries.
    pub time: Option<i64>,
    /// `faas.invocation_id`; never empty, never the word `undefined`.
    pub request_id: Option<Cow<'a, str>>,
    /// `faas.version`.
    pub version: Option<Cow<'a, str>>,
    /// `faas.name`.
    pub function_name: Option<Cow<'a, str>>,
    pub level: Option<Level>,
    pub logger: Option<Cow<'a, str>>,
    /// What was said, without the prefix whose parts became fields (design, section 3).
    pub message: Cow<'a, str>,
    /// Fields of platform lines.
    pub platform: Option<Box<Platform<'a>>>,
    /// `aws.xray.*`.
    pub xray: Option<Box<Xray<'a>>>,
    /// `error.*`.
    pub error: Option<Box<ErrorInfo<'a>>>,
    /// The JSON object that was logged.
    pub app: Option<App<'a>>,
    /// An embedded-metric-format line.
    pub emf: Option<Box<Emf<'a>>>,
}

/// A JSON object as it was written (it may contain line breaks between tokens).
#[derive(Debug, Clone, PartialEq)]
pub struct App<'a> {
    text: Cow<'a, str>,
    plain: bool,
}

impl<'a> App<'a> {
    /// `plain` says what [`Plain`](crate::json::scan::Plain) saw in a walk over the text.
    pub(super) fn seen(text: &'a str, plain: bool) -> Self {
        Self {
            text: Cow::Borrowed(text),
            plain,
        }
    }

    /// Whether it can be embedded as it is; false if nobody has looked.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    pub(super) fn into_owned(self) -> App<'static> {
        App {
            text: Cow::Owned(self.text.into_owned()),
            plain: self.plain,
        }
    }
}

impl Deref for App<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// A text that nobody has looked at.
impl<'a> From<&'a str> for App<'a> {
    fn from(text: &'a str) -> Self {
        App::seen(text, false)
    }
}

/// Fields under `lambda.` of platform lines; durations in milliseconds, memory in megabytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Platform<'a> {
    pub duration_ms: Option<f64>,
    pub billed_duration_ms: Option<f64>,
    pub memory_size_mb: Option<f64>,
    pub max_memory_used_mb: Option<f64>,
    pub init_duration_ms: Option<f64>,
    pub restore_duration_ms: Option<f64>,
    pub billed_restore_duration_ms: Option<f64>,
    pub produced_bytes: Option<f64>,
    pub timeout_seconds: Option<f64>,
    pub status: Option<Cow<'a, str>>,
    pub error_type: Option<Cow<'a, str>>,
    pub phase: Option<Cow<'a, str>>,
    pub initialization_type: Option<Cow<'a, str>>,
    pub runtime_version: Option<Cow<'a, str>>,
    pub runtime_version_arn: Option<Cow<'a, str>>,
    pub function_arn: Option<Cow<'a, str>>,
    pub tenant_id: Option<Cow<'a, str>>,
    /// `lambda.extension.{name,state,events,types}`.
    pub extension: Option<Extension<'a>>,
    /// `lambda.dropped.{records,bytes,reason}`.
    pub dropped: Option<Dropped<'a>>,
    /// `Key: value` pairs of a text platform line that are not known, in the line's order.
    pub unknown: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// An extension's, telemetry's or logs API's subscription line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extension<'a> {
    pub name: Option<Cow<'a, str>>,
    pub state: Option<Cow<'a, str>>,
    /// None if the line has no such list; an empty list is one.
    pub events: Option<Vec<Cow<'a, str>>>,
    /// Likewise.
    pub types: Option<Vec<Cow<'a, str>>>,
}

/// `platform.logsDropped`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dropped<'a> {
    pub records: Option<f64>,
    pub bytes: Option<f64>,
    pub reason: Option<Cow<'a, str>>,
}

/// The XRAY part of a report, or a trace id in a JSON log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Xray<'a> {
    pub trace_id: Option<Cow<'a, str>>,
    pub segment_id: Option<Cow<'a, str>>,
    pub sampled: Option<bool>,
}

/// An error, wherever the runtime's format puts its parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErrorInfo<'a> {
    pub kind: Option<Cow<'a, str>>,
    pub message: Option<Cow<'a, str>>,
    pub stack_trace: Option<Cow<'a, str>>,
}

/// Embedded metric format.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Emf<'a> {
    pub namespaces: Vec<Cow<'a, str>>,
    /// Milliseconds since 1970, as `_aws.Timestamp` states it.
    pub timestamp: Option<i64>,
}
