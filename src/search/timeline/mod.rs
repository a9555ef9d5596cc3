/*! The summaries of a request → all of its log lines, from documents and from summaries. */

pub(crate) mod cold_start;
mod request_lines;

pub use request_lines::{RequestLines, RequestPages};
