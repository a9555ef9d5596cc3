/*! What a decoder makes of an object's bytes: events, and where they were logged. */

use std::sync::Arc;

/// Where events were logged, as far as the object tells. Shared by all events of one log stream in an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// AWS account id, twelve digits.
    pub account: Option<String>,
    /// AWS region, such as `eu-central-1`.
    pub region: Option<String>,
    /// Log group, such as `/aws/lambda/checkout`.
    pub log_group: Option<String>,
    /// Log stream with its slashes, such as `2026/11/23/[$LATEST]3f9c…`.
    pub log_stream: Option<String>,
    /// Function name: from the stream's name where that has one, else from a `/aws/lambda/<name>` group.
    pub function_name: Option<String>,
    /// Function version, from the stream's name: `$LATEST` or a number.
    pub function_version: Option<String>,
    /// The stream's date in days since 1970-01-01, from the stream's name.
    pub stream_day: Option<i32>,
}

/// What makes an event the same event when it is met again (design: guarantee G2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity<'a> {
    /// Export text: stream, event time, text and its ordinal among equal pairs. Not the export task, not the file.
    Content,
    /// The same of a text that a cap cut: the hash (xxh3, 128 bits) of the whole text.
    CutContent(u128),
    /// Subscription files: `logEvents[].id`.
    EventId(&'a str),
    /// Anything else: the object and the offset in it.
    Offset,
    /// The same of an event in `awslogs.data`: its offset in what that inflates to, beside the offset of the `awslogs`.
    Inner(u64),
}

/// One event of an object.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Offset of the event's first byte in the decompressed object. In a subscription file, that of its `logEvents` element.
    pub offset: u64,
    /// Milliseconds since 1970, as the file states it (export timestamp, `logEvents[].timestamp`); not what the text says.
    pub time: Option<i64>,
    /// The message: without what the file format put before it and without final line breaks. Not always UTF-8.
    pub text: &'a [u8],
    /// Bytes of the message that a cap cut off, counted as the file writes them (in JSON with their escapes); 0 for a whole event.
    pub truncated: u64,
    /// See [`Identity`].
    pub identity: Identity<'a>,
    /// Where it was logged. Same `Arc` for as long as nothing changes.
    pub origin: &'a Arc<Origin>,
}
