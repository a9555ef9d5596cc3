/*!
logferry ferries AWS Lambda logs out of S3 into OpenSearch.

A message carries a notification that names objects; an object is a stream of events; an event is parsed into a
record; a record becomes a document; documents travel in parcels that are packed into bulks; every document gets a
verdict; an object with all verdicts in is settled; a message whose objects are all settled is deleted. The modules in
reading order:
*/
#![forbid(unsafe_code)]

/// Facts about the worker's surroundings → findings.
pub mod check;
pub mod cli;
/// Each command joins ends to the one road.
pub mod commands;
pub mod config;
/// Windows, objects and documents: what is missing.
pub mod coverage;
/// An error with its causes, for messages.
mod error_chain;
/// What an error means for what happens next.
pub mod error_class;
/// The other road: export tasks of CloudWatch Logs.
pub mod export;
pub mod observe;
pub mod pipeline;
/// The one backoff policy.
pub mod retry;
/// Questions to OpenSearch and their answers.
pub mod search;
/// /livez, /readyz, /metrics.
pub mod serve;
pub mod sink;
pub mod source;
