//! The known keys of a JSON object, by their meaning.

/// A list of slots, the most preferred first.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    pub(super) list: &'static [Slot],
    pub(super) bits: u64,
}

impl Slots {
    pub const fn of(list: &'static [Slot]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= list[at].bit();
            at += 1;
        }
        Slots { list, bits }
    }
}

/// A known key, or several keys with the same meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Type,
    Record,
    // Times, the most certain first.
    Timestamp,
    AtTimestamp,
    Time,
    Ts,
    AtT,
    TimeMillis,
    Instant,
    DateTime,
    AscTime,
    // Levels.
    Level,
    AtL,
    LevelNumber,
    Severity,
    SeverityNumber,
    // Messages.
    Message,
    Msg,
    ShortMessage,
    AtM,
    RenderedMessage,
    MessageTemplate,
    AtMt,
    Event,
    // Loggers.
    Logger,
    Name,
    Category,
    Target,
    // Ids.
    AwsRequestId,
    FunctionRequestId,
    LambdaRequestId,
    RequestId,
    SnakeRequestId,
    TenantId,
    XrayTraceId,
    TraceId,
    FunctionName,
    FunctionVersion,
    FunctionArn,
    /// The ARN of a durable execution.
    ExecutionArn,
    // Errors.
    Error,
    Err,
    Exception,
    ExceptionName,
    ExcInfo,
    AtX,
    Thrown,
    ErrorType,
    ErrorMessage,
    StackTrace,
    Stack,
    Trace,
    ErrorStack,
    // Objects in which some loggers nest the keys above.
    Fields,
    Span,
    Spans,
    Mdc,
    Aws,
    Context,
    Log,
    Properties,
    Scopes,
    // Embedded metric format.
    EmfRoot,
}

impl Slot {
    pub(super) const fn bit(self) -> u64 {
        1 << self as u64
    }
}
