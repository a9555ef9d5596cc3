/*! The keys of JSON logs that mean something, whatever their spelling: `awsRequestId`, `aws_request_id`, `AWSRequestId`. */

use super::json;

/// The known keys of one object and the JSON text of each one's value; `null` counts as absent.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    best: [Option<(u8, &'a str)>; COUNT],
    /// Other spellings of keys that are there already, the better ones first.
    others: Vec<(Slot, u8, &'a str)>,
}

/// Other spellings that are kept: no logger writes more.
const MOST_OTHERS: usize = 16;

impl<'a> Fields<'a> {
    /// None if `text` is not wholly one JSON object.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut fields = Fields {
            best: [None; COUNT],
            others: Vec::new(),
        };
        let whole = json::each_field(text, |key, value| {
            if value != "null"
                && let Some((slot, rank)) = Slot::ranked(key)
            {
                fields.insert(slot, rank, value);
            }
        });
        whole.then_some(fields)
    }

    fn insert(&mut self, slot: Slot, rank: u8, value: &'a str) {
        let best = &mut self.best[slot as usize];
        let (rank, value) = match *best {
            None => {
                *best = Some((rank, value));
                return;
            }
            Some(before) if rank < before.0 => {
                *best = Some((rank, value));
                before
            }
            Some(_) => (rank, value),
        };
        let place = self.others.partition_point(|other| other.1 <= rank);
        if self.others.len() < MOST_OTHERS {
            self.others.insert(place, (slot, rank, value));
        }
    }

    /// The JSON text of a key's value: of several spellings the exact one's, else the best known one's.
    pub fn get(&self, slot: Slot) -> Option<&'a str> {
        self.best[slot as usize].map(|(_, value)| value)
    }

    /// The first of `slots` that is there.
    pub fn first(&self, slots: &[Slot]) -> Option<&'a str> {
        slots.iter().find_map(|slot| self.get(*slot))
    }

    /// What the first value of `slots` comes to that comes to anything; of one slot the best spelling is tried first.
    pub fn find<T>(&self, slots: &[Slot], read: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        slots.iter().find_map(|slot| {
            let others = self.others.iter().filter(|other| other.0 == *slot);
            self.get(*slot)
                .into_iter()
                .chain(others.map(|other| other.2))
                .find_map(&read)
        })
    }
}

const COUNT: usize = Slot::EmfRoot as usize + 1;

/// A known key, or several that mean the same.
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
    /// The slot of a key in whatever spelling.
    pub fn from_key(key: &str) -> Option<Slot> {
        Slot::ranked(key).map(|(slot, _)| slot)
    }

    /// The same, and how sure it is: 0 is the plain key, then its other spellings, then other words for it.
    fn ranked(key: &str) -> Option<(Slot, u8)> {
        match key {
            "_aws" => return Some((Slot::EmfRoot, 0)),
            "requestId" => return Some((Slot::RequestId, 0)),
            "Category" => return Some((Slot::Category, 0)),
            "asctime" => return Some((Slot::AscTime, 0)),
            _ => {}
        }
        let mut buffer = [0u8; 24];
        let plain = plain(key, &mut buffer)?;
        let other_word: u8 = match plain {
            b"logtimestamp" | b"levelname" | b"loglevel" | b"@level" | b"@message"
            | b"loggername" | b"logname" | b"loglogger" | b"sourcecontext" | b"@logger" => 2,
            b"lvl" | b"severitytext" | b"timestampmillis" | b"epochmillis"
            | b"formattedmessage" => 4,
            b"severity" => 6,
            _ => 0,
        };
        let rank = other_word + u8::from(plain != key.as_bytes());
        let slot = match plain {
            b"type" => Slot::Type,
            b"record" => Slot::Record,
            b"timestamp" | b"logtimestamp" => Slot::Timestamp,
            b"@timestamp" => Slot::AtTimestamp,
            b"time" => Slot::Time,
            b"ts" => Slot::Ts,
            b"@t" => Slot::AtT,
            b"timemillis" | b"timestampmillis" | b"epochmillis" => Slot::TimeMillis,
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
        };
        Some((slot, rank))
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
    fn of_several_spellings_the_plain_one_stands_and_the_others_stand_by() {
        for text in [
            r#"{"severity":"low","Level":"x","level":"INFO","lvl":7}"#,
            r#"{"level":"INFO","lvl":7,"Level":"x","severity":"low"}"#,
        ] {
            let fields = Fields::read(text).expect("an object");
            assert_eq!(fields.get(Slot::Level), Some("\"INFO\""));
            let number = |raw: &str| raw.parse::<u8>().ok();
            assert_eq!(fields.find(&[Slot::Level], number), Some(7));
        }
        let many = format!("{{{}\"level\":1}}", "\"severity\":2,".repeat(10_000));
        let fields = Fields::read(&many).expect("an object");
        assert_eq!(fields.get(Slot::Level), Some("1"));
        assert_eq!(fields.others.len(), MOST_OTHERS);
    }

    #[test]
    fn null_is_absent() {
        let fields = Fields::read(r#"{"level":null,"msg":"x"}"#).expect("an object");
        assert_eq!(fields.get(Slot::Level), None);
        assert_eq!(fields.first(&[Slot::Message, Slot::Msg]), Some("\"x\""));
    }
}
