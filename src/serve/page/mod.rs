/*! A page to look at: `logferry serve`. Requests of a browser go in; pages made of OpenSearch's answers come out. It
reads, and changes nothing.

`server` routes, `guard` and `access` decide who is answered, `page_query` is the state of a page in its URL, `shared`
is what all views have. Each view in `views/` asks and shows. `inert` makes texts from logs harmless, `plot` draws,
`chrome` stands around every page, `failure` is the page of what went wrong. */

mod access;
mod chrome;
mod curl;
mod dashboards;
mod failure;
mod guard;
mod inert;
mod line_row;
mod page_query;
mod pipeline_sources;
mod plot;
mod server;
mod shared;
#[cfg(test)]
mod tests;
mod views;
mod worker_metrics;

pub use access::{Access, Credential, ProxyHeader};
pub use curl::{CurlAccess, CurlCredentials};
pub use dashboards::Dashboards;
pub use guard::Guard;
pub use pipeline_sources::PipelineSources;
pub use server::PageServer;
pub use shared::Shared;
pub use worker_metrics::WorkerMetrics;
