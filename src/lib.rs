/*!
logferry ferries AWS Lambda logs out of S3 into OpenSearch.

A message carries a notification that names objects; an object is a stream of events; an event is parsed into a record; a
record becomes a document; documents travel in parcels that are packed into bulks; every document gets a verdict; an object
with all verdicts in is settled; a message whose objects are all settled is deleted. The modules in reading order:
*/
#![forbid(unsafe_code)]

/// PURE: parcels → bulk body; answer → statuses.
pub mod bulk;
/// What an error means for what happens next.
pub mod class;
/// What the operator typed.
pub mod cli;
/// Each command joins ends to the one road.
pub mod commands;
/// One validated config per command.
pub mod config;
/// PURE: bytes → events.
pub mod decode;
/// PURE: record → document.
pub mod document;
/// PURE: tables whose keys are hashes already.
pub(crate) mod hashed;
/// PURE: records of one request → its summary.
pub mod invocation;
/// PURE: JSON text, written straight into a buffer.
pub mod json;
/// PURE: event → record.
pub mod lambda;
/// PURE: message body → objects | ignored | invalid.
pub mod notification;
/// Logs and metrics.
pub mod observe;
/// The road: permit → receive → lease → object → parcels → verdicts → settle → delete.
pub mod pipeline;
/// The one backoff policy.
pub mod retry;
/// /livez, /readyz, /metrics.
pub mod serve;
/// IO out: indices.
pub mod sink;
/// IO in: queues and stores.
pub mod source;
/// PURE: which buckets a message may name.
pub mod trust;
