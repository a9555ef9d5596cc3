/*! The output of a decoder: events, their identities and their origins. */

use std::sync::Arc;

/// Where events were logged, as far as the object shows it. All events of one log stream in an object share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Id of the AWS account that logged, twelve digits. For events that were copied to a central account it is the
    /// source's, as far as group, stream or event name it.
    pub account: Option<String>,
    /// AWS region that logged, such as `eu-central-1`.
    pub region: Option<String>,
    /// Log group, such as `/aws/lambda/checkout`.
    pub log_group: Option<String>,
    /// Log stream with its slashes, such as `2026/11/23/[$LATEST]3f9c…`.
    pub log_stream: Option<String>,
    /// Function name: from the stream's name if it has one, else from the event's `@source.log`, else from the group.
    pub function_name: Option<String>,
    /// Function version, from the stream's name: `$LATEST` or a number.
    pub function_version: Option<String>,
    /// The stream's date in days since 1970-01-01, from the stream's name.
    pub stream_day: Option<i32>,
    /// What a subscription says besides.
    pub subscription: SubscriptionFields,
}

/// The parts of an origin that only subscriptions have. Summaries do not keep them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriptionFields {
    /// The account in the ids of events: `@aws.account` of the event, else `owner` of its envelope.
    pub id_account: Option<String>,
    /// `extractedFields` of the event without `@aws.account` and `@aws.region`: one JSON object.
    pub extracted: Option<String>,
}

/// What identifies an event, so that it is the same event whenever it is read again (guarantee G2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity<'a> {
    /// Export text: stream, event time, text, and the ordinal among equal events. The export task and the file do not
    /// count.
    Content,
    /// As [`Identity::Content`] for a text that was cut: the hash (xxh3, 128 bits) of the whole text.
    CutContent(u128),
    /// Subscription files: `logEvents[].id`.
    EventId(&'a str),
    /// All other formats: the object, and the event's offset in it.
    Offset,
    /// An event in `awslogs.data`: the object, the offset of the `awslogs` object, and this offset in the inflated
    /// data.
    Inner(u64),
}

/// One event of an object.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Offset in bytes of the event's start in the decompressed object; in a subscription file, of its `logEvents`
    /// element.
    pub offset: u64,
    /// Milliseconds since 1970 as the file states it (export timestamp, `logEvents[].timestamp`); a time in the text
    /// does not count.
    pub time: Option<i64>,
    /// The message, without the prefix of the file format and without final line breaks. It may be invalid UTF-8.
    pub text: &'a [u8],
    /// Number of bytes that were cut from the message, as the file writes them (in JSON with escapes); 0 for a whole
    /// event.
    pub truncated: u64,
    /// What identifies the event.
    pub identity: Identity<'a>,
    /// Where the event was logged. Events in sequence with the same origin share one `Arc`.
    pub origin: &'a Arc<Origin>,
}
