/*! The keys of JSON logs that mean something, whatever their spelling: `awsRequestId`, `aws_request_id`, `AWSRequestId`. */

use super::json;

/// Calls of one pass: the JSON text of each key that is known; `null` counts as absent.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>([Option<&'a str>; COUNT]);

impl<'a> Fields<'a> {
    /// None if `text` is not wholly one JSON object.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut fields = Fields([None; COUNT]);
        let whole = json::each_field(text, |key, value| {
            if value != "null"
                && let Some(slot) = Slot::from_key(key)
            {
                fields.0[slot as usize] = Some(value);
            }
        });
        whole.then_some(fields)
    }

    /// The JSON text of a key's value.
    pub fn get(&self, slot: Slot) -> Option<&'a str> {
        self.0[slot as usize]
    }

    /// The first of `slots` that is there.
    pub fn first(&self, slots: &[Slot]) -> Option<&'a str> {
        slots.iter().find_map(|slot| self.get(*slot))
    }
}

const COUNT: usize = Slot::EmfRoot as usize + 1;

/// A known key, or several that mean the same and are never found together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Type,
    Record,
    // Times, in the order in which they are believed.
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
    // Messages.
    Message,
    Msg,
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
    // Objects in which some loggers put the above.
    Fields,
    Span,
    Spans,
    Mdc,
    Aws,
    Context,
    Log,
    Properties,
    // Embedded metric format.
    EmfRoot,
}

impl Slot {
    fn from_key(key: &str) -> Option<Slot> {
        match key {
            "_aws" => return Some(Slot::EmfRoot),
            "requestId" => return Some(Slot::RequestId),
            "Category" => return Some(Slot::Category),
            "asctime" => return Some(Slot::AscTime),
            _ => {}
        }
        let mut buffer = [0u8; 24];
        Some(match plain(key, &mut buffer)? {
            b"type" => Slot::Type,
            b"record" => Slot::Record,
            b"timestamp" | b"logtimestamp" => Slot::Timestamp,
            b"@timestamp" => Slot::AtTimestamp,
            b"time" => Slot::Time,
            b"ts" => Slot::Ts,
            b"@t" => Slot::AtT,
            b"timemillis" | b"epochmillis" => Slot::TimeMillis,
            b"instant" => Slot::Instant,
            b"datetime" => Slot::DateTime,
            b"level" | b"loglevel" | b"levelname" | b"lvl" | b"severity" | b"severitytext"
            | b"@level" => Slot::Level,
            b"@l" => Slot::AtL,
            b"levelno" => Slot::LevelNumber,
            b"message" | b"@message" => Slot::Message,
            b"msg" => Slot::Msg,
            b"@m" => Slot::AtM,
            b"renderedmessage" | b"formattedmessage" => Slot::RenderedMessage,
            b"messagetemplate" => Slot::MessageTemplate,
            b"@mt" => Slot::AtMt,
            b"event" => Slot::Event,
            b"logger" | b"loggername" | b"logname" | b"loglogger" | b"sourcecontext"
            | b"@logger" => Slot::Logger,
            b"name" => Slot::Name,
            b"target" => Slot::Target,
            b"awsrequestid" => Slot::AwsRequestId,
            b"functionrequestid" => Slot::FunctionRequestId,
            b"lambdarequestid" | b"faasinvocationid" | b"faasexecution" => Slot::LambdaRequestId,
            b"requestid" => Slot::SnakeRequestId,
            b"tenantid" => Slot::TenantId,
            b"xraytraceid" | b"awsxraytraceid" => Slot::XrayTraceId,
            b"traceid" => Slot::TraceId,
            b"functionname" => Slot::FunctionName,
            b"functionversion" => Slot::FunctionVersion,
            b"functionarn" => Slot::FunctionArn,
            b"error" => Slot::Error,
            b"err" => Slot::Err,
            b"exception" => Slot::Exception,
            b"exceptionname" => Slot::ExceptionName,
            b"excinfo" => Slot::ExcInfo,
            b"@x" => Slot::AtX,
            b"thrown" | b"throwable" => Slot::Thrown,
            b"errortype" | b"errorkind" | b"errorname" => Slot::ErrorType,
            b"errormessage" => Slot::ErrorMessage,
            b"stacktrace" => Slot::StackTrace,
            b"stack" => Slot::Stack,
            b"trace" => Slot::Trace,
            b"errorstack" | b"errorstacktrace" | b"errorverbose" => Slot::ErrorStack,
            b"fields" => Slot::Fields,
            b"span" => Slot::Span,
            b"spans" => Slot::Spans,
            b"mdc" | b"contextmap" => Slot::Mdc,
            b"aws" | b"lambda" | b"faas" => Slot::Aws,
            b"context" | b"lambdacontext" => Slot::Context,
            b"log" => Slot::Log,
            b"properties" => Slot::Properties,
            _ => return None,
        })
    }
}

/// A key in lower case, without what stands between its words; none if it is too long to be one of ours.
fn plain<'b>(key: &str, buffer: &'b mut [u8; 24]) -> Option<&'b [u8]> {
    let mut len = 0;
    for byte in key
        .bytes()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b'.'))
    {
        *buffer.get_mut(len)? = byte.to_ascii_lowercase();
        len += 1;
    }
    Some(&buffer[..len])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_key() {
        for key in [
            "awsRequestId",
            "aws_request_id",
            "AWSRequestId",
            "aws.requestId",
            "aws-request-id",
        ] {
            assert_eq!(Slot::from_key(key), Some(Slot::AwsRequestId), "{key}");
        }
        assert_eq!(Slot::from_key("requestId"), Some(Slot::RequestId));
        assert_eq!(Slot::from_key("request_id"), Some(Slot::SnakeRequestId));
        assert_eq!(Slot::from_key("_aws"), Some(Slot::EmfRoot));
        assert_eq!(Slot::from_key("aws"), Some(Slot::Aws));
        assert_eq!(Slot::from_key("x-amzn-requestid-of-somebody-else"), None);
    }

    #[test]
    fn null_is_absent() {
        let fields = Fields::read(r#"{"level":null,"msg":"x"}"#).expect("an object");
        assert_eq!(fields.get(Slot::Level), None);
        assert_eq!(fields.first(&[Slot::Message, Slot::Msg]), Some("\"x\""));
    }
}
