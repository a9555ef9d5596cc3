/*! The summaries of a request → all of its log lines, from documents and from summaries. */

mod request_lines;

pub use request_lines::{RequestLines, RequestPages};
