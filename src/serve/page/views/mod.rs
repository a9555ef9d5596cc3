/*! One file a view: it asks what the view shows, and makes the page of the typed answers. */

pub mod errors;
pub mod functions;
pub mod invocation;
mod invocation_list;
pub mod line;
pub mod pipeline;
pub mod search;
