/*!
The pure core of logferry: no IO, no tokio, no AWS.

SQS message body → object references ([`notification`]); an object's bytes → log events ([`decode`]); a log event → a
record ([`parse`]); the records of a request → one summary ([`invocation`]); a record or a summary → an OpenSearch
document ([`document`]); documents → a `_bulk` body, and its response → a verdict for each document ([`bulk`]).
*/
#![forbid(unsafe_code)]

pub mod allow_list;
mod base64_url;
pub mod bulk;
mod colours;
/// What `logferry coverage` concludes: windows, objects and documents → gaps, lag, doubts.
pub mod coverage;
pub mod dashboards;
pub mod dead_letter;
pub mod decode;
pub mod document;
/// The plan of `logferry export`: which groups, which windows, where each group stands.
pub mod export;
pub mod identity_hasher;
pub mod invocation;
pub mod json;
pub mod normalised_text;
pub mod notification;
pub mod parse;
pub mod time;
mod uuid;
