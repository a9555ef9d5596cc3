/*! [`Record`]: the parsed form of one log event, and its parts.

Text is borrowed from the event where possible. Rare parts are boxed to keep the record small. */

use std::borrow::Cow;
use std::ops::Deref;

/// The type of an event, `lambda.type`: the Telemetry API's event names, for text logs and JSON logs alike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind<'a> {
    /// A text or JSON object that the function or an extension printed.
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
    /// The line "Task timed out after …".
    Timeout,
    /// The process or the runtime exited.
    Fault,
    /// An XRAY line outside a report.
    Xray,
    /// Any other `platform.*` type, by its full name.
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

/// The level of a log line, `log.level`.
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

/// Who wrote the request id of a line that the function printed: how far the id can be trusted to be Lambda's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdSource {
    /// The function, in a place that it also uses for ids of its own: API Gateway's, a customer's.
    #[default]
    Function,
    /// A logger, in a place that it keeps for Lambda's request id: `awsRequestId`, the id before the level.
    Logger,
    /// The runtime: Node's `time⇥id⇥LEVEL⇥`, Python's `[LEVEL]⇥time⇥id⇥`.
    Runtime,
}

/// One parsed log event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record<'a> {
    pub kind: Kind<'a>,
    /// The time that the line itself states, in milliseconds since 1970.
    pub time: Option<i64>,
    /// `faas.invocation_id`: the request id. It is never empty and never the word `undefined`.
    pub request_id: Option<Cow<'a, str>>,
    /// Who wrote the request id of a [`Kind::Function`] line.
    pub id_source: IdSource,
    /// `faas.version`.
    pub version: Option<Cow<'a, str>>,
    /// `faas.name`.
    pub function_name: Option<Cow<'a, str>>,
    pub level: Option<Level>,
    pub logger: Option<Cow<'a, str>>,
    /// The message, without the prefix whose parts became fields (design, section 3).
    pub message: Cow<'a, str>,
    /// Fields of platform lines.
    pub platform: Option<Box<Platform<'a>>>,
    /// `aws.xray.*`.
    pub xray: Option<Box<Xray<'a>>>,
    /// `error.*`.
    pub error: Option<Box<ErrorInfo<'a>>>,
    /// The JSON object that the line is, or that follows its prefix.
    pub app: Option<App<'a>>,
    /// The metrics of a line in the embedded metric format.
    pub emf: Option<Box<Emf<'a>>>,
}

impl<'a> Record<'a> {
    /// Takes a request id away that names another request than the line's own. The id remains in the message or in the
    /// object. A time-out or fault of another request is a text that the function printed. `text` is the whole line.
    pub fn disown_request_id(&mut self, text: &'a str) {
        let Some(id) = self.request_id.take() else {
            return;
        };
        self.id_source = IdSource::default();
        if matches!(self.kind, Kind::Timeout | Kind::Fault) {
            self.kind = Kind::Function;
            self.platform = None;
        }
        let is_kept =
            self.message.contains(&*id) || self.app.as_ref().is_some_and(|app| app.contains(&*id));
        if !is_kept {
            self.message = Cow::Borrowed(text.trim_end_matches(['\n', '\r']));
        }
    }
}

/// A logged JSON object as it is written, or repaired; it may have line breaks between tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct App<'a> {
    text: Cow<'a, str>,
    plain: bool,
    repaired: bool,
}

impl<'a> App<'a> {
    /// `plain` is the result of a walk over the text that [`Plain`](crate::json::plain::Plain) watched.
    pub(crate) fn seen(text: &'a str, plain: bool) -> Self {
        Self {
            text: Cow::Borrowed(text),
            plain,
            repaired: false,
        }
    }

    /// The same object, which is not the logged text itself but its [repair](crate::json::repair).
    pub(crate) fn into_repaired(self) -> Self {
        Self {
            repaired: true,
            ..self
        }
    }

    /// Whether the logged text was not valid JSON, or had text around the object.
    pub fn is_repaired(&self) -> bool {
        self.repaired
    }

    /// Whether the text is known to be plain: OpenSearch accepts it as it is written. False if the text was not
    /// checked.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    pub(crate) fn into_owned(self) -> App<'static> {
        App {
            text: Cow::Owned(self.text.into_owned()),
            plain: self.plain,
            repaired: self.repaired,
        }
    }
}

impl Deref for App<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// An unchecked text: it does not count as plain.
impl<'a> From<&'a str> for App<'a> {
    fn from(text: &'a str) -> Self {
        App::seen(text, false)
    }
}

/// The `lambda.*` fields of a platform line: durations in milliseconds, memory in megabytes.
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
    /// `lambda.durable.*`, of a line that a durable function printed.
    pub durable: Option<Box<Durable<'a>>>,
    /// `lambda.extension.{name,state,events,types}`.
    pub extension: Option<Extension<'a>>,
    /// `lambda.dropped.{records,bytes,reason}`.
    pub dropped: Option<Dropped<'a>>,
    /// Pairs of a text platform line (`Key: value`) whose keys are unknown, in the line's order.
    pub unknown: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// The durable execution that a line is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durable<'a> {
    pub execution_arn: Cow<'a, str>,
    /// The name that the ARN states.
    pub execution_name: Option<Cow<'a, str>>,
    /// Name of the step or other operation, else its id.
    pub operation: Option<Cow<'a, str>>,
    /// Number of the operation's attempt, from 1.
    pub attempt: Option<u32>,
}

/// The fields of an EXTENSION line, or of a subscription line of the Telemetry API or the Logs API.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extension<'a> {
    pub name: Option<Cow<'a, str>>,
    pub state: Option<Cow<'a, str>>,
    /// None if the line has no such list; a list may be empty.
    pub events: Option<Vec<Cow<'a, str>>>,
    /// None if the line has no such list; a list may be empty.
    pub types: Option<Vec<Cow<'a, str>>>,
}

/// The fields of `platform.logsDropped`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dropped<'a> {
    pub records: Option<f64>,
    pub bytes: Option<f64>,
    pub reason: Option<Cow<'a, str>>,
}

/// X-Ray's ids: of the XRAY part of a report, or of a JSON log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Xray<'a> {
    pub trace_id: Option<Cow<'a, str>>,
    pub segment_id: Option<Cow<'a, str>>,
    pub sampled: Option<bool>,
}

/// An error: its type, message and stack trace, as far as the line has them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErrorInfo<'a> {
    pub kind: Option<Cow<'a, str>>,
    pub message: Option<Cow<'a, str>>,
    pub stack_trace: Option<Cow<'a, str>>,
}

/// The metrics of a line in the embedded metric format.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Emf<'a> {
    pub namespaces: Vec<Cow<'a, str>>,
    /// Milliseconds since 1970, as `_aws.Timestamp` states it.
    pub timestamp: Option<i64>,
}
