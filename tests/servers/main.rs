/*!
The built binary against real servers: OpenSearch, ElasticMQ and an S3 server.

`make test` installs and starts the servers and runs these tests with `--include-ignored`. Each test has a queue, a
bucket and an index prefix of its own.
*/

mod alerts;
mod bulks;
mod check;
mod cluster;
mod compression;
mod corpus;
mod coverage;
mod crash;
mod dashboards;
mod dead_letters;
mod documents;
mod export;
mod fields;
mod folded;
mod input;
mod memory;
#[path = "../chaos/node.rs"]
#[expect(dead_code, reason = "shared with the tests on servers that fail")]
mod node;
mod old_node;
mod page;
mod prune;
mod queries;
mod redrive;
mod refusals;
mod replay_letters;
mod report;
mod search;
mod setup;
mod support;
mod surroundings;
