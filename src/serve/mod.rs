/*! HTTP for operators: `/livez` and `/readyz` answer probes, `/metrics` answers scrapes. */

mod health;
mod metrics;
mod server;

pub use server::serve;
