/*! The table of all fields of both kinds of documents. Index templates and the documentation's table are generated from
it. */

/// How a field is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// For filters and aggregations. A value of more than `ignore_above` characters is stored and not indexed.
    Keyword {
        ignore_above: u16,
    },
    /// Full text, for the search of words (`match_only_text`).
    Text,
    /// RFC 3339; `emf.timestamp` is in milliseconds since 1970. OpenSearch's type `date` reads both by default.
    Date,
    /// A number of a log line: it may have a fraction, and may be greater than a `long`.
    Double,
    /// A count that logferry makes.
    Long,
    /// A number to sort by. A search by it is possible but slow, because it is not indexed.
    Place,
    Boolean,
    /// Any JSON object. Its leaves can be searched by path, and need no mapping.
    FlatObject,
    /// Kept in the source, not indexed.
    Stored,
}

/// Which documents have a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    Logs,
    Invocations,
    Both,
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Names from the outermost object inwards, joined by dots.
    pub path: &'static str,
    pub kind: FieldKind,
    pub documents: Documents,
    /// The meaning with its unit, for the documentation: a sentence without a full stop.
    pub description: &'static str,
}

impl Field {
    pub fn in_logs(&self) -> bool {
        self.documents != Documents::Invocations
    }

    pub fn in_invocations(&self) -> bool {
        self.documents != Documents::Logs
    }
}

/// Names, ids, states.
const NAME: FieldKind = FieldKind::Keyword { ignore_above: 512 };
/// Keys and ARNs. 8191 is the largest safe number: at four bytes a character it stays below Lucene's 32,766 bytes.
const LONG_NAME: FieldKind = FieldKind::Keyword { ignore_above: 8191 };

use Documents::{Both, Invocations, Logs};
use FieldKind::{Boolean, Date, Double, FlatObject, Long, Place, Stored, Text};

const fn field(
    path: &'static str,
    kind: FieldKind,
    documents: Documents,
    description: &'static str,
) -> Field {
    Field {
        path,
        kind,
        documents,
        description,
    }
}

