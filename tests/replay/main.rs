//! Tests of `replay`: over simulated ends with kills, and the built binary between stubs of S3, SQS and OpenSearch.

#[path = "../access/stub.rs"]
#[allow(dead_code, reason = "other tests need more of the stub")]
mod index;

mod binary;
mod coverage;
mod kills;
mod refusals;
mod s3;
mod sending;
mod serving;
