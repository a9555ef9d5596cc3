/*! One module for each command. A validated configuration goes in; the command connects sources, the pipeline and
sinks, and runs to its end. */

mod api_key;
pub mod binary;
pub mod check;
pub mod coverage;
pub mod dead_letters;
pub mod explain;
pub mod export;
pub mod ingest;
pub mod prune;
pub mod replay;
pub mod report;
mod run;
pub mod search;
pub mod serve;
pub mod setup;
mod shared;
pub mod worker;

pub use run::run;
