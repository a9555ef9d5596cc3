/*! `check`: the configuration of a worker goes in; AWS and OpenSearch are asked, and a report comes out. `crate::check`
judges the answers. */

mod aws;
mod buckets;
mod cluster;
mod dead_letters;
mod print;
mod run;
mod settings;
mod setup_state;
mod within;
mod write_access;

pub use run::run;
