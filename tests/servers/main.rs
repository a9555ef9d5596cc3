/*!
The built binary against real servers: OpenSearch, ElasticMQ, an S3 server. `make test` installs and starts them and runs
these with `--include-ignored`; each test has a queue, a bucket and an index prefix of its own.
*/

mod bulks;
mod crash;
mod dead_letters;
mod documents;
mod input;
mod memory;
mod search;
mod support;
