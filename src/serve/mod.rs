/*! HTTP for operators: `/livez` and `/readyz` answer probes, `/metrics` answers scrapes. `page` is for people. */

mod connections;
mod health;
mod metrics;
pub mod page;
mod server;

pub use server::serve;
