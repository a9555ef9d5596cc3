/*! Dashboards for `setup`: wanted and stored saved objects go in; a plan, its import and the sentences about its answer
come out. */

mod answer;
mod import;
mod objects;

pub(crate) use import::{DashboardsPlan, Imported, plan};
