/*! `setup` makes OpenSearch ready: the wanted state and the current state go in; a plan, its requests and a report come
out. A second run changes nothing. */

mod apply;
mod at_start;
mod cluster_settings;
mod columnar;
mod current_state;
mod dashboards;
mod plan;
mod print;
mod request;
mod review;
mod run;
mod setup_error;
#[cfg(test)]
mod tests;
mod version;

pub(crate) use at_start::{Prepared, UNUSABLE, open_prepared, prepare};
pub(crate) use print::width;
pub(crate) use request::{TIMEOUT, batches};
pub(crate) use review::{Review, review};
pub use run::run;
pub(crate) use setup_error::SetupError;
pub(crate) use version::{unsupported, untested};
