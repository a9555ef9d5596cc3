/*! The index over OpenSearch: requests to one of its nodes go in, responses or typed errors come out. No retries: the
pipeline has them. `dashboards` talks to OpenSearch Dashboards in the same way. */

mod auth;
mod aws;
mod client;
mod compression;
mod config;
mod dashboards;
mod error_body;
mod index;
mod node;
mod node_choice;
mod reason;
mod request_body;
mod serverless;

pub use client::OpenSearch;
pub(crate) use client::{SERVERLESS, is_unencrypted};
pub use compression::{Accepted, Encoding};
pub use config::{Auth, AwsService, OpenSearchConfig, Password, Secret, Tls};
pub use dashboards::{Dashboards, DashboardsConfig};
pub use index::Presence;
pub(crate) use reqwest::Method;