/// The table, in the order in which documents have their fields.
#[rustfmt::skip] // one field a line
pub const FIELDS: &[Field] = &[
    field("@timestamp", Date, Both, "time of the event, or start of the invocation"),
    field("message", Text, Logs, "what was said, without the prefix whose parts became fields"),
    field("log.level", NAME, Logs, "TRACE, DEBUG, INFO, WARN, ERROR or FATAL"),
    field("log.logger", NAME, Logs, "name of the logger"),
    field("log.offset", Place, Logs, "offset of the event in the decompressed object, bytes"),
    field("lambda.type", NAME, Logs, "`platform.*` as the Telemetry API names it, or `function`"),
    field("lambda.duration_ms", Double, Both, "duration, milliseconds"),
    field("lambda.billed_duration_ms", Double, Both, "billed duration, milliseconds"),
    field("lambda.memory_size_mb", Double, Both, "memory configured, megabytes"),
    field("lambda.max_memory_used_mb", Double, Both, "most memory used, megabytes"),
    field("lambda.init_duration_ms", Double, Both, "duration of the init phase, milliseconds"),
    field("lambda.restore_duration_ms", Double, Both, "duration of a SnapStart restore, milliseconds"),
    field("lambda.billed_restore_duration_ms", Double, Both, "billed part of the restore, milliseconds"),
    field("lambda.produced_bytes", Double, Both, "size of the response, bytes"),
    field("lambda.timeout_seconds", Double, Both, "timeout that was reached, seconds"),
    field("lambda.status", NAME, Both, "status that the platform reports"),
    field("lambda.error_type", NAME, Both, "error type that the platform reports"),
    field("lambda.phase", NAME, Both, "phase that a report is about: init, invoke, restore"),
    field("lambda.initialization_type", NAME, Both, "on-demand, provisioned-concurrency, snap-start, …"),
    field("lambda.runtime_version", NAME, Both, "version of the runtime"),
    field("lambda.runtime_version_arn", LONG_NAME, Both, "ARN of the runtime's version"),
    field("lambda.function_arn", LONG_NAME, Both, "ARN of the function"),
    field("lambda.tenant_id", NAME, Both, "tenant, where the function isolates tenants"),
    field("lambda.durable.execution_arn", LONG_NAME, Both, "ARN of the durable execution that the line or invocation is a part of"),
    field("lambda.durable.execution_name", NAME, Both, "its name"),
    field("lambda.durable.operation", NAME, Both, "step or other operation: its name, else its id; of an invocation all that its lines name, at most 32"),
    field("lambda.durable.attempt", Long, Both, "number of the operation's attempt, from 1; of an invocation the highest"),
    field("lambda.extension.name", NAME, Logs, "name of the extension"),
    field("lambda.extension.state", NAME, Logs, "its state"),
    field("lambda.extension.events", NAME, Logs, "events that it registered for"),
    field("lambda.extension.types", NAME, Logs, "telemetry types that it subscribed to"),
    field("lambda.dropped.records", Double, Logs, "log records that the platform dropped"),
    field("lambda.dropped.bytes", Double, Logs, "their size, bytes"),
    field("lambda.dropped.reason", Text, Logs, "why they were dropped"),
    field("faas.name", NAME, Both, "name of the function"),
    field("faas.version", NAME, Both, "version of the function"),
    field("faas.invocation_id", NAME, Both, "request id"),
    field("faas.invocation_id_inferred", Boolean, Logs, "true if the request id is that of the invocation that the line lies in"),
    field("faas.coldstart", Boolean, Both, "whether it is the first invocation of its environment"),
    field("error.type", NAME, Logs, "type of the error or exception"),
    field("error.message", Text, Logs, "its message"),
    field("error.stack_trace", Text, Logs, "its stack trace"),
    field("aws.xray.trace_id", NAME, Both, "X-Ray trace"),
    field("aws.xray.segment_id", NAME, Both, "X-Ray segment"),
    field("aws.xray.sampled", Boolean, Both, "whether X-Ray sampled it"),
    field("aws.log.group.name", NAME, Both, "log group"),
    field("aws.log.stream.name", NAME, Both, "log stream"),
    field("aws.log.extracted", FlatObject, Logs, "other fields that CloudWatch sent with the event, such as `@source.log`"),
    field("aws.s3.bucket", NAME, Both, "bucket of the object; of an invocation those of its `invocation.platform_lines`"),
    field("aws.s3.key", LONG_NAME, Both, "key of the object; of an invocation those of its `invocation.platform_lines`"),
    field("cloud.account.id", NAME, Both, "AWS account"),
    field("cloud.region", NAME, Both, "AWS region"),
    field("app", FlatObject, Logs, "the JSON object that was logged, or unknown pairs of a platform line"),
    field("emf.namespaces", NAME, Logs, "namespaces of an embedded-metric-format line"),
    field("emf.timestamp", Date, Logs, "the time that it states for its metrics, milliseconds since 1970"),
    field("event.original", Stored, Logs, "the untouched text: with `--keep-original`, or where `app` could not be kept whole"),
    field("logferry.flags", NAME, Logs, "what to know about how the document came to be"),
    field("logferry.truncated_bytes", Long, Logs, "bytes of the event that a cap cut off"),
    field("invocation.end", Date, Invocations, "end of the invocation"),
    field("invocation.status", NAME, Invocations, "success, error, timeout, out_of_memory or incomplete"),
    field("invocation.attempts", Long, Invocations, "how often the request was tried"),
    field("invocation.log_count", Long, Invocations, "events of the request"),
    field("invocation.error_count", Long, Invocations, "those of level ERROR and FATAL; at least 1 if the request failed"),
    field("invocation.log_bytes", Long, Invocations, "size of the events, bytes"),
    field("invocation.first_error", Text, Invocations, "the first error: that of the init that made the request fail, else of its lines, else the report's type"),
    field("invocation.estimated_cost_usd", Double, Invocations, "estimated cost, US dollars"),
    field("invocation.price", NAME, Invocations, "which price table the estimate is from"),
    field("invocation.counts_estimated", Boolean, Invocations, "true where a request has too many events to count them exactly across objects"),
    field("invocation.platform_lines", Stored, Invocations, "the lines of the platform that make no documents of their own (`--platform-lines folded`): time, text, offset and number of the object in `aws.s3`"),
    field("invocation.merge", Stored, Invocations, "what is needed to merge this summary with that of another part of the request"),
];
