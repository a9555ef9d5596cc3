/*!
Access to OpenSearch, SQS and S3: nodes that fail, signed requests, rotated credentials, refusals.

Most tests run against stubs; `node`, `secure` and `roles` run against a real node with TLS and users.
*/

mod api_keys;
mod aws;
mod check;
mod compression;
mod denied;
mod exporter;
mod failover;
mod node;
mod passwords;
mod queue;
mod redirects;
mod roles;
mod secure;
mod serverless;
mod signed;
mod sigv4;
mod start;
mod stub;
#[path = "../servers/support.rs"]
#[expect(dead_code, reason = "shared with the tests on the open node")]
mod support;
