/*! One module for each command. A validated configuration goes in; the command connects sources, the pipeline and
sinks, and runs to its end. */

mod api_key;
mod aws_clients;
pub mod coverage;
pub mod dead_letters;
pub mod explain;
pub mod explain_file;
pub mod export;
pub mod healthcheck;
pub mod ingest;
pub mod manual;
mod passes;
pub mod prune;
pub mod replay;
pub mod report;
mod run;
pub mod search;
pub mod setup;
mod table;
pub mod worker;

pub use run::run;
