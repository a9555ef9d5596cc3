/*! What is known of one request, from any number of its lines, in a form that merges. */

pub(crate) mod durable_execution;
pub(crate) mod folded;
pub(crate) mod line_role;
pub(crate) mod line_set;
pub(crate) mod merge;
pub(crate) mod reported;
pub(crate) mod request_summary;
pub(crate) mod runs;
pub(crate) mod status;

pub use folded::{FoldedId, FoldedLine};
pub use request_summary::Summary;
pub use status::Status;
